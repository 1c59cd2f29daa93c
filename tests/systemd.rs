//! Below a real systemd: the node is a service as any other.

use std::fs;
use std::time::{Duration, Instant};

use crate::support::instance::Instance;
use crate::support::process::until;
use crate::support::releases::rebar3;
use crate::support::systemd::Systemd;

const LIMIT: Duration = Duration::from_secs(30);

/// A unit as one would write it, with these lines of its own.
fn unit(instance: &Instance, lines: &str) -> String {
    let entry = instance.entry();
    let entry = entry.display();
    format!(
        "[Service]\nType=notify\nKillMode=mixed\nRestartSec=50ms\nEnvironment=HOME=/root\n{lines}\n\
         ExecStart={entry} foreground\nExecReload={entry} restart\n"
    )
}

/// A plugin whose hooks say their names to standard error.
fn plugin(instance: &Instance, hooks: &[(&str, &str)]) {
    let plugin = instance.path().join("plugins/say");
    fs::create_dir_all(&plugin).unwrap();
    for (hook, more) in hooks {
        fs::write(plugin.join(hook), format!("echo \"hook: $BOOT_PHASE\" >&2\n{more}\n")).unwrap();
    }
}

/// Waits until a property of the service has this value.
#[track_caller]
fn until_is(systemd: &Systemd, name: &str, value: &str) {
    until(&format!("{name}={value}"), LIMIT, || systemd.property("demo", name) == value);
}

/// The hooks that the journal tells of, in their order.
fn hooks(systemd: &Systemd) -> Vec<String> {
    let journal = systemd.run(&["journalctl", "--sync"]);
    assert_eq!(journal.status, 0, "{journal}");
    let journal = systemd.run(&["journalctl", "--unit=demo", "--output=cat"]).ok();
    journal.lines().filter_map(|line| line.strip_prefix("hook: ")).map(Into::into).collect()
}

/// Processes in the service's control group.
fn left(systemd: &Systemd) -> String {
    systemd.run(&["sh", "-c", "cat /sys/fs/cgroup/systemd/system.slice/demo.service/cgroup.procs /sys/fs/cgroup/system.slice/demo.service/cgroup.procs 2>/dev/null; :"]).ok()
}

#[test]
fn a_service_is_ready_after_its_hooks_and_reloads_and_stops_with_them() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).at("opt/demo").kit();
    instance.set("ERL_EPMD_PORT", "4369");
    // Longer than the unit grants by itself.
    let go = instance.base().join("go");
    let wait = format!("until [ -e '{}' ]; do sleep 0.05; done", go.display());
    plugin(
        &instance,
        &[("post_start", &wait), ("pre_stop", "sleep 1.5"), ("post_stop", ""), ("post_foreground", "")],
    );
    let entry = instance.entry();
    let entry = entry.to_str().unwrap();
    let Some(systemd) = Systemd::boot(&instance) else { return };
    systemd.unit("demo.service", &unit(&instance, "Restart=always\nTimeoutStartSec=1\nTimeoutStopSec=1"));
    let began = Instant::now();
    systemd.run(&["systemctl", "start", "--no-block", "demo"]).ok();
    until("it boots", LIMIT, || hooks(&systemd) == ["post_start"]);
    until("the unit's own time is over", LIMIT, || began.elapsed() > Duration::from_millis(1500));
    assert_eq!(systemd.property("demo", "SubState"), "start", "ready before its hooks were");
    assert!(systemd.property("demo", "StatusText").starts_with("starting"));
    assert_eq!(systemd.run(&[entry, "ping"]).status, 0);
    fs::write(&go, "").unwrap();
    until_is(&systemd, "ActiveState", "active");
    assert_eq!(systemd.property("demo", "StatusText"), "running");
    // Its log is the journal, and "logs" finds it there.
    let logs = systemd.run(&[entry, "logs"]).ok();
    assert!(logs.contains("hook: post_start"), "{logs}");
    let logs = systemd.run(&[entry, "logs", "--since-start", "-n", "1", "--raw"]).ok();
    assert_eq!(logs, "hook: post_start\n");
    let vm = systemd.run(&[entry, "pid"]).ok();
    systemd.run(&["systemctl", "reload", "demo"]).ok();
    assert_eq!(systemd.property("demo", "SubState"), "running");
    assert_eq!((systemd.run(&[entry, "ping"]).status, systemd.run(&[entry, "pid"]).ok()), (0, vm));
    // By hand: the manager starts it again, as it is told to.
    systemd.run(&[entry, "stop"]).ok();
    until_is(&systemd, "NRestarts", "1");
    until_is(&systemd, "ActiveState", "active");
    assert_eq!(systemd.property("demo", "Result"), "success");
    systemd.run(&["systemctl", "stop", "demo"]).ok();
    assert_eq!(systemd.property("demo", "Result"), "success", "{:?}", hooks(&systemd));
    // The hooks around the first stop are those of the command, and speak to whom has called it.
    let expected =
        ["post_start", "post_foreground", "post_start", "pre_stop", "post_stop", "post_foreground"];
    assert_eq!(hooks(&systemd), expected);
    assert_eq!(left(&systemd), "");
}

