//! The life of a node by `bin/NAME`, from generate to stop, on what rebar3 and mix make: the answers of each
//! command on a running node and on a stopped one, word for word.

use std::fs;

use crate::support::instance::Instance;
use crate::support::process::runs;
use crate::support::releases::{mix, rebar3, rebar3_dev};

/// What differs between the kinds: how an expression is written.
struct Words {
    count: &'static str,
    print: &'static str,
    fail: &'static str,
    failure: &'static str,
}

const ERLANG: Words = Words {
    count: "demo_server:inc().",
    print: "io:format(\"~ts~n\", [<<\"gr\u{fc}n\"/utf8>>]), {ok, 1}",
    fail: "erlang:error(my_reason)",
    failure: "my_reason",
};

const ELIXIR: Words = Words {
    count: "Demo.Counter.inc()",
    print: "IO.puts(\"gr\u{fc}n\"); {:ok, 1}",
    fail: "raise \"my_reason\"",
    failure: "my_reason",
};

#[test]
fn a_rebar3_release_lives() {
    let Some(raw) = rebar3() else { return };
    life(&Instance::of(raw).kit(), &ERLANG);
}

#[test]
fn a_mix_release_lives() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).kit();
    life(&instance, &ELIXIR);
    instance.start();
    assert_eq!(instance.said(&["rpc", "--erlang", "'Elixir.Demo.Counter':version()."]), "0\nv1\n");
    assert_eq!(instance.said(&["rpc", "Demo.Kind.of(1)"]), "0\n:integer\n");
}

#[test]
fn a_development_release_lives_on_the_systems_erts() {
    let Some(raw) = rebar3_dev() else { return };
    let instance = Instance::of(raw).kit();
    life(&instance, &ERLANG);
}

fn life(instance: &Instance, words: &Words) {
    stopped(instance);
    assert_eq!(instance.said(&["start"]), "0\n");
    running(instance, words);
    assert_eq!(instance.said(&["start"]), "0\n! demo is already running (pid N)\n");
    let vms = instance.vms();
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert!(!runs(vms[0]), "stop waits for the process");
    stopped(instance);
}

/// The answers of a node that does not run.
fn stopped(instance: &Instance) {
    const NOT_RUNNING: &str = "3\n! error: demo is not running\n! help: ROOT/bin/demo start\n";
    for args in
        [["ping"].as_slice(), &["pid"], &["status"], &["rpc", "1"], &["versions"], &["upgrade", "0.2.0"]]
    {
        assert_eq!(instance.said(args), NOT_RUNNING, "{args:?}");
    }
    assert_eq!(
        instance.said(&["status", "--json"]),
        "3\n{\"name\":\"demo\",\"reason\":\"demo is not running\",\"state\":\"stopped\"}\n"
    );
    assert_eq!(instance.said(&["stop"]), "0\n! demo is not running\n");
    assert_eq!(instance.vms(), [0; 0]);
}

/// The answers of a node that runs.
fn running(instance: &Instance, words: &Words) {
    let vms = instance.vms();
    assert_eq!(vms.len(), 1, "{vms:?}");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.run(&["pid"]).ok(), format!("{}\n", vms[0]));
    status(instance, vms[0]);

    assert_eq!(instance.said(&["rpc", words.count]), "0\n1\n");
    assert_eq!(instance.said(&["rpc", words.count]), "0\n2\n");
    let printed = instance.said(&["rpc", words.print]);
    assert!(
        ["0\n{ok,1}\n! gr\u{fc}n\n", "0\n{:ok, 1}\n! gr\u{fc}n\n"].contains(&printed.as_str()),
        "{printed}"
    );
    let failed = instance.run(&["rpc", words.fail]);
    assert!(failed.status == 9 && failed.stdout.is_empty(), "{failed}");
    assert!(failed.stderr.starts_with("error: ") && failed.stderr.contains(words.failure), "{failed}");
    let timed_out = instance.run(&["rpc", "--timeout", "1", "--erlang", "timer:sleep(infinity)."]);
    assert!(timed_out.status == 7 && timed_out.stderr.contains("longer than 1s"), "{timed_out}");

    wrong_usage(instance);
    assert_eq!(instance.said(&["version"]), "0\ndemo 0.1.0\n");
    assert_eq!(instance.said(&["versions"]), "0\n0.1.0\tpermanent\n");
    assert_eq!(
        instance.said(&["versions", "--json"]),
        "0\n[{\"status\":\"permanent\",\"version\":\"0.1.0\"}]\n"
    );
}

