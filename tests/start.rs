//! `start`: it returns as soon as the node has booted and not before, shows on a terminal how far it is, tells who breaks it
//! off that the node goes on, and never waits for what can't come any more.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::{signal, until};
use crate::support::releases::rebar3;
use crate::support::running::Running;
use crate::support::terminal::terminal;
use crate::support::tools::{need, shells};

/// Begins when the file in `GO` is there, and notes when the node has booted, in milliseconds.
const INIT: &str = "spawn(fun() -> ok = init:notify_when_started(self()), receive {init, started} -> ok end, \
    persistent_term:put(booted, erlang:system_time(microsecond)) end), go(os:getenv(\"GO\")).\n\
    go(File) -> case File =:= false orelse filelib:is_file(File) of true -> {ok, 0}; \
    false -> timer:sleep(10), go(File) end.\n";

/// A release whose application does that.
fn held() -> Option<(Instance, PathBuf)> {
    let (Some(raw), true) = (rebar3(), need(&["erlc"])) else { return None };
    let mut instance = Instance::of(raw).kit();
    let source = include_str!("fixtures/rebar3/v1/demo_server.erl").replace("    {ok, 0}.\n", INIT);
    fs::write(instance.base().join("demo_server.erl"), source).unwrap();
    instance.finish(instance.command(Path::new("erlc")).arg("demo_server.erl"), "").ok();
    // The release's own file is a link to one that all tests use.
    let beam = instance.path().join("lib/demo-0.1.0/ebin/demo_server.beam");
    fs::rename(instance.base().join("demo_server.beam"), beam).unwrap();
    let go = instance.base().join("go");
    instance.set("GO", go.to_str().unwrap());
    Some((instance, go))
}

#[test]
fn it_returns_right_after_the_boot() {
    let Some((instance, go)) = held() else { return };
    fs::write(&go, "").unwrap();
    let mut shortest = Duration::MAX;
    for _ in 0..3 {
        instance.run(&["start"]).ok();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(instance.run(&["rpc", "init:get_status()."]).ok(), "{started,started}\n");
        let booted = instance.run(&["rpc", "persistent_term:get(booted)."]).ok();
        let booted = Duration::from_micros(booted.trim_end().parse().unwrap());
        shortest = shortest.min(now.saturating_sub(booted));
        instance.run(&["stop"]).ok();
    }
    assert!(shortest < Duration::from_millis(30), "{shortest:?}");
}

#[test]
fn a_terminal_shows_the_application_being_started_and_nothing_else_does() {
    let Some((instance, go)) = held() else { return };
    if !need(&["python3"]) {
        return;
    }
    let out = instance.base().join("out");
    let boot = fs::read(instance.path().join("releases/0.1.0/start.boot")).unwrap();
    let all = boot.windows(10).filter(|part| part == b"start_boot").count();
    assert!(all > 2, "{all}");
    // On a narrow terminal it keeps to one line; ctrl-C ends the start, not the node.
    let mut narrow = instance.command(Path::new("sh"));
    let command = terminal(&instance, &[("starting demo", "\x03")]);
    narrow.args(["-c", "exec \"$@\"", "sh"]).arg(command.get_program()).args(command.get_args()).arg("start");
    let output = instance.finish(&mut narrow, "");
    assert_eq!(output.status, 130, "{output}");
    assert!(output.stdout.contains(&format!("starting demo ({} of {all})", all - 1)), "{output}");
    let told = format!("demo goes on booting; {} stop ends it", instance.entry().display());
    assert!(output.stdout.contains(&told) && output.stdout.trim_end().ends_with(&told), "{output}");
    let vm = instance.vms();
    assert_eq!(vm.len(), 1, "the node goes on");
    // TERM is the same, for another one that waits.
    instance.run(&["stop"]).ok();

    let mut first = Running::new(instance.command(&instance.entry()).arg("start"), &out);
    let pid = instance.path().join("tmp/demo/pid");
    until("there is a VM", Duration::from_secs(30), || pid.exists() && instance.run(&["ping"]).status == 0);
    first.signal(Signal::TERM);
    assert_eq!(first.end(), 143);
    assert_eq!(first.text(), format!("{told}\n"), "nothing but that is written to a file");
    // Its hooks and its lock are those of a command that has failed.
    fs::write(&go, "").unwrap();
    until("it has booted", Duration::from_secs(30), || {
        instance.run(&["rpc", "init:get_status()."]).stdout == "{started,started}\n"
    });
    instance.run(&["stop"]).ok();

    let output = instance.finish(terminal(&instance, &[]).arg("start"), "");
    assert_eq!(output.status, 0, "{output}");
    assert_eq!(output.stdout.rsplit('\r').next(), Some(""), "the line is wiped: {output}");
    assert_eq!(instance.said(&["stop"]), "0\n");
}

