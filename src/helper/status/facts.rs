//! What `status --json` says: the node's answer, what /proc tells of its process, what the release's files say.
//! Its keys are documented in the command's header.

use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::error::{Failure, Message, Status};
use crate::helper::client::Output;
use crate::helper::env::Instance;
use crate::helper::process::{Process, Usage};
use crate::node::{self, Connection, Outcome, Term};

const ASK: &str = include_str!("ask.expr");

/// Asks the node, once.
pub(super) fn ask(connection: &mut Connection, instance: &Instance) -> Result<Value, Failure> {
    let before = Instant::now();
    let outcome = node::erlang_term(connection, ASK, &[], &mut Output::new())?;
    let answered = before.elapsed();
    let pairs = match &outcome {
        Outcome::Return(term) => term.as_list().unwrap_or_default(),
        Outcome::Exception { class, reason, .. } => {
            let text = format!("the node can't tell its state: {class} {reason}");
            return Err(Message::new(Status::Unreachable, text).into());
        }
    };
    let mut told: Map<String, Value> = pairs.iter().filter_map(pair).collect();
    let mut take = |key: &str| told.remove(key).unwrap_or(Value::Null);
    let pid = take("pid");
    let mut value = json!({
        "name": instance.name,
        "state": take("state"),
        "node": take("node"),
        "version": take("version"),
        "permanent_version": instance.permanent_vsn(),
        "otp": take("otp"),
        "erts": take("erts"),
        "uptime_seconds": take("uptime"),
        "since": take("since"),
        "answered_ms": (answered.as_secs_f64() * 10_000.0).round() / 10.0,
        "memory": keyed(take("memory"), &["total", "processes", "binary", "ets", "atom", "code"]),
        "schedulers": { "total": take("schedulers"), "online": take("schedulers_online") },
        "run_queue": take("run_queue"),
        "processes": counted(take("processes")),
        "ports": counted(take("ports")),
        "atoms": counted(take("atoms")),
        "ets_tables": counted(take("ets")),
        "nodes": { "visible": take("visible"), "hidden": take("hidden") },
        "applications": named(take("applications")),
        "alarms": take("alarms"),
    });
    let process = pid.as_i64().and_then(|pid| Process::now(pid.try_into().ok()?));
    value["pid"] = pid;
    add_usage(&mut value, process.map(Usage::of).as_ref());
    Ok(value)
}

/// All that is known of a node that was started without distribution.
pub(super) fn of_process(instance: &Instance, process: Process, vsn: Option<String>) -> Value {
    let usage = Usage::of(process);
    let mut value = json!({
        "name": instance.name,
        "state": if process.is_stopped() { "paused" } else { "running" },
        "node": null,
        "pid": process.pid,
        "version": vsn,
        "permanent_version": instance.permanent_vsn(),
        "uptime_seconds": usage.uptime,
        "reason": "it was started without distribution, so it can't be asked for more",
    });
    add_usage(&mut value, Some(&usage));
    value
}

fn add_usage(value: &mut Value, usage: Option<&Usage>) {
    value["resident_bytes"] = json!(usage.and_then(|usage| usage.resident));
    value["files"] = json!({
        "count": usage.and_then(|usage| usage.files),
        "limit": usage.and_then(|usage| usage.file_limit),
    });
}

/// `{Key, Value}` with an atom as key; atoms and binaries are text.
fn pair(term: &Term) -> Option<(String, Value)> {
    let [key, value] = term.as_tuple()? else { return None };
    Some((key.as_atom()?.to_owned(), plain(value)))
}

fn plain(term: &Term) -> Value {
    match term {
        Term::Int(number) => (*number).into(),
        Term::List(elements) => elements.iter().map(plain).collect(),
        other => other.as_text().map_or(Value::Null, Value::from),
    }
}

/// `[Count, Limit]`.
fn counted(value: Value) -> Value {
    keyed(value, &["count", "limit"])
}

/// A list with a name for each element; null stays null.
fn keyed(value: Value, keys: &[&str]) -> Value {
    match value {
        Value::Array(elements) => {
            keys.iter().map(ToString::to_string).zip(elements).collect::<Map<_, _>>().into()
        }
        _ => Value::Null,
    }
}

/// `[[Name, Version], ...]`.
fn named(value: Value) -> Value {
    match value {
        Value::Array(rows) => rows.into_iter().map(|row| keyed(row, &["name", "version"])).collect(),
        _ => Value::Null,
    }
}
