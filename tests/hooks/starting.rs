//! The step `configure` within a start: a failing pre_ hook leaves nothing half-written, behind a failing
//! post_ hook the start goes on. The VM is a stand-in; see `shells` for real ones.

use crate::support::made::Made;
use crate::support::process::until;
use crate::support::tools::shells;
use std::fs;
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
