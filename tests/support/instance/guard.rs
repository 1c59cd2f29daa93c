//! The guard of an instance: an epmd of its own, and the end of everything when the test ends.
//! It must not depend on a destructor: a test process that is killed leaves nothing behind either.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::process::runs;

const SCRIPT: &str = include_str!("guard.sh");

/// Holds a directory and an epmd until dropped.
#[derive(Debug)]
pub(super) struct Guard {
    child: Child,
    /// The epmd's port.
    pub(super) port: u16,
    /// Where the epmd listens, as `ERL_EPMD_ADDRESS` says it.
    pub(super) address: String,
    /// The epmd's pid.
    pub(super) epmd: u32,
}

impl Guard {
    /// Starts an epmd on a free port, and the watch over `dir` (which has to have a name that nothing
    /// else on the machine has: processes are found by it).
    pub(super) fn new(dir: &Path) -> Self {
        // Between the finding of a port and its use somebody else may take it.
        (0..10).find_map(|_| Self::attempt(dir)).expect("one of ten free ports stays free for a moment")
    }

    fn attempt(dir: &Path) -> Option<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("127.0.0.1 has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let address = addresses();
        drop(listener);
        let mut child = Command::new("sh")
            .args(["-c", SCRIPT, "guard.sh"])
            .arg(dir)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("ERL_EPMD_PORT", port.to_string())
            .env("ERL_EPMD_ADDRESS", &address)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Ctrl-C at the terminal is for the test process; the guard follows it.
            .process_group(0)
            .spawn()
            .expect("sh can be started");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("standard output is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the guard says its epmd's pid");
        let epmd = line.trim().parse().expect("a pid is a number");
        if listens(port, epmd) {
            return Some(Self { child, port, address, epmd });
        }
        // Not by closing its pipe: the directory has to stay.
        child.kill().and_then(|()| child.wait()).expect("an own child can be killed");
        None
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // Nothing can be done about a guard that is gone.
        let _ = self.child.wait();
    }
}

/// 127.0.0.1, and where the host's own name leads: a client looks for `demo@thishost` there, and on
/// Debian that is 127.0.1.1.
fn addresses() -> String {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let found = (host.as_str(), 0).to_socket_addrs().into_iter().flatten();
    let mut all = vec![Ipv4Addr::LOCALHOST.to_string()];
    for address in found.filter(SocketAddr::is_ipv4).map(|address| address.ip().to_string()) {
        if !all.contains(&address) {
            all.push(address);
        }
    }
    all.join(",")
}

/// Waits until this epmd listens; false when it ended because the port was taken.
fn listens(port: u16, epmd: u32) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while runs(epmd) && Instant::now() < end {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            // If that was somebody else's, this one is about to give up.
            std::thread::sleep(Duration::from_millis(20));
            return runs(epmd);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}
