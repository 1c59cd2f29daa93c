//! Hosts that lose their epmd, give few files, or have another clock.

use std::path::Path;

use super::works;
use crate::support::instance::Instance;
use crate::support::releases::rebar3;
use crate::support::tools::need;

#[test]
fn epmd_is_killed_under_a_node() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let port = instance.lose_epmd();
    let lost = format!("warning: other nodes can't find demo: no epmd listens on 127.0.0.1:{port}\n");
    for (command, says) in [("ping", "pong\n"), ("status", "demo is started\n"), ("start", ""), ("stop", "")]
    {
        let output = instance.run(&[command]);
        assert!(output.status == 0 && output.stdout.starts_with(says), "{output}");
        assert_eq!(output.stderr.starts_with(&lost), command != "start", "{output}");
    }
    assert_eq!(instance.vms(), [0; 0]);
    works(&instance, "the end of epmd");
    // A start has made one, which stays as long as the host.
    let mut kill = instance.command(Path::new("epmd"));
    instance.finish(kill.arg("-kill"), "").ok();
}

#[test]
fn few_files_may_be_open() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let limited = |limit: u32, command: &str| {
        let mut shell = instance.command(Path::new("sh"));
        let script = format!("ulimit -n {limit} && exec \"$1\" {command}");
        instance.finish(shell.args(["-c", &script, "sh"]).arg(instance.entry()), "")
    };
    // With less than 11 Debian's shell does not even read a script.
    for limit in [11, 12, 13, 15, 18, 20] {
        let output = limited(limit, "start");
        let told = ["can't open as many files as it needs", "oo many open files"];
        let told = told.iter().any(|text| output.stderr.contains(text));
        assert!(output.status != 0 && told, "{limit}: {output}");
        assert_eq!(instance.vms(), [0; 0], "{limit}: {output}");
    }
    let output = limited(64, "start");
    assert_eq!((output.status, instance.vms().len()), (0, 1), "{output}");
    // What this shell may not do is no reason to take the node for dead.
    for limit in [12, 13] {
        let output = limited(limit, "stop");
        assert!(output.status == 0 || !output.stderr.is_empty(), "{limit}: {output}");
        assert_eq!(instance.vms().is_empty(), output.status == 0, "{limit}: {output}");
    }
    instance.run(&["stop"]).ok();
    works(&instance, "few files");
}

/// Start times in /proc are those of the reader's time namespace; the time of day is none there, see `identity`.
#[test]
fn the_clock_of_another_namespace_is_no_clock() {
    let Some(raw) = rebar3() else { return };
    if !need(&["unshare"]) {
        return;
    }
    let instance = Instance::of(raw).kit();
    let elsewhere = |command: &str| {
        let mut unshare = instance.command(Path::new("unshare"));
        unshare.args(["--time", "--boottime", "100000", "--monotonic", "5000", "--fork"]);
        instance.finish(unshare.arg(instance.entry()).arg(command), "")
    };
    let output = elsewhere("ping");
    if output.stderr.contains("unshare: ") {
        crate::support::tools::skipped("no time namespace");
        return;
    }
    assert_eq!(output.status, 3, "{output}");
    instance.start();
    for (command, says) in [("ping", "pong\n"), ("status", "demo is started\n"), ("start", "")] {
        let output = elsewhere(command);
        assert!(output.status == 0 && output.stdout.starts_with(says), "{command}: {output}");
    }
    assert_eq!(instance.vms().len(), 1);
    let output = elsewhere("stop");
    assert_eq!((output.status, instance.vms().len()), (0, 0), "{output}");
    works(&instance, "another clock");
    assert_eq!(elsewhere("start").status, 0);
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
    works(&instance, "another clock of the node");
}
