//! `stop`: by asking, by signal, by force; what it tells on the way, what it ends with, and that the next start works
//! whatever it took.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::{freeze, runs, until};
use crate::support::releases::rebar3;
use crate::support::running::Running;
use crate::support::terminal::terminal;
use crate::support::tools::{need, shells};

/// Whoever stops the node waits for this one for ever.
pub(crate) const HOLD: &str =
    "spawn(fun() -> erlang:suspend_process(whereis(demo_sup)), timer:sleep(infinity) end), timer:sleep(50).";

const LONGER: &str = "! help: what held it up may be in ROOT/tmp/demo/log; a longer time: --timeout SECONDS, or [stop] timeout in rel/relboot.toml\n";

/// A node that starts, and does not stop.
fn held(instance: &Instance) -> u32 {
    assert_eq!(instance.said(&["start"]), "0\n");
    instance.run(&["rpc", HOLD]).ok();
    instance.vms()[0]
}

/// What is in the state directory.
fn left(instance: &Instance) -> Vec<String> {
    let all = fs::read_dir(instance.path().join("tmp/demo")).unwrap().flatten();
    let mut names: Vec<_> = all.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

const STOPPED: [&str; 6] = ["cookie", "lock", "log", "pipe", "place", "vm.args"];

#[test]
fn complaint_51_a_node_that_does_not_stop_is_ended_step_by_step() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let vm = held(&instance);
    assert_eq!(
        instance.said(&["stop", "--timeout", "1", "--no-kill"]),
        "7\n! warning: demo (pid N) has not stopped within 1 s: sending SIGTERM\n\
         ! error: demo (pid N) is still running after 1 s\n\
         ! help: it goes on stopping; to end it at once: ROOT/bin/demo stop --kill\n"
    );
    assert!(runs(vm));
    let dump = instance.path().join("tmp/demo/log/erl_crash.dump");
    assert_eq!(
        instance.said(&["stop", "--timeout", "1", "--dump"]),
        format!(
            "7\n! warning: demo (pid N) has not stopped within 1 s: sending SIGTERM\n\
             ! warning: demo (pid N) has not stopped within 1 s: sending SIGUSR1, for a crash dump\n\
             ! error: demo (pid N) has not stopped within 1 s; it ended by SIGUSR1, \
             crash dump: ROOT/tmp/demo/log/erl_crash.dump\n{LONGER}"
        )
    );
    assert!(!runs(vm) && fs::read_to_string(&dump).unwrap().ends_with("=end\n"), "whole");
    assert_eq!(left(&instance), STOPPED);

    // One that is frozen in the midst of it, too, as often as that happens, and is told once.
    let vm = held(&instance);
    let mut command = instance.command(&instance.entry());
    let mut stop = Running::new(command.args(["stop", "--timeout", "8"]), &instance.base().join("out"));
    stop.until_says("is still stopping after 5 s, of 8, still running: demo\n");
    freeze(vm);
    stop.until_says("sending SIGCONT\n");
    freeze(vm);
    assert_eq!(stop.end(), 7);
    assert_eq!(
        instance.neutral(&stop.text()),
        format!(
            "demo (pid N) is still stopping after 5 s, of 8, still running: demo\n\
             warning: demo (pid N) was stopped by a signal (state T): sending SIGCONT\n\
             warning: demo (pid N) has not stopped within 8 s: sending SIGTERM\n\
             warning: demo (pid N) has not stopped within 8 s: sending SIGKILL\n\
             error: demo (pid N) has not stopped within 8 s; it was killed\n{}",
            LONGER.trim_start_matches("! ")
        )
    );
    assert_eq!(left(&instance), STOPPED);
    assert_eq!(instance.said(&["stop"]), "0\n! demo is not running\n");

    // At once, whatever is configured, and what run_erl and epmd know of it does not keep the next one from starting.
    held(&instance);
    let settings = instance.path().join("releases/0.1.0/boot/settings.sh");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, format!("{text}_boot_stop_dump=yes\n")).unwrap();
    let begun = Instant::now();
    assert_eq!(instance.said(&["stop", "--kill"]), "0\n");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!((instance.vms().len(), left(&instance)), (0, STOPPED.map(String::from).to_vec()));
    assert_eq!(instance.said(&["start"]), "0\n");
    let said = instance.said(&["stop", "--kill", "--dump"]);
    assert_eq!(
        said,
        "0\n! warning: demo (pid N): sending SIGUSR1, for a crash dump\n! crash dump: ROOT/tmp/demo/log/erl_crash.dump\n"
    );
    // One of a node that was there before is none of this one's.
    let mut start = instance.command(&instance.entry());
    instance.finish(start.arg("start").env("ERL_CRASH_DUMP_SECONDS", "0"), "").ok();
    fs::write(dump, "of another one\n=end\n").unwrap();
    let said = instance.said(&["stop", "--kill", "--dump"]);
    assert_eq!(said, "0\n! warning: demo (pid N): sending SIGUSR1, for a crash dump\n! no crash dump came\n");
    for bad in [["--timeout", "0"].as_slice(), &["--kill=1"], &["--soon"]] {
        assert_eq!(instance.run(&[&["stop"], bad].concat()).status, 2, "{bad:?}");
    }
}

