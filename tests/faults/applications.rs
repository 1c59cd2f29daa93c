//! Applications that take long to start or never end, and hooks that say much.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::works;
use crate::support::instance::Instance;
use crate::support::made::Made;
use crate::support::releases::rebar3;
use crate::support::tools::need;

/// An instance whose application has this `start/2` and, traps exits in, a child that ends when it likes.
fn with_start(body: &str) -> Option<(Instance, Vec<u8>)> {
    let (Some(raw), true) = (rebar3(), need(&["erlc"])) else { return None };
    let instance = Instance::of(raw).kit();
    let source = instance.base().join("demo_app.erl");
    let text = format!(
        "-module(demo_app).\n-export([start/2, stop/1, init/1, stay/0]).\nstop(_) -> ok.\n\
         init([]) -> {{ok, {{#{{}}, [#{{id => stays, shutdown => infinity, start => {{?MODULE, stay, []}}}}]}}}}.\n\
         stay() -> {{ok, spawn_link(fun() -> process_flag(trap_exit, true), stay_on() end)}}.\n\
         stay_on() -> receive _ -> stay_on() end.\n\
         start(_, _) -> {body}.\n"
    );
    fs::write(&source, text).unwrap();
    instance.finish(instance.command(Path::new("erlc")).arg(&source), "").ok();
    // The release's own file is a link to one that all tests use.
    let beam = instance.path().join("lib/demo-0.1.0/ebin/demo_app.beam");
    let kept = fs::read(&beam).unwrap();
    fs::rename(instance.base().join("demo_app.beam"), beam).unwrap();
    Some((instance, kept))
}

fn put_back(instance: &Instance, beam: &[u8]) {
    let path = instance.path().join("lib/demo-0.1.0/ebin/demo_app.beam");
    fs::remove_file(&path).and_then(|()| fs::write(&path, beam)).unwrap();
}

/// Seconds; by hand the whole time: `RELBOOT_ROUNDS=1 cargo test faults::applications`
fn long() -> u64 {
    if std::env::var("RELBOOT_ROUNDS").is_ok() { 30 } else { 4 }
}

#[test]
fn a_slow_application_is_waited_for() {
    let long = long();
    let body = format!("timer:sleep({}), demo_sup:start_link()", long * 1000);
    let Some((instance, kept)) = with_start(&body) else { return };
    let begun = Instant::now();
    assert_eq!(
        instance.said(&["start", "--timeout", "1"]),
        "7\n! error: demo (pid N) has not booted within 1 s; it goes on\n\
         ! help: look into ROOT/tmp/demo/log/erlang.log.1; a longer time: [start] timeout in rel/relboot.toml\n"
    );
    let late = "7\n! demo (pid N) is booting, waiting up to 1 s\n! error: demo (pid N) is still booting after 1 s\n! help: to end it at once: ROOT/bin/demo stop --kill\n";
    assert_eq!(instance.said(&["start", "--timeout=1"]), late);
    // The same node, once it has booted.
    assert_eq!(
        instance.said(&["start"]),
        "0\n! demo (pid N) is booting, waiting up to 60 s\n! demo is already running (pid N)\n"
    );
    assert!(begun.elapsed() >= Duration::from_secs(long) && instance.vms().len() == 1);
    assert_eq!(instance.said(&["rpc", "init:get_status()."]), "0\n{started,started}\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
    put_back(&instance, &kept);
    works(&instance, "a slow application");
}

#[test]
fn an_application_that_never_ends_is_ended() {
    let Some((instance, kept)) = with_start("supervisor:start_link(?MODULE, [])") else { return };
    instance.start();
    let output = instance.run(&["stop", "--timeout", "1", "--no-kill"]);
    assert!(output.status == 7 && instance.vms().len() == 1, "{output}");
    // It is going down, and does not get there.
    assert_eq!(
        instance.said(&["start", "--timeout", "1"]),
        "7\n! demo (pid N) is stopping, waiting up to 1 s\n! error: demo (pid N) is still stopping after 1 s\n\
         ! help: to end it at once: ROOT/bin/demo stop --kill\n"
    );
    let status = instance.run(&["status"]);
    assert!(status.stdout.starts_with("demo is stopping\n"), "{status}");
    let output = instance.run(&["stop", "--timeout", "1"]);
    assert!(output.status == 7 && output.stderr.contains("; it was killed\n"), "{output}");
    put_back(&instance, &kept);
    works(&instance, "an application that never ends");
}

/// What reads the command's output.
const READERS: [&str; 3] = [
    "\"$1\" start 2>&1 | { sleep 0.3; cat; } | wc -l",
    "\"$1\" start 2>&1 | head -n 1",
    "\"$1\" start >&- 2>&-",
];

#[test]
fn hooks_that_say_much_hold_up_nobody() {
    let mut text = "i=0; while [ $i -lt 5000 ]; do echo \"a line of a hook, and no end of it: $i\"; i=$((i + 1)); done\n".to_owned();
    let made = Made::new("");
    for shebang in ["", "#!/bin/sh -\n", "#!/usr/bin/env sh\n"] {
        text = format!(
            "{shebang}{}",
            text.rsplit_once("#!").map_or(text.as_str(), |(_, it)| it.split_once('\n').unwrap().1)
        );
        for phase in ["pre_start", "post_start", "pre_stop", "post_stop"] {
            made.hook("much", phase, &text);
        }
        for reader in READERS {
            let mut shell = made.program("sh");
            let output = made.finish(shell.args(["-c", reader, "sh"]).arg(made.entry()), "");
            if reader.ends_with("wc -l") {
                let lines: usize = output.stdout.trim().parse().unwrap();
                assert!(lines >= 10_000, "{shebang:?}: {output}");
            }
            let output = made.run(&["sh"], &["start"]);
            assert_eq!(output.status, 0, "{shebang:?} {reader}");
            let output = made.run(&["sh"], &["stop"]);
            assert!(
                output.status == 0 && output.stdout.len() + output.stderr.len() > 10_000 * 40,
                "{shebang:?}"
            );
        }
    }
}
