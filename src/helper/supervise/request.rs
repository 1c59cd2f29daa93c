//! What the core asks `supervise` for. No behaviour.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::super::options;
use crate::error::{Failure, Message, Status};

/// How the node is to be kept.
#[derive(Debug)]
pub(super) struct Request {
    /// How long it may take to boot.
    pub start: Duration,
    /// How long it may take to stop.
    pub stop: Duration,
    /// How long it may give no answer; none: it is not asked.
    pub watchdog: Option<Duration>,
    /// Whether it writes a crash dump before it is killed.
    pub dump: bool,
    /// Whether it is killed at all when it does not stop.
    pub kill: bool,
    /// Of a node in the background: how many log files of how many bytes.
    pub log: Option<(u32, u64)>,
    /// What becomes the VM.
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
}

impl Request {
    /// `[--start S] [--stop S] [--watchdog S] [--dump] [--no-kill] [--log-files N --log-bytes N] -- ERLEXEC [ARG...]`
    pub(super) fn parse(arguments: Vec<OsString>) -> Result<Self, Failure> {
        let minute = Duration::from_secs(60);
        let mut request = Self {
            start: minute,
            stop: minute,
            watchdog: None,
            dump: false,
            kill: true,
            log: None,
            program: PathBuf::new(),
            arguments: Vec::new(),
        };
        let (mut files, mut bytes) = (0, 0);
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
            match argument {
                lexopt::Arg::Long("start") => request.start = options::seconds(&mut parser)?,
                lexopt::Arg::Long("stop") => request.stop = options::seconds(&mut parser)?,
                lexopt::Arg::Long("watchdog") => request.watchdog = Some(options::seconds(&mut parser)?),
                lexopt::Arg::Long("dump") => request.dump = true,
                lexopt::Arg::Long("no-kill") => request.kill = false,
                lexopt::Arg::Long("log-files") => files = number(&mut parser)?,
                lexopt::Arg::Long("log-bytes") => bytes = number(&mut parser)?,
                lexopt::Arg::Value(program) => {
                    request.program = program.into();
                    request.arguments = parser.raw_args().map_err(|error| options::usage(&error))?.collect();
                }
                other => return Err(options::usage(&other.unexpected())),
            }
        }
        if request.program.as_os_str().is_empty() {
            return Err(Message::new(Status::Usage, "supervise needs a program").into());
        }
        request.log = u32::try_from(files).ok().filter(|files| *files > 0).map(|files| (files, bytes));
        Ok(request)
    }

    /// Whether nobody looks at its output, and the shell that has started it goes on.
    pub(super) fn detached(&self) -> bool {
        self.log.is_some()
    }
}

fn number(parser: &mut lexopt::Parser) -> Result<u64, Failure> {
    let text = options::text(parser)?;
    text.parse().map_err(|_| Message::new(Status::Usage, format!("{text:?} is no number")).into())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Request;

    fn parse(line: &str) -> Option<Request> {
        Request::parse(line.split_whitespace().map(Into::into).collect()).ok()
    }

    #[test]
    fn what_comes_behind_the_program_is_its_own() {
        let request = parse("--start 5 --watchdog 9 --no-kill -- erlexec -- --stop 7").unwrap();
        assert_eq!((request.start, request.watchdog), (Duration::from_secs(5), Some(Duration::from_secs(9))));
        assert_eq!((request.stop, request.kill, request.detached()), (Duration::from_secs(60), false, false));
        assert_eq!(request.arguments, ["--", "--stop", "7"]);
        assert_eq!(parse("--log-files 3 --log-bytes 1000 -- x").unwrap().log, Some((3, 1000)));
        assert!(parse("--start 5").is_none() && parse("--start x -- y").is_none());
    }
}
