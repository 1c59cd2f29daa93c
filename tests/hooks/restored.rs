//! What sourced hooks change in the core's shell, and who sees it: what they export, and nothing else.

use std::fs;

use crate::support::made::Made;
use crate::support::tools::shells;

/// Shows the shell as it is, to standard output.
const LOOK: &str = r#"
opts=
case $- in *a*) opts=$opts-a ;; esac
case $- in *e*) opts=$opts-e ;; esac
case $- in *f*) opts=$opts-f ;; esac
case $- in *u*) opts=$opts-u ;; esac
case $- in *v*) opts=$opts-v ;; esac
case $- in *x*) opts=$opts-x ;; esac
case $- in *C*) opts=$opts-C ;; esac
set -- a b
printf '%s|' "$BOOT_PHASE" "$*" "$opts" "$(umask)" "$(pwd)" "${VALUE-unset}" "$(printenv VALUE)" "$#"
echo
"#;

/// What a hook does to the shell, each after another hook has looked.
const CHANGES: &[&str] = &[
    "cd /; cd /usr",
    "IFS=:; export IFS",
    "IFS=; unset IFS",
    "set -e -u",
    "set -a; set -f",
    "set -C",
    "set -euC; IFS=/; cd /; umask 777",
    "umask 0",
    "trap 'echo mine' TERM INT HUP; trap - EXIT",
    "trap 'echo at the end' EXIT",
    "set -- 1 2 3; shift",
    "OLDPWD=/x; CDPATH=/usr; export CDPATH",
    "VALUE='a \"b'\\''$c'; export VALUE; f() { :; }; unset -f f",
    "LC_ALL=C; LC_ALL=nonsense; export LC_ALL",
    "PATH=/nonexistent:$PATH; export PATH",
    "_boot_x=1; unset BOOT_PHASE BOOT_PLUGIN BOOT_PLUGIN_DIR",
    "f() { return 3; }; f || true; unset -f f; :",
];

#[test]
fn what_hooks_change_is_put_back() {
    let made = Made::new("");
    made.write("releases/0.1.0/boot/commands/work.sh", format!("# shellcheck shell=sh\n# work: look.\nboot_command() {{\n[ \"$#:$1\" = '2:x y' ] || return 9\n(BOOT_PHASE=work\n{LOOK})\n}}\n"));
    for (n, change) in CHANGES.iter().enumerate() {
        made.hook(&format!("{n:02}-change"), "pre_work", change);
        made.hook(&format!("{n:02}-look"), "pre_work", &format!("({LOOK})"));
    }
    let cwd = fs::canonicalize(made.base()).unwrap();
    for shell in shells() {
        let output = made.run(&shell, &["work", "x y", "z"]);
        let phases = (0..CHANGES.len()).map(|n| ("pre_work", n)).chain([("work", CHANGES.len())]);
        let expected: Vec<_> = phases
            .map(|(phase, n)| {
                let (shown, exported) = if n >= 12 { ("a \"b'$c", "a \"b'$c") } else { ("unset", "") };
                format!("{phase}|a b||0022|{}|{shown}|{exported}|2|", cwd.display())
            })
            .collect();
        let looks: Vec<_> = output.stdout.lines().map(|line| line.replace("|022|", "|0022|")).collect();
        assert_eq!((looks, output.status), (expected, 0), "{shell:?}: {}", output.stderr);
    }
}

