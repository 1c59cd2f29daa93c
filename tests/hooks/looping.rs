//! Hooks that call their own command: refused at once, where each level would call the next one without end.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::support::made::Made;
use crate::support::process::until;
use crate::support::tools::shells;

const CALL: &str = "\"$BOOT_PROG\" work </dev/null; echo \"inner $?\"\n";

#[test]
fn a_hook_cannot_call_its_own_command() {
    let mut made = Made::new("");
    for helper in ["with", "without"] {
        if helper == "without" {
            fs::remove_file(made.root().join("releases/0.1.0/boot/relboot-helper")).unwrap();
        }
        for shell in shells() {
            for (phase, shebang) in [("pre_work", ""), ("pre_work", "#!/bin/dash\n"), ("post_work", "")] {
                made.no_plugins();
                made.hook("loop", phase, &format!("{shebang}{CALL}"));
                let output = made.run(&shell, &["work"]);
                let told = format!(
                    "error: work runs the hooks {phase}, so a hook {phase} can't call it\nhelp: to run it without these: \
                     BOOT_PLUGINS_OFF=loop {} work\n",
                    made.entry().display()
                );
                assert!(output.status == 0 && output.stderr.ends_with(&told), "{helper} {shell:?}: {output}");
                let expected = if phase == "pre_work" { "inner 2\nwork \n" } else { "work \ninner 2\n" };
                assert_eq!(output.stdout, expected, "{helper} {shell:?}");
            }
            // By way of another plugin's hook of a phase of one's own, and of the phase itself.
            made.hook("loop", "post_work", "boot_run_phase post_mine\necho on");
            made.hook("mine", "post_mine", &CALL.replace("work <", "version <"));
            made.hook("mine", "pre_version", CALL);
            let output = made.run(&shell, &["work"]);
            assert_eq!(
                (output.stdout.as_str(), output.status),
                ("work \ninner 2\ndemo 0.1.0\ninner 0\non\n", 0),
                "{output}"
            );
            made.hook("loop", "post_work", "boot_run_phase post_work");
            assert_eq!(made.run(&shell, &["work"]).status, 6, "{helper} {shell:?}");
            // A command that fails in a hook that is told of its failures.
            made.no_plugins();
            made.hook("loop", "failed", CALL);
            made.hook("loop", "failed_work", CALL);
            made.set("WORK", "4");
            let output = made.run(&shell, &["work"]);
            // Of the two, each one's call is told to the other.
            let expected = "work \nwork \nwork \ninner 4\ninner 4\nwork \nwork \ninner 4\ninner 4\n";
            assert_eq!(
                (output.stdout.as_str(), output.status),
                (expected, 4),
                "{helper} {shell:?}: {output}"
            );
            made.set("WORK", "0");
        }
    }
}

#[test]
fn other_commands_and_instances_and_later_calls_are_let_through() {
    let made = Made::new("");
    let other =
        "[ \"$BOOT_STATE_DIR\" = \"$HOME/other\" ] || BOOT_STATE_DIR=$HOME/other \"$BOOT_PROG\" work\n";
    let later = "sh -c 'while [ ! -e \"$HOME/go\" ]; do sleep 0.02; done; \"$BOOT_PROG\" work >\"$HOME/out\"' \
                 >/dev/null 2>&1 &\n";
    let home = made.base().join("home");
    fs::create_dir(&home).unwrap();
    for shell in shells() {
        made.no_plugins();
        made.hook("a", "pre_work", other);
        made.hook("b", "pre_work", "BOOT_PLUGINS_OFF=a,b,c \"$BOOT_PROG\" work");
        let output = made.run(&shell, &["work"]);
        // The other instance calls it once more without the plugin.
        assert_eq!((output.stdout.as_str(), output.status), ("work \nwork \nwork \nwork \n", 0), "{output}");
        made.no_plugins();
        made.hook("c", "post_work", later);
        // No pipes: yash and mksh hand theirs on to it.
        let mut command = made.command(&shell, &["work"]);
        assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(), "{shell:?}");
        made.hook("c", "post_work", ":");
        fs::write(home.join("go"), "").unwrap();
        until("the hook's own process has called it", Duration::from_secs(20), || {
            fs::read_to_string(home.join("out")).is_ok_and(|text| text == "work \n")
        });
        fs::remove_file(home.join("go")).and_then(|()| fs::remove_file(home.join("out"))).unwrap();
    }
}

#[test]
fn the_commands_that_a_command_calls_know_of_the_hook_and_the_node_does_not() {
    let made = Made::new("");
    made.write("erts-13.1.5/bin/erlexec", "#!/bin/sh\nenv\n");
    for helper in ["with", "without"] {
        if helper == "with" {
            made.hook("loop", "pre_start", "\"$BOOT_PROG\" restart --full; echo \"inner $?\"");
            made.hook("loop", "pre_stop", "\"$BOOT_PROG\" stop; echo \"inner $?\"");
        } else {
            fs::remove_file(made.root().join("releases/0.1.0/boot/relboot-helper")).unwrap();
            made.hook("loop", "pre_start", "\"$BOOT_PROG\" start; echo \"inner $?\"");
        }
        // A new shell goes on behind this one.
        made.hook("loop", "post_configure", "exit 3");
        for shell in shells() {
            let output = made.run(&shell, &["foreground"]);
            assert!(output.stdout.starts_with("inner 2\n"), "{helper} {shell:?}: {output}");
            assert!(output.stderr.contains("start runs the hooks pre_start"), "{helper} {shell:?}: {output}");
            assert!(output.stdout.contains("RELEASE_ROOT="), "{helper} {shell:?}: {output}");
            assert!(!output.stdout.contains("_boot_within"), "{helper} {shell:?}: {output}");
            assert_eq!(made.run(&shell, &["stop"]).ok(), "inner 2\n", "{helper} {shell:?}");
        }
    }
}
