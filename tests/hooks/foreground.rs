//! `foreground` with hooks: signals, standard input and the status pass through the helper, or without it the shell, that
//! stays. The VM is a stand-in that can be told how to end; see `shells` for real ones.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::support::made::Made;
use crate::support::process::{Output, runs, until};
use crate::support::tools::shells;

const LIMIT: Duration = Duration::from_secs(10);

/// A supervised foreground, its output in files.
struct Running<'a> {
    made: &'a Made,
    child: Child,
    name: String,
}

impl<'a> Running<'a> {
    fn new(made: &'a Made, shell: &[&str], tag: &str) -> Self {
        let name = format!("{}-{tag}", shell.join("-"));
        let mut command = made.command(shell, &["foreground"]);
        let file = |kind: &str| File::create(made.base().join(format!("{name}.{kind}"))).unwrap();
        command.env("RELEASE_TMP", made.base().join(&name)).process_group(0);
        command.stdin(Stdio::null()).stdout(file("out")).stderr(file("err"));
        let child = command.spawn().unwrap();
        Self { made, child, name }
    }

    fn read(&self, kind: &str) -> String {
        fs::read_to_string(self.made.base().join(format!("{}.{kind}", self.name))).unwrap()
    }

    #[track_caller]
    fn says(&self, text: &str) {
        let what = format!("{} says {text:?}", self.name);
        until(&what, LIMIT, || self.read("out").contains(text));
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed()).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    #[track_caller]
    fn ends(mut self) -> Output {
        let mut status = None;
        until(&format!("{} ends: {}", self.name, self.read("err")), LIMIT, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let status = status.and_then(|it| it.code().or(it.signal().map(|n| 128 + n))).unwrap();
        let left = self.read("pid");
        assert!(!runs(left.trim().parse().unwrap()), "{}: the VM lives on", self.name);
        Output { status, stdout: self.read("out"), stderr: self.read("err") }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // A test that fails leaves nothing; one that does not has nothing left.
        let _ = kill_process_group(self.pid(), Signal::KILL);
        let _ = self.child.wait();
    }
}

/// All in parallel: most of the time is waiting.
fn in_all_shells(test: impl Fn(&[&str]) + Sync) {
    let test = &test;
    std::thread::scope(|scope| {
        shells().into_iter().for_each(|shell| drop(scope.spawn(move || test(&shell))))
    });
}

fn say(made: &Made, phases: &[&str]) {
    for phase in phases {
        made.hook("m", phase, "echo \"$BOOT_PHASE ${BOOT_STATUS:-}\"");
    }
}

const ALL: [&str; 6] =
    ["pre_foreground", "pre_start", "post_start", "pre_stop", "post_stop", "post_foreground"];
const SAID: &str = "pre_foreground \npre_start \nvm: up X=\npost_start \npre_stop \nvm: stopped\npost_stop 0\npost_foreground 0\n";

/// Output of two processes comes in either order.
fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_signal_is_a_graceful_stop_with_its_hooks() {
    let made = Made::new("");
    say(&made, &ALL);
    say(&made, &["failed", "failed_foreground", "failed_start", "failed_stop"]);
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        in_all_shells(|shell| {
            let running = Running::new(&made, shell, &format!("{signal:?}"));
            running.says("post_start");
            running.says("vm: up");
            running.signal(signal);
            let output = running.ends();
            assert_eq!(
                (output.status, sorted(&output.stdout)),
                (0, sorted(SAID)),
                "{shell:?} {signal:?}: {output}"
            );
            let tail = "pre_stop \nvm: stopped\npost_stop 0\npost_foreground 0\n";
            assert!(output.stdout.ends_with(tail), "{shell:?} {signal:?}: {output}");
        });
    }
}

