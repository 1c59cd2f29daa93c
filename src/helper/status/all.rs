//! `status --all`: the instances of this release that have a state directory in any of the places where the core looks
//! for one, a line each. All are asked at the same time, so that one that hangs costs its limit, and no VM is booted.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::{Builder, ScopedJoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use super::{dead, facts, look, reason, screen};
use crate::error::{Failure, Status};
use crate::helper::client;
use crate::helper::env::{self, Instance};
use crate::helper::process::Process;
use crate::helper::record::Record;
use crate::helper::{diagnose, print, regular, tell};
use crate::vmargs::Args;

/// How long one may take to answer, unless told otherwise.
pub(super) const LIMIT: Duration = Duration::from_secs(2);

/// How many are asked at the same time.
const AT_ONCE: usize = 64;

const COLUMNS: [&str; 6] = ["INSTANCE", "STATE", "PID", "VERSION", "UPTIME", "NODE"];

/// Prints all of them; that one does not run is no failure of this.
pub(super) fn run(instance: &Instance, as_json: bool, limit: Duration) -> Result<Status, Failure> {
    let found = find(instance);
    let values: Vec<Value> = found.chunks(AT_ONCE).flat_map(|some| ask_all(some, limit)).collect();
    if as_json {
        print(&format!("{}\n", Value::Array(values)))?;
    } else if values.is_empty() {
        tell(&format!("{} has no instance here: none was ever started", instance.name));
    } else {
        print(&table(&values))?;
    }
    Ok(Status::Done)
}

/// All of these at the same time, as far as the host has threads for it.
fn ask_all(some: &[(String, Instance)], limit: Duration) -> Vec<Value> {
    std::thread::scope(|scope| {
        let begin = |one| {
            let (name, it): &(String, Instance) = one;
            Builder::new().spawn_scoped(scope, move || ask(name, it, limit)).map_err(|_| one)
        };
        let begun: Vec<_> = some.iter().map(begin).collect();
        let end = |one: Result<ScopedJoinHandle<'_, Value>, &(String, Instance)>| match one {
            Ok(thread) => thread.join().unwrap_or(Value::Null),
            Err((name, it)) => ask(name, it, limit),
        };
        begun.into_iter().map(end).collect()
    })
}

/// By name, each once: places may lie in one another, or be the same.
fn find(instance: &Instance) -> Vec<(String, Instance)> {
    let mut seen = Vec::new();
    let mut found = BTreeMap::new();
    let mut add = |state: PathBuf, own: bool| {
        let Some(name) = state.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { return };
        let id = match fs::metadata(&state) {
            Ok(it) => Some((it.dev(), it.ino())),
            Err(error) if is_unseen(&error) => None,
            Err(_) => return,
        };
        if !seen.contains(&id) && is_state(&state, own) {
            let log = if state == instance.state { instance.log.clone() } else { state.join("log") };
            let other = Instance { log, state: state.clone(), ..instance.clone() };
            if is_of_release(&other, instance) {
                seen.push(id);
                found.insert((name.clone(), state), (name, other));
            }
        }
    };
    add(instance.state.clone(), true);
    for base in bases(instance) {
        // Others' places may be full of directories that can't be seen.
        let own = base.starts_with(&instance.root) || base.ends_with(&instance.name);
        for entry in fs::read_dir(base).into_iter().flatten().flatten() {
            add(entry.path(), own);
        }
    }
    found.into_values().collect()
}

