//! `lock --command NAME --holder PID [--wait SECONDS]`: one writer per instance. The file `lock` in the state directory
//! names the process that works on the instance; the lock is its as long as it lives and the file is not emptied, so
//! nothing has to be cleaned up after a process that was killed.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

use super::env::{self, Instance};
use super::process::Process;
use super::{advice, options, prepare, print, tell};
use crate::error::{Failure, Message, Status};

/// Between two looks at a lock that may be given up without an end of its holder.
const PAUSE: Duration = Duration::from_millis(50);
/// Longer than this none holds the file itself: it takes microseconds, unless a signal has stopped the one who does.
const LOOK: Duration = Duration::from_secs(2);

/// Who works on an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    process: Process,
    /// The command.
    command: String,
}

impl Holder {
    /// The file's line: `PID START COMMAND`.
    fn to_line(&self) -> String {
        format!("{} {} {}\n", self.process.pid, self.process.start(), self.command)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let process = Process::named(words.next()?, words.next()?)?;
        Some(Self { process, command: words.next()?.to_owned() })
    }

    /// What the commands that it calls have in their environment, so that these need not wait for it.
    fn token(&self) -> String {
        format!("{}:{}", self.process.pid, self.process.start())
    }
}

/// The variable in which commands hand on that they hold the lock.
pub(super) const TOKEN: &str = "BOOT_LOCK";

/// In the state directory.
const FILE: &str = "lock";

/// What is asked for.
struct Request {
    holder: Holder,
    wait: Duration,
}

fn parse(arguments: Vec<OsString>) -> Result<Request, Failure> {
    let (mut command, mut pid, mut wait) = (String::new(), 0, Duration::ZERO);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("command") => command = options::text(&mut parser)?,
            lexopt::Arg::Long("holder") => pid = options::text(&mut parser)?.parse().unwrap_or_default(),
            lexopt::Arg::Long("wait") => wait = patience(&options::text(&mut parser)?)?,
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    let process = Process::now(pid).filter(|_| pid > 0 && !command.contains(char::is_whitespace));
    let Some(process) = process.filter(|_| !command.is_empty()) else {
        return Err(Message::new(Status::Usage, "lock needs --command and the --holder's pid").into());
    };
    Ok(Request { holder: Holder { process, command }, wait })
}

/// Seconds, 0 too: not to wait at all.
fn patience(text: &str) -> Result<Duration, Failure> {
    match text.parse::<u64>() {
        Ok(seconds @ 0..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => {
            Err(Message::new(Status::Usage, format!("--wait takes 0 to 86400 seconds, not {text:?}")).into())
        }
    }
}

/// Prints the lines that the core evaluates.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let request = parse(arguments)?;
    let instance = Instance::from_env()?;
    if ["start", "foreground", "console"].contains(&request.holder.command.as_str()) {
        prepare::make_state(&instance.state)?;
    } else if !instance.state.exists() {
        // Nothing was ever started, and nothing is left behind by asking.
        return Ok(Status::Done);
    }
    let deadline = Instant::now() + request.wait;
    let mut told = false;
    loop {
        let mut file = LockFile::open(&instance.state)?;
        let Some(other) = file.holder().filter(|holder| holder.process.is_alive()) else {
            file.write(&request.holder)?;
            return handed(&request.holder);
        };
        if other.process == request.holder.process || env::var(TOKEN) == Some(other.token()) {
            // A hook of the command that holds it: that one goes on holding it.
            return handed(&other);
        }
        drop(file);
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(busy(&instance, &other, request.wait));
        }
        if !told {
            tell(&format!(
                "{} (pid {}) is at work on {}, waiting up to {} s",
                other.command,
                other.process.pid,
                instance.name,
                request.wait.as_secs()
            ));
            told = true;
        }
        if let Some(handle) = other.process.open() {
            handle.wait(PAUSE.min(left));
        }
    }
}

/// For a node in the place of the process that holds the lock: it would hold it as long as it runs.
pub(super) fn give_up(state: &Path) {
    if let Ok(file) = File::options().write(true).open(state.join(FILE)) {
        let _ = file.set_len(0);
    }
}

fn handed(holder: &Holder) -> Result<Status, Failure> {
    let mut lines = String::new();
    writeln!(lines, "export {TOKEN}={}", holder.token()).expect("writing to a string does not fail");
    print(&lines)?;
    Ok(Status::Done)
}

fn busy(instance: &Instance, other: &Holder, waited: Duration) -> Failure {
    let Holder { process, command } = other;
    let text = format!("{command} (pid {}) is at work on {}", process.pid, instance.name);
    let text = if waited.is_zero() { text } else { format!("{text}, still after {} s", waited.as_secs()) };
    Message::new(Status::Busy, text)
        .with_help(format!("--wait SECONDS waits for its end; kill {} ends it", process.pid))
        .into()
}

/// The open file, held by a lock of its own for the moment of looking and writing.
struct LockFile {
    file: File,
    path: PathBuf,
}

impl LockFile {
    fn open(state: &Path) -> Result<Self, Failure> {
        let path = state.join(FILE);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR)
            .map_err(|error| cannot(&path, &error.into()))?;
        let deadline = Instant::now() + LOOK;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { file: file.into(), path }),
                Err(Errno::WOULDBLOCK | Errno::INTR) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => return Err(cannot(&path, &error.into())),
            }
        }
    }

    fn holder(&mut self) -> Option<Holder> {
        let mut text = String::new();
        self.file.read_to_string(&mut text).ok()?;
        Holder::parse(&text)
    }

    fn write(&mut self, holder: &Holder) -> Result<(), Failure> {
        let mut write = || {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(holder.to_line().as_bytes())
        };
        write().map_err(|error| cannot(&self.path, &error))
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    if let Some(failure) = advice::exhausted(error) {
        return failure;
    }
    let (status, help) = match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            (Status::Unreachable, "the node belongs to another user: run this as that user or as root")
        }
        _ => (Status::Failed, "set BOOT_STATE_DIR to a directory that you can write"),
    };
    Message::new(status, format!("cannot lock {}: {error}", path.display())).with_help(help).into()
}