#[test]
fn a_second_signal_kills_but_not_the_first_ones_echo() {
    let mut made = Made::new("");
    made.set("VM_SLOW", "/nonexistent");
    say(&made, &["post_start", "pre_stop", "post_stop", "failed_foreground"]);
    in_all_shells(|shell| {
        let running = Running::new(&made, shell, "more");
        running.says("vm: up");
        running.says("post_start");
        running.signal(Signal::TERM);
        running.signal(Signal::HUP);
        running.signal(Signal::INT);
        let began = std::time::Instant::now();
        running.says("pre_stop");
        // The window of the echo, and SIGHUP ever after.
        until("the echo has passed", LIMIT, || began.elapsed() > Duration::from_millis(600));
        running.signal(Signal::HUP);
        assert!(runs(running.read("pid").trim().parse().unwrap()), "{shell:?}: {}", running.read("err"));
        running.signal(Signal::INT);
        let output = running.ends();
        let said = ["failed_foreground 137", "post_start ", "post_stop 137", "pre_stop ", "vm: up X="];
        assert_eq!((output.status, sorted(&output.stdout)), (137, said.to_vec()), "{shell:?}: {output}");
        let told = "is killed: a second signal came while it was stopping\n";
        assert!(output.stderr.contains(told), "{shell:?}: {output}");
    });
}

#[test]
fn without_the_helper_more_signals_during_the_stop_change_nothing() {
    let mut made = Made::new("");
    let go = made.base().join("go on");
    made.set("VM_SLOW", go.to_str().unwrap());
    fs::remove_file(made.root().join("releases/0.1.0/boot/relboot-helper")).unwrap();
    say(&made, &ALL);
    // It waits for the test, and so does the VM.
    made.hook("l", "pre_stop", "echo stopping; while [ ! -e \"$VM_SLOW.$$\" ]; do sleep 0.01; done");
    in_all_shells(|shell| {
        let running = Running::new(&made, shell, "more");
        running.says("vm: up");
        running.signal(Signal::TERM);
        running.says("stopping");
        running.signal(Signal::TERM);
        running.signal(Signal::INT);
        fs::write(made.base().join(format!("go on.{}", running.child.id())), "").unwrap();
        running.says("pre_stop");
        running.signal(Signal::HUP);
        running.signal(Signal::TERM);
        fs::write(&go, "").unwrap();
        // Up to the end and beyond it, as shells may lose a status to a signal.
        until("it stops", LIMIT, || {
            running.signal(Signal::TERM);
            running.read("out").contains("vm: stopped")
        });
        let output = running.ends();
        assert_eq!(output.status, 0, "{shell:?}: {output}");
        for once in ["stopping\n", "pre_stop \n", "vm: stopped\n", "post_stop \n", "post_foreground 0\n"] {
            assert_eq!(output.stdout.matches(once).count(), 1, "{shell:?} {once}: {output}");
        }
    });
}

#[test]
fn the_status_of_a_vm_that_ends_by_itself_is_passed_on() {
    let mut made = Made::new("");
    say(&made, &["post_stop", "pre_stop", "post_foreground", "failed_foreground", "failed"]);
    for (vm, status) in [("0", 0), ("3", 3), ("127", 127), ("killed", 137)] {
        made.set("VM", vm);
        in_all_shells(|shell| {
            let output = Running::new(&made, shell, vm).ends();
            let said = match status {
                0 => "post_stop 0\npost_foreground 0\n".to_owned(),
                other => format!("post_stop {other}\nfailed_foreground {other}\nfailed {other}\n"),
            };
            assert_eq!(
                (output.status, output.stdout.as_str()),
                (status, said.as_str()),
                "{shell:?}: {output}"
            );
        });
    }
}

#[test]
fn standard_input_reaches_the_vm() {
    let mut made = Made::new("");
    made.set("VM", "stdin");
    made.hook("a", "pre_start", "read -r line; echo \"hook $line\"");
    made.hook("a", "post_stop", ":");
    made.hook("b", "pre_start", "#!/bin/bash\ncat");
    for shell in shells() {
        let output = made.finish(&mut made.command(&shell, &["foreground"]), "one\ntwo $(id)\nthree");
        assert_eq!(
            (output.status, output.stdout.as_str()),
            (0, "hook one\ntwo $(id)\nthree"),
            "{shell:?}: {output}"
        );
    }
}

