//! Several nodes from one tree: none touches another, each command is about one of them, `status --all` about all.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::support::instance::Instance;
use crate::support::process::{freeze, runs, signal, until};
use crate::support::releases::rebar3;
use crate::support::tools::shells;

const NAMES: [&str; 3] = ["one", "two", "three"];

/// `INSTANCE STATE` of each line below the heading.
fn states(text: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    text.lines().skip(1).map(words).collect()
}

#[test]
fn three_nodes_of_one_tree_live_beside_each_other() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    assert_eq!(
        instance.said(&["status", "--all"]),
        "0\n! demo has no instance here: none was ever started\n"
    );
    assert_eq!(instance.said(&["status", "--all", "--json"]), "0\n[]\n");
    let mut pids = Vec::new();
    for name in NAMES {
        instance.set("RELEASE_NODE", name);
        assert_eq!(instance.said(&["start"]), "0\n");
        let told = instance.said(&["rpc", "{node(), os:getenv(\"ERL_CRASH_DUMP\")}."]);
        let dump = format!("tmp/{name}/log/erl_crash.dump\"");
        assert!(told.starts_with(&format!("0\n{{{name}@HOST,")) && told.contains(&dump), "{told}");
        pids.push(instance.run(&["pid"]).ok().trim().parse::<u32>().unwrap());
        for file in ["pid", "node", "place", "vm.args", "pipe/erlang.pipe.1.r", "log/erlang.log.1"] {
            assert!(instance.path().join("tmp").join(name).join(file).exists(), "{name}: {file}");
        }
    }
    let text = instance.run(&["status", "--all"]).ok();
    assert_eq!(states(&text), ["one started", "three started", "two started"], "{text}");
    let all: Value = serde_json::from_str(&instance.run(&["status", "--all", "--json"]).ok()).unwrap();
    let ids: Vec<_> = all.as_array().unwrap().iter().map(|it| it["pid"].as_u64().unwrap() as u32).collect();
    assert_eq!(ids, [pids[0], pids[2], pids[1]]);
    assert!(all[0]["uptime_seconds"].is_u64() && all[0]["version"] == "0.1.0", "{all}");
    assert!(all[0]["state_dir"].as_str().unwrap().ends_with("tmp/one"), "{all}");

    instance.set("RELEASE_NODE", "two");
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert!(runs(pids[0]) && !runs(pids[1]) && runs(pids[2]));
    signal(pids[2], Signal::KILL);
    until("it is gone", Duration::from_secs(10), || !runs(pids[2]));
    freeze(pids[0]);
    let begun = Instant::now();
    let text = instance.run(&["status", "--all", "--timeout", "1"]).ok();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(states(&text), ["one unknown", "three dead", "two stopped"], "{text}");
    assert!(text.contains(" one@") && text.contains(&format!(" {} ", pids[0])), "{text}");
    signal(pids[0], Signal::CONT);
    instance.set("RELEASE_NODE", "one");
    assert_eq!(instance.said(&["stop"]), "0\n");

    // Another release's, in a place that both use, is not this one's.
    let shared = instance.base().join("shared");
    instance.set("RELEASE_TMP", shared.to_str().unwrap());
    let foreign = shared.join("foreign");
    fs::create_dir_all(&foreign).unwrap();
    fs::write(foreign.join("place"), "").unwrap();
    fs::write(foreign.join("vm.args"), "-boot_var RELEASE_LIB /opt/other/lib\n").unwrap();
    fs::create_dir_all(shared.join("no instance")).unwrap();
    assert_eq!(instance.said(&["start"]), "0\n");
    let text = instance.run(&["status", "--all"]).ok();
    assert_eq!(states(&text), ["one stopped", "one started", "three dead", "two stopped"], "{text}");
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert_eq!(instance.run(&["status", "--all", "--watch"]).status, 2);
}

#[test]
fn many_directories_and_hostile_names() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    let shared = instance.base().join("shared");
    for n in 0..200 {
        let state = shared.join(format!("many-{n:03}"));
        fs::create_dir_all(&state).unwrap();
        fs::write(state.join("node"), format!("vsn=0.1.0\nepmd_port=1\nnode=x{n}@localhost\n")).unwrap();
    }
    let hostile = shared.join("\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}2J it's \"$HOME\"\nü");
    fs::create_dir_all(&hostile).unwrap();
    fs::write(hostile.join("node"), "vsn=0.1.0\nepmd_port=1\nnode=x@localhost\n").unwrap();
    // Another release's, and one by a second name: neither is one more.
    let foreign = shared.join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("node"), "vsn=0.1.0\nepmd_port=1\nroot=/opt/other\n").unwrap();
    std::os::unix::fs::symlink("many-000", shared.join("alias")).unwrap();
    instance.set("RELEASE_TMP", shared.to_str().unwrap());
    let begun = Instant::now();
    let text = instance.run(&["status", "--all"]).ok();
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_eq!(text.lines().count(), 202, "a line for each: {text}");
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    let json = instance.run(&["status", "--all", "--json"]).ok();
    let all: Value = serde_json::from_str(&json).unwrap();
    assert!(
        all.as_array().unwrap().iter().any(|it| it["instance"].as_str().unwrap().ends_with("\nü")),
        "{json}"
    );

    // As long as a path may be, and a name that no shell may look into.
    let long = shared.join("l".repeat(150)).join("it's \"$HOME\" `x` ü");
    instance.set("BOOT_STATE_DIR", long.to_str().unwrap());
    assert!(long.as_os_str().len() > 200);
    assert_eq!(instance.said(&["start"]), "0\n");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
}

#[test]
fn names_that_are_no_directories_are_refused() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    for shell in shells() {
        for (variable, name) in [
            ("BOOT_INSTANCE", ".."),
            ("BOOT_INSTANCE", "."),
            ("RELEASE_NODE", "../x"),
            ("BOOT_INSTANCE", "a\nb"),
        ] {
            let mut command = instance.command(std::path::Path::new(shell[0]));
            command.args(&shell[1..]).arg(instance.entry()).env(variable, name);
            let output = instance.finish(command.arg("start"), "");
            let wanted = format!(
                "error: an instance can't be named \"{name}\": no slash, no newline, neither . nor ..\n\
                 help: set BOOT_INSTANCE, or RELEASE_NODE, to a name such as demo-2\n"
            );
            assert_eq!((output.status, output.stderr), (2, wanted), "{shell:?} {variable}={name}");
        }
    }
    assert!(!instance.path().join("tmp").exists(), "nothing was made");
    let mut command = instance.command(&instance.entry());
    let output = instance.finish(command.arg("start").env("BOOT_INSTANCE", "x".repeat(300)), "");
    assert!(
        output.status == 1 && output.stderr.contains("help: give the instance a shorter name"),
        "{output}"
    );
}