#[test]
fn a_start_under_nohup_outlives_its_terminal() {
    let Some((instance, go)) = held() else { return };
    let out = instance.base().join("out");
    let mut command = instance.command(Path::new("sh"));
    command.args(["-c", "trap '' HUP; exec \"$1\" start", "sh"]).arg(instance.entry());
    let mut start = Running::new(&mut command, &out);
    until("there is a VM", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
    start.signal(Signal::HUP);
    // Time to end of it.
    std::thread::sleep(Duration::from_millis(300));
    fs::write(&go, "").unwrap();
    assert_eq!((start.end(), start.text().as_str()), (0, ""));
    instance.run(&["stop"]).ok();
}

#[test]
fn an_interrupted_start_with_hooks_ends_as_a_failed_one() {
    let Some((instance, _)) = held() else { return };
    if !need(&["python3"]) {
        return;
    }
    let plugin = instance.path().join("plugins/late");
    fs::create_dir_all(&plugin).unwrap();
    fs::write(plugin.join("failed_start"), "echo \"failed with $BOOT_STATUS\" >&2\n").unwrap();
    for shell in shells() {
        let mut command = terminal(&instance, &[("starting demo", "\x03")]);
        // In the place of the entry itself: a terminal's own command.
        let words: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
        let mut on = instance.command(Path::new("python3"));
        let end = words.len() - 1;
        on.args(&words[..end]).args(&shell).arg(&words[end]).arg("start").env("TERM", "vt100");
        command = on;
        let output = instance.finish(&mut command, "");
        assert_eq!(output.status, 130, "{shell:?}: {output}");
        assert!(
            output.stdout.contains("demo goes on booting; ") && output.stdout.contains("failed with 130"),
            "{shell:?}: {output}",
        );
        assert_eq!(instance.vms().len(), 1, "{shell:?}: {output}");
        instance.run(&["stop"]).ok();
    }
}

#[test]
fn what_can_not_be_launched_is_told_at_once() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).own_files().kit();
    let erts = fs::read_dir(instance.path()).unwrap().flatten().map(|entry| entry.path());
    let erts = erts.into_iter().find(|path| path.to_str().unwrap().contains("/erts-")).unwrap();
    let run_erl = erts.join("bin/run_erl");
    let (state, good) = (instance.path().join("tmp/demo"), fs::read(&run_erl).unwrap());
    let fails = |why: &str, text: &str| {
        let begun = std::time::Instant::now();
        let output = instance.run(&["start"]);
        assert!(output.status == 1 && output.stderr.contains(text), "{why}: {output}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{why}: {:?}", begun.elapsed());
        assert_eq!(instance.vms(), [0; 0], "{why}");
    };
    let replace = |text: &str| {
        // Another file: the old one may still be executed.
        fs::remove_file(&run_erl).unwrap();
        fs::write(&run_erl, text).unwrap();
        fs::set_permissions(&run_erl, fs::Permissions::from_mode(0o755)).unwrap();
    };
    replace("#!/bin/sh\nexit 7\n");
    fails("a status", "error: demo was not started: run_erl ended with status 7\nhelp: ");
    replace("#!/bin/sh\n(: late) &\n");
    fails("gone", "error: demo was not started: run_erl ended before there was a VM\nhelp: ");
    replace("#!/bin/sh\nkill -KILL $$\n");
    fails("a signal", "run_erl was ended by signal 9");
    replace("#!/nonexistent\n");
    fails("no program", "/bin/run_erl: No such file or directory");
    replace("#!/bin/sh\nsleep 5 >/dev/null 2>&1 &\n");
    let output = instance.run(&["start", "--timeout", "1"]);
    assert_eq!(output.status, 7, "{output}");
    assert!(output.stderr.contains("demo was not started: there is no VM after 1 s"), "{output}");
    fs::remove_file(&run_erl).unwrap();
    fs::write(&run_erl, good).unwrap();
    fs::set_permissions(&run_erl, fs::Permissions::from_mode(0o755)).unwrap();

    // No pseudo terminal, in a mount namespace of its own.
    let mut command = instance.command(Path::new("unshare"));
    command.args([
        "-m",
        "sh",
        "-c",
        "mount -t devpts -o newinstance,ptmxmode=666,max=1 none /dev/pts && \
        mount --bind /dev/pts/ptmx /dev/ptmx || exit 99; exec 9<>/dev/ptmx; exec \"$@\"",
        "sh",
    ]);
    let output = instance.finish(command.arg(instance.entry()).arg("start"), "");
    if output.status == 99 || output.stderr.contains("unshare") {
        crate::support::tools::skipped("no mount");
    } else {
        assert_eq!(output.status, 1, "{output}");
        assert!(
            output.stderr.contains(": no pseudo terminal can be had (No space left on device"),
            "{output}"
        );
    }
    fs::create_dir_all(state.join("pipe")).unwrap();
    instance.run(&["start"]).ok();
    instance.run(&["stop"]).ok();
}

