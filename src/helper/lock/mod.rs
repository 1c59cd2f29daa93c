//! `lock --command NAME --holder PID [--wait SECONDS] [--user NAME]`: one writer per instance. The file `lock` in the state directory
//! names the process that works on the instance; the lock is its as long as it lives and the file is not emptied, so
//! nothing has to be cleaned up after a process that was killed.

mod file;

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use self::file::{FILE, Holder, LockFile};
use super::env::{self, Instance};
use super::process::Process;
use super::{advice, options, prepare, print, run_as, tell};
use crate::error::{Failure, Message, Status};

/// Between two looks at a lock that may be given up without an end of its holder.
const PAUSE: Duration = Duration::from_millis(50);
/// The variable in which commands hand on that they hold the lock.
pub(super) const TOKEN: &str = "BOOT_LOCK";

/// The variable in which the core asks for the lock without a process of its own.
pub(super) const ASKED: &str = "_boot_lock";

/// What is asked for.
struct Request {
    holder: Holder,
    wait: Duration,
    /// Who alone may change the instance; empty: anybody who can.
    user: String,
}

fn parse(arguments: Vec<OsString>) -> Result<Request, Failure> {
    let (mut command, mut pid, mut wait, mut user) = (String::new(), 0, Duration::ZERO, String::new());
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("command") => command = options::text(&mut parser)?,
            lexopt::Arg::Long("holder") => pid = options::text(&mut parser)?.parse().unwrap_or_default(),
            lexopt::Arg::Long("wait") => wait = patience(&options::text(&mut parser)?)?,
            lexopt::Arg::Long("user") => user = options::text(&mut parser)?,
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    if !Path::new("/proc/self/stat").exists() {
        let text = "/proc is not mounted here, without which no process can be told from another";
        return Err(Message::new(Status::Unreachable, text).with_help("mount -t proc proc /proc").into());
    }
    let process = Process::now(pid).filter(|_| pid > 0 && !command.contains(char::is_whitespace));
    let Some(process) = process.filter(|_| !command.is_empty()) else {
        return Err(Message::new(Status::Usage, "lock needs --command and the --holder's pid").into());
    };
    Ok(Request { holder: Holder { process, command }, wait, user })
}

/// Seconds, 0 too: not to wait at all.
fn patience(text: &str) -> Result<Duration, Failure> {
    match text.parse::<u64>() {
        Ok(seconds @ 0..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => {
            let text = format!("--wait takes 0 to 86400 seconds, not {text:?}");
            Err(Message::new(Status::Usage, text).with_help(options::help()).into())
        }
    }
}

/// Prints the line that the core evaluates.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let request = parse(arguments)?;
    if let Some(holder) = take(&Instance::from_env()?, &request)? {
        print(&format!("export {TOKEN}={}\n", holder.token()))?;
    }
    Ok(Status::Done)
}

/// Takes the lock where the core left that to the command's first subcommand: `COMMAND PID USER SECONDS` in its variable.
/// Commands with hooks have it taken before these, by a process of its own.
pub(super) fn take_if_asked(instance: &Instance) -> Result<(), Failure> {
    let Some(text) = env::var(ASKED) else { return Ok(()) };
    let mut words = text.splitn(4, ' ').map(OsString::from);
    let mut arguments = Vec::new();
    for option in ["--command", "--holder", "--user", "--wait"] {
        arguments.extend([option.into(), words.next().unwrap_or_default()]);
    }
    take(instance, &parse(arguments)?).map(drop)
}

/// Whether the core left it to this process to take the lock.
pub(super) fn is_asked() -> bool {
    env::var(ASKED).is_some()
}

/// Who holds the lock then: the caller, or the command that it is called by; none where nothing was ever started.
fn take(instance: &Instance, request: &Request) -> Result<Option<Holder>, Failure> {
    run_as::must_be(&request.user, &request.holder.command)?;
    match wait_for(instance, request) {
        Ok(holder) => Ok(holder),
        Err(Trouble::Told(failure)) => Err(failure),
        Err(Trouble::File(error)) => {
            let failure = cannot(&instance.state.join(FILE), &error);
            if STARTERS.contains(&request.holder.command.as_str()) || !is_full(&error) {
                return Err(failure);
            }
            // A node has to be stopped there too.
            tell(&format!("warning: {failure}; going on without"));
            Ok(None)
        }
    }
}

/// Why there is no lock.
enum Trouble {
    Told(Failure),
    File(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

/// Commands that may be an instance's first.
const STARTERS: &[&str] = &["start", "foreground", "console"];

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem)
}

