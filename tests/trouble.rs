//! What a node can do wrong: it does not start, hangs, is killed, has no name or another cookie. Each time the
//! status and the message have to tell an operator what it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::{Output, freeze, runs, signal, until};
use crate::support::releases::{Raw, mix, rebar3};
use crate::support::tools::{need, shells};

/// A start that fails says why, with the node's own last words, and leaves nothing that runs.
#[track_caller]
fn fails_to_start(instance: &Instance, reason: &str, cause: &str) {
    let Output { status, stdout, stderr } = instance.run(&["start"]);
    let stderr = instance.neutral(&stderr);
    assert_eq!((status, stdout.as_str()), (1, ""), "{stderr}");
    let (log, end) = stderr.split_at(stderr.find("error: ").unwrap());
    assert!(log.lines().all(|line| line.starts_with("| ")) && log.contains(reason), "{stderr}");
    let told = end.strip_prefix("error: demo 0.1.0 ended while it was starting: ").unwrap_or_default();
    assert!(told.starts_with(cause) && told.contains("\nhelp: "), "{stderr}");
    let dump = instance.path().join("tmp/demo/log/erl_crash.dump").exists();
    assert_eq!(end.contains("; its crash dump is ROOT/tmp/demo/log/erl_crash.dump\n"), dump, "{stderr}");
    assert_eq!(instance.vms(), [0; 0]);
    assert_eq!(instance.run(&["ping"]).status, 3);
}

#[test]
fn a_bad_flag_is_told_from_the_log() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let vm_args = instance.path().join("releases/0.1.0/vm.args");
    let good = fs::read_to_string(&vm_args).unwrap();
    fs::write(&vm_args, format!("{good}\n+sct nonsense\n")).unwrap();
    let reason = "bad cpu topology 'nonsense'";
    fails_to_start(&instance, reason, &format!("the VM refuses a flag: {reason}"));
    fs::write(&vm_args, good).unwrap();
    assert_eq!(instance.said(&["start"]), "0\n", "and afterwards it starts");
}

#[test]
fn an_application_that_crashes_is_told_from_the_log() {
    let (Some(raw), true) = (rebar3(), need(&["erlc"])) else { return };
    let instance = Instance::of(raw).kit();
    let source = instance.base().join("demo_server.erl");
    let good = include_str!("fixtures/rebar3/v1/demo_server.erl");
    fs::write(&source, good.replace("{ok, 0}", "error(the_disk_is_full)")).unwrap();
    instance.finish(instance.command(Path::new("erlc")).arg(&source), "").ok();
    // The release's own file is a link to one that all tests use.
    let beam = instance.path().join("lib/demo-0.1.0/ebin/demo_server.beam");
    fs::rename(instance.base().join("demo_server.beam"), beam).unwrap();
    let cause = "the application demo did not start: its child demo_server failed: the_disk_is_full";
    fails_to_start(&instance, "the_disk_is_full", cause);
}

#[test]
fn complaints_43_44_a_name_that_is_taken_is_told_from_the_log() {
    let (Some(one), Some(two)) = (rebar3(), mix()) else { return };
    let first = Instance::of(one).kit();
    first.start();
    let mut second = Instance::of(two).kit();
    second.set("ERL_EPMD_PORT", &first.epmd().0.to_string());
    fails_to_start(
        &second,
        "the name demo@HOST seems to be in use",
        "the name demo@HOST is in use by beam.smp (pid N)",
    );
    let foreign = "! error: demo is not running; the node of its name with pid N is not its own\n\
         ! help: give one of the two another name: RELEASE_NODE, or -sname or -name in vm.args\n";
    assert_eq!(second.said(&["ping"]), format!("3\n{foreign}"));
    assert_eq!(second.said(&["stop"]), "0\n! demo is not running\n");
    assert_eq!(first.said(&["ping"]), "0\npong\n", "the first one has taken no notice");
}

