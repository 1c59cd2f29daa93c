//! The step `configure` within a start: a failing pre_ hook leaves nothing half-written, behind a failing
//! post_ hook the start goes on. The VM is a stand-in; see `shells` for real ones.

use crate::support::made::Made;
use crate::support::process::until;
use crate::support::tools::shells;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const WAYS: [&str; 6] =
    ["return 3", "exit 0", "exit 3", "if then )\n", ": \"${NOT_SET:?}\"", "set -e\nfalse"];

/// What the stand-in for the VM has written so far.
fn log(made: &Made) -> String {
    fs::read_to_string(made.state().join("log/erlang.log.1")).unwrap_or_default()
}

#[test]
fn a_failing_pre_configure_leaves_nothing() {
    let made = Made::new("");
    for command in ["start", "foreground", "console", "vmargs"] {
        for way in WAYS {
            made.hook("a", "pre_configure", way);
            made.hook("b", "failed", "echo \"failed $BOOT_COMMAND $BOOT_STATUS\"");
            made.hook("b", "post_configure", "echo on");
            for shell in shells() {
                let output = made.run(&shell, &[command]);
                let said = format!("failed {command} 5\n");
                assert_eq!((output.status, output.stdout), (5, said), "{shell:?} {way}: {}", output.stderr);
                assert!(output.stderr.contains("error: plugin a: pre_configure "), "{}", output.stderr);
                assert!(output.stderr.contains("so configure was not done"), "{}", output.stderr);
                // A command that changes nothing takes no lock.
                let left: Vec<_> = fs::read_dir(made.state()).into_iter().flatten().flatten().collect();
                let lock = left.iter().all(|entry| entry.file_name() == "lock" && command != "vmargs");
                assert!(lock, "{shell:?} {way}: {left:?}");
                fs::remove_dir_all(made.base().join("tmp")).ok();
            }
        }
    }
}

#[test]
fn behind_a_failing_post_configure_the_start_goes_on() {
    let mut made = Made::new("");
    made.hook("0", "pre_start", "export X='from pre_start'");
    made.hook("d", "post_configure", "X=\"$X, post_configure\"");
    made.hook("d", "post_start", "echo \"$BOOT_PHASE $X\"");
    for way in WAYS {
        made.hook("a", "post_configure", way);
        made.hook("b", "post_configure", way);
        for shell in shells() {
            let output = made.run(&shell, &["start"]);
            assert_eq!(output.status, 6, "{shell:?} {way}: {output}");
            assert_eq!(
                output.stdout, "post_start from pre_start, post_configure\n",
                "{shell:?} {way}: {output}"
            );
            for plugin in ["a", "b"] {
                let told = format!("warning: plugin {plugin}: post_configure ");
                assert!(output.stderr.contains(&told), "{shell:?} {way}: {output}");
            }
            until("the VM is up", Duration::from_secs(5), || log(&made).contains("vm: up"));
            assert!(
                log(&made).contains("vm: up X=from pre_start, post_configure\n"),
                "{shell:?}: {}",
                log(&made)
            );
            assert!(made.run(&shell, &["start"]).stderr.contains("already running"), "{shell:?}");
            assert_eq!(made.run(&shell, &["stop"]).status, 0, "{shell:?}");
            fs::remove_dir_all(made.base().join("tmp")).unwrap();
        }
    }
    made.set("VM", "3");
    for shell in shells() {
        let output = made.run(&shell, &["vmargs"]);
        assert_eq!(output.status, 6, "{shell:?}: {output}");
        assert!(output.stdout.contains("+S 1"), "{shell:?}: {output}");
    }
}

