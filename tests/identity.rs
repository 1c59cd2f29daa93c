//! Who is the node: a process with its start time and state directory, never a number alone. Reused pids, zombies, other
//! users' nodes, other pid namespaces, other clocks.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::fs::{FileType, Mode};
use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::{marked, runs, signal, until};
use crate::support::releases::rebar3;
use crate::support::running::Running;
use crate::support::tools::{need, skipped};

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
fn what_another_user_has_put_there_harms_nobody() {
    let Some(raw) = rebar3() else { return };
    if !rustix::process::getuid().is_root() {
        skipped("not root");
        return;
    }
    let instance = Instance::of(raw).kit();
    let state = instance.path().join("tmp/demo");
    let give = |path: &Path| std::os::unix::fs::lchown(path, Some(65534), Some(65534)).unwrap();
    // A process of root's that shows no environment.
    let stranger =
        Stranger(Command::new("sleep").arg("1000").env_clear().stdin(Stdio::null()).spawn().unwrap());
    fs::create_dir_all(&state).unwrap();
    fs::write(state.join("pid"), stranger.line(0)).unwrap();
    for path in [state.clone(), state.join("pid")] {
        give(&path);
    }
    for args in [["stop"].as_slice(), &["stop", "--kill"]] {
        assert_eq!(instance.said(args), "0\n! demo is not running\n", "{args:?}");
        assert!(runs(stranger.0.id()), "{args:?}");
        fs::write(state.join("pid"), stranger.line(0)).unwrap();
        give(&state.join("pid"));
    }
    let start = instance.run(&["start"]);
    assert!(start.status == 1 && start.stderr.contains("belongs to user 65534"), "{start}");

    // Pipes that nobody writes to, and a file without an end.
    for file in ["pid", "node", "lock", "place", "vm.args"] {
        let _ = fs::remove_file(state.join(file));
        rustix::fs::mknodat(rustix::fs::CWD, state.join(file), FileType::Fifo, Mode::RWXU, 0).unwrap();
        give(&state.join(file));
    }
    for round in ["pipes", "links"] {
        for args in [
            ["stop"].as_slice(),
            &["ping"],
            &["pid"],
            &["status"],
            &["status", "--all"],
            &["logs"],
            &["doctor"],
        ] {
            let begun = Instant::now();
            let output = instance.run(args);
            assert!(begun.elapsed() < Duration::from_secs(10), "{round}: {args:?}: {output}");
            assert!(output.status <= 4, "{round}: {args:?}: {output}");
        }
        for file in ["pid", "node", "lock", "place", "vm.args"] {
            fs::remove_file(state.join(file)).unwrap();
            std::os::unix::fs::symlink("/dev/zero", state.join(file)).unwrap();
            give(&state.join(file));
        }
    }
    fs::remove_dir_all(&state).unwrap();
    // A log directory in which he could put links.
    let log = instance.base().join("log");
    fs::create_dir(&log).unwrap();
    for (owner, mode, words) in
        [(65534, 0o755, "belongs to user 65534"), (0, 0o777, "can be written by everybody")]
    {
        std::os::unix::fs::chown(&log, Some(owner), Some(owner)).unwrap();
        fs::set_permissions(&log, fs::Permissions::from_mode(mode)).unwrap();
        let mut command = instance.command(&instance.entry());
        let output = instance.finish(command.env("BOOT_LOG_DIR", &log).arg("start"), "");
        assert!(output.status == 1 && output.stderr.contains(words), "{output}");
        assert!(fs::read_dir(&log).unwrap().next().is_none(), "nothing was written there");
    }
}

/// The files in the state directory that a process has open.
fn open_files(instance: &Instance, pid: u32) -> Vec<String> {
    let fds = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let state = instance.path().join("tmp/demo");
    let names = fds.filter_map(|fd| {
        Some(fs::read_link(fd.path()).ok()?.strip_prefix(&state).ok()?.display().to_string())
    });
    names.collect()
}

#[test]
fn locks_reach_nobody_else() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let plugin = instance.path().join("plugins/daemon");
    fs::create_dir_all(&plugin).unwrap();
    for phase in ["pre_start", "post_start"] {
        let hook = "sleep 1000 </dev/null >/dev/null 2>&1 &\n";
        fs::write(plugin.join(phase), hook).unwrap();
    }
    let executed = plugin.join("pre_configure");
    fs::write(&executed, "#!/bin/bash\nsleep 1000 </dev/null >/dev/null 2>&1 3>&- &\n").unwrap();
    fs::set_permissions(&executed, fs::Permissions::from_mode(0o755)).unwrap();
    instance.start();
    let vm = instance.vms()[0];
    let port = "element(2, erlang:port_info(open_port({spawn, \"sleep 1000\"}, []), os_pid))";
    assert!(instance.erl(port).is_some());
    let base = instance.base().to_str().unwrap();
    let all = marked(base);
    let name = |pid: u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let sleepers = all.iter().filter(|pid| name(**pid) == "sleep\n").count();
    assert!(sleepers >= 3, "{sleepers} of the hooks and the port");
    for pid in all {
        let open = open_files(&instance, pid);
        let held: Vec<&str> =
            open.iter().map(String::as_str).filter(|it| ["lock", "place"].contains(it)).collect();
        assert_eq!(held, if pid == vm { vec!["place"] } else { vec![] }, "{}: {open:?}", name(pid));
    }
    // Those go on, and keep nobody from stopping and starting.
    assert_eq!(instance.said(&["restart", "--full"]), "0\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
}

#[test]
fn a_kernel_without_handles_and_calls_that_are_interrupted() {
    let Some(raw) = rebar3() else { return };
    if !need(&["strace"]) {
        return;
    }
    let instance = Instance::of(raw).kit();
    let injected = |fault: &str, args: &[&str]| {
        let mut command = instance.command(Path::new("strace"));
        command.args(["-f", "-qqq", "-o", "/dev/null", "-e"]).arg(format!("inject={fault}"));
        // A node that it starts is not to be followed: it goes on.
        instance.told(&instance.finish(command.arg(instance.entry()).args(args), ""))
    };
    for fault in [
        "pidfd_open:error=ENOSYS",
        "pidfd_open:error=EPERM",
        "poll:error=EINTR:when=1+2",
        "flock:error=EINTR:when=1..2",
    ] {
        instance.start();
        let vm = instance.vms()[0];
        assert_eq!(injected(fault, &["status"]).lines().next(), Some("0"), "{fault}");
        assert_eq!(injected(fault, &["stop"]), "0\n", "{fault}");
        assert!(!runs(vm), "{fault}");
    }
    instance.start();
    assert_eq!(injected("pidfd_open:error=ENOSYS", &["stop", "--kill"]), "0\n");
    assert_eq!(instance.vms(), [0; 0]);
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
    // Whose the name is, and whether it runs, is hidden from him; from its own user it is not.
    let doctor = other(&["doctor"]).stdout;
    for line in [
        "warning node.name demo is taken; whether by this node can't be seen",
        "warning run.node whether it runs can't be seen: its directory is closed to you",
    ] {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(doctor.lines().any(|it| words(it) == line), "{line}: {doctor}");
    }
    let doctor = instance.run(&["doctor"]).stdout;
    assert!(doctor.contains(" demo is this node's (pid ") && doctor.contains(" and answers\n"), "{doctor}");
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
    assert_eq!(instance.told(&instance.finish(&mut apart(&["restart"]), "")), "0\n");
    assert!(runs(vm), "in its process");
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
