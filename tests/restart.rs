//! `restart` and `reboot`: the same process or a new one, the way there, and who is refused it.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::delivery::Packed;
use crate::support::instance::Instance;
use crate::support::process::{freeze, runs, signal, until};
use crate::support::releases::{mix, rebar3};
use crate::support::running::Running;
use crate::support::tools::{need, shells};

#[test]
fn a_node_restarts_in_its_process_and_reboots_in_another() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    for command in ["restart", "reboot"] {
        let said = "3\n! error: demo is not running\n! help: ROOT/bin/demo start\n";
        assert_eq!(instance.said(&[command]), said);
    }
    instance.start();
    let pid = instance.vms();
    for _ in 0..2 {
        assert_eq!(instance.said(&["rpc", "demo_server:inc()."]), "0\n1\n");
        assert_eq!(instance.said(&["restart"]), "0\n");
    }
    assert_eq!(instance.vms(), pid, "the same process");
    assert_eq!(instance.said(&["rpc", "demo_server:inc()."]), "0\n1\n", "it has booted, from the start");

    // New flags are for a new process.
    let file = instance.path().join("releases/0.1.0/vm.args");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n-mine {{}}\n")).unwrap();
    let hook = |phase: &str| {
        let path = instance.path().join("plugins/r").join(phase);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("boot_info {phase}\n")).unwrap();
    };
    for phase in ["pre_reboot", "post_reboot", "pre_start", "post_stop"] {
        hook(phase);
    }
    assert_eq!(instance.said(&["reboot"]), "0\n! pre_reboot\n! post_stop\n! pre_start\n! post_reboot\n");
    let now = instance.vms();
    assert!(now.len() == 1 && now != pid, "{now:?}, was {pid:?}");
    assert_eq!(instance.said(&["rpc", "init:get_argument(mine)."]), "0\n{ok,[[\"{}\"]]}\n");
    for args in [["restart", "--wat"], ["reboot", "--wat"], ["restart", "x"]] {
        assert_eq!(instance.run(&args).status, 2, "{args:?}");
    }
}

#[test]
fn every_shell_restarts_and_reboots_and_refuses() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    for (n, shell) in shells().iter().enumerate() {
        let pid = instance.vms();
        let command = if n % 2 == 0 { "restart" } else { "reboot" };
        let output = instance.run_in(shell, &[command]);
        assert_eq!(instance.told(&output), "0\n", "{shell:?} {command}");
        assert_eq!(instance.vms() == pid, command == "restart", "{shell:?}");
    }
    instance.run(&["stop"]).ok();
    let refusal = |args: &[&str], wanted: &str| {
        for shell in shells() {
            let output = instance.run_in(&shell, args);
            assert_eq!(instance.told(&output), wanted, "{shell:?} {args:?}");
        }
    };
    for command in ["restart", "reboot", "remote", "attach"] {
        refusal(&[command], "3\n! error: demo is not running\n! help: ROOT/bin/demo start\n");
    }
    let mut command = instance.command(&instance.entry());
    let mut node = Running::new(command.arg("foreground").stdin(Stdio::null()), &instance.base().join("out"));
    until("it answers", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
    let said = instance.said(&["reboot"]);
    assert!(said.starts_with("1\n! error: demo (pid N) would not come up again: its parent is "), "{said}");
    refusal(&["reboot"], &said);
    for word in ["0", "x", ""] {
        for command in ["restart", "reboot"] {
            let wanted = format!(
                "2\n! error: --timeout takes 1 to 86400 seconds, not \"{word}\"\n! help: ROOT/bin/demo help {command}\n"
            );
            refusal(&[command, "--timeout", word], &wanted);
        }
    }
    instance.run(&["stop"]).ok();
    assert_eq!(node.end(), 0);
}

#[test]
fn a_mix_release_restarts() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let pid = instance.vms();
    assert_eq!(instance.said(&["rpc", "Demo.Counter.inc()"]), "0\n1\n");
    assert_eq!(instance.said(&["restart"]), "0\n");
    assert_eq!(instance.said(&["rpc", "Demo.Counter.inc()"]), "0\n1\n");
    assert_eq!(instance.vms(), pid);
    assert_eq!(instance.said(&["reboot"]), "0\n");
    assert_ne!(instance.vms(), pid);
    assert_eq!(instance.said(&["rpc", "Demo.Counter.inc()"]), "0\n1\n");
}