#[test]
fn a_vm_that_dies_is_seen_at_once_with_its_crash_dump() {
    let Some((instance, _)) = held() else { return };
    let log = instance.path().join("tmp/demo/log");
    fs::create_dir_all(&log).unwrap();
    fs::set_permissions(instance.path().join("tmp/demo"), fs::Permissions::from_mode(0o700)).unwrap();
    let dump = log.join("erl_crash.dump");
    for (name, last) in [("kill", None), ("halt", Some("erlang:halt(\"ouch\")."))] {
        let out = instance.base().join(name);
        let mut start = Running::new(instance.command(&instance.entry()).arg("start"), &out);
        until("it answers", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
        match last {
            Some(expression) => drop(instance.run(&["rpc", expression])),
            None => signal(instance.vms()[0], Signal::KILL),
        }
        assert_eq!(start.end(), 1);
        let text = start.text();
        assert!(text.contains("error: demo 0.1.0 ended while it was starting"), "{text}");
        let told = format!("; its crash dump is {}", dump.display());
        assert_eq!(text.contains(&told), last.is_some(), "{text}");
    }
}

#[test]
fn few_open_files_and_no_home_are_enough() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.unset("HOME");
    let mut command = instance.command(Path::new("sh"));
    command.args(["-c", "ulimit -n 64 && exec \"$1\" start", "sh"]).arg(instance.entry());
    let output = instance.finish(&mut command, "");
    assert_eq!(output.status, 0, "{output}");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
}

#[test]
fn what_the_vm_args_ask_for_beside_the_applications_is_waited_for() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).own_files().kit();
    let vm_args = instance.path().join("releases/0.1.0/vm.args");
    let plain = fs::read_to_string(&vm_args).unwrap();
    let with = |line: &str| fs::write(&vm_args, format!("{plain}\n{line}\n")).unwrap();
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let late = |command: &[&str]| {
        instance.run(command).ok();
        let end = now();
        assert_eq!(instance.run(&["rpc", "init:get_status()."]).ok(), "{started,started}\n", "{command:?}");
        let done = instance.run(&["rpc", "persistent_term:get(done)."]).ok();
        end.saturating_sub(Duration::from_micros(done.trim_end().parse().unwrap()))
    };
    with("-eval 'timer:sleep(300), persistent_term:put(done, erlang:system_time(microsecond))'");
    let mut shortest = Duration::MAX;
    for command in [["start"].as_slice(), &["restart"], &["reboot"]] {
        shortest = shortest.min(late(command));
    }
    assert!(shortest < Duration::from_millis(30), "{shortest:?}");
    instance.run(&["stop"]).ok();

    // What does not come back is no failure of the applications: they are in use.
    with("-eval 'receive after infinity -> ok end'");
    let output = instance.run(&["start", "--timeout", "2"]);
    assert_eq!((output.status, output.stdout.as_str()), (0, ""), "{output}");
    let told = "warning: demo has started all applications, but what -s, -run or -eval of its vm.args asks for has \
        not returned within 2 s\nhelp: ";
    assert!(output.stderr.starts_with(told), "{output}");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    instance.run(&["stop"]).ok();

    for (line, told) in [
        ("-s nosuchmod", "nosuchmod"),
        ("-eval 'timer:sleep(100), halt(3)'", "ended while it was starting"),
        ("-eval 'timer:sleep(100), init:stop()'", "ended while it was starting"),
    ] {
        with(line);
        let output = instance.run(&["start"]);
        assert!(output.status == 1 && output.stderr.contains(told), "{line}: {output}");
        assert_eq!(instance.vms(), [0; 0], "{line}");
    }
}

/// A failed permanent application ends the node, but `init:get_status()` is {started,started} before.
#[test]
fn a_node_that_is_up_for_a_moment_only_has_not_started() {
    let (Some(raw), true) = (rebar3(), need(&["erlc"])) else { return };
    let instance = Instance::of(raw).kit();
    let source = "-module(demo_app).\n-export([start/2, stop/1]).\nstart(_, slow) -> {ok, spawn_link(fun() -> \
        receive after infinity -> ok end end)};\nstart(_, _) -> ok = application:load({application, slow, \
        [{mod, {demo_app, slow}}, {vsn, \"1\"}]}), ok = application:start(slow), {error, oops}.\n\
        stop(_) -> timer:sleep(1000).\n";
    fs::write(instance.base().join("demo_app.erl"), source).unwrap();
    instance.finish(instance.command(Path::new("erlc")).arg("demo_app.erl"), "").ok();
    let beam = instance.path().join("lib/demo-0.1.0/ebin/demo_app.beam");
    fs::rename(instance.base().join("demo_app.beam"), beam).unwrap();
    let output = instance.run(&["start"]);
    assert!(output.status == 1 && output.stderr.contains("demo did not start: oops"), "{output}");
    assert_eq!(instance.vms(), [0; 0]);
}
