//! `status`: what people see of a node and what programs read, of nodes up, down, dead and out of reach.

use std::collections::BTreeSet;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::instance::Instance;
use crate::support::process::{Output, runs};
use crate::support::releases::{Raw, mix, rebar3};
use crate::support::running::Running;
use crate::support::terminal::terminal;
use crate::support::tools::need;

const KEYS: &str = "alarms answered_ms applications atoms erts ets_tables files memory name node nodes otp \
     permanent_version pid ports processes resident_bytes run_queue schedulers since state uptime_seconds version";

fn json(output: &str) -> Value {
    assert_eq!(output.lines().count(), 1, "{output}");
    serde_json::from_str(output).unwrap()
}

fn keys(value: &Value) -> String {
    value.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_rebar3_node_tells_its_state() {
    let Some(raw) = rebar3() else { return };
    told_by(raw);
}

#[test]
fn a_mix_node_tells_its_state() {
    let Some(raw) = mix() else { return };
    told_by(raw);
}

fn told_by(raw: &'static Raw) {
    let instance = Instance::of(raw).kit();
    instance.start();
    let vm = instance.vms()[0];
    let value = json(&instance.run(&["status", "--json"]).ok());
    assert_eq!(keys(&value), KEYS);
    let documented = include_str!("../script-templates/boot/commands/status.sh");
    for key in KEYS.split(' ') {
        assert!(documented.contains(key), "{key} is not documented");
    }
    assert_eq!((&value["pid"], &value["name"]), (&vm.into(), &"demo".into()));
    assert_eq!((&value["version"], &value["permanent_version"]), (&"0.1.0".into(), &"0.1.0".into()));
    assert_eq!(value["node"], format!("demo@{}", crate::support::said::host()));
    for counted in ["processes", "ports", "atoms", "ets_tables", "files"] {
        assert_eq!(keys(&value[counted]), "count limit", "{counted}");
        let (count, limit) = (value[counted]["count"].as_u64(), value[counted]["limit"].as_u64());
        assert!(count > Some(0) && count < limit, "{counted}: {value}");
    }
    assert_eq!(keys(&value["memory"]), "atom binary code ets processes total");
    assert!(value["memory"]["total"].as_u64() > Some(10_000_000), "{value}");
    assert!(value["resident_bytes"].as_u64() > Some(10_000_000), "{value}");
    assert_eq!(value["nodes"], serde_json::json!({ "visible": [], "hidden": [] }), "not this client");
    assert_eq!(value["alarms"], serde_json::json!([]));
    let applications: BTreeSet<_> =
        value["applications"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert!(applications.is_superset(&["demo", "kernel", "sasl", "stdlib"].into()), "{value}");

    let alarm = "alarm_handler:set_alarm({{disk, \"gr\\x{fc}n\"}, full}), alarm_handler:set_alarm(cold).";
    instance.run(&["rpc", "--erlang", alarm]).ok();
    let text = instance.run(&["status"]).ok();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "demo is started");
    let labels: Vec<_> =
        lines[1..].iter().take_while(|line| !line.starts_with(' ')).map(|line| &line[..12]).collect();
    let expected = "node pid version otp uptime answers memory schedulers processes ports atoms ets_tables files nodes \
         alarm alarm started";
    let expected: Vec<_> =
        expected.split(' ').map(|it| format!("{:<12}", format!("{}:", it.replace('_', " ")))).collect();
    assert_eq!(labels, expected, "{text}");
    assert!(text.contains("alarm:      cold\nalarm:      {{disk,\"gr\u{fc}n\"},full}\n"), "{text}");
    let kernel = lines.iter().find(|line| line.contains("kernel 8") || line.contains("kernel   ")).unwrap();
    assert!(kernel.starts_with("  ") && kernel.len() <= 80, "{text}");
    assert!(!text.contains('\x1b'), "no colours without a terminal: {text:?}");

    adds_no_atom(&instance);
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert_eq!(instance.run(&["status"]).status, 3);
}

/// What a round of questions needs is there after the first one.
fn adds_no_atom(instance: &Instance) {
    let atoms = || json(&instance.run(&["status", "--json"]).ok())["atoms"]["count"].as_u64().unwrap();
    let before = atoms();
    for _ in 0..5 {
        instance.run(&["status"]).ok();
    }
    assert_eq!(atoms(), before);
}

#[test]
fn usage_is_checked() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    for args in [["status", "--interval", "0"], ["status", "--interval", "soon"], ["status", "--watch", "1"]]
    {
        let Output { status, stderr, .. } = instance.run(&args);
        assert!(status == 2 && stderr.starts_with("error: "), "{args:?}: {stderr}");
    }
    assert_eq!(
        json(&instance.run(&["status", "--json"]).stdout),
        serde_json::json!({ "name": "demo", "state": "stopped", "reason": "demo is not running" })
    );
}

