//! Real nodes, started, asked and stopped by each shell.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::HOSTILE;
use crate::support::instance::Instance;
use crate::support::process::until;
use crate::support::releases::{Raw, mix, rebar3};
use crate::support::tools::shells;

/// An Erlang string by its code points, so that only the shell under test has to get the text right.
fn points(text: &str) -> String {
    format!("[{}]", text.chars().map(|c| u32::from(c).to_string()).collect::<Vec<_>>().join(","))
}

/// A plugin that looks at a start and a stop, and hands values to the node.
fn watcher(instance: &Instance) {
    let hook = |phase: &str, text: &str, mode: u32| {
        let path = instance.path().join("plugins/w").join(phase);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    hook("pre_start", "export SOURCED=\"it's \\\"\\$(id)\\\" é\"", 0o644);
    hook("pre_configure", "#!/bin/bash\necho 'EXECUTED=*  $HOME `id`' >>\"$BOOT_ENV_FILE\"", 0o755);
    hook("post_start", "boot_node_ping && echo \"post_start: it answers\"", 0o644);
    hook("pre_stop", "! boot_node_ping || echo \"pre_stop: it answers\"", 0o644);
    hook("post_stop", "boot_node_ping || echo \"post_stop: $?\"", 0o644);
}

fn start_ask_stop(raw: &'static Raw, elixir: bool) {
    let instance = Instance::of(raw).kit();
    watcher(&instance);
    let list =
        |texts: &[&str]| format!("[{}]", texts.iter().map(|it| points(it)).collect::<Vec<_>>().join(","));
    let plain = if elixir { vec!["--no-halt", "--"] } else { vec![] };
    let checks = [
        format!("init:get_plain_arguments() =:= {}.", list(&[plain.as_slice(), HOSTILE].concat())),
        format!("os:getenv(\"SOURCED\") =:= {}.", points("it's \"$(id)\" é")),
        format!("os:getenv(\"EXECUTED\") =:= {}.", points("*  $HOME `id`")),
        format!("\"it's  $(id) `id` $HOME * \\\\ é\n\" =:= {}.", points("it's  $(id) `id` $HOME * \\ é\n")),
    ];
    for shell in shells() {
        let start = instance.run_in(&shell, &[&["start"], HOSTILE].concat());
        assert_eq!(
            (start.status, start.stdout.as_str()),
            (0, "post_start: it answers\n"),
            "{shell:?}: {start}"
        );
        let again = instance.run_in(&shell, &["start"]);
        assert!(again.status == 0 && again.stderr.contains("is already running (pid "), "{shell:?}: {again}");
        assert_eq!(instance.run_in(&shell, &["ping"]).ok(), "pong\n", "{shell:?}");
        let pid = instance.run_in(&shell, &["pid"]).ok();
        assert_eq!(pid, format!("{}\n", instance.vms()[0]), "{shell:?}");
        for check in &checks {
            assert_eq!(
                instance.run_in(&shell, &["rpc", "--erlang", check]).ok(),
                "true\n",
                "{shell:?} {check}"
            );
        }
        let status = instance.run_in(&shell, &["status", "--json"]).ok();
        assert!(status.contains("\"state\":\"started\""), "{shell:?}: {status}");
        if !elixir {
            looked_at_and_restarted(&instance, &shell);
        }
        let stop = instance.run_in(&shell, &["stop"]);
        let said = "pre_stop: it answers\npost_stop: 3\n";
        assert_eq!((stop.status, stop.stdout.as_str()), (0, said), "{shell:?}: {stop}");
        assert_eq!(instance.run_in(&shell, &["ping"]).status, 3, "{shell:?}");
        assert_eq!(instance.vms(), [0; 0], "{shell:?}");
        let again = instance.run_in(&shell, &["stop"]);
        assert!(again.status == 0 && again.stderr.contains("demo is not running"), "{shell:?}: {again}");
    }
}

/// What an operator has for a node that runs; it is another process afterwards.
fn looked_at_and_restarted(instance: &Instance, shell: &[&str]) {
    let old = instance.vms();
    let log = instance.run_in(shell, &["logs", "-n", "1"]).ok();
    assert_eq!(log.lines().count(), 1, "{shell:?}: {log}");
    let all = instance.run_in(shell, &["status", "--all", "--json"]).ok();
    assert!(all.starts_with('[') && all.contains(&format!("\"pid\":{}", old[0])), "{shell:?}: {all}");
    let doctor = instance.run_in(shell, &["doctor", "--json"]);
    assert!(doctor.stdout.starts_with('[') && doctor.stderr.is_empty(), "{shell:?}: {doctor}");
    // With the hooks of both.
    let restart = instance.run_in(shell, &["restart", "--full"]);
    let said = ["pre_stop: it answers\n", "post_stop: 3\n", "post_start: it answers\n"];
    let told = |word: &&str| restart.stdout.contains(word) || restart.stderr.contains(word);
    assert!(restart.status == 0 && said.iter().all(told), "{shell:?}: {restart}");
    let new = instance.vms();
    assert!(new.len() == 1 && new != old, "{shell:?}: {new:?}, was {old:?}");
    instance.run_in(shell, &["stop", "--kill"]).ok();
    assert_eq!(instance.vms(), [0; 0], "{shell:?}");
    instance.run_in(shell, &["start"]).ok();
}

#[test]
fn every_shell_starts_asks_and_stops_a_rebar3_release() {
    let Some(raw) = rebar3() else { return };
    start_ask_stop(raw, false);
}

#[test]
fn every_shell_starts_asks_and_stops_a_mix_release() {
    let Some(raw) = mix() else { return };
    start_ask_stop(raw, true);
}

#[test]
fn every_shell_keeps_a_real_node_in_the_foreground() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    watcher(&instance);
    for shell in shells() {
        let out = instance.base().join("out");
        let mut command = instance.command(Path::new(shell[0]));
        command.args(&shell[1..]).arg(instance.entry()).args(["foreground", "a b"]);
        command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(fs::File::create(&out).unwrap());
        let mut child = command.spawn().unwrap();
        let said = || fs::read_to_string(&out).unwrap();
        until("post_start", Duration::from_secs(30), || said().contains("post_start: it answers\n"));
        assert_eq!(instance.run(&["rpc", "init:get_plain_arguments()."]).ok(), "[\"a b\"]\n", "{shell:?}");
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        let mut status = None;
        until("it ends", Duration::from_secs(30), || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        assert!(status.unwrap().success(), "{shell:?}: {status:?}: {}", said());
        assert!(
            said().contains("\npre_stop: it answers\n") && said().ends_with("post_stop: 3\n"),
            "{shell:?}: {}",
            said()
        );
        assert_eq!(instance.vms(), [0; 0], "{shell:?}");
    }
}