#[test]
fn a_signal_during_post_configure_starts_nothing() {
    let made = Made::new("");
    for phase in ["failed_start", "failed_foreground", "post_start"] {
        made.hook("m", phase, "echo \"$BOOT_PHASE $BOOT_STATUS\"");
    }
    for (signal, status) in [("HUP", 129), ("INT", 130), ("TERM", 143)] {
        made.hook("a", "post_configure", &format!("kill -{signal} $$\n:\n:\n"));
        for shell in shells() {
            for command in ["start", "foreground"] {
                let output = made.run(&shell, &[command]);
                let said = format!("failed_{command} {status}\n");
                assert_eq!((output.status, output.stdout), (status, said), "{shell:?}: {}", output.stderr);
                assert!(!made.base().join("tmp.pid").exists(), "{shell:?} {signal}: there was a VM");
            }
        }
    }
}

/// Each shell has a status of its own for a program that does not run here.
#[test]
fn a_helper_of_another_machine_is_no_obstacle_in_any_shell() {
    std::thread::scope(|scope| {
        shells().into_iter().for_each(|shell| drop(scope.spawn(move || with_foreign_helper(&shell))));
    });
}

fn with_foreign_helper(shell: &[&str]) {
    let made = Made::new("");
    let path = made.root().join("releases/0.1.0/boot/relboot-helper");
    let mut bytes = fs::read(&path).unwrap();
    // The machine, in the header of an ELF file.
    bytes[18..20].copy_from_slice(&[0xfe, 0xfe]);
    fs::write(path, bytes).unwrap();
    for hooks in [false, true] {
        for phase in ["pre_start", "post_start", "pre_stop", "post_stop"].iter().filter(|_| hooks) {
            made.hook("m", phase, "echo \"$BOOT_PHASE\"");
            made.hook("n", phase, "#!/usr/bin/env bash\necho \"$BOOT_PHASE by bash\"");
        }
        for command in ["start", "stop"] {
            let output = made.run(shell, &[command]);
            let said =
                format!("pre_{command}\npre_{command} by bash\npost_{command}\npost_{command} by bash\n");
            assert_eq!(output.status, 0, "{shell:?}: {output}");
            assert_eq!(output.stdout, if hooks { said } else { String::new() }, "{shell:?}: {output}");
            let told = "relboot-helper does not run on this machine";
            assert!(output.stderr.contains(told), "{shell:?}: {output}");
        }
    }
}

/// With and without run_erl, with and without the helper.
#[test]
fn the_log_is_private_and_the_node_has_the_callers_umask() {
    let vm = "#!/bin/sh\necho \"umask $(umask)\"\ntrap 'kill $!; exit 0' TERM\nsleep 60 </dev/null >/dev/null 2>&1 &\nwait $!\n";
    let run_erl = "#!/bin/sh\nsh -c \"$4\" >>\"$3/erlang.log.1\" 2>&1 </dev/null &\n";
    for (helper, launcher) in [(true, false), (false, true), (false, false)] {
        let made = Made::new("");
        made.write("erts-13.1.5/bin/erlexec", vm);
        if launcher {
            made.write("erts-13.1.5/bin/run_erl", run_erl);
            made.mode("erts-13.1.5/bin/run_erl", 0o755);
        }
        if !helper {
            fs::remove_file(made.root().join("releases/0.1.0/boot/relboot-helper")).unwrap();
        }
        let mut start = made.program("sh");
        start.args(["-c", "umask 002; exec \"$0\" start"]).arg(made.entry());
        made.finish(&mut start, "").ok();
        until("the VM is up", Duration::from_secs(5), || log(&made).contains("umask"));
        assert_eq!(log(&made).lines().last(), Some("umask 0002"), "helper: {helper}, run_erl: {launcher}");
        let mode = fs::metadata(made.state().join("log/erlang.log.1")).unwrap().permissions().mode() & 0o777;
        // Without either its directory alone is private.
        assert_eq!(
            mode,
            if helper || launcher { 0o600 } else { 0o664 },
            "helper: {helper}, run_erl: {launcher}"
        );
        made.run(&["sh"], &["stop"]).ok();
    }
}