#[test]
fn a_node_without_distribution_is_told_by_its_process() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).env("RELEASE_DISTRIBUTION", "none").kit();
    instance.run(&["start"]).ok();
    crate::support::process::until("it is the VM", std::time::Duration::from_secs(20), || {
        instance.vms().len() == 1
    });
    let vm = instance.vms()[0];
    assert_eq!(instance.said(&["pid"]), format!("0\n{vm}\n"));
    let value = json(&instance.run(&["status", "--json"]).ok());
    let few = "files name node permanent_version pid reason resident_bytes state uptime_seconds version";
    assert_eq!(keys(&value), few);
    assert_eq!(
        (&value["state"], &value["pid"], &value["node"]),
        (&"running".into(), &vm.into(), &Value::Null)
    );
    assert!(
        value["uptime_seconds"].as_u64() < Some(60) && value["files"]["count"].as_u64() > Some(3),
        "{value}"
    );
    let text = instance.run(&["status"]).ok();
    let reason =
        "demo is running\nreason:     it was started without distribution, so it can't be asked for more\n";
    assert!(text.starts_with(reason) && text.contains(" resident\n"), "{text}");
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert!(!runs(vm));
    assert_eq!(instance.run(&["pid"]).status, 3);
}

#[test]
fn watching_goes_on_while_the_node_comes_and_goes() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let mut command = instance.command(&instance.entry());
    command.args(["status", "--watch", "--json", "--interval", "0.1"]);
    let mut watch = Running::new(&mut command, &instance.base().join("watched"));
    watch.until_says("\"state\":\"stopped\"");
    instance.start();
    watch.until_says("\"state\":\"started\"");
    // One connection for all: a hidden one of the watcher's, beside the one that asks here.
    let hidden = instance.run(&["rpc", "length(nodes(hidden))."]).ok();
    assert_eq!(hidden, "2\n");
    instance.run(&["stop"]).ok();
    let seen = watch.text().len();
    crate::support::process::until("it is seen to be down", std::time::Duration::from_secs(20), || {
        watch.text()[seen..].contains("\"state\":\"stopped\"")
    });
    watch.signal(Signal::INT);
    assert_eq!(watch.end(), 130);
    let text = watch.text();
    let whole = text.rfind('\n').unwrap();
    assert!(text[..whole].lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{text}");
}

#[test]
fn screens_of_a_watch_are_apart_without_a_terminal() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let mut command = instance.command(Path::new("sh"));
    // The reader has enough after the third: no error, no process that stays.
    command
        .args(["-c", "{ \"$0\" status --interval 0.1; echo \"$?\" >&2; } | sed -n '1,8p;8q'"])
        .arg(instance.entry());
    let output = instance.finish(&mut command, "");
    let screen = "demo is stopped\nreason:     demo is not running\n";
    assert_eq!(output.stdout, [screen; 3].join("\n"));
    assert_eq!(output.stderr, "0\n");
}

#[test]
fn a_terminal_is_redrawn_in_place() {
    let (Some(raw), true) = (rebar3(), need(&["python3"])) else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let shown = |environment: &[(&str, &str)], steps: &[(&str, &str)], args: &[&str]| {
        let mut command = terminal(&instance, steps);
        command.envs(environment.iter().copied()).arg("status").args(args);
        instance.finish(&mut command, "").stdout
    };
    let colours = [("TERM", "xterm")];
    // Ctrl-C, as soon as the second screen is there.
    let seen = shown(&colours, &[("\x1b[J\x1b[H", "\x03")], &["--interval", "0.2"]);
    assert!(seen.starts_with("\x1b[H\x1b[1mdemo\x1b[0m is \x1b[1;32mstarted\x1b[0m\x1b[K\r\n"), "{seen:?}");
    assert!(!seen.contains("\x1b[?25l") && seen.matches("\x1b[H").count() >= 2, "{seen:?}");
    assert!(shown(&colours, &[], &[]).starts_with("\x1b[1mdemo\x1b[0m is "));
    for plain in [[("TERM", "xterm"), ("NO_COLOR", "1")], [("TERM", "dumb"), ("NO_COLOR", "")]] {
        let seen = shown(&plain, &[], &[]);
        assert!(seen.starts_with("demo is started\r\n") && !seen.contains('\x1b'), "{seen:?}");
    }
}
