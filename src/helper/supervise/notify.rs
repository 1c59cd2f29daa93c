//! The words for the service manager: systemd's notify protocol (`man 3 sd_notify`). Silent where nobody listens.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::id;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use super::super::env::var;

/// So long a manager may leave its queue full: a node must end though nobody hears of it.
const PATIENCE: Duration = Duration::from_millis(500);

/// The variables of the protocol. They are the supervisor's: a library in the node that spoke too would be another
/// process, whose words systemd does not take, and would feed a watchdog that is to see whether the node answers.
pub(super) const VARIABLES: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"];

/// Who listens, if anybody does.
pub(super) struct Notify(Option<(UnixDatagram, SocketAddr)>);

impl Notify {
    pub(super) fn from_env() -> Self {
        let address = var("NOTIFY_SOCKET").and_then(|name| match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name).ok(),
            None => SocketAddr::from_pathname(&name).ok(),
        });
        Self::to(address)
    }

    /// Who listens at this address.
    pub(super) fn to(address: Option<SocketAddr>) -> Self {
        Self(address.and_then(Self::open))
    }

    fn open(address: SocketAddr) -> Option<(UnixDatagram, SocketAddr)> {
        let socket = UnixDatagram::unbound().ok()?;
        socket.set_write_timeout(Some(PATIENCE)).ok()?;
        Some((socket, address))
    }

    /// A node in the background is nobody's service.
    pub(super) fn to_nobody() -> Self {
        Self(None)
    }

    pub(super) fn has_listener(&self) -> bool {
        self.0.is_some()
    }

    /// Sends lines `NAME=VALUE`.
    pub(super) fn send(&self, lines: &str) {
        if let Some((socket, address)) = &self.0 {
            // A manager that has gone, or does not read, is no reason for the node to end.
            let _ = socket.send_to_addr(lines.as_bytes(), address);
        }
    }

    pub(super) fn status(&self, text: &str) {
        self.send(&format!("STATUS={text}"));
    }

    /// The manager's patience with this start or stop begins anew, and lasts so long.
    pub(super) fn extend(&self, limit: Duration) {
        self.send(&format!("EXTEND_TIMEOUT_USEC={}", limit.as_micros()));
    }

    /// The node boots again, or becomes another version.
    pub(super) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let usec = now.tv_sec * 1_000_000 + now.tv_nsec / 1000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={usec}\nSTATUS=reloading"));
    }
}

/// How often the manager wants to hear of the node, when it does.
pub(super) fn watchdog() -> Option<Duration> {
    let usec: u64 = var("WATCHDOG_USEC")?.parse().ok()?;
    let ours = var("WATCHDOG_PID").is_none_or(|pid| pid == id().to_string());
    (ours && usec > 0).then(|| Duration::from_micros(usec))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    use std::time::{Duration, Instant};

    use super::Notify;

    #[test]
    fn a_manager_that_does_not_read_holds_up_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        let notify = Notify(Notify::open(SocketAddr::from_pathname(&path).unwrap()));
        // As many as there is room for, which the host says, and one more.
        let begun = Instant::now();
        while begun.elapsed() < super::PATIENCE {
            notify.send("WATCHDOG=1");
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        let mut bytes = [0; 64];
        let length = manager.recv(&mut bytes).unwrap();
        assert_eq!(&bytes[..length], b"WATCHDOG=1", "what there was room for is there");
    }
}
