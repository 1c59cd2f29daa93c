//! `stop` without the helper: by signals, in the same steps.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::made::Made;
use crate::support::process::{freeze, runs, signal, until};
use crate::support::tools::shells;

#[test]
fn without_the_helper_it_forces_too() {
    for shell in shells() {
        let mut made = Made::new("[stop]\ntimeout = 1\n");
        made.set("VM_SLOW", made.base().join("go").to_str().unwrap());
        fs::remove_file(made.root().join("releases/0.1.0/boot/relboot-helper")).unwrap();
        made.run(&shell, &["start"]).ok();
        let pid = || -> u32 {
            let file: PathBuf = made.base().join("tmp/demo/pid");
            let text = fs::read_to_string(file).unwrap_or_default();
            text.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or_default()
        };
        until("it runs", Duration::from_secs(10), || runs(pid()));
        let vm = pid();
        let bad = made.run(&shell, &["stop", "--timeout", "x"]);
        assert!(bad.status == 2 && runs(vm), "{shell:?}: {bad}");
        let output = made.run(&shell, &["stop", "--no-kill"]);
        assert!(
            output.status == 7 && output.stderr.contains("is still running after 1 s"),
            "{shell:?}: {output}"
        );
        signal(vm, Signal::STOP);
        let output = made.run(&shell, &["stop"]);
        assert!(output.status == 7 && output.stderr.contains("sending SIGKILL"), "{shell:?}: {output}");
        assert!(!runs(vm), "{shell:?}");
        assert_eq!(made.run(&shell, &["stop"]).status, 0, "{shell:?}");
    }
}

#[test]
fn without_the_helper_a_zombie_is_gone_and_a_lost_sigterm_is_sent_again() {
    // It loses the first SIGTERM, and stands still from then on.
    const VM: &str = "#!/bin/sh\nn=0\ntrap 'n=$((n + 1)); [ $n = 1 ] || exit 0; kill -STOP $$' TERM\n\
                      : >\"$BOOT_STATE_DIR/ready\"\nwhile :; do sleep 0.02; done\n";
    std::thread::scope(|scope| {
        for shell in shells() {
            scope.spawn(move || {
                let made = Made::new("[stop]\ntimeout = 3\n");
                fs::remove_file(made.root().join("releases/0.1.0/boot/relboot-helper")).unwrap();
                made.write("erts-13.1.5/bin/erlexec", VM);
                made.run(&shell, &["start"]).ok();
                let file = made.state().join("pid");
                until("it hears", Duration::from_secs(10), || made.state().join("ready").exists());
                let line = fs::read_to_string(&file).unwrap();
                let vm = line.split_once(' ').unwrap().0.parse().unwrap();
                freeze(vm);
                let output = made.run(&shell, &["stop"]);
                assert!(output.status == 0 && !runs(vm), "{shell:?}: {output}");

                let mut dead = std::process::Command::new("true").spawn().unwrap();
                let stat = || fs::read_to_string(format!("/proc/{}/stat", dead.id())).unwrap();
                until("it is a zombie", Duration::from_secs(10), || stat().contains(") Z "));
                let start = stat().rsplit_once(") ").unwrap().1.split(' ').nth(19).unwrap().to_owned();
                fs::write(&file, format!("{} {start}\n", dead.id())).unwrap();
                let output = made.run(&shell, &["stop"]);
                assert!(
                    output.status == 0 && output.stderr.contains("is not running"),
                    "{shell:?}: {output}"
                );
                dead.wait().unwrap();
            });
        }
    });
}
