//! The helper as the parent of a node in the foreground: what a service manager hears of it, what a hung node comes
//! to, what it costs, what is left when it is killed.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::instance::Instance;
use crate::support::process::{runs, until};
use crate::support::releases::rebar3;
use crate::support::running::Running;

/// What a manager has heard up to a message that holds `text`.
#[track_caller]
fn hears(manager: &UnixDatagram, text: &str) -> String {
    let mut heard = String::new();
    let mut bytes = [0; 1024];
    while !heard.contains(text) {
        let length = manager.recv(&mut bytes).unwrap_or_else(|e| panic!("{text}: {e}; heard {heard}"));
        heard += &String::from_utf8_lossy(&bytes[..length]);
        heard.push('\n');
    }
    heard
}

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

/// A number of /proc/PID/status.
fn status(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn complaint_54_a_service_manager_hears_how_the_node_does() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let plugin = instance.path().join("plugins/p");
    fs::create_dir_all(&plugin).unwrap();
    fs::write(plugin.join("post_start"), "echo hook >\"$BOOT_STATE_DIR/hook\"\n").unwrap();
    let path = instance.base().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut command = instance.command(&instance.entry());
    command.arg("foreground").env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "2000000");
    let mut node = Running::new(&mut command, &instance.base().join("out"));
    let heard = hears(&manager, "READY=1");
    assert!(heard.contains("STATUS=starting") && heard.contains("EXTEND_TIMEOUT_USEC="), "{heard}");
    assert!(instance.path().join("tmp/demo/hook").exists(), "ready before the hook was done");
    hears(&manager, "WATCHDOG=1");
    // The node has none of it.
    let variables = fs::read(format!("/proc/{}/environ", instance.vms()[0])).unwrap();
    let variables = String::from_utf8_lossy(&variables);
    assert!(!variables.contains("NOTIFY_SOCKET") && !variables.contains("WATCHDOG_"));
    instance.run(&["restart"]).ok();
    let heard = hears(&manager, "READY=1");
    assert!(heard.contains("RELOADING=1\nMONOTONIC_USEC="), "{heard}");
    node.signal(Signal::TERM);
    hears(&manager, "STOPPING=1");
    assert_eq!(node.end(), 0, "{}", node.text());
    assert!(!instance.path().join("tmp/demo/supervise.sock").exists());
}

#[test]
fn a_node_that_hangs_is_ended() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let file = instance.base().join("relboot.toml");
    fs::write(&file, "[supervise]\nwatchdog = 2\n").unwrap();
    instance.generate(&["--config", file.to_str().unwrap()]).ok();
    // To a manager that reads nothing: all that is said waits for a while, and is lost.
    let path = instance.base().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let other = UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    while other.send_to(b"full", &path).is_ok() {}
    let mut command = instance.command(&instance.entry());
    command.arg("foreground").env("NOTIFY_SOCKET", &path);
    let mut node = Running::new(&mut command, &instance.base().join("out"));
    until("it answers", Duration::from_secs(60), || instance.run(&["ping"]).status == 0);
    let vm = instance.vms()[0];
    // Its first answer to the watchdog.
    let began = std::time::Instant::now();
    until("it was asked", Duration::from_secs(9), || began.elapsed() > Duration::from_millis(3500));
    signal(vm, Signal::STOP);
    assert_eq!(node.end(), 137, "{}", node.text());
    assert!(node.text().contains(&format!("error: demo (pid {vm}) has given no answer for 2 s")));
    drop(manager);
}

#[test]
fn it_costs_little_and_the_node_does_not_outlive_it() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let mut command = instance.command(&instance.entry());
    let node = Running::new(command.arg("foreground"), &instance.base().join("out"));
    until("it answers", Duration::from_secs(60), || instance.run(&["ping"]).status == 0);
    until("the start is over", Duration::from_secs(30), || {
        let before = status(node.pid(), "voluntary_ctxt_switches:");
        std::thread::sleep(Duration::from_secs(1));
        status(node.pid(), "voluntary_ctxt_switches:") == before
    });
    let before = status(node.pid(), "voluntary_ctxt_switches:");
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(status(node.pid(), "voluntary_ctxt_switches:"), before, "it wakes up for nothing");
    // Once it is up it gives back what only the start needed. As it is shipped it has 200 KiB of its own and is below
    // 1.2 MiB with the pages of the program, which the kernel shares; as built for tests it has more of these.
    assert!(status(node.pid(), "RssAnon:") < 512, "{} KiB", status(node.pid(), "RssAnon:"));
    let (now, most) = (status(node.pid(), "VmRSS:"), status(node.pid(), "VmHWM:"));
    // How much comes back with each page that it needs again is for the kernel's cache of the file to say.
    assert!(now + 1024 < most, "{now} KiB, at most {most}");
    let vm = instance.vms()[0];
    signal(node.pid(), Signal::KILL);
    until("the node stops", Duration::from_secs(30), || !runs(vm));
}
