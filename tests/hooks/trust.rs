//! Hooks that others could have written are not used, at the cost of one process.

use std::os::unix::fs::{chown, symlink};

use crate::support::made::Made;
use crate::support::strace::count;
use crate::support::tools::{need, shells};

#[test]
fn what_others_can_write_is_refused() {
    let made = Made::new("");
    for open in ["plugins/b/pre_work", "plugins/b/post_work", "plugins/b/failed", "plugins/b", "plugins"] {
        for phase in ["pre_work", "post_work", "failed_work", "failed"] {
            made.hook("a", phase, "echo \"$BOOT_PHASE\"");
            made.hook("b", phase, "echo \"$BOOT_PHASE\"");
        }
        let file = !open.ends_with('b') && open != "plugins";
        for bits in [0o020, 0o002] {
            made.mode(open, if file { 0o644 } else { 0o755 } | bits);
            for shell in shells() {
                let output = made.run(&shell, &["work"]);
                assert_eq!((output.status, output.stdout.as_str()), (5, ""), "{shell:?} {open}: {output}");
                let told = format!("error: {}", made.root().join(open).display());
                assert!(
                    output.stderr.contains(&told) && output.stderr.contains("chmod go-w"),
                    "{shell:?}: {output}"
                );
            }
        }
        made.mode(open, if file { 0o644 } else { 0o1777 });
        let said = "pre_work\npre_work\nwork \npost_work\npost_work\n";
        assert_eq!(made.run(&["dash"], &["work"]).ok(), said, "sticky directories are as good as others");
        made.mode(open, if file { 0o644 } else { 0o755 });
    }
}

#[test]
fn without_the_helper_too() {
    let made = Made::new("");
    std::fs::remove_file(made.root().join("releases/0.1.0/boot/relboot-helper")).unwrap();
    made.hook("b", "pre_work", "echo \"$BOOT_PHASE\"");
    made.hook("b", "failed", "echo \"$BOOT_PHASE\"");
    for shell in shells() {
        assert_eq!(made.run(&shell, &["work"]).ok(), "pre_work\nwork \n", "{shell:?}");
        for open in ["plugins/b/failed", "plugins/b", "plugins"] {
            let (closed, opened) = if open.ends_with("failed") { (0o644, 0o664) } else { (0o755, 0o757) };
            made.mode(open, opened);
            let output = made.run(&shell, &["work"]);
            made.mode(open, closed);
            assert_eq!((output.status, output.stdout.as_str()), (5, ""), "{shell:?} {open}: {output}");
        }
    }
}

#[test]
fn hooks_of_root_are_used_by_everybody_and_links_are_followed() {
    let made = Made::new("");
    let elsewhere = made.hook("elsewhere.off", "hook", "echo hook");
    made.hook("a", "pre_work", "echo a");
    symlink(&elsewhere, made.root().join("plugins/a/post_work")).unwrap();
    assert_eq!(made.run(&["dash"], &["work"]).ok(), "a\nwork \nhook\n");
    made.mode("plugins/elsewhere.off/hook", 0o666);
    assert_eq!(made.run(&["dash"], &["work"]).status, 5, "what the link leads to can be written");
    made.mode("plugins/elsewhere.off/hook", 0o644);
    made.mode("plugins/elsewhere.off", 0o777);
    assert_eq!(made.run(&["dash"], &["work"]).status, 5, "what the link leads to can be replaced");
    made.mode("plugins/elsewhere.off", 0o755);
    if rustix::process::geteuid().is_root() && need(&["setpriv"]) {
        // Where all can make something, what another user has made is his.
        made.mode("plugins", 0o1777);
        chown(made.root().join("plugins/a"), Some(65534), Some(65534)).unwrap();
        let output = made.run(&["dash"], &["work"]);
        assert_eq!((output.status, output.stdout.as_str()), (5, ""), "{output}");
        assert!(output.stderr.contains("plugins/a is another user's, in a directory that all"), "{output}");
        made.mode("plugins", 0o755);
        assert_eq!(made.run(&["dash"], &["work"]).ok(), "a\nwork \nhook\n");
        chown(made.base(), Some(65534), Some(65534)).unwrap();
        let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "dash"];
        assert_eq!(made.run(&nobody, &["work"]).ok(), "a\nwork \nhook\n");
    }
}

#[test]
fn the_check_and_a_hundred_hooks_cost_one_process() {
    if !need(&["strace"]) {
        return;
    }
    let made = Made::new("");
    let (bare, _) = count(&made.command(&["dash"], &["work"]), None);
    for n in 0..100 {
        made.hook(&format!("p{n}"), ["pre_work", "post_work"][n % 2], ":");
    }
    let (counts, output) = count(&made.command(&["dash"], &["work"]), None);
    output.ok();
    assert_eq!((counts.execs, counts.forks), (bare.execs + 1, bare.forks + 1), "{bare:?}");
}