#[test]
fn complaint_46_a_node_that_hangs_is_told_from_one_that_is_down() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let vm = instance.vms()[0];
    freeze(vm);
    for command in ["ping", "pid", "status"] {
        let begin = Instant::now();
        let output = instance.run(&[command, "--timeout", "1"]);
        assert!(begin.elapsed() < Duration::from_secs(5), "{command} took {:?}", begin.elapsed());
        assert!(output.status == 4 && output.stdout.is_empty(), "{command}: {output}");
        let running = format!("error: demo is running (pid {vm}) but does not answer");
        assert!(output.stderr.starts_with(&running), "{command}: {output}");
    }
    let json = instance.run(&["status", "--json", "--timeout", "1"]);
    assert!(json.status == 4 && json.stdout.contains("\"state\":\"unknown\""), "{json}");
    assert_eq!(
        instance.said(&["start"]),
        format!(
            "0\n! warning: demo (pid N) does not answer: its process is stopped (state T)\n\
             ! help: kill -CONT {vm}\n! demo is already running (pid N)\n"
        )
    );

    signal(vm, Signal::CONT);
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
}

#[test]
fn a_killed_node_is_down_and_starts_again() {
    for raw in [rebar3(), mix()].into_iter().flatten() {
        let instance = Instance::of(raw).kit();
        instance.start();
        let vm = instance.vms()[0];
        signal(vm, Signal::KILL);
        until("it is gone", Duration::from_secs(10), || !runs(vm));
        for command in ["ping", "pid"] {
            assert_eq!(instance.run(&[command]).status, 3, "{command}");
        }
        let gone = "demo is not running: its process (pid N) has ended, but not by \"stop\"";
        assert_eq!(instance.said(&["status"]), format!("1\n! error: {gone}\n! help: ROOT/bin/demo start\n"));
        let json = instance.run(&["status", "--json"]);
        assert!(json.status == 1 && json.stdout.contains("\"state\":\"dead\""), "{json}");
        assert_eq!(instance.said(&["stop"]), "0\n! demo is not running\n");
        assert_eq!(instance.said(&["start"]), "0\n");
        assert_eq!(instance.said(&["ping"]), "0\npong\n");
    }
}

#[test]
fn a_wrong_cookie_is_named() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let file = instance.path().join("tmp/demo/cookie/.erlang.cookie");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, "another_one").unwrap();
    let output = instance.run(&["ping"]);
    assert_eq!(output.status, 4, "{output}");
    assert!(output.stderr.contains("cookie") && !output.stderr.contains("another_one"), "{output}");
    let output = instance.run(&["stop"]);
    assert_eq!(output.status, 0, "it is stopped by signal: {output}");
    assert!(output.stderr.contains("sending SIGTERM to pid"), "{output}");
    assert_eq!(instance.vms(), [0; 0]);
}

#[test]
fn a_node_without_a_name_is_stopped_by_signal() {
    for raw in [rebar3(), mix()].into_iter().flatten() {
        let instance = Instance::of(raw).env("RELEASE_DISTRIBUTION", "none").kit();
        assert_eq!(
            instance.said(&["start"]),
            "0\n! warning: demo has no node name: it was started, but can't tell when it has booted\n"
        );
        until("the VM has taken the script's place", Duration::from_secs(20), || instance.vms().len() == 1);
        let vms = instance.vms();
        assert_eq!(
            instance.said(&["ping"]),
            "4\n! error: demo was started without distribution, so it can't be asked\n\
             ! help: give it a name: -sname or -name in vm.args, or RELEASE_NODE, and start it again\n"
        );
        assert_eq!(instance.said(&["start"]), "0\n! demo is already running (pid N)\n");
        assert_eq!(instance.said(&["stop"]), "0\n");
        assert!(!runs(vms[0]));
        assert_eq!(instance.said(&["stop"]), "0\n! demo is not running\n");
    }
}

