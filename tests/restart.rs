//! `restart` and `reboot`: the same process or a new one, the way there, and who is refused it.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::support::delivery::Packed;
use crate::support::instance::Instance;
use crate::support::process::until;
use crate::support::releases::{mix, rebar3};
use crate::support::running::Running;

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

#[test]
fn in_the_foreground_a_supervisor_is_needed() {
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
    assert_eq!(instance.said(&["reboot"]), "0\n");
    let now = instance.vms();
    assert!(now.len() == 1 && now != pid, "{now:?}, was {pid:?}");
    instance.run(&["stop"]).ok();
}
