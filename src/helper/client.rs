//! How the subcommands reach the running node; `ping` and `pid`, which ask no more than that.

use std::ffi::OsString;
use std::io::{Stdout, Write};
use std::time::Duration;

use super::advice::{self, Trouble};
use super::env::Instance;
use super::process::Process;
use super::record::Record;
use super::{options, print, proxy, sockets, tell};
use crate::error::{Failure, Message, Report, Status};
use crate::node::{Connection, Io, NodeError, Target, connect, os_pid};

/// How long a socket of the node's process may take that may not be the node's.
const SOCKET_LIMIT: Duration = Duration::from_secs(1);

/// Connects to the instance's node.
///
/// # Errors
/// Not running when no start has left a record, or the recorded process is gone.
pub(super) fn open(instance: &Instance, limit: Duration) -> Result<Connection, Failure> {
    open_telling(instance, limit, &|record, error| advice::warn_of_epmd(instance, record, error))
}

/// The same while a node comes up, and epmd need not know it yet.
pub(super) fn open_quietly(instance: &Instance, limit: Duration) -> Result<Connection, Failure> {
    open_telling(instance, limit, &|_, _| {})
}

/// What is told when epmd does not lead to the node.
type Warn<'a> = &'a dyn Fn(&Record, &NodeError);

fn open_telling(instance: &Instance, limit: Duration, warn: Warn<'_>) -> Result<Connection, Failure> {
    let Some(record) = Record::read(instance)? else {
        return Err(not_running(instance));
    };
    let noted = Process::noted(&instance.state);
    let process = Process::recorded(&instance.state);
    if record.node.is_none() && process.is_none() {
        return Err(not_running(instance));
    }
    if let Some(root) = record.elsewhere(instance) {
        tell(&format!("warning: this is the {} that was started from {}", instance.name, root.display()));
    }
    let target = record.target(instance)?;
    match (reach(instance, &record, &target, process, limit, warn), process, noted) {
        (Ok(connection), None, Some(dead)) => ours(connection, instance, dead.pid),
        (Ok(connection), _, _) => Ok(connection),
        (Err(Trouble::Told(failure)), _, _) => Err(failure),
        (Err(_), None, Some(_)) => Err(not_running(instance)),
        (Err(Trouble::Node(error)), None, None) if error.status() == Status::NotRunning => {
            Err(not_running(instance))
        }
        (Err(Trouble::Node(error)), _, _) => Err(advice::explain(instance, &record, process, error)),
    }
}

/// Connects by whatever way leads to the node: its recorded name and ports, an `erl` where it speaks TLS, the
/// ports on which its process listens, the other addresses of this host.
fn reach(
    instance: &Instance,
    record: &Record,
    target: &Target,
    process: Option<Process>,
    limit: Duration,
    warn: Warn<'_>,
) -> Result<Connection, Trouble> {
    if record.is_tls() {
        return proxy::connect(instance, record, target, limit);
    }
    let error = match connect(target, limit) {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    if !advice::is_lost(&error) {
        return Err(Trouble::Node(error));
    }
    let (found, epmd) = match process {
        Some(process) => {
            (by_sockets(target, process, limit), !matches!(error, NodeError::PortRefused { .. }))
        }
        None => (by_addresses(target, limit), false),
    };
    if epmd && matches!(found, Some(Ok(_))) {
        warn(record, &error);
    }
    found.unwrap_or(Err(error)).map_err(Trouble::Node)
}

/// Tries the ports on which the node's process listens. What is not the node's own does not count.
pub(super) fn by_sockets(
    target: &Target,
    process: Process,
    limit: Duration,
) -> Option<Result<Connection, NodeError>> {
    let limit = limit.min(SOCKET_LIMIT);
    sockets::listening(process.pid).into_iter().find_map(|at| {
        let (addresses, dist_port) = (vec![at.ip()], Some(at.port()));
        match connect(&Target { addresses, dist_port, ..target.clone() }, limit) {
            Ok(connection) => Some(Ok(connection)),
            Err(error @ (NodeError::WrongCookie { .. } | NodeError::NotAllowed { .. })) => Some(Err(error)),
            Err(_) => None,
        }
    })
}

/// Tries the addresses of this host that were not tried yet.
fn by_addresses(target: &Target, limit: Duration) -> Option<Result<Connection, NodeError>> {
    let mut addresses = sockets::own_addresses();
    addresses.retain(|address| !target.addresses.contains(address));
    if addresses.is_empty() {
        return None;
    }
    let found = connect(&Target { addresses, ..target.clone() }, limit);
    (!found.as_ref().is_err_and(advice::is_lost)).then_some(found)
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

/// The running process of a node that was started without distribution.
pub(super) fn unnamed(instance: &Instance) -> Result<Option<Process>, Failure> {
    let record = Record::read(instance)?.filter(|record| record.node.is_none());
    Ok(record.and_then(|_| Process::recorded(&instance.state)))
}

/// What the user called, for lines to type.
pub(super) fn program() -> String {
    super::env::var("BOOT_PROG").unwrap_or_else(|| "bin/NAME".into())
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

/// `pid`: prints the node's process id, as the node itself tells it; the recorded one of a node without a name.
pub(super) fn pid(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let limit = options::only_timeout(arguments, options::CLIENT_LIMIT)?;
    let instance = Instance::from_env()?;
    if let Some(process) = unnamed(&instance)? {
        print(&format!("{}\n", process.pid))?;
        return Ok(Status::Done);
    }
    let mut connection = open(&instance, limit)?;
    print(&format!("{}\n", os_pid(&mut connection)?))?;
    Ok(Status::Done)
}
