//! Stages over processes that stand for the VM and its hooks: moments at which no real node can be caught.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, waitpid};

use super::super::channel::Work;
use super::super::notify::Notify;
use super::super::request::Request;
use super::super::spawn::{Phase, Programs, Role};
use super::super::watchdog::Watchdog;
use super::{Stage, Stages};
use crate::helper::env::Instance;

/// A node's life, and the directory of its state and its log.
struct Life {
    stages: Stages,
    base: tempfile::TempDir,
}

impl Life {
    /// `words`: the options of `supervise`. What it would run of the helper is `true`.
    fn new(words: &str) -> Self {
        let base = tempfile::tempdir().unwrap();
        let at = base.path();
        let (root, log) = (at.join("root"), at.join("log"));
        fs::create_dir(&log).unwrap();
        let instance = Instance { root, name: "demo".into(), vsn: "1".into(), state: at.to_owned(), log };
        let request = words.split_whitespace().chain(["--", "erlexec"]).map(Into::into).collect();
        let mut stages = Stages::new(Request::parse(request).unwrap(), instance.clone());
        stages.programs = Programs::with_helper(&instance, Path::new("/bin/true"));
        stages.stage = Stage::Up;
        Self { stages, base }
    }

    /// A process that writes down the signals that it hears.
    fn child(&mut self, role: Role) {
        let text = "for s in TERM USR1; do trap \"echo $s >>'$0'\" $s; done; echo up >>\"$0\"\n\
                    while :; do sleep 0.02; done";
        let mut command = Command::new("sh");
        command.args(["-c", text]).arg(self.heard_at()).stderr(std::process::Stdio::null());
        self.stages.children.spawn(role, &mut command).unwrap();
        self.hears("up\n");
        self.stages.vm_is_there();
    }

    fn heard_at(&self) -> std::path::PathBuf {
        self.base.path().join("heard")
    }

    /// Waits until a process has heard what ends so.
    #[track_caller]
    fn hears(&self, text: &str) {
        let end = Instant::now() + Duration::from_secs(10);
        while !fs::read_to_string(self.heard_at()).unwrap_or_default().ends_with(text) {
            assert!(Instant::now() < end, "{text:?} was not heard");
            sleep(Duration::from_millis(5));
        }
    }

    /// A watchdog of 2 s whose last answer is long ago.
    fn silent(&mut self) {
        let past = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        let mut watchdog = Watchdog::new(Some(Duration::from_secs(2)), None, past).unwrap();
        watchdog.answer(past);
        self.stages.watchdog = Some(watchdog);
    }

    /// A service manager that listens.
    fn manager(&mut self) -> UnixDatagram {
        let path = self.base.path().join("notify");
        let manager = UnixDatagram::bind(&path).unwrap();
        manager.set_nonblocking(true).unwrap();
        self.stages.notify = Notify::to(std::os::unix::net::SocketAddr::from_pathname(path).ok());
        manager
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        for role in [Role::Vm, Role::Hooks(Phase::PostStart)] {
            self.stages.children.signal(role, Signal::KILL);
        }
    }
}

/// How a process ends that does this.
fn end_of(script: &str) -> WaitStatus {
    let mut child = Command::new("sh").args(["-c", script]).process_group(0).spawn().unwrap();
    let end = waitpid(Some(Pid::from_child(&child)), WaitOptions::empty()).unwrap().unwrap().1;
    // It is none that it could wait for any more.
    let _ = child.wait();
    end
}

fn heard(manager: &UnixDatagram) -> Vec<String> {
    let mut bytes = [0; 512];
    std::iter::from_fn(|| {
        manager.recv(&mut bytes).ok().map(|n| String::from_utf8_lossy(&bytes[..n]).into_owned())
    })
    .collect()
}

#[test]
fn a_node_that_is_silent_is_asked_for_a_dump_and_then_killed() {
    let mut life = Life::new("");
    life.child(Role::Vm);
    life.silent();
    life.stages.pinged(false);
    assert!(life.stages.messages.is_empty(), "one silence is none");
    life.stages.pinged(false);
    life.hears("USR1\n");
    let said = life.stages.messages.join("\n");
    assert!(said.contains("has given no answer for 2 s"), "{said}");
    let left = life.stages.kill_at.unwrap().saturating_duration_since(Instant::now());
    assert!(left > Duration::from_secs(3), "no time for a dump: {left:?}");
}

