//! `launch [--unlock] [--parent PID] -- ERLEXEC [ARG...]`: becomes the node. On the way it takes the instance's place, which the
//! kernel gives to one process at a time and takes back when that process ends, however it ends.

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, id};

use rustix::fd::OwnedFd;
use rustix::fs::{FlockOperation, Mode, OFlags, fcntl_lock};
use rustix::io::Errno;
use rustix::process::{
    Flock, FlockType, Resource, Rlimit, Signal, fcntl_getlk, getppid, getrlimit,
    set_parent_process_death_signal, setrlimit,
};

use super::env::{self, Instance};
use super::process::Process;
use super::{lock, options, prepare};
use crate::error::{Failure, Message, Status};

struct Request {
    /// Whether the command that works on the instance is this process, and gives way to others now.
    unlock: bool,
    /// The process whose end is to be the node's too.
    parent: Option<i32>,
    program: PathBuf,
    arguments: Vec<OsString>,
}

fn parse(arguments: Vec<OsString>) -> Result<Request, Failure> {
    let (mut unlock, mut parent) = (false, None);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("unlock") => unlock = true,
            lexopt::Arg::Long("parent") => parent = options::text(&mut parser)?.parse().ok(),
            lexopt::Arg::Value(program) => {
                let rest = parser.raw_args().map_err(|error| options::usage(&error))?;
                return Ok(Request { unlock, parent, program: program.into(), arguments: rest.collect() });
            }
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    Err(Message::new(Status::Usage, "launch needs a program").into())
}

/// Returns only when the program can't be started.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Infallible, Failure> {
    let request = parse(arguments)?;
    let instance = Instance::from_env()?;
    if let Some(parent) = request.parent {
        follow(parent)?;
    }
    take_place(&instance)?;
    let this = Process::now(id().cast_signed()).map_or(0, |process| process.start());
    prepare::write_private(&instance.state.join("pid"), &format!("{} {this}\n", id()))?;
    if request.unlock {
        lock::give_up(&instance.state);
    }
    open_files();
    caller_umask();
    let mut command = Command::new(&request.program);
    command.args(&request.arguments);
    if let Some(home) = env::var("BOOT_COOKIE_HOME") {
        command.env("HOME", home);
    }
    for name in
        [lock::TOKEN, lock::ASKED, UMASK, "_boot_extra", "_boot_start_limit", "_boot_nofile", "_boot_launch"]
    {
        command.env_remove(name);
    }
    let error = command.exec();
    Err(Message::new(Status::Failed, format!("cannot start {}: {error}", request.program.display()))
        .with_help("is the release's erts complete, and made for this machine?")
        .into())
}

/// The variable with the umask that the node is to have, in octal digits: the launcher has one of its own.
pub(super) const UMASK: &str = "_boot_umask";

/// The umask of who called the command.
fn caller_umask() {
    let mask = env::var(UMASK).and_then(|text| u32::from_str_radix(&text, 8).ok());
    if let Some(mask) = mask {
        rustix::process::umask(Mode::from_raw_mode(mask));
    }
}

/// When the supervisor is killed the node gets SIGTERM, which it takes for `init:stop()`: the kernel sees to that.
fn follow(parent: i32) -> Result<(), Failure> {
    let _ = set_parent_process_death_signal(Some(Signal::TERM));
    // It may have been killed before.
    if getppid().is_some_and(|pid| pid.as_raw_nonzero().get() == parent) {
        return Ok(());
    }
    Err(Message::new(Status::Failed, "the supervisor has ended").into())
}

/// The file that a running node has locked.
fn place(state: &Path) -> PathBuf {
    state.join("place")
}

/// The lock is this process's, not the file's: `exec` keeps it, children of the node do not get it.
fn take_place(instance: &Instance) -> Result<(), Failure> {
    let path = place(&instance.state);
    let cannot = |error: Errno| -> Failure {
        let text = format!("cannot lock {}: {}", path.display(), std::io::Error::from(error));
        Message::new(Status::Failed, text).into()
    };
    // Without CLOEXEC: when the file is closed, the lock is gone.
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW;
    let file = rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR).map_err(cannot)?;
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            // For the node to hold.
            std::mem::forget(file);
            Ok(())
        }
        Err(Errno::ACCESS | Errno::AGAIN) => {
            let pid = holder(&file).map(|pid| format!(" (pid {pid})")).unwrap_or_default();
            Err(Message::new(Status::Busy, format!("{} is running already{pid}", instance.name)).into())
        }
        Err(error) => Err(cannot(error)),
    }
}

fn holder(file: &OwnedFd) -> Option<i32> {
    let lock = fcntl_getlk(file, &Flock::from(FlockType::WriteLock)).ok()??;
    lock.pid.map(|pid| pid.as_raw_nonzero().get())
}

/// The process that runs in an instance's place, also when no file names it any more.
pub(super) fn running(state: &Path) -> Option<Process> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let file = rustix::fs::open(place(state), flags, Mode::empty()).ok()?;
    holder(&file).and_then(Process::now)
}

/// The same, for who holds the instance's lock: from now on the file `pid` names it, whatever was in there.
pub(super) fn adopt(state: &Path) -> Option<Process> {
    let process = running(state)?;
    // On a full disk it stays unnamed.
    let _ = prepare::write_private(&state.join("pid"), &format!("{} {}\n", process.pid, process.start()));
    Some(process)
}

/// As many files as sizing decided. The kernel's own bound may lie below the hard limit: then the limit stays.
fn open_files() {
    let Some(wanted) = env::var("_boot_nofile").and_then(|text| text.parse().ok()) else { return };
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum });
}