#[test]
fn a_frozen_node_is_woken_and_one_without_distribution_is_stopped_by_signal() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    assert_eq!(instance.said(&["start"]), "0\n");
    freeze(instance.vms()[0]);
    let woken = "! warning: demo (pid N) was stopped by a signal (state T): sending SIGCONT\n";
    assert_eq!(instance.said(&["stop"]), format!("0\n{woken}"));
    assert_eq!(left(&instance), STOPPED);

    // A cookie that is not its own: it can't be asked.
    let vm = held(&instance);
    let file = instance.path().join("tmp/demo/cookie/.erlang.cookie");
    fs::remove_file(&file).unwrap();
    fs::write(&file, "another_one").unwrap();
    freeze(vm);
    let said = instance.said(&["stop", "--timeout", "3"]);
    let (first, rest) = said.split_once("! warning: demo is running (pid N) but does not answer: ").unwrap();
    assert_eq!(first, format!("7\n{woken}"));
    let ends = format!(
        "; sending SIGTERM to pid N\n! warning: demo (pid N) has not stopped within 3 s: sending SIGKILL\n\
         ! error: demo (pid N) has not stopped within 3 s; it was killed\n{LONGER}"
    );
    assert!(rest.ends_with(&ends) && !rest.contains("another_one"), "{said}");
    assert_eq!(left(&instance), STOPPED);

    // Another node answers to its name: that one is not told to stop.
    assert_eq!(instance.said(&["start"]), "0\n");
    let mut other = instance.command(std::path::Path::new("erl"));
    let words = ["-noinput", "-sname", "other", "-setcookie", "demo_cookie", "-eval", "io:put_chars(\"up\")"];
    let mut other = Running::new(other.args(words), &instance.base().join("other"));
    other.until_says("up");
    let record = instance.path().join("tmp/demo/node");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replace("node=demo@", "node=other@")).unwrap();
    let said = instance.said(&["stop"]);
    assert_eq!(said, "0\n! warning: another node answers to its name; sending SIGTERM to pid N\n");
    assert!(runs(other.pid()), "{}", other.text());
    other.signal(Signal::TERM);
    other.end();
}

#[test]
fn a_node_that_is_still_booting_is_stopped() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    if !need(&["erlc"]) {
        return;
    }
    let source = include_str!("fixtures/rebar3/v1/demo_server.erl");
    let slow = source.replace("{ok, 0}.", "timer:sleep(infinity).");
    fs::write(instance.base().join("demo_server.erl"), slow).unwrap();
    instance.finish(instance.command(std::path::Path::new("erlc")).arg("demo_server.erl"), "").ok();
    let beam = instance.path().join("lib/demo-0.1.0/ebin/demo_server.beam");
    fs::rename(instance.base().join("demo_server.beam"), beam).unwrap();
    assert_eq!(instance.run(&["start", "--timeout", "1"]).status, 7);
    let begun = Instant::now();
    assert_eq!(instance.run(&["stop"]).status, 0);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // At any moment of the boot, by whatever way it hears of it then.
    for pause in [0, 40, 150, 400] {
        let mut start = instance.command(&instance.entry());
        let mut start = Running::new(start.args(["start", "--timeout", "60"]), &instance.base().join("out"));
        until("there is a process", Duration::from_secs(30), || {
            instance.path().join("tmp/demo/pid").exists()
        });
        std::thread::sleep(Duration::from_millis(pause));
        start.signal(Signal::KILL);
        start.end();
        let stopped = instance.run(&["stop", "--wait", "10", "--timeout", "30"]);
        assert_eq!(stopped.status, 0, "{pause} ms: {stopped}");
        assert_eq!((instance.vms().len(), left(&instance)), (0, STOPPED.map(String::from).to_vec()));
    }
}

