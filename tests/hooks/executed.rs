//! Hooks that are programs: what they get, what they hand back, how long they may take.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::support::made::Made;
use crate::support::process::{marked, until};
use crate::support::tools::{find, need, shells};

#[test]
fn programs_get_the_environment_and_hand_back_theirs() {
    if !need(&["python3", "bash"]) {
        return;
    }
    let made = Made::new("");
    let exports = r#"#!/usr/bin/env python3
import os
assert os.getcwd() == os.environ["CWD"] and os.environ["SOURCED"] == "a b"
print(os.environ["BOOT_PLUGIN"], os.environ["BOOT_PHASE"], os.environ["RELEASE_NAME"], os.environ["BOOT_API"], flush=True)
with open(os.environ["BOOT_ENV_FILE"], "a") as file:
    file.write("QUOTES='\"$HOME`id`$(id)\\ !#;&*~ é\n\nEMPTY=\nEQUALS==a=b\n1BAD=x\nBOOT_DIR=/\nno line\nSECRET=s3cr3t")
"#;
    made.hook("a", "pre_work", "export SOURCED='a b' CWD=\"$PWD\"");
    made.hook("b", "pre_work", exports);
    made.hook("c", "pre_work", "#!/bin/bash\nprintf '<%s>' \"${QUOTES}\" \"$EMPTY\" \"$EQUALS\"; echo 'EMPTY=no longer' >\"$BOOT_ENV_FILE\"; read -r line || echo no input");
    made.hook("d", "pre_work", "printf '<%s>' \"$QUOTES\" \"$EMPTY\" \"${#SECRET}\"; echo");
    made.hook(
        "d",
        "post_work",
        "#!/bin/bash\necho \"$SECRET $BOOT_STATUS\" | sha256sum >/dev/null; echo \"${#SECRET} $BOOT_STATUS\"",
    );
    let quotes = "'\"$HOME`id`$(id)\\ !#;&*~ é";
    let said =
        format!("b pre_work demo 1\n<{quotes}><><=a=b>no input\n<{quotes}><no longer><6>\nwork \n6 0\n");
    for shell in shells() {
        let output = made.finish(&mut made.command(&shell, &["work"]), "standard input");
        assert_eq!((output.status, output.stdout.as_str()), (0, said.as_str()), "{shell:?}: {output}");
        assert_eq!(
            output.stderr.matches("a line in BOOT_ENV_FILE is not KEY=VALUE").count(),
            3,
            "{shell:?}: {output}"
        );
        assert!(!output.stderr.contains("s3cr3t"), "{output}");
    }
    let mut files = vec![made.base().to_owned()];
    while let Some(path) = files.pop() {
        if path.is_dir() && !path.is_symlink() {
            files.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.file_name() != made.root().join("plugins/b/pre_work").file_name() {
            let text = fs::read(&path).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&text).contains("s3cr3t"), "{}", path.display());
        }
    }
}

#[test]
fn a_binary_is_executed() {
    let Some(program) = find("printenv") else { return };
    let made = Made::new("");
    let hook = made.hook("a", "pre_work", "");
    fs::copy(program, &hook).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    for shell in shells() {
        let output = made.run(&shell, &["work"]);
        assert!(output.stdout.contains("\nBOOT_PHASE=pre_work\n"), "{shell:?}: {output}");
        assert!(output.stdout.ends_with("work \n") && output.stderr.is_empty(), "{shell:?}: {output}");
    }
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).unwrap();
    for shell in shells() {
        let output = made.run(&shell, &["work"]);
        assert_eq!((output.status, output.stdout.as_str()), (5, ""), "{shell:?}: {output}");
        assert!(output.stderr.contains("not executable\nhelp: chmod +x"), "{shell:?}: {output}");
    }
}

#[test]
fn a_hanging_program_is_killed_with_all_it_started() {
    if !need(&["python3"]) {
        return;
    }
    let mut made = Made::new("[hooks]\ntimeout = 1\n");
    // Its children are a thread's; one has a child of its own; all hold the output.
    let hang = "#!/usr/bin/env python3\nimport subprocess, threading\n\
        run = lambda: subprocess.run(['sh', '-c', 'sleep 97 & sleep 98'])\n\
        threading.Thread(target=run).start(); subprocess.run(['sleep', '99'])\n";
    let mark = format!("hang.{}", std::process::id());
    made.set("MARK", &mark);
    for (phase, status, said) in [("pre_work", 5, ""), ("post_work", 6, "work \n")] {
        made.no_plugins();
        made.hook("a", phase, hang);
        std::thread::scope(|scope| {
            for shell in shells() {
                let made = &made;
                scope.spawn(move || {
                    let begin = Instant::now();
                    let output = made.run(&shell, &["work"]);
                    assert_eq!(
                        (output.status, output.stdout.as_str()),
                        (status, said),
                        "{shell:?}: {output}"
                    );
                    assert!(output.stderr.contains("did not end within 1 s and was killed"), "{output}");
                    let told = format!("plugin a: {phase} failed with status 7");
                    assert!(output.stderr.contains(&told), "{output}");
                    assert!(begin.elapsed() < Duration::from_secs(15), "{shell:?}");
                });
            }
        });
        until("nothing is left", Duration::from_secs(5), || marked(&mark).is_empty());
    }
}
