//! The node's operating system process: known by pid and start time, never by name. Zombies are gone.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, geteuid, kill_process, pidfd_open, pidfd_send_signal};

use super::{advice, options, regular};
use crate::node::{Connection, Discard, Outcome, Term};

/// A process and the time it was started, in ticks since boot (field 22 of /proc/PID/stat); 0: unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub pid: i32,
    start: u64,
}

impl Process {
    /// The process that the state directory's file `pid` names, when that still is the same one. After the host has
    /// booted anew, another process may have the number and even the ticks: its environment tells.
    pub(super) fn recorded(state: &Path) -> Option<Self> {
        Self::noted(state).filter(|process| {
            process.is_alive() && !process.is_of_another(state) && !process.is_not_of_writer(state)
        })
    }

    /// Whether this user may not see what the state directory names: then nothing can be told of the node.
    pub(super) fn is_hidden(state: &Path) -> bool {
        let closed = std::io::ErrorKind::PermissionDenied;
        fs::symlink_metadata(state.join("pid")).is_err_and(|error| error.kind() == closed)
    }

    /// Whether root reads the file of a user who names a process that is not his: he is not to have root signal it.
    fn is_not_of_writer(&self, state: &Path) -> bool {
        let writer = fs::symlink_metadata(state.join("pid")).map_or(0, |meta| meta.uid());
        geteuid().is_root() && writer != 0 && self.user().is_some_and(|user| user != writer)
    }

    /// Its real user.
    fn user(&self) -> Option<u32> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        text.lines().find_map(|line| line.strip_prefix("Uid:")?.split_ascii_whitespace().next()?.parse().ok())
    }

    /// Whether it was started with another state directory, or none; not when that can't be seen, or the directory
    /// it names is gone.
    fn is_of_another(&self, state: &Path) -> bool {
        let Ok(bytes) = fs::read(format!("/proc/{}/environ", self.pid)) else { return false };
        // Empty: it is on its way to its end.
        if bytes.is_empty() {
            return false;
        }
        let Some(own) = value_in(&bytes, "BOOT_STATE_DIR").map(PathBuf::from) else { return true };
        let id = |path: &Path| fs::metadata(path).ok().map(|it| (it.dev(), it.ino()));
        own != state && id(&own).is_some_and(|own| Some(own) != id(state))
    }

    /// The process of that pid, when it is the very one that the node of the connection is; `None` when that is one
    /// of another pid namespace, where the number means another process.
    pub(super) fn of_node(connection: &mut Connection, pid: i32) -> Option<Self> {
        let args = vec![Term::string("/proc/self/stat")];
        let limit = Some(options::CLIENT_LIMIT);
        let told = match connection.call("file", "read_file", args, &mut Discard, limit) {
            Ok(Outcome::Return(term)) => term.as_tuple().and_then(|it| it.get(1)?.as_text()),
            _ => None,
        };
        let stat = Stat::parse(told?.as_bytes())?;
        Self::now(pid).filter(|process| process.start == stat.start && process.is_alive())
    }

    /// A variable of the environment that it was started with.
    pub(super) fn variable(&self, name: &str) -> Option<OsString> {
        value_in(&fs::read(format!("/proc/{}/environ", self.pid)).ok()?, name)
    }

    /// The programs `heart` that watch over it: children of its child.
    pub(super) fn hearts(&self) -> Vec<Self> {
        let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        let is_heart = |pid: &i32| fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| name == b"heart\n");
        let above = |pid: i32| Self::now(pid)?.parent_pid();
        pids.filter(is_heart)
            .filter(|pid| above(*pid).and_then(above) == Some(self.pid))
            .filter_map(Self::now)
            .collect()
    }

    /// The process that the file names, dead or alive.
    pub(super) fn noted(state: &Path) -> Option<Self> {
        let text = regular::text(&state.join("pid")).ok()?;
        let (pid, start) = text.trim_end().split_once(' ')?;
        Self::named(pid, start)
    }

    /// The process of that pid and start time, dead or alive.
    pub(super) fn named(pid: &str, start: &str) -> Option<Self> {
        Some(Self { pid: pid.parse().ok()?, start: start.parse().ok()? })
    }

    /// When it was started, in ticks since boot.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// The process of that pid, now.
    pub(super) fn now(pid: i32) -> Option<Self> {
        Stat::of(pid).map(|stat| Self { pid, start: stat.start })
    }

    /// Its parent, while both are there and the parent is the program of that name.
    pub(super) fn parent(&self, program: &str) -> Option<Self> {
        let parent = Self::now(self.parent_pid()?)?;
        let name = fs::read_to_string(format!("/proc/{}/comm", parent.pid)).ok()?;
        (name.trim_end() == program).then_some(parent)
    }

    /// The pid of its parent, while it is there and has one that can be seen from here.
    pub(super) fn parent_pid(&self) -> Option<i32> {
        let stat = Stat::of(self.pid).filter(|stat| stat.start == self.start && stat.parent > 0)?;
        Some(stat.parent)
    }

    /// When that can't be told, it is taken to be: a shell without files to open makes no node stop.
    pub(super) fn is_alive(&self) -> bool {
        match Stat::of(self.pid) {
            Some(stat) => !stat.has_ended() && (self.start == 0 || stat.start == self.start),
            None => fs::read(format!("/proc/{}/stat", self.pid)).is_err_and(|error| {
                // No file was opened to find out that there is one.
                advice::exhausted(&error).is_some() && Path::new(&format!("/proc/{}", self.pid)).exists()
            }),
        }
    }

    /// Whether a signal has stopped it, or a debugger.
    pub(super) fn is_stopped(&self) -> bool {
        Stat::of(self.pid).is_some_and(|stat| matches!(stat.state, b'T' | b't'))
    }

    /// Its pid as it knows it itself: another one in a pid namespace of its own.
    pub(super) fn own_pid(&self) -> i32 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap_or_default();
        let pids = text.lines().find_map(|line| line.strip_prefix("NSpid:"));
        pids.and_then(|pids| pids.split_ascii_whitespace().last()?.parse().ok()).unwrap_or(self.pid)
    }

    /// Its working directory, while it can be seen and is there.
    pub(super) fn directory(&self) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{}/cwd", self.pid)).ok().filter(|directory| directory.is_dir())
    }

    /// A handle that can't come to mean another process; `None` when the process is gone.
    pub(super) fn open(&self) -> Option<Handle> {
        let pidfd = match pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::empty()) {
            Ok(pidfd) => Some(pidfd),
            Err(Errno::SRCH | Errno::INVAL) => return None,
            // No more files may be opened, or the kernel knows no such handles.
            Err(_) => None,
        };
        // Only now is it known that the pid was not reused before the handle was made.
        self.is_alive().then_some(Handle { pidfd, process: *self })
    }
}