#[test]
fn on_a_terminal_it_tells_how_far_it_is_and_wipes_that() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    if !need(&["python3"]) {
        return;
    }
    held(&instance);
    let mut command = terminal(&instance, &[]);
    let output = instance.finish(command.args(["stop", "--timeout", "3"]), "");
    assert_eq!(output.status, 7, "{output}");
    let told = instance.neutral(&output.stdout);
    let line = |n: u32| format!("\rstopping demo (pid N): {n} s of 3, still running: demo\x1b[K");
    assert!(told.starts_with(&format!("{}{}", line(1), line(2))), "{told:?}");
    assert!(
        told.contains("\r\x1b[Kwarning: demo (pid N) has not stopped within 3 s: sending SIGTERM\r\n"),
        "{told:?}"
    );
}

#[test]
fn heart_does_not_start_a_killed_node_again() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    let file = instance.path().join("releases/0.1.0/vm.args");
    fs::write(&file, format!("{}\n-heart\n", fs::read_to_string(&file).unwrap())).unwrap();
    let mark = instance.base().join("heart was here");
    let command = format!("touch '{}'", mark.display().to_string().replace('\'', "'\\''"));
    instance.set("HEART_COMMAND", &command);
    assert_eq!(instance.said(&["start"]), "0\n");
    let said = instance.said(&["stop", "--kill"]);
    assert_eq!(said, "0\n! warning: ending heart (pid N) first, which would start it again\n");
    assert_eq!(instance.said(&["start"]), "0\n");
    // This one ends by itself, and heart with it; the process before had as long to be started again.
    assert_eq!(instance.said(&["restart", "--full"]), "0\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert!(!mark.exists(), "heart has run its command");
}

#[test]
fn returns_at_once_when_the_process_has_ended() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let mut best = Duration::MAX;
    for _ in 0..3 {
        instance.start();
        let vm = instance.vms()[0];
        let mut stop = instance.command(&instance.entry());
        let mut stop = stop.arg("stop").stdin(Stdio::null()).spawn().unwrap();
        while runs(vm) {
            std::thread::sleep(Duration::from_millis(1));
        }
        let ended = Instant::now();
        assert!(stop.wait().unwrap().success());
        best = best.min(ended.elapsed());
    }
    // The least of three: the machine may be busy.
    assert!(best < Duration::from_millis(20), "{best:?}");
}

#[test]
fn restart_full_is_stop_and_start_with_their_hooks_and_starts_what_is_down_or_hangs() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let plugin = instance.path().join("plugins/say");
    fs::create_dir_all(&plugin).unwrap();
    let both = ["restart", "stop", "start"].iter().flat_map(|it| [format!("pre_{it}"), format!("post_{it}")]);
    for phase in both {
        fs::write(plugin.join(&phase), format!("boot_info {phase}\n")).unwrap();
    }
    let up = "! pre_start\n! post_start\n! post_restart\n";
    assert_eq!(instance.said(&["restart", "--full"]), format!("0\n! pre_restart\n{up}"));
    let vm = instance.vms();
    let whole = format!("0\n! pre_restart\n! pre_stop\n! post_stop\n{up}");
    assert_eq!(instance.said(&["restart", "--timeout", "100", "--full"]), whole);
    assert_ne!(instance.vms(), vm);
    fs::remove_dir_all(&plugin).unwrap();
    for (n, shell) in shells().iter().enumerate() {
        let vm = instance.vms();
        if n == 0 {
            freeze(vm[0]);
        }
        let output = instance.run_in(shell, &["restart", "--full"]);
        let woken = "! warning: demo (pid N) was stopped by a signal (state T): sending SIGCONT\n";
        assert_eq!(instance.told(&output), format!("0\n{}", if n == 0 { woken } else { "" }), "{shell:?}");
        assert_ne!(instance.vms(), vm, "{shell:?}");
    }
    // One that has to be ended by force: as long as that takes, within the timeout of stop.
    instance.run(&["rpc", HOLD]).ok();
    let settings = instance.path().join("releases/0.1.0/boot/settings.sh");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("_boot_stop_timeout=60", "_boot_stop_timeout=1")).unwrap();
    let said = instance.said(&["restart", "--full"]);
    let ends =
        format!("it was killed\n{LONGER}! warning: demo has ended, but not by itself; restart goes on\n");
    assert!(said.starts_with("0\n! warning: ") && said.ends_with(&ends), "{said}");
    assert_eq!(instance.run(&["ping"]).status, 0);
}
