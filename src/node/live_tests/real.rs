//! A real node, with an epmd of its own on a port of its own; both end with the value.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::names::NodeName;
use crate::node::{
    Answer, Code, Connection, Cookie, Evaluated, Io, Language, NodeError, Target, connect, evaluate,
};

pub(super) const LIMIT: Duration = Duration::from_secs(20);

pub(super) struct RealNode {
    pub(super) vm: Child,
    epmd: Option<Child>,
    home: PathBuf,
    pub(super) target: Target,
}

impl RealNode {
    /// None, and a word about it, when the machine has no Erlang.
    pub(super) fn start(flags: &[&str]) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if Command::new("erl").arg("-version").stderr(Stdio::null()).status().is_err() {
            skip("erl");
            return None;
        }
        let unique = format!("rb{}x{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let home = std::env::temp_dir().join(&unique);
        fs::create_dir(&home).unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let epmd = Command::new(epmd_program())
            .args(["-port", &port.to_string(), "-address", "127.0.0.1"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("epmd", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        let name = NodeName::parse(&format!("{unique}@localhost")).unwrap();
        let vm = Command::new("erl")
            .args(["-noinput", "-sname", &name.to_string(), "-setcookie", "secret", "-start_epmd", "false"])
            .args(["-kernel", "logger_level", "none"])
            .args(flags)
            .env("HOME", &home)
            .env("ERL_EPMD_PORT", port.to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let target = Target {
            name,
            cookie: Cookie::new("secret"),
            addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            epmd_port: port,
            dist_port: None,
        };
        Some(Self { vm, epmd: Some(epmd), home, target })
    }

    /// A node that takes connections, and one to it.
    pub(super) fn connected(flags: &[&str]) -> Option<(Self, Connection)> {
        let node = Self::start(flags)?;
        let mut connection = None;
        until("the node", || {
            connection = connect(&node.target, LIMIT).ok();
            connection.is_some()
        });
        Some((node, connection.unwrap()))
    }

    pub(super) fn stop_epmd(&mut self) {
        if let Some(mut epmd) = self.epmd.take() {
            epmd.kill().unwrap();
            epmd.wait().unwrap();
        }
    }
}

impl Drop for RealNode {
    fn drop(&mut self) {
        // Either may have ended by itself.
        let _ = self.vm.kill();
        let _ = self.vm.wait();
        if let Some(epmd) = &mut self.epmd {
            let _ = epmd.kill();
            let _ = epmd.wait();
        }
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// Started by itself, not through a shell's wrapper, so that killing it ends it.
fn epmd_program() -> PathBuf {
    let candidates = ["/usr/bin/epmd", "/usr/local/bin/epmd"].map(PathBuf::from);
    candidates.into_iter().find(|path| path.exists()).unwrap_or_else(|| "epmd".into())
}

/// Says that a test is skipped for want of `tool`, which fails it where the tool is required.
pub(super) fn skip(tool: &str) {
    println!("skipped: no {tool}");
    let required = std::env::var("RELBOOT_REQUIRE").unwrap_or_default();
    assert!(!required.split([',', ' ', ':']).any(|name| name == tool), "{tool} is required");
}

pub(super) fn until(what: &str, mut done: impl FnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !done() {
        assert!(Instant::now() < end, "{what} did not come up");
        sleep(Duration::from_millis(10));
    }
}

pub(super) fn erlang(
    connection: &mut Connection,
    source: &str,
    io: &mut dyn Io,
) -> Result<Evaluated, NodeError> {
    evaluate(connection, Language::Erlang, &Code::Expression(source.into()), Answer::Text, io)
}

pub(super) fn elixir(
    connection: &mut Connection,
    source: &str,
    io: &mut dyn Io,
) -> Result<Evaluated, NodeError> {
    evaluate(connection, Language::Elixir, &Code::Expression(source.into()), Answer::Text, io)
}
