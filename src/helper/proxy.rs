//! A node with TLS distribution, asked through an `erl` of its release: this helper has no TLS. The program
//! that the `erl` runs passes on what a [`Connection`] says, so that all above it works as ever.

use std::io::{ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::advice::Trouble;
use super::env::Instance;
use super::process::Process;
use super::record::{self, Record};
use crate::error::{Message, Status};
use crate::node::{Connection, Keep, NodeError, Peer, Target, Term, registered};

const PROGRAM: &str = include_str!("proxy.erl");
/// The node of this client's pids; the program knows it by this name.
const CLIENT: &str = "client@relboot";
/// No greeting is longer.
const MAX_GREETING: usize = 64 * 1024;

/// How long it may take to pass on what was said last, and to end.
const LAST_WORDS: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(2);

/// The `erl`, which ends by itself when it sees the end of the stream.
#[derive(Debug)]
struct Proxy(Child);

impl Keep for Proxy {}

impl Drop for Proxy {
    fn drop(&mut self) {
        let deadline = Instant::now() + LAST_WORDS;
        while Instant::now() < deadline {
            match self.0.try_wait() {
                Ok(None) => std::thread::sleep(PAUSE),
                _ => return,
            }
        }
        // It may have ended right now; then there is only something to reap.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Connects to the node within `limit` through an `erl` with the flags of the node's start.
pub(super) fn connect(
    instance: &Instance,
    record: &Record,
    target: &Target,
    limit: Duration,
) -> Result<Connection, Trouble> {
    let deadline = Instant::now() + limit;
    // An erl takes half a second to find out the same.
    registered(target, limit).map_err(Trouble::Node)?;
    let (mine, theirs) = UnixStream::pair().map_err(|error| cannot_start(instance, &error))?;
    let left = deadline.saturating_duration_since(Instant::now());
    let mut command = command(instance, record, target, left)?;
    command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).stderr(Stdio::piped());
    // A ctrl-C is for this process, which may have something to tell the node then.
    command.process_group(0);
    let child = command.spawn().map_err(|error| cannot_start(instance, &error))?;
    // It holds the other end of the stream, whose end would not be seen.
    drop(command);
    let mut proxy = Proxy(child);
    match greeting(&mine, left) {
        Ok(Term::Tuple(parts)) if parts.first().is_some_and(|first| first.is_atom("ok")) => {
            let node = target.name.to_string();
            Ok(Connection::over(mine, Box::new(proxy), &node, CLIENT, limit))
        }
        Ok(Term::Tuple(parts)) => {
            let part = |at: usize| parts.get(at).and_then(Term::as_text).unwrap_or_default();
            Err(refused(instance, target, &part(1), &part(2), limit))
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock || error.kind() == ErrorKind::TimedOut => {
            Err(Trouble::Node(hung(target, limit)))
        }
        _ => Err(failed(instance, &last_words(&mut proxy))),
    }
}

/// The command line: all that it holds may be seen by others; the cookie is in the file of its HOME.
fn command(
    instance: &Instance,
    record: &Record,
    target: &Target,
    limit: Duration,
) -> Result<Command, Trouble> {
    record::is_mine(instance, "a question to a node with TLS").map_err(Trouble::Told)?;
    let bin = record.bindir.as_deref().ok_or_else(|| {
        let text = format!("{} speaks TLS, and was started by a kit that did not record how", instance.name);
        Trouble::Told(
            Message::new(Status::Unreachable, text)
                .with_help(format!("{} stop, then start", super::client::program()))
                .into(),
        )
    })?;
    let (boot, root) = boot_script(instance, bin).ok_or_else(|| {
        let text = format!("{} speaks TLS, and there is no start_clean.boot to ask it with", instance.name);
        let help =
            "put one into the release: rebar3 and mix do, systools makes it of a .rel of kernel and stdlib";
        Trouble::Told(Message::new(Status::Unreachable, text).with_help(help).into())
    })?;
    let lib = instance.root.join("lib");
    let otp_lib = bin.join("../../lib");
    let libraries = std::env::join_paths([&lib, &otp_lib]).unwrap_or_else(|_| otp_lib.clone().into());
    let mut command = Command::new(bin.join("erlexec"));
    command.env_clear();
    for name in ["PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "ERL_EPMD_ADDRESS"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.envs([("BINDIR", bin), ("ROOTDIR", &root), ("ERL_LIBS", Path::new(&libraries))]);
    command.envs([("EMU", "beam"), ("PROGNAME", "erl"), ("ERL_CRASH_DUMP_SECONDS", "0")]);
    command.env("HOME", instance.state.join("cookie")).env("ERL_EPMD_PORT", record.epmd_port.to_string());
    if let Some(directory) = Process::recorded(&instance.state).and_then(|process| process.directory()) {
        // The flags may name files from there.
        command.current_dir(directory);
    }
    command.arg("-boot").arg(boot).arg("-boot_var").arg("RELEASE_LIB").arg(&lib);
    command.arg("-boot_var").arg("ERTS_LIB_DIR").arg(&otp_lib);
    command.args(["-noinput", "-hidden", "-dist_listen", "false", "-kernel", "logger_level", "none"]);
    if let Some(port) = record.dist_port {
        command.args(["-start_epmd", "false", "-erl_epmd_port", &port.to_string()]);
    }
    command.args(&record.flags).args(["-eval", PROGRAM, "-extra", &target.name.to_string()]);
    command.arg(if target.name.is_long() { "longnames" } else { "shortnames" });
    command.arg(limit.as_secs().max(1).to_string());
    Ok(command)
}

/// Kernel and stdlib only, without the suffix `.boot`, and what `$ROOT` in it means: of the release, or of the
/// OTP that it runs on.
fn boot_script(instance: &Instance, bin: &Path) -> Option<(PathBuf, PathBuf)> {
    let otp = bin.join("../..");
    let places = [
        (instance.version_dir(), &instance.root),
        (instance.root.join("bin"), &instance.root),
        (otp.join("bin"), &otp),
    ];
    let there = |(directory, _): &(PathBuf, &PathBuf)| directory.join("start_clean.boot").is_file();
    let (directory, root) = places.into_iter().find(there)?;
    Some((directory.join("start_clean"), root.clone()))
}

/// The first thing that it says: four bytes of length, then a term.
fn greeting(mut stream: &UnixStream, limit: Duration) -> std::io::Result<Term> {
    // It minds the limit itself; this one is for one that does not.
    stream.set_read_timeout(Some(limit + Duration::from_secs(2)))?;
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let length = usize::try_from(u32::from_be_bytes(head)).unwrap_or(usize::MAX);
    if length > MAX_GREETING {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Term::decode(&bytes).map_err(|_| ErrorKind::InvalidData.into())
}

/// What `{error, Kind, Text}` means; the text is a term of the OTP that made it.
fn refused(instance: &Instance, target: &Target, kind: &str, text: &str, limit: Duration) -> Trouble {
    let node = target.name.to_string();
    let at = (target.addresses.first().copied().unwrap_or([127, 0, 0, 1].into()), target.epmd_port).into();
    let has = |part: &str| text.contains(part);
    let text: String = text.chars().take(300).collect();
    let told = |text: String, help: String| {
        Trouble::Told(Message::new(Status::Unreachable, text).with_help(help).into())
    };
    match kind {
        "late" => Trouble::Node(hung(target, limit)),
        "connect" if has("recv_challenge_ack_failed") => Trouble::Node(NodeError::WrongCookie { node }),
        "connect" if has("not_allowed") => Trouble::Node(NodeError::NotAllowed { node }),
        "connect" if has("noport") => Trouble::Node(NodeError::NotRegistered { node, at }),
        "connect" if has("econnrefused") => Trouble::Node(NodeError::PortRefused { node, at }),
        "connect" if has("ssl_connect_failed") => told(
            format!("the TLS handshake with node {node} failed: {text}"),
            "check the client's part of the file of -ssl_dist_optfile, and the certificates it names".into(),
        ),
        "connect" => told(
            format!("node {node} did not let the erl client in: {text}"),
            format!("look into the log in {}", instance.log.display()),
        ),
        "ssl" => told(
            format!("node {node} speaks TLS, and the release has no application ssl to ask it with: {text}"),
            "add ssl to the applications of the release".into(),
        ),
        _ => told(
            format!("an erl client with the node's flags can't start its distribution: {text}"),
            format!("the flags are in {}", record::file(&instance.state).display()),
        ),
    }
}

fn hung(target: &Target, limit: Duration) -> NodeError {
    let at = (target.addresses.first().copied().unwrap_or([127, 0, 0, 1].into()), target.epmd_port).into();
    NodeError::Hung { node: target.name.to_string(), who: Peer::Node, at, limit }
}

fn cannot_start(instance: &Instance, error: &std::io::Error) -> Trouble {
    super::advice::exhausted(error).map_or_else(|| failed(instance, &error.to_string()), Trouble::Told)
}

fn failed(instance: &Instance, why: &str) -> Trouble {
    let text = format!("{} speaks TLS, and the erl to ask it with does not run: {why}", instance.name);
    let help = format!("its flags are in {}", record::file(&instance.state).display());
    Trouble::Told(Message::new(Status::Unreachable, text).with_help(help).into())
}

/// The last line that an `erl` has written before it ended.
fn last_words(proxy: &mut Proxy) -> String {
    // One that still runs would be waited for.
    let _ = proxy.0.kill();
    let mut text = String::new();
    if let Some(stderr) = proxy.0.stderr.as_mut() {
        // What can't be read is not told.
        let _ = stderr.take(64 * 1024).read_to_string(&mut text);
    }
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.unwrap_or("it said nothing").chars().take(300).collect()
}
