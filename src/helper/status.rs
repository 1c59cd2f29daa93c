//! `status`: what the running node is doing. Writes nothing.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::client::{Output, open};
use super::env::Instance;
use super::{options, print};
use crate::error::{Failure, Message, Status};
use crate::node::{self, Connection, Outcome, Term, os_pid};

/// `status`: one line for people, or `--json`.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
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
