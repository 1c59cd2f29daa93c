//! A kit called in all shells: with hostile arguments, from anywhere, in any environment, it does the same.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::made::{Made, messages};
use crate::support::process::Output;
use crate::support::tools::{need, shells};

mod nodes;

/// Arguments as nobody would wish for.
const HOSTILE: &[&str] = &[
    "a b",
    "  ",
    "it's \"quoted\"",
    "$(id) `id` $HOME ${x}",
    "line\nbreak\n",
    "*",
    "[a-z]?",
    "-x",
    "--",
    "",
    "é ü ✓",
    "\\n \\c \\",
    "~",
    "a;b|c&d>e",
    "%s%n",
    "#x",
    "!x",
];

/// Runs the same in all shells and gives what they all said.
fn same(made: &Made, args: &[&str]) -> Output {
    let all = shells();
    let first = made.run(&all[0], args);
    for shell in &all[1..] {
        let output = made.run(shell, args);
        if output != first {
            assert_eq!(steady(output), steady(first.clone()), "{shell:?} {args:?}");
        }
    }
    first
}

/// Without what the host has free, which is another figure from moment to moment, and without the names of
/// variables, to which each shell adds its own.
fn steady(mut output: Output) -> Output {
    let moving = |line: &&str| {
        line.starts_with("memory.available") || line.starts_with("dirs.") || line.contains(" free")
    };
    let facts = output.stdout.split("\nenv ").next().unwrap_or_default();
    output.stdout = facts.lines().filter(|line| !moving(line)).collect::<Vec<_>>().join("\n");
    output
}