fn status(instance: &Instance, pid: u32) {
    let text = instance.neutral(&instance.run(&["status"]).ok());
    assert!(text.starts_with("demo is started\nnode:       demo@HOST\n"), "{text}");

    let json: serde_json::Value = serde_json::from_str(&instance.run(&["status", "--json"]).ok()).unwrap();
    assert_eq!((&json["state"], &json["version"]), (&"started".into(), &"0.1.0".into()), "{json}");
    assert_eq!(json["pid"], pid, "{json}");
    assert!(json["uptime_seconds"].is_u64(), "{json}");
}

fn wrong_usage(instance: &Instance) {
    assert_eq!(
        instance.said(&["frobnicate"]),
        "2\n! error: unknown command \"frobnicate\"\n! help: ROOT/bin/demo help lists the commands\n"
    );
    for args in [
        ["ping", "--wat"].as_slice(),
        &["pid", "extra"],
        &["status", "--timeout", "soon"],
        &["rpc"],
        &["rpc", "1.", "2."],
        &["stop", "now"],
        &["versions", "--wat"],
        &["upgrade"],
        &["upgrade", "../0.2.0"],
    ] {
        let output = instance.run(args);
        assert!(output.status == 2 && output.stdout.is_empty(), "{args:?}: {output}");
        assert!(output.stderr.starts_with("error: "), "{args:?}: {output}");
    }
    assert_eq!(instance.vms().len(), 1, "nothing of this stops the node");
}

#[test]
fn complaint_08_two_instances_run_from_one_tree() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    for name in ["one", "two"] {
        instance.set("RELEASE_NODE", name);
        assert_eq!(instance.said(&["start"]), "0\n");
    }
    assert_eq!(instance.vms().len(), 2);
    let pids = ["one", "two"].map(|name| {
        instance.set("RELEASE_NODE", name);
        let node = instance.said(&["rpc", "node()."]);
        assert_eq!(node, format!("0\n{name}@HOST\n"));
        instance.run(&["pid"]).ok()
    });
    assert_ne!(pids[0], pids[1]);
    instance.set("RELEASE_NODE", "one");
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert_eq!(instance.run(&["ping"]).status, 3);
    instance.set("RELEASE_NODE", "two");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.run(&["pid"]).ok(), pids[1]);
}

#[test]
fn complaint_32_without_a_home_the_password_files_one_is_used() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).env("RELEASE_COOKIE", "demo_cookie").kit();
    instance.unset("HOME");
    assert_eq!(instance.said(&["start"]), "0\n");
    let uid = rustix::process::getuid().as_raw().to_string();
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    if let Some(home) = fields.into_iter().find(|fields| fields[2] == uid) {
        assert_eq!(instance.said(&["rpc", "os:getenv(\"HOME\")."]), format!("0\n{:?}\n", home[5]));
    }
    assert_eq!(instance.said(&["stop"]), "0\n");
}

#[test]
fn complaints_09_10_a_read_only_release_lives_elsewhere() {
    let Some(raw) = rebar3() else { return };
    for variable in ["BOOT_STATE_DIR", "XDG_RUNTIME_DIR"] {
        let mut instance = Instance::of(raw).kit();
        let run = instance.base().join("run");
        instance.set(variable, run.to_str().unwrap());
        let before = listing(&instance);
        for (args, said) in [
            (["start"].as_slice(), "0\n"),
            (&["ping"], "0\npong\n"),
            (&["rpc", "demo_server:inc()."], "0\n1\n"),
            (&["stop"], "0\n"),
        ] {
            assert_eq!(instance.told(&instance.run_read_only(args)), said, "{variable} {args:?}");
        }
        assert_eq!(listing(&instance), before, "nothing was written to the release");
        let state = if variable == "BOOT_STATE_DIR" { run } else { run.join("demo/demo") };
        assert!(state.join("log/erlang.log.1").is_file(), "{variable}");
    }
}

#[test]
fn a_read_only_release_with_no_other_place_says_so() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).env("BOOT_STATE_DIR", "/proc/none").kit();
    let output = instance.run(&["start"]);
    assert_eq!(output.status, 1, "{output}");
    assert!(output.stderr.starts_with("error: cannot write /proc/none"), "{output}");
    assert!(output.stderr.contains("help: set BOOT_STATE_DIR"), "{output}");
}

/// All files of the release.
fn listing(instance: &Instance) -> String {
    let mut find = std::process::Command::new("find");
    let output = find.arg(instance.path()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
