//! `logs [-f] [-n LINES] [--since-start] [--raw]`: what the node has written, wherever that went; `logs --crash`: what
//! its crash dump tells.

mod follow;
mod place;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use super::env::Instance;
use super::log::{Filter, Stream, Style, ordered};
use super::process::Process;
use super::{crash, options, record};
use crate::error::{Failure, Message, Status};
use place::Place;

/// How many lines are shown unless told otherwise.
const LINES: u64 = 50;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
struct Request {
    /// None: all.
    lines: Option<u64>,
    follow: bool,
    since_start: bool,
    style: Style,
}

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let style = Style { raw: false, terminal: io::stdout().is_terminal() };
    let mut request = Request { lines: Some(LINES), follow: false, since_start: false, style };
    let (mut crashed, mut json, mut about_log) = (None, false, None);
    let mut counted = false;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Short('f') | lexopt::Arg::Long("follow") => {
                (request.follow, about_log) = (true, Some("--follow"));
            }
            lexopt::Arg::Short('n') | lexopt::Arg::Long("lines") => {
                request.lines = lines(&options::text(&mut parser)?)?;
                (counted, about_log) = (true, Some("--lines"));
            }
            lexopt::Arg::Long("since-start") => {
                (request.since_start, about_log) = (true, Some("--since-start"))
            }
            lexopt::Arg::Long("raw") => (request.style.raw, about_log) = (true, Some("--raw")),
            lexopt::Arg::Long("crash") => crashed = Some(crashed.flatten()),
            lexopt::Arg::Long("json") => json = true,
            lexopt::Arg::Value(file) if crashed == Some(None) => crashed = Some(Some(PathBuf::from(file))),
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    let instance = record::instance()?;
    match (crashed, about_log) {
        (Some(_), Some(option)) => Err(wrong(&format!("{option} does not go with --crash"))),
        (Some(file), None) => {
            if file.is_none() {
                can_look(&instance)?;
            }
            crash::run(&instance, file, json)
        }
        (None, _) if json => Err(wrong("--json goes with --crash")),
        (None, _) => {
            if request.since_start && !counted {
                request.lines = None;
            }
            show(&instance, request)
        }
    }
}

fn wrong(text: &str) -> Failure {
    Message::new(Status::Usage, text).with_help(options::help()).into()
}

fn lines(text: &str) -> Result<Option<u64>, Failure> {
    match text.parse() {
        _ if text == "all" => Ok(None),
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(wrong(&format!("--lines takes a number or \"all\", not {text:?}"))),
    }
}

/// A node that runs tells where it writes; of one that does not, it is what `start` left.
fn show(instance: &Instance, request: Request) -> Result<Status, Failure> {
    let place = Process::recorded(&instance.state).map_or(Place::Files, |node| place::of(instance, node));
    match place {
        Place::Files => {
            let files = ordered(&instance.log);
            if files.is_empty() {
                return Err(none(instance));
            }
            write(request, &|| ordered(&instance.log))
        }
        Place::File(path) => write(request, &|| vec![path.clone()]),
        Place::Journal(journal) => {
            journal.show(request.lines, request.follow, request.since_start, request.style.raw)
        }
        Place::Elsewhere { what, help } => {
            let text = format!("{} runs in the foreground: its output goes to {what}", instance.name);
            Err(Message::new(Status::Unreachable, text).with_help(help).into())
        }
    }
}

/// A directory of another user's looks empty.
fn can_look(instance: &Instance) -> Result<(), Failure> {
    match std::fs::read_dir(&instance.log) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let text = format!("cannot read {}: {error}", instance.log.display());
            let help = "run this as the user of the node, or as root";
            Err(Message::new(Status::Unreachable, text).with_help(help).into())
        }
        _ => Ok(()),
    }
}

fn none(instance: &Instance) -> Failure {
    if let Err(failure) = can_look(instance) {
        return failure;
    }
    let log = instance.log.display();
    Message::new(Status::Failed, format!("there is no log in {log}"))
        .with_help("\"start\" makes one; a node in the foreground writes to whom started it: journalctl, docker logs, ...")
        .into()
}

/// Shows the files, and goes on with what comes.
fn write(request: Request, files: &dyn Fn() -> Vec<PathBuf>) -> Result<Status, Failure> {
    match attempt(request, files) {
        // The reader has had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Status::Done),
        Err(error) => Err(Message::new(Status::Failed, format!("cannot show the log: {error}")).into()),
        Ok(()) => Ok(Status::Done),
    }
}

fn attempt(request: Request, files: &dyn Fn() -> Vec<PathBuf>) -> io::Result<()> {
    let style = request.style;
    let mut stream = Stream::open(&files())?;
    let from = if request.since_start { stream.last_start()? } else { 0 };
    let (from, skip) = match request.lines {
        Some(lines) => stream.last_lines(from, lines, style)?,
        None => (from, 0),
    };
    let mut filter = Filter::new(style, skip);
    let mut screen = Screen::default();
    stream.read(from, style.raw, |block| screen.show(&mut filter, block))?;
    if request.follow {
        return follow::on(&mut screen, &mut filter, stream.mark(), style.raw, files);
    }
    filter.finish(&mut screen.text);
    screen.flush()
}

/// Standard output, by whole blocks.
#[derive(Default)]
struct Screen {
    text: Vec<u8>,
}

impl Screen {
    fn show(&mut self, filter: &mut Filter, bytes: &[u8]) -> io::Result<()> {
        filter.feed(bytes, &mut self.text);
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(&self.text)?;
        self.text.clear();
        out.flush()
    }
}
