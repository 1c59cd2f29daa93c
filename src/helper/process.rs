//! The node's operating system process: known by pid and start time, never by name. Zombies are gone.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process and the time it was started, in ticks since boot (field 22 of /proc/PID/stat); 0: unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub pid: i32,
    start: u64,
}

impl Process {
    /// The process that the state directory's file `pid` names, when that still is the same one.
    pub(super) fn recorded(state: &Path) -> Option<Self> {
        Self::noted(state).filter(|process| process.is_alive())
    }

    /// The process that the file names, dead or alive.
    pub(super) fn noted(state: &Path) -> Option<Self> {
        let text = fs::read_to_string(state.join("pid")).ok()?;
        let (pid, start) = text.trim_end().split_once(' ')?;
        Some(Self { pid: pid.parse().ok()?, start: start.parse().ok()? })
    }

    /// The process of that pid, now.
    pub(super) fn now(pid: i32) -> Option<Self> {
        let (_, start) = stat(pid)?;
        Some(Self { pid, start })
    }

    pub(super) fn is_alive(&self) -> bool {
        stat(self.pid).is_some_and(|(state, start)| {
            !matches!(state, b'Z' | b'X') && (self.start == 0 || start == self.start)
        })
    }

    /// A handle that can't come to mean another process; `None` when the process is gone.
    pub(super) fn open(&self) -> Option<Handle> {
        let pidfd = pidfd_open(Pid::from_raw(self.pid)?, PidfdFlags::empty()).ok()?;
        // Only now is it known that the pid was not reused before the handle was made.
        self.is_alive().then_some(Handle { pidfd })
    }
}

/// A process held by a pidfd.
#[derive(Debug)]
pub(super) struct Handle {
    pidfd: OwnedFd,
}

impl Handle {
    /// Waits until the process has ended; false when `limit` passed first.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let deadline = std::time::Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let left = Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            match poll(&mut [PollFd::new(&self.pidfd, PollFlags::IN)], Some(&left)) {
                Ok(0) => return false,
                Err(rustix::io::Errno::INTR) => {}
                _ => return true,
            }
        }
    }

    /// Sends SIGTERM, which the VM takes for `init:stop()`.
    pub(super) fn terminate(&self) -> Result<(), rustix::io::Errno> {
        pidfd_send_signal(&self.pidfd, Signal::TERM)
    }
}

/// State letter and start time from /proc/PID/stat. A first thread that is a zombie among others that still
/// end (and hold the ports of the process) is no zombie yet.
fn stat(pid: i32) -> Option<(u8, u64)> {
    let text = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The program's name stands in brackets and may hold anything: count from behind it.
    let end = text.iter().rposition(|&byte| byte == b')')?;
    let rest = std::str::from_utf8(text.get(end + 2..)?).ok()?;
    let mut fields = rest.split(' ');
    let state = *fields.next()?.as_bytes().first()?;
    let threads: u32 = fields.nth(16)?.parse().ok()?;
    let state = if threads > 1 { b'R' } else { state };
    Some((state, fields.nth(1)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, id};
    use std::time::Duration;

    use super::Process;

    #[test]
    fn this_process_is_alive_and_keeps_its_identity() {
        let me = Process::now(id().cast_signed()).expect("this process");
        assert!(me.is_alive());
        assert!(!Process { pid: me.pid, start: me.start + 1 }.is_alive(), "a reused pid");
    }

    #[test]
    fn a_zombie_is_gone() {
        let mut child = Command::new("sleep").arg("100").spawn().expect("sleep");
        let process = Process::now(child.id().cast_signed()).expect("the child");
        let handle = process.open().expect("a handle");
        assert!(!handle.wait(Duration::from_millis(1)));
        handle.terminate().expect("a signal");
        assert!(handle.wait(Duration::from_secs(10)));
        assert!(!process.is_alive(), "not waited for yet, but dead");
        assert!(process.open().is_none());
        child.wait().expect("the child's end");
    }
}
