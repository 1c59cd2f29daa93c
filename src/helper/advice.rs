//! What to type when a node could not be asked: each trouble of the node layer with a line for this instance.
//! Looks at the recorded process, changes nothing.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use super::client::program;
use super::env::Instance;
use super::process::Process;
use super::record::{self, Record};
use super::tell;
use crate::error::{Failure, Message, Report, Status};
use crate::node::{NodeError, Peer};

/// Why there is no connection: to be explained still, or told already.
pub(super) enum Trouble {
    Node(NodeError),
    Told(Failure),
}

/// The process lives, but its node does not answer: status 4, whatever the layer below says.
#[derive(Debug)]
struct Unanswered {
    text: String,
    help: Option<String>,
    source: NodeError,
}

impl std::fmt::Display for Unanswered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Unanswered {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl Report for Unanswered {
    fn status(&self) -> Status {
        Status::Unreachable
    }

    fn help(&self) -> Option<String> {
        self.help.clone()
    }
}

/// What the user is told of `error`; `process` is the recorded one, when it lives.
pub(super) fn explain(
    instance: &Instance,
    record: &Record,
    process: Option<Process>,
    error: NodeError,
) -> Failure {
    if let Some(failure) = system_error(&error).and_then(exhausted) {
        return failure;
    }
    let help = help(instance, record, process, &error).or_else(|| error.help());
    let Some(process) = process else {
        let text = error.to_string();
        let message = Message::new(error.status(), text);
        return match help {
            Some(help) => message.with_help(help).into(),
            None => message.into(),
        };
    };
    let why = why(instance, record, process, &error).unwrap_or_else(|| error.to_string());
    let text = format!("{} is running (pid {}) but does not answer: {why}", instance.name, process.pid);
    Unanswered { text, help, source: error }.into()
}

/// Where the node layer's own words would say that the node is not running, or could say more.
fn why(instance: &Instance, record: &Record, process: Process, error: &NodeError) -> Option<String> {
    if is_lost(error)
        && let Some(host) = unknown_host(record)
    {
        return Some(format!("nothing listens for it on this host, and no address of {host} is known"));
    }
    Some(match error {
        NodeError::EpmdRefused { at, .. } => format!("no epmd listens on {at} to tell its port"),
        NodeError::NotRegistered { at, .. } => format!("epmd on {at} does not know it"),
        NodeError::PortRefused { at, .. } => format!("nothing listens on its port, {at}"),
        NodeError::Hung { .. } if process.is_stopped() => "its process is stopped (state T)".into(),
        NodeError::WrongCookie { .. } => {
            format!("it refused the cookie in {}", record::cookie_file(&instance.state).display())
        }
        NodeError::Tls { .. } => "it speaks TLS, and its start recorded no -proto_dist".into(),
        _ => return None,
    })
}

fn help(instance: &Instance, record: &Record, process: Option<Process>, error: &NodeError) -> Option<String> {
    let log = record.log.as_ref().unwrap_or(&instance.log).display();
    if is_lost(error)
        && let Some(host) = unknown_host(record).filter(|_| process.is_some())
    {
        return Some(format!("echo '127.0.0.1 {host}' >>/etc/hosts, when it is this host's name"));
    }
    Some(match error {
        NodeError::EpmdRefused { .. } => start_epmd(record),
        NodeError::NotRegistered { .. } | NodeError::PortRefused { .. } => {
            format!("it may be starting or stopping: try again in a moment, else look into the log in {log}")
        }
        NodeError::Hung { .. } => match process {
            Some(process) if process.is_stopped() => format!("kill -CONT {}", process.pid),
            Some(process) => format!(
                "look into the log in {log}; to end it: {} stop, or kill -KILL {}",
                program(),
                process.pid
            ),
            None => format!("look into the log in {log}"),
        },
        NodeError::WrongCookie { .. } => {
            format!(
                "the file or the node's cookie was changed since the start: {} stop, then start",
                program()
            )
        }
        NodeError::Tls { .. } => {
            format!("it was started by another kit, or by hand: {} stop, then start", program())
        }
        NodeError::OtherProtocol { who: Peer::Epmd, at, .. }
        | NodeError::OtherProtocol { at, .. }
        | NodeError::OtherNode { at, .. } => {
            format!("who listens there: ss -ltnp 'sport = :{}'", at.port())
        }
        NodeError::NotAllowed { .. } => {
            let host = record.node.as_ref().map_or("HOST", |node| node.host());
            format!("{} attach, then on the node: net_kernel:allow(['{host}'])", program())
        }
        NodeError::TimedOut { .. } => {
            format!("a longer time: --timeout SECONDS; what it does: look into the log in {log}")
        }
        _ => return None,
    })
}

fn start_epmd(record: &Record) -> String {
    let epmd = record.bindir.as_deref().map_or_else(|| "epmd".into(), |bin| quoted(&bin.join("epmd")));
    format!("ERL_EPMD_PORT={} {epmd} -daemon; the node registers again by itself", record.epmd_port)
}

/// The node answers this client, which looked for it elsewhere, but other nodes won't find it.
pub(super) fn warn_of_epmd(instance: &Instance, record: &Record, error: &NodeError) {
    let (why, help) = match error {
        NodeError::EpmdRefused { at, .. } => {
            (format!("no epmd listens on {at}"), format!("help: {}", start_epmd(record)))
        }
        NodeError::NotRegistered { at, .. } => (
            format!("epmd on {at} does not know it"),
            format!(
                "help: it may be starting, or another epmd has taken the place of its own; else {} stop, then start",
                program()
            ),
        ),
        _ => return,
    };
    tell(&format!("warning: other nodes can't find {}: {why}\n{help}", instance.name));
}

/// The node was not to be found, rather than silent or unwilling.
pub(super) fn is_lost(error: &NodeError) -> bool {
    matches!(
        error,
        NodeError::EpmdRefused { .. }
            | NodeError::NotRegistered { .. }
            | NodeError::PortRefused { .. }
            | NodeError::NoAddress { .. }
            | NodeError::Connect { .. }
    )
}

/// The host of the node's name when no file of this host tells an address of it.
fn unknown_host(record: &Record) -> Option<&str> {
    let host = record.node.as_ref()?.host();
    (!record::is_known(host)).then_some(host)
}

fn system_error(error: &NodeError) -> Option<&io::Error> {
    match error {
        NodeError::Connect { source, .. } | NodeError::Io { source, .. } => Some(source),
        _ => None,
    }
}

/// The failure of a process, or a host, that can open no more files.
pub(super) fn exhausted(error: &io::Error) -> Option<Failure> {
    let (text, help) = match Errno::from_io_error(error)? {
        Errno::MFILE => {
            ("too many open files: the limit of this shell is too low to ask the node", "ulimit -n 1024")
        }
        Errno::NFILE => (
            "too many open files on this host",
            "cat /proc/sys/fs/file-nr tells how many; sysctl fs.file-max=NUMBER allows more",
        ),
        _ => return None,
    };
    Some(Message::new(Status::Unreachable, text).with_help(help).into())
}

/// For a line to type.
fn quoted(path: &Path) -> String {
    shell_escape::unix::escape(path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::exhausted;

    #[test]
    fn only_exhaustion_is_exhaustion() {
        let help = |number| exhausted(&std::io::Error::from_raw_os_error(number)).and_then(|it| it.help());
        assert_eq!(help(24).unwrap(), "ulimit -n 1024");
        assert!(help(23).unwrap().contains("file-max"));
        assert_eq!(help(2), None);
    }
}