#[test]
fn after_an_upgrade_only_a_reboot_boots_the_new_version_whole() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    Packed::new(raw, &[]).deliver(&instance);
    instance.start();
    instance.run(&["upgrade", "0.2.0"]).ok();
    let said = instance.said(&["restart"]);
    let wanted = "1\n! error: demo was started as 0.1.0 and 0.2.0 is permanent: in this process it would boot with \
                  the arguments of 0.1.0\n! help: ROOT/bin/demo reboot, or stop and start\n";
    assert_eq!(said, wanted);
    assert_eq!(instance.said(&["reboot"]), "0\n");
    assert_eq!(
        instance.said(&["rpc", "{demo_server:version(), os:getenv(\"RELEASE_VSN\")}."]),
        "0\n{v2,\"0.2.0\"}\n"
    );
    assert_eq!(instance.said(&["restart"]), "0\n");
}

#[test]
fn restart_takes_no_longer_than_it_may() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    // Something that holds up the way down.
    let hold = "application:set_env(kernel, shutdown_timeout, infinity), Pid = whereis(demo_server), \
                erlang:suspend_process(Pid, [asynchronous]), timer:sleep(infinity).";
    let mut holder = instance.command(&instance.entry());
    let holder = Running::new(holder.args(["rpc", hold]), &instance.base().join("holder"));
    let suspended = "erlang:process_info(whereis(demo_server), status).";
    until("suspended", Duration::from_secs(10), || instance.said(&["rpc", suspended]).contains("suspended"));
    let said = instance.said(&["restart", "--timeout", "1"]);
    assert!(
        said.starts_with("7\n! error: demo has not booted again within 1 s; it goes on\n! help: "),
        "{said}"
    );
    drop(holder);
}

/// Whoever stops the node waits for this one for ever.
const HOLD: &str =
    "spawn(fun() -> erlang:suspend_process(whereis(demo_sup)), timer:sleep(infinity) end), timer:sleep(50).";

#[test]
fn reboot_and_start_take_no_longer_than_they_may() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    if !need(&["erlc"]) {
        return;
    }
    instance.run(&["start", "--timeout", "50", "--timeout", "x"]).ok();
    let words = "{init:get_plain_arguments(), [E || E <- os:getenv(), lists:prefix(\"_boot_\", E)]}.";
    assert_eq!(instance.said(&["rpc", words]), "0\n{[\"--timeout\",\"x\"],[]}\n");
    let vm = instance.vms();
    // It does not stop.
    freeze(vm[0]);
    let said = instance.said(&["reboot", "--timeout", "1"]);
    assert!(said.starts_with("4\n! error: demo is running (pid N) but does not answer: "), "{said}");
    signal(vm[0], Signal::CONT);
    instance.run(&["rpc", HOLD]).ok();
    let settings = instance.path().join("releases/0.1.0/boot/settings.sh");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("_boot_stop_kill=yes", "_boot_stop_kill=")).unwrap();
    let begun = Instant::now();
    let said = instance.said(&["reboot", "--timeout", "2"]);
    assert!(said.starts_with("7\n"), "{said}");
    assert!(
        said.contains("! error: demo (pid N) is still running after ") && said.contains("\n! help: "),
        "{said}"
    );
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(instance.vms(), vm, "no other one was started");
    instance.run(&["stop", "--kill"]).ok();
    assert!(!runs(vm[0]));

    // It stops, and does not boot in time.
    assert_eq!(instance.said(&["start"]), "0\n");
    let source = include_str!("fixtures/rebar3/v1/demo_server.erl");
    let slow = source.replace("{ok, 0}.", "timer:sleep(infinity).");
    assert_ne!(slow, source);
    fs::write(instance.base().join("demo_server.erl"), slow).unwrap();
    instance.finish(instance.command(Path::new("erlc")).arg("demo_server.erl"), "").ok();
    let beam = instance.path().join("lib/demo-0.1.0/ebin/demo_server.beam");
    fs::rename(instance.base().join("demo_server.beam"), beam).unwrap();
    let begun = Instant::now();
    let said = instance.said(&["reboot", "--timeout", "4"]);
    let seconds: u32 = said
        .strip_prefix("7\n! error: demo (pid N) has not booted within ")
        .and_then(|rest| rest.split(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    assert!(
        (1..=4).contains(&seconds) && begun.elapsed() < Duration::from_secs(12),
        "{:?}: {said}",
        begun.elapsed()
    );
    for bad in [
        ["start", "--timeout"].as_slice(),
        &["start", "--timeout", "0"],
        &["start", "--timeout=1e3"],
        &["start", "--timeout", "86401"],
    ] {
        let said = instance.said(bad);
        assert!(said.starts_with("2\n! error: --timeout takes 1 to 86400 seconds, not \""), "{said}");
    }
}

#[test]
fn complaint_56_in_the_foreground_a_supervisor_is_needed() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let up = || until("it answers", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
    // A loop that nobody knows for a supervisor; then one by the name of one that is known.
    let supervise = |name: &str| {
        let path = instance.base().join(name);
        fs::write(&path, "#!/bin/sh\nwhile :; do \"$1\" foreground; done\n").unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut command = instance.command(&path);
        Running::new(
            command.arg(instance.entry()).stdin(Stdio::null()),
            &instance.base().join(format!("{name}.out")),
        )
    };
    let unknown = supervise("looper");
    up();
    let pid = instance.vms();
    let said = instance.said(&["reboot"]);
    let wanted = "1\n! error: demo (pid N) would not come up again: its parent is looper (pid N), which is no supervisor \
                  known to do that\n! help: stop it there and run it again, or ROOT/bin/demo reboot --force where something starts it again\n";
    assert_eq!(said, wanted);
    assert_eq!(instance.vms(), pid);
    assert_eq!(instance.said(&["reboot", "--force"]), "0\n");
    assert_ne!(instance.vms(), pid);
    drop(unknown);
    until("all are gone", Duration::from_secs(10), || instance.vms().is_empty());

    // With hooks for later, the script is between the two.
    let hook = instance.path().join("plugins/r/post_start");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "boot_info up\n").unwrap();
    let known = supervise("runsv");
    up();
    let pid = instance.vms();
    assert_eq!(instance.said(&["reboot"]), "0\n");
    let now = instance.vms();
    assert!(now.len() == 1 && now != pid, "{now:?}, was {pid:?}");
    drop(known);
}

