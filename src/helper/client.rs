//! How the subcommands reach the running node; `ping` and `pid`, which ask no more than that.

use std::ffi::OsString;
use std::io::{Stdout, Write};
use std::time::Duration;

use super::env::Instance;
use super::process::Process;
use super::record::Record;
use super::{options, print};
use crate::error::{Failure, Message, Report, Status};
use crate::node::{Connection, Io, NodeError, connect, os_pid};

/// Connects to the instance's node.
///
/// # Errors
/// Not running when no start has left a record, or the recorded process is gone.
pub(super) fn open(instance: &Instance, limit: Duration) -> Result<Connection, Failure> {
    let Some(record) = Record::read(instance)? else {
        return Err(not_running(instance));
    };
    let noted = Process::noted(&instance.state);
    let process = noted.filter(Process::is_alive);
    if record.node.is_none() && process.is_none() {
        return Err(not_running(instance));
    }
    let target = record.target(instance)?;
    match (connect(&target, limit), process, noted) {
        (Ok(connection), None, Some(dead)) => ours(connection, instance, dead.pid),
        (Ok(connection), _, _) => Ok(connection),
        (Err(error), Some(process), _) => {
            Err(Unanswered { name: instance.name.clone(), process, source: error }.into())
        }
        (Err(_), None, Some(_)) => Err(not_running(instance)),
        (Err(error), None, None) if error.status() == Status::NotRunning => Err(not_running(instance)),
        (Err(error), None, None) => Err(error.into()),
    }
}

/// The recorded process is gone, and yet a node of its name answers: when it is not that process seen
/// from another pid namespace, it is another instance's, and not to be stopped or upgraded from here.
fn ours(mut connection: Connection, instance: &Instance, recorded: i32) -> Result<Connection, Failure> {
    let pid = os_pid(&mut connection)?;
    if pid.cast_signed() == recorded {
        return Ok(connection);
    }
    let text =
        format!("{} is not running; the node of its name with pid {pid} is not its own", instance.name);
    Err(Message::new(Status::NotRunning, text)
        .with_help("give one of the two another name: RELEASE_NODE, or -sname or -name in vm.args")
        .into())
}

/// The node is not running: status 3.
pub(super) fn not_running(instance: &Instance) -> Failure {
    Message::new(Status::NotRunning, format!("{} is not running", instance.name))
        .with_help(format!("{} start", program()))
        .into()
}

/// What the user called, for lines to type.
pub(super) fn program() -> String {
    super::env::var("BOOT_PROG").unwrap_or_else(|| "bin/NAME".into())
}

/// Its process lives, but the node does not answer: status 4, whatever the layer below says.
#[derive(Debug)]
struct Unanswered {
    name: String,
    process: Process,
    source: NodeError,
}

impl std::fmt::Display for Unanswered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is running (pid {}) but does not answer: {}", self.name, self.process.pid, self.source)
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
        self.source.help()
    }
}

/// Streams what a call prints to standard output.
pub(super) struct Output(Stdout);

impl Output {
    pub(super) fn new() -> Self {
        Self(std::io::stdout())
    }
}

impl Io for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()
    }
}

/// `ping`: prints `pong`.
pub(super) fn ping(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let limit = options::only_timeout(arguments, options::CLIENT_LIMIT)?;
    open(&Instance::from_env()?, limit)?;
    print("pong\n")?;
    Ok(Status::Done)
}

/// `pid`: prints the node's process id, as the node itself tells it.
pub(super) fn pid(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let limit = options::only_timeout(arguments, options::CLIENT_LIMIT)?;
    let mut connection = open(&Instance::from_env()?, limit)?;
    print(&format!("{}\n", os_pid(&mut connection)?))?;
    Ok(Status::Done)
}