/// What /proc tells of a running process; what can't be seen is `None`.
#[derive(Debug)]
pub(super) struct Usage {
    /// Seconds since its start.
    pub uptime: Option<u64>,
    /// Bytes of memory that are not swapped out.
    pub resident: Option<u64>,
    /// Open file descriptors.
    pub files: Option<u64>,
    /// How many may be open; none of these two: unlimited.
    pub file_limit: Option<u64>,
}

/// The unit of times in /proc: 100 to the second on each architecture that Linux has an OTP for.
const TICKS: u64 = 100;

impl Usage {
    pub(super) fn of(process: Process) -> Self {
        let read =
            |file: &str| fs::read_to_string(format!("/proc/{}/{file}", process.pid)).unwrap_or_default();
        let booted: Option<u64> =
            fs::read_to_string("/proc/uptime").ok().and_then(|text| text.split('.').next()?.parse().ok());
        let start = Stat::of(process.pid).map(|stat| stat.start / TICKS);
        let status = read("status");
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let limits = read("limits");
        let limit = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
        Self {
            uptime: booted.zip(start).map(|(booted, start)| booted.saturating_sub(start)),
            resident: resident.and_then(first_number).map(|kib| kib * 1024),
            files: fs::read_dir(format!("/proc/{}/fd", process.pid)).ok().map(|all| all.count() as u64),
            file_limit: limit.and_then(first_number),
        }
    }
}