#[test]
fn variables_and_functions_of_the_core_are_there() {
    let made = Made::new("");
    let hook = "for f in boot_info boot_warn boot_die boot_debug boot_node_ping boot_node_pid boot_node_rpc \
        boot_require_node boot_wait_until boot_run_phase boot_command_exists; do command -v $f; done\n\
        boot_command_exists start && ! boot_command_exists ../core && ! boot_command_exists 'a b' && echo yes\n\
        boot_info one two\nboot_debug no\nboot_warn w h\nBOOT_DEBUG=1 ; boot_debug yes ; unset BOOT_DEBUG\n\
        printf '%s %s %s %s %s\\n' $BOOT_API $BOOT_COMMAND $RELEASE_NAME $RELEASE_VSN \"$MINE\"";
    made.hook("a", "pre_work", "MINE='not exported'\nmine() { echo mine; }");
    made.hook("b", "pre_work", hook);
    made.hook("c", "post_work", "mine; echo \"$MINE\"; boot_info three four");
    for shell in shells() {
        let output = made.run(&shell, &["work"]);
        let tail = "yes\n1 work demo 0.1.0 not exported\nwork \nmine\nnot exported\n";
        assert!(output.status == 0 && output.stdout.ends_with(tail), "{shell:?}: {output}");
        assert_eq!(output.stdout.matches("boot_").count(), 11, "{shell:?}: {output}");
        assert_eq!(output.stderr, "one two\nwarning: w\nhelp: h\ndebug: yes\nthree four\n", "{shell:?}");
    }
}

#[test]
fn a_phase_of_ones_own_runs_from_hooks_and_commands() {
    let made = Made::new("");
    made.write(
        "releases/0.1.0/boot/commands/work.sh",
        "# shellcheck shell=sh\n# work: two phases.\nboot_command() {\nboot_run_phase pre_step\necho \"work $STEP\"\nboot_run_phase post_step\necho after\n}\n",
    );
    made.hook("a", "pre_work", "set -eu; IFS=:; set -f; cd /\nboot_run_phase pre_inner\necho \"in $BOOT_PHASE of $BOOT_PLUGIN, $(pwd), $-, ${INNER-unset}\"\nIFS=' '\nfalse\necho on");
    made.hook(
        "b",
        "pre_inner",
        "set +e; umask 077; cd /usr; INNER=1; echo \"in $BOOT_PHASE of $BOOT_PLUGIN $-\"",
    );
    made.hook("c", "pre_step", "STEP=done");
    made.hook("c", "post_step", "exit 0");
    made.hook("d", "post_step", "echo \"in $BOOT_PHASE of $BOOT_PLUGIN\"");
    for shell in shells() {
        let output = made.run(&shell, &["work"]);
        assert_eq!(output.status, 5, "{shell:?}: {output}");
        assert!(
            output.stdout.contains("in pre_inner of b ") && !output.stdout.contains("on\n"),
            "{shell:?}: {output}"
        );
        assert!(
            output.stdout.contains("in pre_work of a, /, ") && output.stdout.contains(", unset\n"),
            "{shell:?}: {output}"
        );
        assert!(output.stderr.contains("plugin a: pre_work ended with exit 1"), "{shell:?}: {output}");
    }
    made.hook("a", "pre_work", ":");
    for shell in shells() {
        let output = made.run(&shell, &["work"]);
        assert_eq!(
            (output.status, output.stdout.as_str()),
            (6, "work done\nin post_step of d\nafter\n"),
            "{shell:?}: {output}"
        );
        assert!(output.stderr.contains("plugin c: post_step"), "{shell:?}: {output}");
    }
}

#[test]
fn a_refusing_phase_in_a_hook_is_that_hooks_failure() {
    let made = Made::new("");
    made.hook("a", "pre_check", "exit 0");
    made.hook("b", "post_work", "boot_run_phase pre_check\necho on");
    made.hook("c", "post_work", "echo \"$BOOT_PLUGIN $BOOT_PHASE\"");
    made.hook("c", "failed", "echo failed");
    for shell in shells() {
        let output = made.run(&shell, &["work"]);
        assert_eq!(
            (output.status, output.stdout.as_str()),
            (6, "work \nc post_work\n"),
            "{shell:?}: {output}"
        );
        assert!(output.stderr.contains("error: plugin a: pre_check"), "{shell:?}: {output}");
        assert!(
            output.stderr.contains("warning: plugin b: post_work ended with exit 5"),
            "{shell:?}: {output}"
        );
    }
}
