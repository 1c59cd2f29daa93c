//! `wait --timeout SECONDS [--progress=terminal|lines] [--parent PID] [-- RUN_ERL [ARG...]]`: until a node that was just
//! started has booted, or has died of it. With a launcher's command line it starts that first; with a parent, the node's
//! supervisor, it ends the node when that is killed.

mod interrupted;
mod launcher;
mod progress;

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::advice::Trouble;
use super::diagnose::{self, Evidence};
use super::env::Instance;
use super::process::{Handle, Process};
use super::record::Record;
use super::{client, log, options, proxy, tell};
use crate::error::{Failure, Message, Status};
use crate::node::{Boot, Connection, NodeError, Target, connect, os_pid};
use progress::{Form, Progress};

/// How long a launcher that is none of this process's may take to leave the VM's pid.
const LAUNCH_LIMIT: Duration = Duration::from_secs(10);
/// How long the launcher may take to write down what a dead VM has said.
const LOG_LIMIT: Duration = Duration::from_secs(1);
/// How long one attempt to reach the node may take: meanwhile nobody sees whether it still lives.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(2);
/// So long a node that has booted may wait to be noticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(15);

/// What is asked for.
struct Request {
    limit: Duration,
    form: Option<Form>,
    /// The supervisor of the node, when that is what calls this.
    parent: Option<i32>,
    /// What starts the node, and its arguments.
    launcher: Vec<OsString>,
}

fn parse(arguments: Vec<OsString>) -> Result<Request, Failure> {
    let mut request =
        Request { limit: Duration::from_secs(60), form: None, parent: None, launcher: Vec::new() };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("timeout") => request.limit = options::seconds(&mut parser)?,
            lexopt::Arg::Long("progress") => request.form = Some(Form::parse(&options::text(&mut parser)?)?),
            lexopt::Arg::Long("parent") => request.parent = options::text(&mut parser)?.parse().ok(),
            lexopt::Arg::Value(program) => {
                request.launcher.push(program);
                let rest = parser.raw_args().map_err(|error| options::usage(&error))?;
                request.launcher.extend(rest);
                break;
            }
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    Ok(request)
}

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let request = parse(arguments)?;
    let instance = Instance::from_env()?;
    let deadline = Instant::now() + request.limit;
    let record = Record::read(&instance)?.ok_or_else(|| client::not_running(&instance))?;
    let kills = diagnose::memory_kills();
    let process = if request.launcher.is_empty() {
        noted(&instance, deadline.min(Instant::now() + LAUNCH_LIMIT))?
    } else {
        launcher::run(&instance, &request.launcher, request.limit)?
    };
    let mut progress = Progress::new(&instance, request.form);
    let ward = request.parent.map(|parent| (parent, process));
    interrupted::watch(&instance, &progress, ward);
    // It is there until it has written all that the VM said.
    let launcher = process.parent("run_erl").or_else(|| process.parent("relboot-helper"));
    let launcher = launcher.and_then(|parent| parent.open());
    if !process.is_alive() {
        return Err(died(&instance, launcher.as_ref(), kills));
    }
    if record.node.is_none() {
        tell(&format!(
            "warning: {} has no node name: it was started, but can't tell when it has booted",
            instance.name
        ));
        return Ok(Status::Done);
    }
    let target = record.target(&instance)?;
    let waiting = Waiting { target, instance, record, process, request, deadline, kills };
    let booted = waiting.until_booted(launcher.as_ref(), &mut progress);
    interrupted::see_off(ward);
    booted
}

/// A node that is on its way.
struct Waiting {
    instance: Instance,
    record: Record,
    target: Target,
    process: Process,
    request: Request,
    deadline: Instant,
    /// How many processes had been killed for their memory, at the start.
    kills: Option<u64>,
}