fn first_number(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// A process held by a pidfd, or watched where there is none to be had.
#[derive(Debug)]
pub(super) struct Handle {
    pidfd: Option<OwnedFd>,
    process: Process,
}

/// Between two looks at a process without a pidfd.
const PAUSE: Duration = Duration::from_millis(20);

impl Handle {
    /// Waits until the process has ended; false when `limit` passed first.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let deadline = std::time::Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let Some(pidfd) = &self.pidfd else {
                if left.is_zero() || !self.process.is_alive() {
                    return !self.process.is_alive();
                }
                std::thread::sleep(PAUSE.min(left));
                continue;
            };
            let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            match poll(&mut [PollFd::new(pidfd, PollFlags::IN)], Some(&left)) {
                Ok(0) => return false,
                Ok(_) => return true,
                Err(Errno::INTR) => {}
                // That it can't be waited for is no end.
                Err(_) if !self.process.is_alive() => return true,
                Err(_) if deadline <= std::time::Instant::now() => return false,
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    /// Sends it a signal; the VM takes SIGTERM for `init:stop()`.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), Errno> {
        let by_handle =
            self.pidfd.as_ref().map_or(Err(Errno::NOSYS), |pidfd| pidfd_send_signal(pidfd, signal));
        if by_handle != Err(Errno::NOSYS) {
            return by_handle;
        }
        match Pid::from_raw(self.process.pid) {
            Some(pid) if self.process.is_alive() => kill_process(pid, signal),
            _ => Err(Errno::SRCH),
        }
    }
}

/// A variable's value in what /proc/PID/environ holds.
fn value_in(environ: &[u8], name: &str) -> Option<OsString> {
    let mut all = environ.split(|byte| *byte == 0);
    let value = all.find_map(|it| it.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(OsString::from_vec(value.to_vec()))
}

/// What /proc/PID/stat says.
struct Stat {
    state: u8,
    parent: i32,
    threads: u32,
    start: u64,
}

impl Stat {
    fn of(pid: i32) -> Option<Self> {
        Self::parse(&fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(text: &[u8]) -> Option<Self> {
        // The program's name stands in brackets and may hold anything: count from behind it.
        let end = text.iter().rposition(|&byte| byte == b')')?;
        let fields: Vec<&str> =
            std::str::from_utf8(text.get(end + 2..)?).ok()?.trim_end().split(' ').collect();
        Some(Self {
            state: *fields.first()?.as_bytes().first()?,
            parent: fields.get(1)?.parse().ok()?,
            threads: fields.get(17)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
        })
    }

    /// A first thread that is a zombie among others that still end (and hold the ports of the process) is
    /// no end yet.
    fn has_ended(&self) -> bool {
        matches!(self.state, b'Z' | b'X') && self.threads <= 1
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, id};
    use std::time::Duration;

    use super::{Process, Stat};

    #[test]
    fn a_first_thread_that_has_ended_before_others_is_no_end() {
        let ended = |state: &str, threads: u32| {
            let fields = ["0"; 15].join(" ");
            Stat::parse(format!("7 (a) b) {state} 1 {fields} {threads} 0 99 0\n").as_bytes())
                .map(|it| it.has_ended())
        };
        assert_eq!((ended("Z", 1), ended("X", 1)), (Some(true), Some(true)));
        assert_eq!((ended("Z", 2), ended("S", 1)), (Some(false), Some(false)));
    }

    #[test]
    fn this_process_is_alive_and_keeps_its_identity() {
        let me = Process::now(id().cast_signed()).expect("this process");
        assert!(me.is_alive());
        let usage = super::Usage::of(me);
        assert!(usage.uptime.is_some() && usage.resident > Some(1024) && usage.files > Some(2), "{usage:?}");
        assert!(!Process { pid: me.pid, start: me.start + 1 }.is_alive(), "a reused pid");
    }

    #[test]
    fn a_zombie_is_gone() {
        let mut child = Command::new("sleep").arg("100").spawn().expect("sleep");
        let process = Process::now(child.id().cast_signed()).expect("the child");
        let handle = process.open().expect("a handle");
        assert!(!handle.wait(Duration::from_millis(1)));
        handle.signal(rustix::process::Signal::TERM).expect("a signal");
        assert!(handle.wait(Duration::from_secs(10)));
        assert!(!process.is_alive(), "not waited for yet, but dead");
        assert!(process.open().is_none());
        child.wait().expect("the child's end");
    }
}