#[test]
fn a_service_that_hangs_or_dies_is_there_again_within_seconds() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).at("opt/demo").kit();
    instance.set("ERL_EPMD_PORT", "4369");
    plugin(&instance, &[("post_stop", "sleep 0.2; echo \"hook: after $BOOT_STATUS\" >&2")]);
    let entry = instance.entry();
    let entry = entry.to_str().unwrap();
    let Some(systemd) = Systemd::boot(&instance) else { return };
    // All processes of the service get the manager's signals, the hooks' too.
    let text = unit(&instance, "WatchdogSec=2\nRestart=on-failure\nStartLimitIntervalSec=0");
    systemd.unit("demo.service", &text.replace("KillMode=mixed\n", ""));
    systemd.run(&["systemctl", "start", "demo"]).ok();
    let mut pid = systemd.run(&[entry, "pid"]).ok();
    for (restarts, kill) in [("1", "-STOP"), ("2", "-KILL")] {
        systemd.run(&["kill", kill, pid.trim_end()]).ok();
        until_is(&systemd, "NRestarts", restarts);
        until_is(&systemd, "ActiveState", "active");
        let now = systemd.run(&[entry, "pid"]).ok();
        assert_ne!(now, pid);
        assert_eq!(systemd.run(&[entry, "ping"]).status, 0);
        pid = now;
    }
    // Its supervisor too: the node goes with it.
    let supervisor = systemd.property("demo", "MainPID");
    systemd.run(&["kill", "-KILL", &supervisor]).ok();
    until_is(&systemd, "NRestarts", "3");
    until_is(&systemd, "ActiveState", "active");
    assert_eq!(systemd.run(&[entry, "ping"]).status, 0);
    // The manager's SIGABRT goes to the VM as well.
    let hooks: Vec<_> = hooks(&systemd).into_iter().map(|it| it.replace("134", "137")).collect();
    assert_eq!(hooks, ["post_stop", "after 137", "post_stop", "after 137"]);
    let journal = systemd.run(&["journalctl", "--unit=demo", "--output=cat"]).ok();
    assert!(journal.contains("Watchdog timeout") && journal.contains("told to end at once"), "{journal}");
    assert!(journal.contains("has ended: it was ended by SIGKILL (signal 9)\nhelp: "), "{journal}");
    // While it boots.
    systemd.run(&["systemctl", "stop", "demo"]).ok();
    systemd.run(&["systemctl", "start", "--no-block", "demo"]).ok();
    until("a VM", LIMIT, || systemd.run(&[entry, "pid"]).status == 0);
    systemd.run(&["systemctl", "stop", "demo"]).ok();
    assert_eq!(systemd.property("demo", "Result"), "success");
    assert_eq!(left(&systemd), "");
}