/// Where the core looks; see `_boot_state_find`.
fn bases(instance: &Instance) -> Vec<PathBuf> {
    let named = |base: PathBuf| base.join(&instance.name);
    let runtime = env::var("RUNTIME_DIRECTORY");
    let first = runtime.as_deref().and_then(|all| all.split(':').next()).map(PathBuf::from);
    [
        env::var("RELEASE_TMP").map(PathBuf::from),
        first,
        env::var("XDG_RUNTIME_DIR").map(|base| named(base.into())),
        Some(named("/run".into())),
        Some(instance.root.join("tmp")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether a start has made this directory: a VM has had its place there, or it can't be seen.
fn is_state(state: &Path, own: bool) -> bool {
    let is_there = |file: &str| state.join(file).exists();
    is_there("node")
        || is_there("place") && is_there("vm.args")
        || own && fs::read_dir(state).is_err_and(|error| is_unseen(&error))
}

/// Another user's.
fn is_unseen(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::PermissionDenied
}

/// A directory may be shared by several releases: what was started last there tells.
fn is_of_release(other: &Instance, instance: &Instance) -> bool {
    match Record::read(other) {
        Ok(Some(record)) => record.elsewhere(instance).is_none(),
        // It can't be read, and lies where this release's do.
        Err(_) => true,
        Ok(None) => {
            let text = regular::text(&other.state.join("vm.args")).unwrap_or_default();
            let args = Args::parse(&text, "vm.args", &mut |_| Err(ErrorKind::Unsupported.into()));
            let lib = ["RELEASE_LIB".to_owned(), instance.root.join("lib").to_string_lossy().into_owned()];
            args.is_ok_and(|args| args.get("-boot_var").iter().any(|words| **words == lib))
        }
    }
}

fn ask(name: &str, instance: &Instance, limit: Duration) -> Value {
    let mut value = match Record::read(instance) {
        // A client of its own would have to be booted to ask.
        Ok(Some(record)) if record.is_tls() => of_tls(instance, &record),
        Ok(_) => look(instance, &mut None, limit),
        Err(failure) => Err(failure),
    }
    .unwrap_or_else(|failure| reason(instance, failure.as_ref()));
    value["instance"] = name.into();
    value["state_dir"] = json!(instance.state.to_string_lossy());
    fill(&mut value, instance);
    value
}

fn of_tls(instance: &Instance, record: &Record) -> Result<Value, Failure> {
    let process =
        Process::recorded(&instance.state).ok_or_else(|| dead(instance, client::not_running(instance)))?;
    let mut value = facts::of_process(instance, process, Some(record.vsn.clone()));
    value["reason"] = "its distribution is TLS, so it was not asked for more".into();
    Ok(value)
}

/// What the record tells of a node that did not.
fn fill(value: &mut Value, instance: &Instance) {
    let Ok(Some(record)) = Record::read(instance) else { return };
    if value["node"].is_null() {
        value["node"] = json!(record.node.as_ref().map(ToString::to_string));
    }
    if value["version"].is_null() {
        value["version"] = record.vsn.into();
    }
}

/// In columns as wide as they have to be; what is not known is `-`.
fn table(values: &[Value]) -> String {
    let text = |value: &Value| match value {
        // A directory in a place for all may have any name.
        Value::String(text) => diagnose::safe(text),
        Value::Number(number) => number.to_string(),
        _ => "-".into(),
    };
    let row = |value: &Value| {
        let uptime =
            value["uptime_seconds"].as_u64().map_or("-".into(), |up| screen::uptime(up, &Value::Null));
        let [name, state, pid, version, node] =
            ["instance", "state", "pid", "version", "node"].map(|key| text(&value[key]));
        [name, state, pid, version, uptime, node]
    };
    let rows: Vec<[String; 6]> =
        std::iter::once(COLUMNS.map(Into::into)).chain(values.iter().map(row)).collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..COLUMNS.len()).map(width).collect();
    let line = |row: &[String; 6]| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::table;

    #[test]
    fn columns_fit_and_unknowns_are_dashes() {
        let all = [
            json!({ "instance": "one", "state": "started", "pid": 12, "version": "1.0", "node": "one@h", "uptime_seconds": 61 }),
            json!({ "instance": "longer", "state": "stopped" }),
        ];
        let wanted = "INSTANCE  STATE    PID  VERSION  UPTIME     NODE\n\
                      one       started  12   1.0      1 min 1 s  one@h\n\
                      longer    stopped  -    -        -          -\n";
        assert_eq!(table(&all), wanted);
    }
}
