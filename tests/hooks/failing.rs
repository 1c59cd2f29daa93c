//! Hooks that fail in every way a file can: what is said, which status, what still runs.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::made::{Made, messages};
use crate::support::process::Output;
use crate::support::tools::{need, shells};

/// A way to fail: a name, the hook's text, how the message tells of it (`None`: each shell has its own number).
type Way = (&'static str, &'static str, Option<&'static str>);

/// Sourced hooks.
const SOURCED: &[Way] = &[
    ("return", "return 3", Some("failed with status 3")),
    ("last command", "true\nfalse", Some("failed with status 1")),
    ("unknown command", "#!/bin/sh\nnosuchcommand", Some("failed with status 127")),
    ("exit 0", "exit 0", Some("ended with exit 0")),
    ("exit 3", "#!/usr/bin/env sh\nexit 3", Some("ended with exit 3")),
    ("exit in a function", "f() { exit 4; }\nf", Some("ended with exit 4")),
    ("exit with set -e and -u", "set -eu\nexit 0", Some("ended with exit 0")),
    ("syntax error", "if then )\n", None),
    ("unclosed quote", "echo 'x\n", None),
    ("unset variable", ": \"${NOT_SET:?is not set}\"\necho on", None),
    ("set -u", "set -u\n: \"$NOT_SET\"\necho on", None),
    ("set -e", "set -e\nfalse\necho on", Some("ended with exit 1")),
    ("set -e by shebang", "#! /bin/sh -e\nfalse\necho on", Some("ended with exit 1")),
    ("set -eu by shebang", "#!/usr/bin/env sh -eu\n(exit 9)\necho on", Some("ended with exit 9")),
    ("boot_die", "boot_die 'no good' 'try again' 4", Some("ended with exit 4")),
    ("missing file", ". /nonexistent/file || return 9\necho on", None),
    ("readonly", "readonly R=1\nR=2 || return 9\nreturn 9", None),
    (
        "other BOOT_PHASE",
        "BOOT_PHASE=x BOOT_PLUGIN=y BOOT_PLUGIN_DIR=/ BOOT_STATUS=0\nexit 3",
        Some("ended with exit 3"),
    ),
];

/// What is executed, or can't be.
const OTHERS: &[Way] = &[
    ("python", "#!/usr/bin/env python3\nraise SystemExit(3)", Some("failed with status 3")),
    ("killed", "#!/bin/bash\nkill -KILL $$", Some("failed with status 137")),
    ("no interpreter", "#!/nonexistent/perl\n", Some("failed with status 1")),
    ("dangling", "", Some("failed with status 126")),
    ("directory", "", Some("failed with status 126")),
    ("not executable", "#!/bin/bash\necho on", Some("failed with status 126")),
];

fn put(made: &Made, plugin: &str, phase: &str, way: &Way) {
    let path = made.hook(plugin, phase, way.1);
    if matches!(way.0, "dangling" | "directory") {
        fs::remove_file(&path).unwrap();
    }
    match way.0 {
        "dangling" => symlink("nowhere", &path).unwrap(),
        "directory" => fs::create_dir(&path).unwrap(),
        "not executable" => made.mode(&format!("plugins/{plugin}/{phase}"), 0o644),
        _ => {}
    }
}

/// Whether a message tells of that failure, by plugin, phase, status and file.
fn tells(made: &Made, output: &Output, level: &str, plugin: &str, phase: &str, way: &Way) -> bool {
    let start = format!("{level}: plugin {plugin}: {phase} {}", way.2.unwrap_or_default());
    let file = format!("({}/plugins/{plugin}/{phase})", made.root().display());
    messages(output).iter().any(|line| line.starts_with(&start) && line.contains(&file))
}

fn say(made: &Made, plugin: &str, phases: &[&str]) {
    for phase in phases {
        made.hook(plugin, phase, "echo \"$BOOT_PLUGIN $BOOT_PHASE ${BOOT_STATUS:-}\"");
    }
}

#[test]
fn a_pre_hook_that_fails_refuses_the_command() {
    if !need(&["python3", "bash"]) {
        return;
    }
    let made = Made::new("");
    for way in SOURCED.iter().chain(OTHERS) {
        made.no_plugins();
        say(&made, "a", &["pre_work", "post_work", "failed_work", "failed"]);
        say(&made, "c", &["pre_work", "post_work", "failed_work", "failed"]);
        put(&made, "b", "pre_work", way);
        for shell in shells() {
            let output = made.run(&shell, &["work"]);
            let said = "a pre_work \na failed_work 5\nc failed_work 5\na failed 5\nc failed 5\n";
            assert_eq!((output.status, output.stdout.as_str()), (5, said), "{shell:?} {way:?}: {output}");
            assert!(tells(&made, &output, "error", "b", "pre_work", way), "{shell:?} {way:?}: {output}");
            assert!(output.stderr.contains("so work was not done"), "{shell:?} {way:?}: {output}");
            assert!(output.stderr.contains("BOOT_PLUGINS_OFF=b"), "{shell:?} {way:?}: {output}");
        }
    }
}

#[test]
fn post_hooks_that_fail_are_told_and_the_others_run() {
    if !need(&["python3", "bash"]) {
        return;
    }
    let made = Made::new("");
    for way in SOURCED.iter().chain(OTHERS) {
        made.no_plugins();
        say(&made, "a", &["post_work", "failed_work", "failed"]);
        put(&made, "b", "post_work", way);
        put(&made, "c", "post_work", way);
        say(&made, "d", &["post_work", "failed_work", "failed"]);
        for shell in shells() {
            let output = made.run(&shell, &["work", "1 2"]);
            let said = "work 1 2\na post_work 0\nd post_work 0\n";
            assert_eq!((output.status, output.stdout.as_str()), (6, said), "{shell:?} {way:?}: {output}");
            assert!(tells(&made, &output, "warning", "b", "post_work", way), "{shell:?} {way:?}: {output}");
            let any = ("", "", None);
            assert!(tells(&made, &output, "warning", "c", "post_work", &any), "{shell:?} {way:?}: {output}");
        }
    }
}

#[test]
fn failed_hooks_that_fail_change_nothing() {
    let mut made = Made::new("");
    made.set("WORK", "3");
    for way in SOURCED {
        made.no_plugins();
        say(&made, "a", &["post_work", "failed_work", "failed"]);
        put(&made, "b", "failed_work", way);
        put(&made, "c", "failed", way);
        say(&made, "d", &["failed_work", "failed"]);
        for shell in shells() {
            let output = made.run(&shell, &["work"]);
            let said = "work \na failed_work 3\nd failed_work 3\na failed 3\nd failed 3\n";
            assert_eq!((output.status, output.stdout.as_str()), (3, said), "{shell:?} {way:?}: {output}");
            assert!(tells(&made, &output, "warning", "b", "failed_work", way), "{shell:?} {way:?}: {output}");
        }
    }
}

#[test]
fn a_signal_during_a_hook_refuses_the_command() {
    let made = Made::new("");
    made.hook("a", "failed", "echo \"failed $BOOT_STATUS\"");
    for (signal, status) in [("HUP", 129), ("INT", 130), ("TERM", 143)] {
        made.hook("b", "pre_work", &format!("kill -{signal} $$\n:\n:\n"));
        for shell in shells() {
            let output = made.run(&shell, &["work"]);
            assert_eq!(
                (output.status, output.stdout.as_str()),
                (5, "failed 5\n"),
                "{shell:?} {signal}: {output}"
            );
            let told = format!("error: plugin b: pre_work ended with exit {status}, so work was not done");
            assert!(output.stderr.contains(&told), "{shell:?}: {output}");
        }
    }
}

#[test]
fn an_unreadable_hook_refuses_too() {
    if !need(&["setpriv"]) {
        return;
    }
    if !rustix::process::geteuid().is_root() {
        return unreadable(&[]);
    }
    unreadable(&["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]);
}

fn unreadable(user: &[&str]) {
    let made = Made::new("");
    made.hook("b", "pre_work", "echo on");
    made.mode("plugins/b/pre_work", 0o000);
    for shell in shells() {
        let output = made.run(&[user, &shell].concat(), &["work"]);
        assert_eq!((output.status, output.stdout.as_str()), (5, ""), "{shell:?}: {output}");
        assert!(output.stderr.contains("pre_work cannot be read"), "{output}");
        assert!(output.stderr.contains("plugin b: pre_work failed with status 126"), "{output}");
    }
}

/// Status 6 is that of a command that was done: also where it ends the shell itself.
#[test]
fn only_what_was_not_done_has_failed() {
    let mut made = Made::new("");
    let quit = "# shellcheck shell=sh\n# quit: end at once.\n#\n# usage: NAME quit\nboot_command() {\n    exit \"$WORK\"\n}\n";
    made.write("releases/0.1.0/boot/commands/quit.sh", quit);
    for phase in ["post_quit", "failed_quit", "post_work", "failed_work", "failed"] {
        made.hook("m", phase, "echo \"$BOOT_PHASE $BOOT_STATUS\"");
    }
    for (status, said) in [(0, "post_COMMAND 0\n"), (6, ""), (7, "failed_COMMAND 7\nfailed 7\n")] {
        made.set("WORK", &status.to_string());
        for shell in shells() {
            for (command, own) in [("quit", ""), ("work", "work \n")] {
                let output = made.run(&shell, &[command]);
                let said = format!("{own}{}", said.replace("COMMAND", command));
                assert_eq!(
                    (output.status, output.stdout.as_str()),
                    (status, said.as_str()),
                    "{shell:?}: {output}"
                );
            }
        }
    }
}
