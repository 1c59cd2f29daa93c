//! The node in the foreground as the first process of a pid namespace, as a container's is: nobody else reaps, and
//! signals reach it only where it handles them.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::{signal, until};
use crate::support::releases::rebar3;
use crate::support::running::Running;
use crate::support::tools::need;

/// `foreground` in new namespaces, and the pid, seen from here, of what is number 1 there.
fn first(instance: &Instance, out: &Path) -> (Running, u32) {
    let mut command = instance.command(Path::new("unshare"));
    command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]);
    let node = Running::new(command.arg(instance.entry()).arg("foreground"), out);
    let children = format!("/proc/{0}/task/{0}/children", node.pid());
    let mut pid = None;
    until("it has started", Duration::from_secs(30), || {
        pid = fs::read_to_string(&children).unwrap_or_default().trim_end().parse().ok();
        pid.is_some()
    });
    (node, pid.unwrap())
}

/// A command of the instance inside.
fn inside(instance: &Instance, pid: u32, args: &[&str]) -> String {
    let mut command = instance.command(Path::new("nsenter"));
    command
        .args(["-t", &pid.to_string(), "--pid", "--mount", "--root", "--wd"])
        .arg(instance.entry())
        .args(args);
    instance.finish(&mut command, "").ok()
}

#[test]
fn the_first_process_of_a_container_reaps_and_stops_as_any() {
    let (Some(raw), true) = (rebar3(), need(&["unshare", "nsenter"])) else { return };
    if !Command::new("unshare")
        .args(["--pid", "--fork", "--mount-proc", "true"])
        .status()
        .is_ok_and(|it| it.success())
    {
        crate::support::tools::skipped("no pid namespaces");
        return;
    }
    let instance = Instance::of(raw).kit();
    let plugin = instance.path().join("plugins/p");
    fs::create_dir_all(&plugin).unwrap();
    for hook in ["post_start", "pre_stop", "post_stop"] {
        fs::write(plugin.join(hook), "echo \"hook: $BOOT_PHASE $BOOT_STATUS\"\n").unwrap();
    }
    let out = instance.base().join("out");
    let (mut node, pid) = first(&instance, &out);
    node.until_says("hook: post_start");
    // Each leaves a child without a parent.
    let orphans =
        "[os:cmd(\"(sleep 0.1; : >>\\\"$BOOT_STATE_DIR/orphans\\\") & true\") || _ <- lists:seq(1, 100)], ok";
    assert_eq!(inside(&instance, pid, &["rpc", orphans]), "ok\n");
    let zombies = || {
        let all = fs::read_dir(format!("/proc/{pid}/root/proc")).unwrap().flatten();
        let stats = all.filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
        stats.filter(|stat| stat.contains(") Z ") || stat.contains("(sleep)")).count()
    };
    until("all have ended and are gone", Duration::from_secs(20), || zombies() == 0);
    signal(pid, Signal::TERM);
    assert_eq!(node.end(), 0, "{}", node.text());
    let text = node.text();
    let hooks: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("hook: ")).collect();
    assert_eq!(hooks, ["post_start ", "pre_stop ", "post_stop 0"], "{text}");
    // A crash: its status, and what is known of it.
    let out = instance.base().join("again");
    let (mut node, pid) = first(&instance, &out);
    node.until_says("hook: post_start");
    inside(&instance, pid, &["rpc", "timer:apply_after(1, erlang, halt, [\"no way on\"]), ok"]);
    assert_eq!(node.end(), 1, "{}", node.text());
    let text = node.text();
    assert!(
        text.contains(") has ended\nhelp: its crash dump is ") && text.contains("hook: post_stop 1"),
        "{text}"
    );
}
