//! How commands tell the supervisor what they are about to do to the node: a datagram `stop PID` or `reload PID`, which
//! holds as long as that process lives. The directory of the socket is its user's alone, so nobody else speaks.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::id;

use rustix::fd::OwnedFd;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::super::env::var;

/// In the state directory.
pub(in crate::helper) const FILE: &str = "supervise.sock";

/// What a command does to the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// It stops it, with the hooks of `stop` around.
    Stop,
    /// The node boots again in its process, or becomes another version.
    Reload,
}

impl Work {
    const ALL: [(Self, &'static str); 2] = [(Self::Stop, "stop"), (Self::Reload, "reload")];

    fn of(subcommand: &OsStr) -> Option<&'static str> {
        match subcommand.to_str()? {
            "stop" => Some("stop"),
            "restart" | "install" | "upgrade" | "downgrade" => Some("reload"),
            _ => None,
        }
    }

    /// The work, and the pid of who does it.
    fn parse(text: &str) -> Option<(Self, i32)> {
        let (word, pid) = text.trim_end().split_once(' ')?;
        let (work, _) = Self::ALL.into_iter().find(|(_, it)| *it == word)?;
        Some((work, pid.parse().ok().filter(|pid| *pid > 0)?))
    }
}

/// A command at work.
pub(super) struct Visitor {
    pub work: Work,
    pub pid: i32,
    /// Can be read when the process has ended.
    pub end: OwnedFd,
}

/// The supervisor's end; dropped, its file goes.
pub(super) struct Channel {
    pub socket: UnixDatagram,
    path: PathBuf,
}

impl Channel {
    pub(super) fn open(state: &Path) -> io::Result<Self> {
        let path = state.join(FILE);
        // One that was killed has left it. Whoever has the instance's place now is our own VM.
        let _ = fs::remove_file(&path);
        let socket = at(state, |address| UnixDatagram::bind(address))?;
        // Nobody else gets into the directory; the umask is the node's.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, path })
    }

    /// The next one that has said what it does, if it still lives.
    pub(super) fn take(&self) -> Option<Visitor> {
        let mut bytes = [0; 64];
        loop {
            let length = self.socket.recv(&mut bytes).ok()?;
            let text = String::from_utf8_lossy(&bytes[..length]);
            let Some((work, pid)) = Work::parse(&text) else { continue };
            let end = Pid::from_raw(pid).and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
            if let Some(end) = end {
                return Some(Visitor { work, pid, end });
            }
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Tells the supervisor, where there is one, what this process is about to do.
pub(in crate::helper) fn announce(subcommand: &OsStr) {
    let (Some(word), Some(state)) = (Work::of(subcommand), var("BOOT_STATE_DIR")) else { return };
    let text = format!("{word} {}", id());
    let _ = at(Path::new(&state), |address| {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.send_to(text.as_bytes(), address)
    });
}

/// The kernel takes 107 bytes for a socket's path: a longer one goes by the open directory.
fn at<T>(state: &Path, action: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let path = state.join(FILE);
    if path.as_os_str().len() < 100 {
        return action(&path);
    }
    let directory =
        rustix::fs::open(state, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    action(&PathBuf::from(format!("/proc/self/fd/{}/{FILE}", directory.as_raw_fd())))
}

#[cfg(test)]
mod tests {
    use std::process::id;

    use super::{Channel, Work, at};

    #[test]
    fn a_long_path_and_a_stale_file_do_no_harm() {
        let base = tempfile::tempdir().unwrap();
        let state = base.path().join("x".repeat(150));
        std::fs::create_dir(&state).unwrap();
        std::fs::write(state.join("supervise.sock"), "").unwrap();
        let channel = Channel::open(&state).unwrap();
        for text in ["nonsense", "stop 0", "stop x", "stop 99999999", &format!("reload {}", id())] {
            let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
            at(&state, |address| socket.send_to(text.as_bytes(), address)).unwrap();
        }
        let visitor = channel.take().unwrap();
        assert_eq!((visitor.work, visitor.pid), (Work::Reload, id().cast_signed()));
        assert!(channel.take().is_none());
        drop(channel);
        assert!(!state.join("supervise.sock").exists());
    }
}