#[test]
fn hooks_that_misbehave_do_not_take_the_supervisor_along() {
    let made = Made::new("");
    let ways = [
        "exit 0",
        "exit 3",
        "return 3",
        "if then )\n",
        "set -e\nfalse\necho on",
        "f() { exit 1; }\nf\necho on",
        "trap '' TERM; trap - INT; cd /; IFS=; set -euf; umask 777; exit 2",
    ];
    const HOOKS: [&str; 5] = ["post_configure", "post_start", "pre_stop", "post_stop", "post_foreground"];
    for (n, way) in ways.iter().enumerate() {
        for phase in HOOKS {
            made.hook("a", phase, way);
            made.hook("b", phase, way);
            made.hook("m", phase, "echo \"$BOOT_PHASE\"");
        }
        in_all_shells(|shell| {
            let running = Running::new(&made, shell, &format!("way{n}"));
            running.says("post_start");
            running.says("vm: up");
            running.signal(Signal::TERM);
            let output = running.ends();
            let said = [
                "post_configure",
                "post_foreground",
                "post_start",
                "post_stop",
                "pre_stop",
                "vm: stopped",
                "vm: up X=",
            ];
            assert_eq!(
                (output.status, sorted(&output.stdout)),
                (6, said.to_vec()),
                "{shell:?} {way}: {output}"
            );
            for plugin in ["a", "b"] {
                for phase in HOOKS {
                    let told = format!("warning: plugin {plugin}: {phase} ");
                    assert!(output.stderr.contains(&told), "{shell:?} {way} {told}: {output}");
                }
            }
        });
    }
}

#[test]
fn a_signal_before_the_node_has_booted_stops_it() {
    let made = Made::new("");
    say(&made, &["pre_stop", "post_stop", "post_foreground", "failed"]);
    // The hook that waits is there before the VM: the signal comes first.
    made.hook("a", "post_configure", "kill -TERM \"$$\"; :\n:");
    in_all_shells(|shell| {
        let output = made.run(shell, &["foreground"]);
        assert_ne!(output.status, 0, "{shell:?}: {output}");
    });
    made.no_plugins();
    say(&made, &["pre_stop", "post_stop", "post_foreground", "failed"]);
    made.hook("a", "post_start", "echo waiting; while :; do sleep 0.05; done");
    in_all_shells(|shell| {
        let running = Running::new(&made, shell, "early");
        running.says("waiting");
        running.says("vm: up");
        running.signal(Signal::TERM);
        let output = running.ends();
        let said = ["post_foreground 0", "post_stop 0", "pre_stop ", "vm: stopped", "vm: up X=", "waiting"];
        assert_eq!((output.status, sorted(&output.stdout)), (0, said.to_vec()), "{shell:?}: {output}");
    });
}

/// The shell that stays is then one that has not read the hook: ksh93 goes on badly behind a mistake in the syntax.
#[test]
fn without_the_helper_hooks_that_misbehave_do_not_either() {
    let made = Made::new("");
    fs::remove_file(made.root().join("releases/0.1.0/boot/relboot-helper")).unwrap();
    for (n, way) in ["if then )\n", "exit 3", "return 3"].iter().enumerate() {
        made.hook("a", "post_configure", way);
        say(&made, &["post_configure", "pre_stop", "post_stop", "post_foreground"]);
        in_all_shells(|shell| {
            let running = Running::new(&made, shell, &format!("plain{n}"));
            running.says("vm: up");
            running.signal(Signal::TERM);
            let output = running.ends();
            let said = "post_configure \nvm: up X=\npre_stop \nvm: stopped\npost_stop \npost_foreground 0\n";
            assert_eq!((output.status, output.stdout.as_str()), (6, said), "{shell:?} {way}: {output}");
            let told = "warning: plugin a: post_configure ";
            assert_eq!(output.stderr.matches(told).count(), 1, "{shell:?} {way}: {output}");
        });
    }
}

#[test]
fn hooks_that_others_can_write_by_then_do_not_run() {
    for late in [["post_stop"].as_slice(), &["pre_stop"], &["post_foreground"]] {
        let made = Made::new("");
        say(&made, &["post_start", "pre_stop", "post_stop", "post_foreground"]);
        let running = Running::new(&made, &["sh"], "late");
        running.says("vm: up");
        running.says("post_start");
        for hook in late {
            made.mode(&format!("plugins/m/{hook}"), 0o666);
        }
        running.signal(Signal::TERM);
        let output = running.ends();
        assert!(output.stdout.contains("vm: stopped"), "{late:?}: {output}");
        for hook in ["pre_stop", "post_stop", "post_foreground"] {
            assert_eq!(output.stdout.contains(hook), !late.contains(&hook), "{late:?} {hook}: {output}");
        }
        assert!(output.stderr.contains("can be written by others"), "{late:?}: {output}");
        assert_eq!(output.status, if late == ["pre_stop"] { 0 } else { 6 }, "{late:?}: {output}");
    }
}
