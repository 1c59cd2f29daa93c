//! `status`: what the node is doing, for people and for programs, once or again and again. Changes nothing.

mod all;
mod facts;
mod screen;

pub(super) use screen::size_of;

use std::ffi::OsString;
use std::io::{ErrorKind, IsTerminal, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::env::Instance;
use super::process::Process;
use super::record::{self, Record};
use super::{client, colours, options, print};
use crate::error::{Failure, Message, Report, Status};
use crate::node::Connection;

/// The pause between two screens of `--watch`.
const INTERVAL: Duration = Duration::from_secs(2);

struct Options {
    json: bool,
    all: bool,
    watch: bool,
    interval: Duration,
    limit: Duration,
}

impl Options {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Failure> {
        let mut parsed =
            Self { json: false, all: false, watch: false, interval: INTERVAL, limit: options::CLIENT_LIMIT };
        let mut limit = None;
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
            match argument {
                lexopt::Arg::Long("json") => parsed.json = true,
                lexopt::Arg::Long("watch") => parsed.watch = true,
                lexopt::Arg::Long("interval") => {
                    parsed.interval = interval(&options::text(&mut parser)?)?;
                    parsed.watch = true;
                }
                lexopt::Arg::Long("all") => parsed.all = true,
                lexopt::Arg::Long("timeout") => limit = Some(options::seconds(&mut parser)?),
                other => return Err(options::usage(&other.unexpected())),
            }
        }
        if parsed.all && parsed.watch {
            let text = "--all is shown once: it goes with neither --watch nor --interval";
            return Err(Message::new(Status::Usage, text).with_help(options::help()).into());
        }
        parsed.limit = limit.unwrap_or(if parsed.all { all::LIMIT } else { options::CLIENT_LIMIT });
        Ok(parsed)
    }
}

/// Whole seconds, or with a fraction.
fn interval(text: &str) -> Result<Duration, Failure> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (0.1..=86_400.0).contains(seconds));
    seconds.map(Duration::from_secs_f64).ok_or_else(|| {
        let text = format!("--interval takes 0.1 to 86400 seconds, not {text:?}");
        Message::new(Status::Usage, text).with_help(options::help()).into()
    })
}

/// `status [--json] [--all | --watch] [--interval SECONDS] [--timeout SECONDS]`.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let options = Options::parse(arguments)?;
    let instance = Instance::from_env()?;
    if options.all {
        return all::run(&instance, options.json, options.limit);
    }
    if options.watch {
        return watch(&instance, &options);
    }
    match look(&instance, &mut None, options.limit) {
        Ok(value) => {
            print(&show(&value, options.json))?;
            Ok(Status::Done)
        }
        Err(failure) if options.json => {
            print(&show(&reason(&instance, failure.as_ref()), true))?;
            Ok(failure.status())
        }
        Err(failure) => Err(failure),
    }
}

/// One screen after the other until the reader has enough: over one connection as long as it lasts.
fn watch(instance: &Instance, options: &Options) -> Result<Status, Failure> {
    let redraws = !options.json && std::io::stdout().is_terminal();
    // A node that hangs must not keep an older screen looking like news.
    let limit = options.limit.min(options.interval.max(Duration::from_secs(1)));
    let mut connection = None;
    let mut first = true;
    loop {
        let value = look(instance, &mut connection, limit)
            .unwrap_or_else(|failure| reason(instance, failure.as_ref()));
        let mut text = show(&value, options.json);
        if redraws {
            text = screen::over_the_last_one(&text);
        } else if !first && !options.json {
            text.insert(0, '\n');
        }
        let mut out = std::io::stdout();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Status::Done),
            Err(error) => {
                let text = format!("cannot write the result: {error}");
                return Err(Message::new(Status::Failed, text).into());
            }
            Ok(()) => {}
        }
        first = false;
        std::thread::sleep(options.interval);
    }
}

/// What is known of the node now; a connection that is open is used, and what was opened stays.
fn look(instance: &Instance, connection: &mut Option<Connection>, limit: Duration) -> Result<Value, Failure> {
    if let Some(process) = client::unnamed(instance)? {
        let vsn = Record::read(instance)?.map(|record| record.vsn);
        return Ok(facts::of_process(instance, process, vsn));
    }
    if let Some(open) = connection.as_mut()
        && let Ok(value) = facts::ask(open, instance)
    {
        return Ok(value);
    }
    *connection = None;
    let mut opened = client::open(instance, limit).map_err(|failure| dead(instance, failure))?;
    let value = facts::ask(&mut opened, instance)?;
    *connection = Some(opened);
    Ok(value)
}

/// A node that is not running though its pid file is there, as the LSB has it: status 1, not 3.
fn dead(instance: &Instance, failure: Failure) -> Failure {
    let noted = Process::noted(&instance.state);
    match noted.filter(|_| Process::recorded(&instance.state).is_none()) {
        Some(process) if failure.status() == Status::NotRunning && record::file(&instance.state).exists() => {
            let text = format!("{failure}: its process (pid {}) has ended, but not by \"stop\"", process.pid);
            let message = Message::new(Status::Failed, text);
            match failure.help() {
                Some(help) => message.with_help(help).into(),
                None => message.into(),
            }
        }
        _ => failure,
    }
}

/// What can be said of a node that can't be asked.
fn reason(instance: &Instance, failure: &(dyn Report + Send + Sync)) -> Value {
    let state = match failure.status() {
        Status::NotRunning => "stopped",
        Status::Failed => "dead",
        _ => "unknown",
    };
    let mut value = json!({ "name": instance.name, "state": state, "reason": failure.to_string() });
    if let Some(process) = Process::noted(&instance.state).filter(|_| state != "stopped") {
        value["pid"] = process.pid.into();
    }
    value
}

fn show(value: &Value, json: bool) -> String {
    if json {
        return format!("{value}\n");
    }
    screen::draw(value, screen::width(), colours())
}
