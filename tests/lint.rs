//! The scripts of a rendered kit, as users get them: clean by shellcheck and shfmt, readable in all shells, and
//! in the form that the style of the kit asks for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::instance::Instance;
use crate::support::made::Made;
use crate::support::process::finish;
use crate::support::releases::{mix, rebar3};
use crate::support::tools::{need, shells};

/// The programs that a kit may call: without the helper, or on the way of a symbolic link.
const PROGRAMS: &[&str] = &["readlink", "find", "mkdir", "rm", "chmod", "cat", "sleep", "/bin/sh"];

/// What is no POSIX, or differs between shells.
const FORBIDDEN: &[&str] = &[
    "local ",
    "[[ ",
    "echo -",
    "readlink -f",
    "function ",
    "source ",
    "declare ",
    "pgrep ",
    "sort ",
    "sed ",
    "awk ",
    "grep ",
    "date ",
    "flock ",
    "basename ",
    "dirname ",
];

/// All scripts below a release's root.
fn scripts(root: &Path) -> Vec<PathBuf> {
    let boot = root.join("releases/0.1.0/boot");
    let mut found = vec![root.join("bin/demo")];
    for dir in [boot.join("commands"), boot] {
        let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
        found.extend(entries.filter(|path| path.extension().is_some_and(|it| it == "sh")));
    }
    assert!(found.len() > 25, "{found:?}");
    found.sort();
    found
}

/// Runs a checker over files; it must say nothing.
fn silent(words: &[&str], files: &[PathBuf]) {
    let mut command = Command::new(words[0]);
    // Not the repository's settings but those that the files carry themselves.
    command.args(&words[1..]).args(files).current_dir("/");
    let output = finish(&mut command, "", Duration::from_secs(60)).unwrap();
    assert_eq!((output.status, output.stdout.as_str(), output.stderr.as_str()), (0, "", ""), "{words:?}");
}

fn check(root: &Path) {
    let scripts = scripts(root);
    if need(&["shellcheck"]) {
        silent(&["shellcheck", "--norc", "-s", "sh"], &scripts);
    }
    if need(&["shfmt"]) {
        silent(&["shfmt", "-d", "-i", "4", "-ln", "posix"], &scripts);
    }
    for shell in shells() {
        for script in &scripts {
            let mut command = Command::new(shell[0]);
            command.args(&shell[1..]).arg("-n").arg(script);
            let output = finish(&mut command, "", Duration::from_secs(10)).unwrap();
            // ksh93 warns of what is slow.
            let said = output.stderr.lines().filter(|line| !line.contains(": warning: ")).count();
            assert_eq!((output.status, said), (0, 0), "{shell:?} {}: {output}", script.display());
        }
    }
}

#[test]
fn the_kit_of_a_rebar3_release_is_clean() {
    let Some(raw) = rebar3() else { return };
    check(Instance::of(raw).kit().path());
}

#[test]
fn the_kit_of_a_mix_release_is_clean() {
    let Some(raw) = mix() else { return };
    check(Instance::of(raw).kit().path());
}