impl Waiting {
    fn until_booted(&self, launcher: Option<&Handle>, progress: &mut Progress) -> Result<Status, Failure> {
        let mut pause = FIRST_PAUSE;
        loop {
            let left = self.left();
            if left.is_zero() {
                progress.end();
                return Err(self.not_in_time());
            }
            let answer = match self.attempt(left.min(ATTEMPT_LIMIT)) {
                Ok(answer) => answer,
                Err(failure) => {
                    progress.end();
                    tell(&format!("warning: {failure}; it was started, but can't tell when it has booted"));
                    return Ok(Status::Done);
                }
            };
            // A node of the same name that is not ours may answer: then ours is about to die of that.
            if let Some(mut connection) = answer
                && os_pid(&mut connection).is_ok_and(|pid| pid.cast_signed() == self.process.pid)
                && self.is_booted(&mut connection, progress)?
            {
                return Ok(Status::Done);
            }
            if self.process.open().is_none_or(|handle| handle.wait(pause.min(left))) {
                progress.end();
                return Err(died(&self.instance, launcher, self.kills));
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Whether it has; if not, it has gone down.
    fn is_booted(&self, connection: &mut Connection, progress: &mut Progress) -> Result<bool, Failure> {
        let limit = Some(self.left());
        let booted = if progress.is_wanted() {
            connection.watch_start(limit, progress::PAUSE, &mut |applications| progress.show(applications))
        } else {
            connection.wait_started(limit)
        };
        progress.end();
        match booted {
            Ok(Boot::Complete) => Ok(true),
            Ok(Boot::Applications) => {
                tell(&not_returned(&self.instance, self.request.limit));
                Ok(true)
            }
            Err(_) if self.process.is_alive() && self.left().is_zero() => Err(self.not_in_time()),
            Err(_) => Ok(false),
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// The node's answer, none when it has to be tried again.
    ///
    /// # Errors
    /// When no later attempt will do better.
    fn attempt(&self, limit: Duration) -> Result<Option<Connection>, Failure> {
        let Self { instance, record, target, process, .. } = self;
        if record.is_tls() {
            return match proxy::connect(instance, record, target, limit) {
                Ok(connection) => Ok(Some(connection)),
                Err(Trouble::Node(_)) => Ok(None),
                Err(Trouble::Told(failure)) if process.is_alive() => Err(failure),
                Err(Trouble::Told(_)) => Ok(None),
            };
        }
        Ok(match connect(target, limit) {
            Ok(connection) => Some(connection),
            // It is registered, but listens on an address of its own choice.
            Err(NodeError::PortRefused { .. }) => {
                client::by_sockets(target, *process, limit).and_then(Result::ok)
            }
            Err(_) => None,
        })
    }

    fn not_in_time(&self) -> Failure {
        let Self { instance, process, request, .. } = self;
        let text = format!(
            "{} (pid {}) has not booted within {} s; it goes on",
            instance.name,
            process.pid,
            request.limit.as_secs()
        );
        let help = format!("{}; a longer time: [start] timeout in rel/relboot.toml", log_help(instance));
        Message::new(Status::TimedOut, text).with_help(help).into()
    }
}

/// Its applications are all there: such a node is in use.
pub(super) fn not_returned(instance: &Instance, limit: Duration) -> String {
    format!(
        "warning: {} has started all applications, but what -s, -run or -eval of its vm.args asks for has not \
         returned within {} s\nhelp: let it spawn a process for what goes on, or begin it in an application",
        instance.name,
        limit.as_secs()
    )
}

/// The VM's process, dead or alive, as soon as a launcher that is none of this process's has left its pid.
fn noted(instance: &Instance, deadline: Instant) -> Result<Process, Failure> {
    loop {
        if let Some(process) = Process::noted(&instance.state) {
            return Ok(process);
        }
        if Instant::now() >= deadline {
            let text = format!("{} was not started: no pid in {}", instance.name, instance.state.display());
            return Err(Message::new(Status::Failed, text).with_help(log_help(instance)).into());
        }
        std::thread::sleep(FIRST_PAUSE);
    }
}

/// What the VM said, then why it has died, as far as that is known; `kills` as at the start.
fn died(instance: &Instance, launcher: Option<&Handle>, kills: Option<u64>) -> Failure {
    if let Some(launcher) = launcher {
        launcher.wait(LOG_LIMIT);
    }
    let evidence = Evidence::of_background(instance, kills);
    let found = diagnose::death(instance, &evidence);
    tell_log(&evidence, found.is_some());
    let known = found.is_some();
    let text = format!("{} {} ended while it was starting", instance.name, instance.vsn);
    let (text, help) = match found {
        Some(found) => (format!("{text}: {}", found.cause), found.help()),
        None => (text, log_help(instance)),
    };
    let help = match &evidence.dump {
        // It has said no word of its end: halt(), or a signal.
        None if !known && log::newest(instance).is_some() => {
            format!("{help}; \"{} foreground\" shows with which status it ends", client::program())
        }

        Some(dump) => format!("{help}; its crash dump is {}", dump.display()),
        None => help,
    };
    Message::new(Status::Failed, text).with_help(help).into()
}

/// What the node has said.
fn tell_log(evidence: &Evidence, recognised: bool) {
    for line in log::told_lines(&evidence.log, recognised) {
        tell(&format!("| {}", diagnose::safe(&line)));
    }
}

fn log_help(instance: &Instance) -> String {
    match log::newest(instance) {
        Some(file) => format!("look into {}", file.display()),
        None => format!("run it in the foreground to see why: {} foreground", client::program()),
    }
}
