//! `ping`, `pid`, `rpc`, `status`: questions to the running node. They write nothing.

use std::ffi::OsString;
use std::io::{Stdout, Write};
use std::time::{Duration, Instant};

use super::env::Instance;
use super::process::Process;
use super::record::Record;
use super::{options, print, tell};
use crate::error::{Failure, Message, Report, Status};
use crate::node::{self, Connection, Evaluated, Io, NodeError, Outcome, Term, connect, os_pid};

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

/// `rpc`: evaluates an expression.
pub(super) fn rpc(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let mut elixir = false;
    let mut limit = None;
    let mut source: Option<String> = None;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("default-elixir" | "elixir") => elixir = true,
            lexopt::Arg::Long("erlang") => elixir = false,
            lexopt::Arg::Long("timeout") => limit = Some(options::seconds(&mut parser)?),
            lexopt::Arg::Value(value) if source.is_none() => source = Some(options::utf8(value)?),
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    let source = source.ok_or_else(|| {
        Message::new(Status::Usage, "rpc needs an expression")
            .with_help(format!("{} rpc 'node().', or in Elixir: {0} rpc 'node()'", program()))
    })?;
    let mut connection = open(&Instance::from_env()?, limit.unwrap_or(options::CLIENT_LIMIT))?;
    // Connecting has a limit, the expression has one only when it is given one.
    connection.set_limit(limit);
    let evaluated = if elixir {
        node::elixir(&mut connection, &source, &mut Output::new())?
    } else {
        node::erlang(&mut connection, &source, &[], &mut Output::new())?
    };
    match evaluated {
        Evaluated::Value { text } => {
            print(&format!("{text}\n"))?;
            Ok(Status::Done)
        }
        Evaluated::Failed { text } => {
            tell(&format!("error: {}", text.trim_end()));
            Ok(Status::Failed)
        }
    }
}

/// `status`: one line for people, or `--json`.
pub(super) fn status(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let (json, limit) = options::json_and_timeout(arguments)?;
    let instance = Instance::from_env()?;
    match open(&instance, limit).and_then(|mut connection| ask(&mut connection)) {
        Ok(state) => {
            print(&state.show(&instance.name, json))?;
            Ok(Status::Done)
        }
        Err(failure) if json => {
            let state = if failure.status() == Status::NotRunning { "stopped" } else { "unknown" };
            let value =
                serde_json::json!({ "name": instance.name, "state": state, "reason": failure.to_string() });
            print(&format!("{value}\n"))?;
            Ok(failure.status())
        }
        Err(failure) => Err(failure),
    }
}

struct NodeState {
    state: String,
    node: String,
    pid: u32,
    vsn: String,
    otp: String,
    uptime: u64,
    answered_in: Duration,
}

/// One call: `{Status, Node, Version, Otp, UptimeMilliseconds}`.
const ASK: &str = "{element(1, init:get_status()), node(), element(2, init:script_id()), \
     erlang:system_info(otp_release), element(1, erlang:statistics(wall_clock))}.";

fn ask(connection: &mut Connection) -> Result<NodeState, Failure> {
    let before = Instant::now();
    let pid = os_pid(connection)?;
    let answered_in = before.elapsed();
    let outcome = node::erlang_term(connection, ASK, &[], &mut Output::new())?;
    let unexpected = || Message::new(Status::Unreachable, "the node gave an answer that makes no sense");
    let Outcome::Return(Term::Tuple(fields)) = outcome else {
        return Err(unexpected().into());
    };
    let [state, node, vsn, otp, uptime] = fields.as_slice() else {
        return Err(unexpected().into());
    };
    let text = |term: &Term| term.as_text().ok_or_else(unexpected);
    Ok(NodeState {
        state: text(state)?,
        node: text(node)?,
        vsn: text(vsn)?,
        otp: text(otp)?,
        pid,
        uptime: uptime.as_int().and_then(|it| u64::try_from(it).ok()).ok_or_else(unexpected)? / 1000,
        answered_in,
    })
}

impl NodeState {
    fn show(&self, name: &str, json: bool) -> String {
        if json {
            let value = serde_json::json!({
                "name": name, "state": self.state, "node": self.node, "pid": self.pid, "version": self.vsn,
                "otp": self.otp, "uptime_seconds": self.uptime,
            });
            return format!("{value}\n");
        }
        format!(
            "{name} is {}\nnode:    {}\npid:     {}\nversion: {} (booted)\notp:     {}\nuptime:  {} s\nanswers: in {:.1} ms\n",
            self.state,
            self.node,
            self.pid,
            self.vsn,
            self.otp,
            self.uptime,
            self.answered_in.as_secs_f64() * 1000.0,
        )
    }
}