#[test]
fn below_a_real_supervisor_a_reboot_is_a_new_process() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    for supervisor in ["runsv", "s6-supervise"] {
        if !need(&[supervisor]) {
            continue;
        }
        let service = instance.base().join(format!("service-{supervisor}"));
        fs::create_dir(&service).unwrap();
        let entry = instance.entry().display().to_string().replace('\'', "'\\''");
        fs::write(service.join("run"), format!("#!/bin/sh\nexec '{entry}' foreground\n")).unwrap();
        fs::set_permissions(service.join("run"), std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        let mut command = instance.command(Path::new(supervisor));
        let out = instance.base().join(format!("{supervisor}.out"));
        let mut supervised = Running::new(command.arg(&service), &out);
        until("it answers", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
        let pid = instance.vms();
        assert_eq!(instance.said(&["reboot"]), "0\n", "{supervisor}");
        let now = instance.vms();
        assert!(now.len() == 1 && now != pid, "{supervisor}: {now:?}, was {pid:?}");
        // It takes the node with it.
        supervised.signal(Signal::TERM);
        supervised.end();
        assert_eq!(instance.vms(), [0; 0], "{supervisor}");
    }
}

#[test]
fn heart_boots_the_node_itself() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    let file = instance.path().join("releases/0.1.0/vm.args");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n-heart\n")).unwrap();
    // heart gives it to a shell.
    let start = instance.base().join("again");
    fs::write(
        &start,
        format!(
            "#!/bin/sh\nexec \"{}\" start\n",
            instance.entry().display().to_string().replace('"', "\\\"").replace('$', "\\$")
        ),
    )
    .unwrap();
    fs::set_permissions(&start, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    instance.set("HEART_COMMAND", start.to_str().unwrap());
    instance.start();
    let pid = instance.vms();
    // The start that heart calls ends later than the node has booted, and "stop" is not to find it at work.
    let plugin = instance.path().join("plugins/late");
    fs::create_dir_all(&plugin).unwrap();
    fs::write(plugin.join("post_start"), "sleep 0.5\n").unwrap();
    assert_eq!(instance.said(&["reboot"]), "0\n");
    let now = instance.vms();
    assert!(now.len() == 1 && now != pid, "{now:?}, was {pid:?}");
    instance.run(&["stop"]).ok();
}
