//! The sessions and the configuration that docs/vm-args.md shows, run. Templates in it are rendered by a test of the
//! library.

use std::fs;

use relboot::config::Config;

use crate::support::instance::Instance;
use crate::support::releases::rebar3;

const GUIDE: &str = include_str!("../docs/vm-args.md");

/// The blocks that begin so, without their indentation.
fn blocks(first: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in GUIDE.lines() {
        match line.strip_prefix("    ") {
            Some(code) => {
                let block = blocks.last_mut().unwrap();
                block.push_str(code);
                block.push('\n');
            }
            None if line.is_empty() && !blocks.last().unwrap().is_empty() => {
                blocks.last_mut().unwrap().push('\n');
            }
            None => blocks.push(String::new()),
        }
    }
    blocks
        .iter()
        .filter(|block| block.starts_with(first))
        .map(|block| block.trim_end().to_owned() + "\n")
        .collect()
}

/// What the guide shows below a command.
fn session(command: &str) -> String {
    let all = blocks(&format!("$ {command}\n"));
    assert_eq!(all.len(), 1, "{command}: {all:?}");
    all[0].split_once('\n').unwrap().1.to_owned()
}

fn with(vm_args: &str) -> Option<Instance> {
    let instance = Instance::of(rebar3()?).kit();
    fs::write(instance.path().join("releases/0.1.0/vm.args"), vm_args).unwrap();
    Some(instance)
}

#[test]
fn every_session_has_a_test_here() {
    let sessions = blocks("$ ").into_iter().filter(|block| block.lines().any(|line| !line.starts_with("$ ")));
    assert_eq!(sessions.count(), 3);
}

#[test]
fn the_configuration_is_one() {
    let all = blocks("[vm]");
    assert_eq!(all.len(), 1);
    let config = Config::parse(&all[0], "rel/relboot.toml").unwrap();
    assert_ne!(config.vm, Config::default().vm);
}

#[test]
fn flags_are_explained_as_shown() {
    let explained = crate::hosts::of_the_guide();
    let mut lines = explained.lines();
    for shown in session("bin/demo vmargs --explain").lines() {
        // "..." is what the guide leaves out; the width of columns is the longest flag's.
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let parts: Vec<String> = shown.split("...").map(squeeze).collect();
        let fits = |line: &&str| {
            let mut rest = squeeze(line);
            parts.iter().all(|part| {
                let found = rest.find(part.as_str()).map(|at| rest.split_off(at + part.len()));
                found.map(|after| rest = after).is_some()
            })
        };
        assert!(lines.any(|line| fits(&line)), "{shown}\n{explained}");
    }
}

#[test]
fn what_would_change_is_shown_as_shown() {
    let Some(instance) = with("-sname demo\n-setcookie demo_cookie\n+S 2:2\n") else { return };
    instance.run(&["start"]).ok();
    let file = instance.path().join("releases/0.1.0/vm.args");
    fs::write(file, "-sname demo\n-setcookie demo_cookie\n+S 4:4\n").unwrap();
    let output = instance.run(&["vmargs", "--diff"]);
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (1, session("bin/demo vmargs --diff").as_str()),
        "{output}"
    );
}

#[test]
fn wrong_flags_are_told_as_shown() {
    let Some(instance) = with("-sname demo\n-setcookie demo_cookie\n+sbtw none\n+P 5000x\n") else { return };
    let output = instance.run(&["start"]);
    let release = fs::read_to_string(instance.path().join("releases/0.1.0/boot/settings.sh")).unwrap();
    let erts = release.lines().find_map(|line| line.strip_prefix("_boot_erts_vsn=")).unwrap();
    let otp = relboot::host::Otp::of_erts(erts).release.unwrap();
    let said = output.stderr.replace(&format!("OTP {otp} "), "OTP 25 ");
    assert_eq!((output.status, said), (1, session("bin/demo start")), "{output}");
}