#[test]
fn settings_with_hostile_values_are_clean_and_stay_values() {
    let made = Made::of("0.1.0+a~b'c$(id)\"`é;*", "");
    let settings = made.root().join("releases").join(made.vsn()).join("boot/settings.sh");
    let text = fs::read_to_string(&settings).unwrap();
    let assigned = text.lines().filter(|line| !line.starts_with('#'));
    assert!(assigned.clone().all(|line| line.starts_with("_boot_") && line.contains('=')), "{text}");
    if need(&["shellcheck", "shfmt"]) {
        silent(&["shellcheck", "--norc", "-s", "sh"], std::slice::from_ref(&settings));
        silent(&["shfmt", "-d", "-i", "4", "-ln", "posix"], &[settings]);
    }
    for shell in shells() {
        assert_eq!(made.run(&shell, &["version"]).ok(), format!("demo {}\n", made.vsn()), "{shell:?}");
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("script-templates");
    let mut dirs = vec![root];
    let mut files = Vec::new();
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|it| it == "sh") {
                let text = fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}

#[test]
fn command_files_begin_with_their_help() {
    let commands = sources().into_iter().filter(|(path, _)| path.parent().unwrap().ends_with("commands"));
    for (path, text) in commands {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let lines: Vec<_> = text.lines().collect();
        let header: Vec<_> = lines.iter().take_while(|line| line.starts_with('#')).collect();
        assert_eq!(lines[0], "# shellcheck shell=sh", "{name}");
        let summary =
            lines[1].strip_prefix(&format!("# {name}: ")).unwrap_or_else(|| panic!("{name}: {}", lines[1]));
        assert!(summary.ends_with('.') && summary.len() < 90, "{name}: {summary}");
        assert_eq!(lines[2], "#", "{name}");
        assert!(lines[3].starts_with(&format!("# usage: NAME {name}")), "{name}: {}", lines[3]);
        let examples = header.iter().filter(|line| line.starts_with("# example: ")).count();
        assert!(examples > 0 && header.last().unwrap().contains(name), "{name} has an example at its end");
        assert!(text.contains("\nboot_command() {\n"), "{name}");
    }
}

#[test]
fn names_tell_where_a_function_belongs() {
    for (path, text) in sources() {
        let name = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap().to_owned();
        let lines: Vec<_> = text.lines().collect();
        for (n, line) in lines.iter().enumerate() {
            let Some(function) = line.strip_suffix("() {").or_else(|| line.strip_suffix("() (")) else {
                continue;
            };
            // hooks.sh is the core's file, so its command has another word for itself.
            let file = if path.ends_with("commands/hooks.sh") { "list" } else { &name };
            let private = function.starts_with(&format!("_boot_{file}_"))
                || (name == "entry" && function == "_boot_entry");
            if name == "api" && !private {
                let above: Vec<_> =
                    lines[n.saturating_sub(4)..n].iter().map(|line| line.trim_start_matches("# ")).collect();
                let starts = [function, "  stdout: ", "  status: ", "  since: api "];
                let is = above.iter().zip(starts).all(|(line, start)| line.starts_with(start));
                assert!(function.starts_with("boot_") && is, "{function} has no four-line header: {above:?}");
            } else {
                assert!(private || function == "boot_command", "{} defines {function}", path.display());
            }
        }
    }
}

#[test]
fn nothing_but_posix_and_few_programs() {
    for (path, text) in sources() {
        let code = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        for line in code {
            // One for zsh alone, evaluated there.
            if line.trim() == "eval '[[ $1 < $2 ]]'" {
                continue;
            }
            let commands = line.trim_start();
            for word in FORBIDDEN {
                assert!(
                    !commands.starts_with(word)
                        && !commands.contains(&format!(" {word}"))
                        && !commands.contains(&format!("({word}")),
                    "{}: {line}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn a_kit_calls_no_other_programs() {
    let made = Made::new("");
    let bin = made.base().join("bin");
    fs::create_dir(&bin).unwrap();
    for name in PROGRAMS.iter().filter(|name| !name.starts_with('/')) {
        let program = crate::support::tools::find(name).unwrap();
        std::os::unix::fs::symlink(program, bin.join(name)).unwrap();
    }
    made.hook("a", "pre_start", "export X=1");
    made.hook("a", "post_start", "exit 0");
    let dash = crate::support::tools::find("dash").unwrap();
    let shell = [dash.to_str().unwrap()];
    for helper in [true, false] {
        if !helper {
            fs::remove_file(made.root().join("releases/0.1.0/boot/relboot-helper")).unwrap();
        }
        for args in [
            &["help"][..],
            &["help", "start"],
            &["info"],
            &["hooks"],
            &["plugins"],
            &["version"],
            &["start"],
            &["stop"],
        ] {
            let output = made.finish(made.command(&shell, args).env("PATH", &bin), "");
            assert!(!output.stderr.contains("not found"), "{args:?}: {output}");
            assert!([0, 6].contains(&output.status), "{args:?}: {output}");
        }
    }
}