#[test]
fn every_command_does_the_same_with_any_argument() {
    let mut made = Made::new("");
    // The stand-in for the VM ends at once.
    made.set("VM", "0");
    let mut commands: Vec<_> = fs::read_dir(made.root().join("releases/0.1.0/boot/commands"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    commands.sort();
    // What it says depends on when the VM ends; `every_shell_starts_asks_and_stops` has it.
    commands.retain(|command| command != "start");
    for (n, command) in commands.iter().enumerate() {
        let bare = same(&made, &[command]);
        // The VM of "foreground" has left its pid: 1, as the LSB has it. A stand-in is no runtime system, and has
        // left no log.
        let dead = if ["doctor", "logs", "status"].contains(&command.as_str()) { 1 } else { 3 };
        assert!([0, 2, 3, dead].contains(&bare.status), "{command}: {bare}");
        let help = same(&made, &[command, "--help"]);
        assert_eq!((help.status, help.stderr.as_str()), (0, ""), "{command}");
        assert!(help.stdout.contains(&format!("demo {command}")), "{help}");
        // A third of them each, and all at once.
        let third = HOSTILE.iter().skip(n % 3).step_by(3).map(|argument| vec![*argument]);
        for arguments in third.chain([HOSTILE.to_vec()]) {
            let output = same(&made, &[&[command.as_str()], arguments.as_slice()].concat());
            assert!([0, 2, 3, dead].contains(&output.status), "{command} {arguments:?}: {output}");
            assert!(!output.stdout.contains("uid=") && !output.stderr.contains("uid="), "{output}");
        }
    }
    for args in [&["help"][..], &[], &["-h"], &["--help"]] {
        let help = same(&made, args);
        assert!(
            help.status == 0 && commands.iter().all(|it| help.stdout.contains(&format!("\n  {it} "))),
            "{help}"
        );
    }
    assert_eq!(same(&made, &["--version"]).ok(), "demo 0.1.0\n");
    let all = [&["work"], HOSTILE].concat();
    assert_eq!(same(&made, &all).ok(), format!("work {}\n", HOSTILE.join(" ")));
}

#[test]
fn an_unknown_command_is_named() {
    let made = Made::new("");
    for name in HOSTILE.iter().filter(|name| !name.is_empty()) {
        for args in [&[*name][..], &["help", name], &["hooks", name]] {
            let output = same(&made, args);
            assert_eq!((output.status, output.stdout.as_str()), (2, ""), "{args:?}: {output}");
            let told = format!("error: unknown command \"{name}\"\nhelp: ");
            assert!(output.stderr.starts_with(&told), "{args:?}: {output}");
        }
    }
}

/// `info` in all shells from `cwd` by `path`; `change` may do what it likes to the command.
fn info(made: &Made, path: &Path, cwd: &Path, change: &dyn Fn(&mut Command)) {
    let state = made.state().display().to_string();
    let root = made.root().display();
    for shell in shells() {
        let mut command = made.program(shell[0]);
        command.args(&shell[1..]).arg(path).arg("info").current_dir(cwd);
        change(&mut command);
        let output = made.finish(&mut command, "");
        assert_eq!(output.status, 0, "{command:?}: {output}");
        let expected = format!(
            "name: demo\nversion: 0.1.0\nkind: systools\nerts: 13.1.5\nroot: {root}\nkit: {root}/releases/0.1.0/boot\n"
        );
        assert!(output.stdout.starts_with(&expected), "{command:?}: {output}");
        assert!(
            output.stdout.contains(&format!("\nstate: {state}\nlog: {state}/log\n")),
            "{command:?}: {output}"
        );
        assert_eq!(messages(&output), <[&str; 0]>::default(), "{command:?}: {output}");
    }
}

#[test]
fn complaints_22_23_24_it_is_found_from_anywhere() {
    let made = Made::new("");
    let (base, entry) = (made.base(), made.entry());
    let root = made.root();
    let nothing = &|_: &mut Command| {};
    info(&made, &entry, Path::new("/"), nothing);
    info(&made, Path::new("bin/demo"), root, nothing);
    info(&made, Path::new("./demo"), &root.join("bin"), nothing);
    info(&made, Path::new("demo"), &root.join("bin"), nothing);
    info(&made, Path::new("../bin/../bin/demo"), &root.join("lib"), nothing);
    // Two relative links, the second to the first, from directories with names of their own.
    fs::create_dir_all(base.join("l 'nks/-n")).unwrap();
    symlink("../it's a \"$HOME\" dir/demo/bin/demo", base.join("l 'nks/one $x")).unwrap();
    symlink("../one $x", base.join("l 'nks/-n/two")).unwrap();
    symlink(&entry, base.join("absolute")).unwrap();
    symlink(root, base.join("release")).unwrap();
    symlink("l 'nks/-n/two", base.join("-three")).unwrap();
    for link in ["l 'nks/one $x", "l 'nks/-n/two", "absolute", "release/bin/demo", "./-three"] {
        info(&made, &base.join(link), Path::new("/usr"), nothing);
        info(&made, Path::new(link), base, nothing);
    }
    info(&made, Path::new("two"), &base.join("l 'nks/-n"), nothing);
    fs::copy(&entry, root.join("bin/it's me")).unwrap();
    info(&made, &root.join("bin/it's me"), base, nothing);
    let prog = made.finish(Command::new("dash").arg(root.join("bin/it's me")).arg("help"), "").ok();
    assert!(prog.starts_with("usage: it's me COMMAND"), "{prog}");
}

#[test]
fn no_environment_gets_in_its_way() {
    let made = Made::new("");
    let (base, entry) = (made.base(), made.entry());
    let env = base.join("env");
    fs::write(&env, "echo not wanted\n").unwrap();
    let env = env.to_str().unwrap();
    let trap = made.root().join("lib");
    fs::create_dir_all(trap.join("bin")).unwrap();
    let trap = trap.to_str().unwrap();
    for (name, value) in [
        ("CDPATH", trap),
        ("IFS", "/:ae"),
        ("ENV", env),
        ("GREP_OPTIONS", "--color=always -v"),
        ("POSIXLY_CORRECT", "1"),
        ("LC_ALL", "de_DE.UTF-8"),
        ("LC_ALL", "C"),
        ("LC_ALL", "C.UTF-8"),
        ("LANG", "de_DE"),
        ("PWD", "/nonexistent"),
        ("OLDPWD", "x"),
        ("PS4", "$(echo no)"),
        ("NAME", "x"),
        ("RELEASE_ROOT", "/elsewhere"),
        ("BOOT_DIR", "/nonexistent"),
        ("BOOT_COMMAND", "stop"),
        ("_boot_hooks_n", "7"),
        ("_boot_hooks_after", "yes"),
        ("_boot_core_help", "stop"),
        ("_boot_hooks_umask", "0777"),
        ("_boot_core_phases", "post_info"),
        ("ZDOTDIR", trap),
        ("HOME", ""),
        ("PATH_INFO", "*"),
    ] {
        let set: &dyn Fn(&mut Command) = &|command| {
            command.env(name, value);
            if name == "RELEASE_ROOT" {
                command.env("RELEASE_VSN", "9").env("RELEASE_NAME", "other");
            }
        };
        // It forgets what another release's variables say, RELEASE_TMP among them.
        if name != "RELEASE_ROOT" {
            info(&made, &entry, base, set);
            info(&made, Path::new("bin/demo"), made.root(), set);
        } else {
            let output = made
                .finish(made.command(&["dash"], &["version"]).env(name, value).env("RELEASE_VSN", "9"), "");
            assert_eq!(output.ok(), "demo 0.1.0\n");
        }
    }
    info(&made, &entry, base, &|command| {
        command.env_remove("HOME");
    });
    info(&made, &entry, base, &|command| {
        command.env_remove("LANG");
    });
    info(&made, &entry, base, &|command| {
        command.stdin(Stdio::null());
    });
}

#[test]
fn a_directory_that_is_gone_or_closed_is_no_hindrance() {
    let made = Made::new("");
    let gone = made.base().join("gone");
    let mut ways = vec![vec![]];
    if rustix::process::geteuid().is_root() && need(&["setpriv"]) {
        ways.push(vec!["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    }
    for user in ways {
        for shell in shells() {
            fs::create_dir(&gone).unwrap();
            let leave = if user.is_empty() { "rmdir ../gone" } else { "chmod 0 ../gone" };
            let mut command = made.program("sh");
            command.args(["-c", &format!("{leave} && exec \"$@\""), "sh"]).args(&user).args(&shell);
            let output = made.finish(command.arg(made.entry()).args(["work", "x y"]).current_dir(&gone), "");
            assert_eq!(
                (output.status, output.stdout.as_str()),
                (0, "work x y\n"),
                "{shell:?} {user:?}: {output}"
            );
            assert_eq!(messages(&output), <[&str; 0]>::default(), "{shell:?}: {output}");
            let _ = fs::remove_dir(&gone);
        }
    }
}