#[test]
fn without_its_helper_a_rebar3_release_starts_and_stops() {
    let Some(raw) = rebar3() else { return };
    without_helper(raw, "");
}

#[test]
fn without_its_helper_a_mix_release_starts_and_stops() {
    let Some(raw) = mix() else { return };
    without_helper(raw, "elixir");
}

fn without_helper(raw: &'static Raw, in_extra: &str) {
    let instance = Instance::of(raw).env("RELEASE_COOKIE", "demo_cookie").kit();
    fs::remove_file(instance.path().join("releases/0.1.0/boot/relboot-helper")).unwrap();
    let warning = "0\n! warning: the helper is missing: vm.args is used as it stands, and start cannot tell when \
         the node has booted\n! help: write the kit again: relboot generate\n";
    assert_eq!(instance.said(&["start"]), warning);
    let applications = || instance.erl("[element(1, A) || A <- application:which_applications()]");
    until("demo is started", Duration::from_secs(30), || {
        applications().is_some_and(|running| running.contains("demo") && running.contains(in_extra))
    });
    let vms = instance.vms();
    assert_eq!(vms.len(), 1);
    let home = instance.base().join("home");
    assert_eq!(instance.erl("os:getenv(\"HOME\")").unwrap(), format!("{:?}", home.to_str().unwrap()));

    assert_eq!(
        instance.said(&["ping"]),
        "4\n! error: ROOT/releases/0.1.0/boot/relboot-helper is missing or not executable\n\
         ! help: write the kit again (relboot generate); start, foreground and stop work without it\n"
    );
    let again = instance.said(&["start"]);
    assert!(again.ends_with("! demo is already running (pid N)\n"), "{again}");
    assert_eq!(instance.vms(), vms);
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert!(!runs(vms[0]));
    assert_eq!(instance.said(&["stop"]), "0\n! demo is not running\n");
}

#[test]
fn a_helper_of_another_machine_is_no_obstacle() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).env("RELEASE_COOKIE", "demo_cookie").kit();
    let helper = instance.path().join("releases/0.1.0/boot/relboot-helper");
    let mut bytes = fs::read(&helper).unwrap();
    // The machine, in the header of an ELF file: a number that no kernel has ever heard of.
    bytes[18..20].copy_from_slice(&[0xfe, 0xfe]);
    fs::write(&helper, bytes).unwrap();
    let said = instance.said(&["start"]);
    assert!(said.starts_with("0\n"), "{said}");
    assert!(said.contains("relboot-helper does not run on this machine (status 126)"), "{said}");
    until("the node answers", Duration::from_secs(30), || instance.erl("ok").is_some());
    let said = instance.said(&["stop"]);
    assert!(said.starts_with("0\n"), "{said}");
    assert_eq!(instance.vms(), [0; 0]);
}

/// Only one that can't run here is done without: a plain start is another start.
#[test]
fn a_helper_that_refuses_or_is_killed_starts_nothing() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.set("BOOT_SIZING", "perhaps");
    assert_eq!(
        instance.said(&["start"]),
        "2\n! error: BOOT_SIZING is auto or off, not \"perhaps\"\n! help: unset it, or BOOT_SIZING=off\n"
    );
    let said = instance.said(&["vmargs", "--mode=x"]);
    assert_eq!(
        said,
        "2\n! error: BOOT_SIZING is auto or off, not \"perhaps\"\n! help: unset it, or BOOT_SIZING=off\n",
        "no answer for the core"
    );
    let helper = instance.path().join("releases/0.1.0/boot/relboot-helper");
    fs::write(&helper, "#!/bin/sh\nkill -KILL $$\n").unwrap();
    for shell in shells() {
        let output = instance.run_in(&shell, &["start"]);
        assert!(output.status == 1 && output.stderr.contains("was ended by a signal"), "{shell:?} {output}");
    }
    assert_eq!(instance.vms(), [0; 0]);
}
