//! The node in the foreground, as a supervisor sees it, and on a terminal, as a person does.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::{Output, until};
use crate::support::releases::{Raw, mix, rebar3};
use crate::support::running::Running;
use crate::support::terminal::terminal;
use crate::support::tools::need;

fn foreground(instance: &Instance) -> Running {
    let mut command = instance.command(&instance.entry());
    Running::new(command.arg("foreground"), &instance.base().join("out"))
}

fn answers(instance: &Instance) {
    until("the node answers", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
}

/// A plugin whose hooks say their names.
fn plugin(instance: &Instance, hooks: &[&str]) {
    let plugin = instance.path().join("plugins/say");
    fs::create_dir_all(&plugin).unwrap();
    for hook in hooks {
        fs::write(plugin.join(hook), "echo \"hook: $BOOT_PHASE of $BOOT_COMMAND\"\n").unwrap();
    }
}

/// A release whose `rel/relboot.toml` is this.
fn configured(raw: &'static Raw, toml: &str) -> Instance {
    let instance = Instance::of(raw).kit();
    let file = instance.base().join("relboot.toml");
    fs::write(&file, toml).unwrap();
    instance.generate(&["--config", file.to_str().unwrap()]).ok();
    instance
}

/// What a process has as standard input.
fn stdin(pid: u32) -> PathBuf {
    fs::read_link(format!("/proc/{pid}/fd/0")).unwrap()
}

#[test]
fn unsupervised_the_node_takes_the_scripts_place() {
    for raw in [rebar3(), mix()].into_iter().flatten() {
        let instance = configured(raw, "[supervise]\nenabled = false\n");
        let mut node = foreground(&instance);
        let input = node.input();
        answers(&instance);
        assert_eq!(instance.vms(), [node.pid()]);
        // ctrl-C ends it: nobody is there to make a graceful stop of that.
        let flags = fs::read_to_string(instance.path().join("tmp/demo/vm.args")).unwrap();
        // Elixir's own flags stand as its releases have them.
        assert!(flags.contains("+Bd") != flags.contains("-s elixir"), "{flags}");
        assert_eq!(instance.run(&["pid"]).ok(), format!("{}\n", node.pid()));
        assert_eq!(stdin(node.pid()), input);
        assert!(!node.text().contains("warning"), "{}", node.text());
        let again = instance.run(&["foreground"]);
        let already = format!("error: demo is already running (pid {})\nhelp: ", node.pid());
        assert!(again.status == 1 && again.stderr.starts_with(&already), "{again}");
        node.signal(Signal::TERM);
        assert_eq!(node.end(), 0, "{}", node.text());
        assert_eq!(
            instance.said(&["ping"]),
            "3\n! error: demo is not running\n! help: ROOT/bin/demo start\n"
        );
        // Who could run the hooks is not there.
        plugin(&instance, &["pre_start", "post_start", "pre_stop", "post_foreground"]);
        let mut node = foreground(&instance);
        answers(&instance);
        node.signal(Signal::TERM);
        assert_eq!(node.end(), 0, "{}", node.text());
        let told = "warning: nobody is left to run the hooks: post_start pre_stop post_foreground\nhelp: ";
        assert!(node.text().contains(told) && !node.text().contains("hook: post"), "{}", node.text());
    }
}

#[test]
fn complaint_52_the_helper_stays_and_runs_the_hooks() {
    for raw in [rebar3(), mix()].into_iter().flatten() {
        let instance = Instance::of(raw).kit();
        plugin(&instance, &["pre_start", "post_start", "pre_stop", "post_stop", "post_foreground"]);
        let mut node = foreground(&instance);
        let input = node.input();
        node.until_says("post_start of foreground\n");
        assert_eq!(instance.run(&["ping"]).status, 0, "post_start runs once the node answers");
        let vms = instance.vms();
        assert!(vms.len() == 1 && vms[0] != node.pid());
        assert_eq!(instance.run(&["pid"]).ok(), format!("{}\n", vms[0]));
        assert_eq!(stdin(vms[0]), input, "the node has the script's own standard input");
        node.signal(Signal::TERM);
        assert_eq!(node.end(), 0, "{}", node.text());
        let text = node.text();
        let hooks: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("hook: ")).collect();
        assert_eq!(
            hooks,
            ["pre_start", "post_start", "pre_stop", "post_stop", "post_foreground"]
                .map(|hook| format!("{hook} of foreground")),
        );
        assert_eq!(instance.vms(), [0; 0]);
    }
}

#[test]
fn hooks_that_end_the_shell_or_fail_do_not_leave_the_node_alone() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    plugin(&instance, &["post_foreground"]);
    // That of post_stop does not hide what the others came to.
    for (hook, status) in [("post_start", 9), ("pre_stop", 9), ("post_stop", 0)] {
        let file = instance.path().join("plugins/say").join(hook);
        fs::write(file, format!("echo \"hook: $BOOT_PHASE\"; return {status}\n")).unwrap();
    }
    let mut node = foreground(&instance);
    node.until_says("plugin say: post_start failed with status 9");
    assert_eq!(instance.vms().len(), 1);
    node.signal(Signal::TERM);
    assert_eq!(node.end(), 6, "done, but a post hook failed: {}", node.text());
    assert_eq!(instance.vms(), [0; 0]);
    let text = node.text();
    let hooks: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("hook: ")).collect();
    assert_eq!(hooks, ["post_start", "pre_stop", "post_stop", "post_foreground of foreground"], "{text}");
    assert!(
        text.contains("warning: plugin say: pre_stop failed with status 9"),
        "can't refuse a signal: {text}"
    );
}

