//! Sees to it that an epmd runs before the VM asks for one, without a shell in between.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::helper::env;
use crate::helper::record::Record;

const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(2);

/// Whether an epmd runs now; when not, erlexec may try in its own way.
pub(super) fn ensure(bin: &Path) -> bool {
    let address = SocketAddr::new(listens_on(), Record::epmd_port_here());
    if answers(&address) {
        return true;
    }
    // A process group of its own: a ctrl-C for the node is not one for all nodes of this host.
    let started = Command::new(bin.join("epmd"))
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ERL_EPMD_")))
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let deadline = Instant::now() + PATIENCE;
    while started.is_ok() && Instant::now() < deadline {
        if answers(&address) {
            return true;
        }
        std::thread::sleep(PAUSE);
    }
    false
}

fn answers(address: &SocketAddr) -> bool {
    TcpStream::connect_timeout(address, PATIENCE).is_ok()
}

/// The first address that `ERL_EPMD_ADDRESS` names; loopback is always among them.
fn listens_on() -> IpAddr {
    let named = env::var("ERL_EPMD_ADDRESS").and_then(|list| list.split(',').next()?.trim().parse().ok());
    named.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}