fn wait_for(instance: &Instance, request: &Request) -> Result<Option<Holder>, Trouble> {
    if STARTERS.contains(&request.holder.command.as_str()) {
        prepare::make_state(&instance.state).map_err(Trouble::Told)?;
    } else if !instance.state.exists() {
        // Nothing was ever started, and nothing is left behind by asking.
        return Ok(None);
    }
    let deadline = Instant::now() + request.wait;
    let mut told = false;
    loop {
        let mut file = LockFile::open(&instance.state)?;
        let Some(other) = file.holder().filter(|holder| holder.process.is_alive()) else {
            file.write(&request.holder.to_line())?;
            return Ok(Some(request.holder.clone()));
        };
        if other.process == request.holder.process || env::var(TOKEN) == Some(other.token()) {
            // A hook of the command that holds it: that one goes on holding it.
            return Ok(Some(other));
        }
        drop(file);
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Trouble::Told(busy(instance, &other, request.wait)));
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
    if state.join(FILE).exists()
        && let Ok(mut file) = LockFile::open(state)
    {
        // Of a lock that can't be given up nobody dies: it ends with this process.
        let _ = file.write("\n");
    }
}

/// For the supervisor, which stops the node by itself: takes the lock if nobody has it.
pub(super) fn take_over(state: &Path, command: &str) -> bool {
    let Some(process) = Process::now(std::process::id().cast_signed()) else { return false };
    let Ok(mut file) = LockFile::open(state) else { return false };
    if file.holder().is_some_and(|holder| holder.process != process && holder.process.is_alive()) {
        return false;
    }
    file.write(&Holder { process, command: command.to_owned() }.to_line()).is_ok()
}

/// What the commands that this process calls have in their environment when it holds the lock.
pub(super) fn token_of_this() -> String {
    let pid = std::process::id();
    let start = Process::now(pid.cast_signed()).map_or(0, |process| process.start());
    format!("{pid}:{start}")
}

/// Whether another process is at work that runs the hooks of a stop itself.
pub(super) fn is_being_stopped(state: &Path) -> bool {
    let holder = LockFile::open(state).ok().and_then(|mut file| file.holder());
    holder.is_some_and(|holder| {
        matches!(holder.command.as_str(), "stop" | "restart" | "reboot")
            && holder.process.pid != std::process::id().cast_signed()
            && holder.process.is_alive()
    })
}

/// For a command whose work others have to end: it gives up the lock that it holds.
pub(super) fn release(state: &Path) {
    let token = env::var(TOKEN);
    let holder = LockFile::open(state).ok().and_then(|mut file| file.holder());
    if holder.is_some_and(|holder| Some(holder.token()) == token) {
        give_up(state);
    }
}

/// Waits, until `deadline` at most, for the end of another one's `start`, which still tells that the node has booted:
/// the next command is not to find it at work.
pub(super) fn wait_for_start(state: &Path, deadline: Instant) {
    loop {
        let holder = LockFile::open(state).ok().and_then(|mut file| file.holder());
        let Some(start) = holder.filter(|holder| holder.command == "start" && holder.process.is_alive())
        else {
            return;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        // One that calls this command waits for it.
        if left.is_zero() || env::var(TOKEN) == Some(start.token()) {
            return;
        }
        match start.process.open() {
            Some(handle) => drop(handle.wait(PAUSE.min(left))),
            None => return,
        }
    }
}

fn busy(instance: &Instance, other: &Holder, waited: Duration) -> Failure {
    let Holder { process, command } = other;
    let text = format!("{command} (pid {}) is at work on {}", process.pid, instance.name);
    let text = if waited.is_zero() { text } else { format!("{text}, still after {} s", waited.as_secs()) };
    let help = if process.is_stopped() {
        format!("a signal has stopped it: kill -CONT {0} lets it go on, kill -KILL {0} ends it", process.pid)
    } else {
        format!("--wait SECONDS waits for its end; kill {} ends it", process.pid)
    };
    Message::new(Status::Busy, text).with_help(help).into()
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    if let Some(failure) = advice::exhausted(error) {
        return failure;
    }
    if error.kind() == ErrorKind::PermissionDenied {
        return Message::new(Status::Unreachable, format!("cannot lock {}: {error}", path.display()))
            .with_help("the node belongs to another user: run this as that user or as root")
            .into();
    }
    prepare::cannot_write(path, error)
}

#[cfg(test)]
mod tests {
    use super::{Holder, LockFile, Process, is_being_stopped, take_over};

    #[test]
    fn only_who_lives_and_stops_the_node_is_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let holds = |process: &Process, command: &str| {
            let line = Holder { process: *process, command: command.into() }.to_line();
            LockFile::open(dir.path()).and_then(|mut file| file.write(&line)).unwrap();
        };
        let me = Process::now(std::process::id().cast_signed()).unwrap();
        let other = me.parent_pid().and_then(Process::now).unwrap();
        let dead = Process::named(&me.pid.to_string(), "1").unwrap();
        // Who, at what: whether the node is being stopped, and whether the lock can be had.
        for (process, command, stops, taken) in [
            (other, "stop", true, false),
            (other, "reboot", true, false),
            (other, "upgrade", false, false),
            (dead, "stop", false, true),
            (me, "stop", false, true),
        ] {
            holds(&process, command);
            assert_eq!(is_being_stopped(dir.path()), stops, "{process:?} {command}");
            assert_eq!(take_over(dir.path(), "stop"), taken, "{process:?} {command}");
        }
        assert_eq!(Holder::parse("1 2 \u{1b}[31m"), None, "a name for terminals");
    }
}