#[test]
fn a_pre_stop_that_hangs_does_not_keep_the_node_from_its_end() {
    let Some(raw) = rebar3() else { return };
    let instance = configured(raw, "[stop]\ntimeout = 4\n");
    plugin(&instance, &["post_stop"]);
    fs::write(instance.path().join("plugins/say/pre_stop"), "echo hangs; sleep 1000; echo goes on\n")
        .unwrap();
    let mut node = foreground(&instance);
    answers(&instance);
    node.signal(Signal::TERM);
    assert_eq!(node.end(), 0, "{}", node.text());
    let text = node.text();
    assert!(text.contains("is stopped without the rest of pre_stop, which has taken 4 s\nhelp: "), "{text}");
    assert!(text.contains("hangs\n") && !text.contains("goes on"), "{text}");
    assert!(text.contains("hook: post_stop"), "{text}");
}

#[test]
fn a_signal_while_the_node_boots_is_not_lost() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    plugin(&instance, &["post_start", "pre_stop"]);
    let last = instance.path().join("plugins/say/post_stop");
    fs::write(last, "echo \"hook: post_stop\"; return 9\n").unwrap();
    let mut node = foreground(&instance);
    until("a VM", Duration::from_secs(20), || !instance.vms().is_empty());
    node.signal(Signal::TERM);
    assert_eq!(node.end(), 6, "done, but a post hook failed: {}", node.text());
    assert_eq!(instance.vms(), [0; 0]);
    assert!(node.text().contains("hook: post_stop"), "{}", node.text());
}

#[test]
fn a_node_in_the_foreground_is_stopped_by_the_command_too() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    plugin(&instance, &["pre_stop", "post_stop", "post_foreground"]);
    let mut node = foreground(&instance);
    answers(&instance);
    assert_eq!(instance.said(&["stop"]), "0\nhook: pre_stop of stop\nhook: post_stop of stop\n");
    assert_eq!(node.end(), 0, "{}", node.text());
    let text = node.text();
    assert!(text.ends_with("hook: post_foreground of foreground\n") && !text.contains("_stop"), "{text}");
}

#[test]
fn a_node_that_may_not_be_killed_is_left_to_commands() {
    let Some(raw) = rebar3() else { return };
    let instance = configured(raw, "[stop]\ntimeout = 1\nkill = false\n");
    let mut node = foreground(&instance);
    answers(&instance);
    instance.run(&["rpc", crate::stop::HOLD]).ok();
    node.signal(Signal::TERM);
    node.until_says("is still running after 1 s");
    // The supervisor gives up the lock then.
    let stopped = instance.run(&["stop", "--wait", "10", "--kill"]);
    assert_eq!(stopped.status, 0, "{stopped}");
    assert_eq!(node.end(), 137, "{}", node.text());
}

#[test]
fn a_node_that_dies_in_the_foreground_gives_its_status() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    for hooks in [[].as_slice(), &["post_stop", "failed"]] {
        plugin(&instance, hooks);
        let mut node = foreground(&instance);
        answers(&instance);
        instance.run(&["rpc", "erlang:spawn(fun() -> erlang:halt(3) end)"]);
        assert_eq!(node.end(), 3, "{}", node.text());
    }
    let text = fs::read_to_string(instance.base().join("out")).unwrap();
    let hooks: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("hook: ")).collect();
    assert_eq!(hooks, ["post_stop of foreground", "failed of foreground"], "{text}");
}

#[test]
fn a_mix_node_in_the_foreground_reads_its_standard_input() {
    let Some(raw) = mix() else { return };
    for hooks in [[].as_slice(), &["post_stop"]] {
        let instance = Instance::of(raw).kit();
        plugin(&instance, hooks);
        let mut node = foreground(&instance);
        answers(&instance);
        node.write("typed\n");
        let read = "IO.gets(Process.whereis(:user), \"\")";
        assert_eq!(instance.said(&["rpc", read]), "0\n\"typed\\n\"\n", "{hooks:?}");
        node.signal(Signal::TERM);
        assert_eq!(node.end(), 0);
    }
}

/// Runs `bin/NAME console` on a terminal.
fn console(raw: &'static Raw, hooks: &[&str], steps: &[(&str, &str)]) -> (Output, Instance) {
    let instance = Instance::of(raw).env("NO_COLOR", "1").kit();
    plugin(&instance, hooks);
    let mut command = terminal(&instance, steps);
    (instance.finish(command.arg("console").env("TERM", "dumb"), ""), instance)
}

#[test]
fn an_erlang_console_is_a_shell_on_the_terminal() {
    let (Some(raw), true) = (rebar3(), need(&["python3"])) else { return };
    for hooks in [[].as_slice(), &["pre_console", "post_console"]] {
        let (output, instance) =
            console(raw, hooks, &[("1> ", "demo_server:inc() + 41.\r"), ("42", "q().\r")]);
        assert_eq!(output.status, 0, "{output}");
        assert_eq!(output.stdout.contains("hook: post_console"), !hooks.is_empty(), "{output}");
        assert_eq!(instance.vms(), [0; 0]);
    }
}

#[test]
fn an_elixir_console_is_iex_on_the_terminal() {
    let (Some(raw), true) = (mix(), need(&["python3"])) else { return };
    for hooks in [[].as_slice(), &["pre_console", "post_console"]] {
        let steps = [(")1>", "Demo.Counter.inc() + 41\r"), ("42", "System.stop()\r")];
        let (output, instance) = console(raw, hooks, &steps);
        assert_eq!(output.status, 0, "{output}");
        assert_eq!(output.stdout.contains("hook: post_console"), !hooks.is_empty(), "{output}");
        assert_eq!(instance.vms(), [0; 0]);
    }
}
