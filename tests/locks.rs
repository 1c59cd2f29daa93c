//! One writer per instance, one VM in its place: whoever comes second waits or is told, whoever dies leaves nothing to
//! clean up.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::instance::Instance;
use crate::support::made::Made;
use crate::support::process::{runs, until};
use crate::support::releases::rebar3;
use crate::support::running::Running;

/// A hook that stays until the file `go` is there.
fn held(instance: &Instance, phase: &str) -> std::path::PathBuf {
    let plugin = instance.path().join("plugins/hold");
    fs::create_dir_all(&plugin).unwrap();
    let (here, go) = (instance.base().join("here"), instance.base().join("go"));
    let text = "#!/bin/sh\n: >\"$HERE\"\nwhile [ ! -e \"$GO\" ]; do sleep 0.02; done\n";
    let text = text.replace("$HERE", here.to_str().unwrap()).replace("$GO", go.to_str().unwrap());
    fs::write(plugin.join(phase), text).unwrap();
    go
}

#[test]
fn a_second_command_is_told_who_is_at_work_or_waits() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).at("opt/demo").kit();
    let go = held(&instance, "pre_start");
    let mut first = instance.command(&instance.entry());
    let mut first = first.arg("start").stdout(Stdio::null()).spawn().unwrap();
    until("the first is at work", Duration::from_secs(30), || instance.base().join("here").exists());
    for command in ["start", "stop", "restart", "foreground", "console"] {
        // "foreground" would wait a while for a "stop" before it.
        let output = instance.run(&[command, "--wait", "0"]);
        assert_eq!(output.status, 8, "{output}");
        let told = format!("error: start (pid {}) is at work on demo\nhelp: ", first.id());
        assert!(output.stderr.starts_with(&told), "{output}");
    }
    let mut patient = instance.command(&instance.entry());
    Running::new(patient.arg("foreground"), &instance.base().join("out")).until_says("waiting up to 10 s\n");
    let waited = instance.run(&["stop", "--wait", "1"]);
    assert_eq!(waited.status, 8, "{waited}");
    assert!(
        waited.stderr.matches("waiting up to 1 s\n").count() == 1
            && waited.stderr.contains("still after 1 s"),
        "{waited}"
    );
    let holder = Pid::from_child(&first);
    kill_process(holder, Signal::STOP).unwrap();
    let output = instance.run(&["stop"]);
    let told = format!("help: a signal has stopped it: kill -CONT {} lets it go on", first.id());
    assert!(output.status == 8 && output.stderr.contains(&told), "{output}");
    kill_process(holder, Signal::CONT).unwrap();
    // Those who only ask never wait.
    assert_eq!(instance.run(&["ping"]).status, 3);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| instance.run(&["start", "--wait=30"]));
        let told = Instant::now();
        fs::write(&go, "").unwrap();
        let second = second.join().unwrap();
        assert!(second.status == 0 && told.elapsed() < Duration::from_secs(25), "{second}");
        assert!(second.stderr.contains("demo is already running"), "{second}");
    });
    assert!(first.wait().unwrap().success());
    assert_eq!(instance.vms().len(), 1);
    assert_eq!(instance.run(&["stop", "--wait"]).status, 2);
    for wrong in ["x", "-1", "86401", "1 root", ""] {
        let said = instance.said(&["stop", "--wait", wrong]);
        let told = format!(
            "2\n! error: --wait takes 0 to 86400 seconds, not {wrong:?}\n! help: ROOT/bin/demo help stop\n"
        );
        assert_eq!(said, told);
    }
    assert_eq!(instance.run(&["stop", "--wait", "0"]).status, 0);
}

#[test]
fn who_is_killed_holds_nothing_and_hooks_may_call_commands() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    held(&instance, "pre_start");
    let mut first = instance.command(&instance.entry());
    let mut first = first.arg("start").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the first is at work", Duration::from_secs(30), || instance.base().join("here").exists());
    kill_process(Pid::from_child(&first), Signal::KILL).unwrap();
    first.wait().unwrap();
    let plugin = instance.path().join("plugins/hold");
    fs::remove_file(plugin.join("pre_start")).unwrap();
    fs::write(instance.base().join("go"), "").unwrap();
    // It holds the lock for the command that it calls.
    fs::write(plugin.join("post_start"), "#!/bin/sh\n\"$BOOT_PROG\" restart || exit 1\n").unwrap();
    instance.run(&["start"]).ok();
    instance.run(&["stop"]).ok();
}

/// From its first step to its last, though stop and start in it are commands of their own.
#[test]
fn a_restart_is_one_command() {
    for hooks in [false, true] {
        let mut made = Made::new("");
        if hooks {
            made.hook("m", "post_restart", ":");
        }
        let go = made.base().join("go");
        made.set("VM_SLOW", go.to_str().unwrap());
        made.run(&["sh"], &["start"]).ok();
        let mut restart = made.command(&["sh"], &["restart", "--full"]);
        let mut restart = Running::new(&mut restart, &made.base().join("out"));
        // The VM hears that it is to stop, and waits for the test.
        until("the node is being stopped", Duration::from_secs(10), || {
            fs::read_to_string(made.state().join("lock")).unwrap_or_default().contains("restart")
        });
        let output = made.run(&["sh"], &["start"]);
        let told = format!("restart (pid {}) is at work on demo", restart.pid());
        assert!(output.status == 8 && output.stderr.contains(&told), "hooks: {hooks}: {told}: {output}");
        fs::write(&go, "").unwrap();
        assert_eq!(restart.end(), 0, "{}", restart.text());
        made.run(&["sh"], &["stop"]).ok();
    }
}

