//! Who is the node: a process with its start time and state directory, never a number alone. Reused pids, zombies, other
//! users' nodes, other pid namespaces, other clocks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::{runs, signal, until};
use crate::support::releases::rebar3;
use crate::support::running::Running;
use crate::support::tools::need;

/// A process that has nothing to do with it; killed when dropped.
struct Stranger(Child);

impl Stranger {
    fn new() -> Self {
        Self(Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap())
    }

    /// `PID START`, `later` ticks added.
    fn line(&self, later: u64) -> String {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let start: u64 = stat.rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().parse().unwrap();
        format!("{} {}\n", self.0.id(), start + later)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_reused_pid_is_nobody() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let pid_file = instance.path().join("tmp/demo/pid");
    let stranger = Stranger::new();
    // Even of a process with the same number and the same ticks, as after the host has booted anew.
    for later in [0, 1] {
        instance.start();
        let vm = instance.vms()[0];
        signal(vm, Signal::KILL);
        until("it is gone", Duration::from_secs(10), || !runs(vm));
        fs::write(&pid_file, stranger.line(later)).unwrap();
        let dead = "! error: demo is not running: its process (pid N) has ended, but not by \"stop\"\n! help: ROOT/bin/demo start\n";
        assert_eq!(instance.said(&["status"]), format!("1\n{dead}"), "{later}");
        assert_eq!(instance.run(&["ping"]).status, 3, "{later}");
        assert_eq!(instance.said(&["stop"]), "0\n! demo is not running\n", "{later}");
        assert_eq!(instance.said(&["stop", "--kill"]), "0\n! demo is not running\n", "{later}");
        assert!(runs(stranger.0.id()), "{later}");
        fs::write(&pid_file, stranger.line(later)).unwrap();
        assert_eq!(instance.said(&["start"]), "0\n", "{later}");
        // The file lies: the process in the instance's place is the one.
        let vm = instance.vms()[0];
        fs::write(&pid_file, stranger.line(later)).unwrap();
        assert_eq!(instance.said(&["start"]), "0\n! demo is already running (pid N)\n", "{later}");
        assert_eq!(instance.said(&["stop", "--kill"]), "0\n", "{later}");
        assert!(!runs(vm) && runs(stranger.0.id()), "{later}");
    }
}

#[test]
fn complaint_57_a_zombie_is_gone() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let settings = instance.path().join("releases/0.1.0/boot/settings.sh");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replace("_boot_supervise=yes", "_boot_supervise=")).unwrap();
    // This test is the parent, and does not look.
    let mut command = instance.command(&instance.entry());
    let mut node = Running::new(command.arg("foreground"), &instance.base().join("out"));
    until("it answers", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
    assert_eq!(instance.vms(), [node.pid()]);
    node.signal(Signal::KILL);
    until("it is a zombie", Duration::from_secs(10), || !runs(node.pid()));
    assert!(Path::new(&format!("/proc/{}/stat", node.pid())).exists());
    assert_eq!(instance.run(&["status"]).status, 1);
    assert_eq!(instance.said(&["stop"]), "0\n! demo is not running\n");
    assert_eq!(instance.said(&["start"]), "0\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert_eq!(node.end(), 137);
}

#[test]
fn another_users_node_is_neither_stopped_nor_said_to_be_down() {
    let Some(raw) = rebar3() else { return };
    if !rustix::process::getuid().is_root() || !need(&["setpriv"]) {
        return;
    }
    let instance = Instance::of(raw).kit();
    instance.start();
    fs::set_permissions(instance.base(), fs::Permissions::from_mode(0o755)).unwrap();
    let own = instance.base().join("nobody");
    fs::create_dir(&own).unwrap();
    std::os::unix::fs::chown(&own, Some(65534), Some(65534)).unwrap();
    let other = |args: &[&str]| {
        let mut command = instance.command(Path::new("setpriv"));
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
        // A place of its own, where nothing runs, is no answer.
        command.env("XDG_RUNTIME_DIR", &own);
        instance.finish(command.arg(instance.entry()).args(args), "")
    };
    if other(&["version"]).status != 0 {
        // The directory that the tests are in can't be reached by others.
        return;
    }
    for command in ["stop", "status", "ping", "restart", "reboot"] {
        let output = other(&[command]);
        assert_eq!(output.status, 4, "{command}: {output}");
        assert!(output.stderr.contains("help: the node belongs to another user"), "{command}: {output}");
    }
    assert_eq!(other(&["stop", "--kill"]).status, 4);
    let all = other(&["status", "--all"]).ok();
    assert!(all.lines().any(|line| line.starts_with("demo      unknown")), "{all}");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    instance.run(&["stop"]).ok();
}

#[test]
fn in_another_pid_namespace_it_is_found_by_its_place_or_by_its_name() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let apart = |args: &[&str]| {
        let mut command = instance.command(Path::new("unshare"));
        command.args(["--pid", "--fork", "--mount-proc", "--kill-child"]).arg(instance.entry()).args(args);
        command
    };
    if !need(&["unshare"]) || instance.finish(&mut apart(&["version"]), "").status != 0 {
        return;
    }
    // From inside, where the node's number is nobody's, or another's.
    instance.start();
    let vm = instance.vms()[0];
    let output = instance.finish(&mut apart(&["stop", "--kill"]), "");
    assert!(
        output.status == 4 && output.stderr.contains("of another pid namespace, where no signal"),
        "{output}"
    );
    assert_eq!(instance.told(&instance.finish(&mut apart(&["ping"]), "")), "0\npong\n");
    assert_eq!(instance.told(&instance.finish(&mut apart(&["stop"]), "")), "0\n");
    until("it ends", Duration::from_secs(10), || !runs(vm));
    // From outside, where the number that it has noted is another process's.
    let mut node = Running::new(&mut apart(&["foreground"]), &instance.base().join("out"));
    until("it answers", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
    let vm = instance.vms()[0];
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert!(!runs(vm));
    node.end();
}

#[test]
fn no_clock_counts() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let state = instance.path().join("tmp/demo");
    let dates = [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000)];
    for date in dates {
        instance.start();
        // As if all had been written before or after the clock was set.
        for file in ["node", "pid", "lock", "place", "vm.args", "cookie/.erlang.cookie", "log/erlang.log.1"] {
            let file = fs::File::open(state.join(file)).unwrap();
            file.set_modified(date).unwrap();
        }
        let status = instance.run(&["status"]).ok();
        assert!(status.starts_with("demo is started\n"), "{status}");
        assert_eq!(instance.said(&["restart", "--full"]), "0\n");
        assert_eq!(instance.said(&["stop"]), "0\n");
    }
}