#[test]
fn a_node_that_boots_again_or_stood_still_is_not_silent() {
    let mut life = Life::new("");
    let manager = life.manager();
    life.child(Role::Vm);
    life.silent();
    life.stages.came(Work::Reload);
    heard(&manager);
    for _ in 0..3 {
        life.stages.pinged(false);
    }
    assert_eq!(heard(&manager), ["WATCHDOG=1"; 3], "the manager would end it while it boots again");
    life.stages.on_time();
    assert_eq!(heard(&manager), ["WATCHDOG=1"], "nor is it asked");
    assert!(!life.stages.children.has(Role::Ping));
    life.silent();
    life.stages.left(Work::Reload);
    assert_eq!(heard(&manager), ["READY=1\nSTATUS=running"]);
    life.stages.pinged(false);
    life.stages.pinged(false);
    // With the supervisor, from a terminal: the time counts from now on.
    life.silent();
    life.stages.signal(Signal::CONT);
    life.stages.pinged(false);
    life.stages.pinged(false);
    assert_eq!((life.stages.kill_at, life.stages.messages.len()), (None, 0));
    assert_eq!(heard(&manager), [""; 0], "it is not fed all the same");
}

#[test]
fn a_node_that_lost_the_word_to_stop_is_told_again() {
    let mut life = Life::new("");
    life.child(Role::Vm);
    life.stages.asked = Some(Instant::now());
    life.stages.stage = Stage::Stopping;
    life.stages.not_stopped();
    life.hears("TERM\n");
    assert!(life.stages.again.is_some(), "and then the process that stops it is begun again");
    assert!(life.stages.messages.is_empty(), "it is not killed while there is time");
}

#[test]
fn hooks_that_make_it_ready_are_ended_when_it_leaves() {
    let post_start = Role::Hooks(Phase::PostStart);
    let mut life = Life::new("");
    life.child(post_start);
    life.stages.stage = Stage::Readying;
    life.stages.signal(Signal::TERM);
    life.hears("TERM\n");
    life.stages.ended(post_start, end_of("exit 1"));
    assert!(!life.stages.post_failed, "that was no failure of theirs");
    // It has died by itself.
    let mut life = Life::new("");
    life.child(post_start);
    life.stages.stage = Stage::Readying;
    life.stages.gone(end_of("exit 0"));
    life.hears("TERM\n");
}

#[test]
fn hooks_come_once_the_manager_has_barked() {
    let mut life = Life::new("");
    life.child(Role::Vm);
    life.stages.signal(Signal::ABORT);
    life.stages.children = super::Children::default();
    life.stages.gone(end_of("kill -KILL $$"));
    life.stages.on_time();
    assert_eq!(life.stages.stage, Stage::Up, "a second round of signals would end them");
    let left = life.stages.deadline().unwrap().saturating_duration_since(Instant::now());
    assert!(left > Duration::from_millis(100) && left < Duration::from_secs(1), "{left:?}");
    sleep(left);
    life.stages.on_time();
    assert_eq!(life.stages.end(), Some((137, false)));
}

#[test]
fn an_end_that_the_log_explains_is_told_in_the_foreground_only() {
    for (words, told) in [("", true), ("--log-files 1 --log-bytes 10000", false)] {
        let mut life = Life::new(words);
        fs::write(life.base.path().join("pid"), "1 1\n").unwrap();
        fs::write(life.base.path().join("log/erl_crash.dump"), "=erl_crash_dump:0.5\n").unwrap();
        life.stages.tell_death(end_of("exit 1"));
        assert_eq!(!life.stages.messages.is_empty(), told, "{words}: {:?}", life.stages.messages);
        life.stages.messages.clear();
        // Of a signal the log says nothing.
        life.stages.tell_death(end_of("kill -KILL $$"));
        assert!(life.stages.messages.join("\n").contains("SIGKILL"), "{words}: {:?}", life.stages.messages);
    }
}

#[test]
fn what_cant_be_told_of_a_boot_is_said() {
    let mut life = Life::new("--start 7");
    life.stages.stage = Stage::Booting;
    life.stages.waited(7);
    let said = life.stages.messages.join("\n");
    assert!(said.contains("has not booted within 7 s; it goes on"), "{said}");
    assert!(life.stages.children.has(Role::Wait), "ready later is ready too");
    // Without a name nobody can be asked; only who waits for it to be ready has to know.
    let mut life = Life::new("");
    fs::write(life.base.path().join("node"), "vsn=1\nepmd_port=4369\n").unwrap();
    life.stages.stage = Stage::Booting;
    life.stages.waited(0);
    assert!(life.stages.messages.is_empty() && life.stages.stage == Stage::Up);
    let manager = life.manager();
    life.stages.stage = Stage::Booting;
    life.stages.waited(0);
    let said = life.stages.messages.join("\n");
    assert!(said.contains("warning: demo (pid 0) has no node name"), "{said}");
    assert!(heard(&manager).contains(&"READY=1\nSTATUS=running".to_owned()));
}