#[test]
fn a_node_in_the_foreground_gives_way_to_commands() {
    let Some(raw) = rebar3() else { return };
    for hooks in [false, true] {
        let instance = Instance::of(raw).kit();
        if hooks {
            let plugin = instance.path().join("plugins/late");
            fs::create_dir_all(&plugin).unwrap();
            fs::write(plugin.join("post_stop"), "#!/bin/sh\n:\n").unwrap();
        }
        let mut node = instance.command(&instance.entry());
        let mut node = node.arg("foreground").stdout(Stdio::null()).spawn().unwrap();
        until("it answers", Duration::from_secs(60), || instance.run(&["ping"]).status == 0);
        assert!(instance.run(&["foreground"]).stderr.contains("is already running"), "with hooks: {hooks}");
        instance.run(&["stop"]).ok();
        assert!(node.wait().unwrap().success());
    }
}

#[test]
fn a_vm_that_no_file_names_keeps_its_place() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let vm = instance.vms()[0];
    fs::remove_file(instance.path().join("tmp/demo/pid")).unwrap();
    let output = instance.run(&["start"]);
    assert_eq!(output.status, 0, "{output}");
    assert!(output.stderr.contains(&format!("already running (pid {vm})")), "{output}");
    // Now a file names it again. Even one that does not ask first finds the place taken.
    fs::remove_file(instance.path().join("tmp/demo/pid")).unwrap();
    let state = instance.path().join("tmp/demo");
    let helper = |words: &[&str]| {
        let mut helper = instance.command(Instance::helper());
        helper.args(words).args(["--", "/bin/true"]).env("BOOT_STATE_DIR", &state);
        helper.env("RELEASE_ROOT", instance.path()).env("RELEASE_NAME", "demo").env("RELEASE_VSN", "0.1.0");
        let output = instance.finish(helper.env("BOOT_LOG_DIR", state.join("log")), "");
        (output.status, output.stderr)
    };
    assert_eq!(helper(&["launch"]), (8, format!("error: demo is running already (pid {vm})\n")));
    assert_eq!(
        helper(&["launch", "--parent=1"]),
        (1, "error: the supervisor has ended\n".to_owned()),
        "another's child"
    );
    assert!(runs(vm) && !Path::new(&state).join("pid").exists());
    // The launcher of a start that waits ends without a VM, as another start's was quicker.
    assert_eq!(helper(&["wait", "--timeout=20"]), (0, String::new()));
    let named = fs::read_to_string(state.join("pid")).unwrap_or_default();
    assert!(named.starts_with(&format!("{vm} ")), "{named:?}");
    kill_process(Pid::from_raw(vm.cast_signed()).unwrap(), Signal::KILL).unwrap();
    until("it is gone", Duration::from_secs(10), || !runs(vm));
    instance.start();
    instance.run(&["stop"]).ok();
}

/// How often; more by hand: `RELBOOT_ROUNDS=200 cargo test locks::`
fn rounds() -> u64 {
    std::env::var("RELBOOT_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5)
}

/// The VMs but those that another one has just forked, to execute a program of its own.
fn nodes(instance: &Instance) -> usize {
    let vms = instance.vms();
    let parent = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()
    };
    vms.iter().filter(|pid| !parent(pid).is_none_or(|parent| vms.contains(&parent))).count()
}

#[test]
fn eight_commands_at_once_never_make_two_nodes() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let commands = ["start", "stop", "restart", "ping", "start", "stop", "start", "ping"];
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Relaxed) {
                most = most.max(nodes(&instance));
                std::thread::sleep(Duration::from_millis(5));
            }
            most
        });
        for round in 0..rounds() {
            let outputs: Vec<_> = std::thread::scope(|scope| {
                let run = |(n, command): (usize, &&'static str)| {
                    // Some give up at once, some wait.
                    let wait = if (round as usize + n).is_multiple_of(3) { "--wait=60" } else { "--wait=0" };
                    let (instance, command) = (&instance, *command);
                    let args = if command == "ping" { vec![command] } else { vec![command, wait] };
                    scope.spawn(move || (command, instance.run(&args)))
                };
                let all: Vec<_> = commands.iter().enumerate().map(run).collect();
                all.into_iter().map(|one| one.join().unwrap()).collect()
            });
            for (command, output) in outputs {
                let explained: &[i32] = match command {
                    "ping" => &[0, 3, 4],
                    "restart" => &[0, 3, 8],
                    _ => &[0, 8],
                };
                if !explained.contains(&output.status) {
                    done.store(true, Ordering::Relaxed);
                    panic!("round {round}: {command}: {output}");
                }
            }
        }
        done.store(true, Ordering::Relaxed);
        let most = watch.join().unwrap();
        assert!(most <= 1, "{most} at once");
    });
    instance.run(&["start"]).ok();
    assert_eq!(instance.vms().len(), 1, "none is lost");
    instance.run(&["stop"]).ok();
    let state = instance.path().join("tmp/demo");
    let mut left: Vec<_> = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["cookie", "lock", "log", "pipe", "place", "vm.args"]);
}
