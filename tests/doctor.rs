//! `doctor`: on a sound host it finds nothing, each fault is found by its check, and the checks are the documented ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::instance::Instance;
use crate::support::process::Output;
use crate::support::releases::rebar3;

/// The findings by their ids: verdict, what, fix.
fn findings(output: &Output) -> BTreeMap<String, [String; 3]> {
    let all: Value = serde_json::from_str(&output.stdout).unwrap_or_else(|_| panic!("{output}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = all.as_array().unwrap().iter();
    let found: BTreeMap<_, _> =
        all.map(|it| (text(&it["id"]), ["verdict", "what", "fix"].map(|key| text(&it[key])))).collect();
    for [verdict, what, fix] in found.values() {
        assert!(!what.is_empty() && (verdict == "ok") == fix.is_empty(), "{output}");
    }
    found
}

/// What is not well, by id.
#[track_caller]
fn complaints(instance: &Instance, status: i32) -> BTreeMap<String, [String; 3]> {
    let output = instance.run(&["doctor", "--json"]);
    assert_eq!(output.status, status, "{output}");
    let mut found = findings(&output);
    found.retain(|_, [verdict, ..]| verdict != "ok");
    found
}

fn documented() -> BTreeSet<String> {
    let header = include_str!("../script-templates/boot/commands/doctor.sh");
    let lines = header.lines().filter_map(|line| line.strip_prefix("#   ")?.split("  ").next());
    let words = lines.flat_map(str::split_whitespace);
    words.map(str::to_owned).collect()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

#[test]
fn a_sound_node_has_no_errors_and_all_checks_are_documented() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.set("RELEASE_COOKIE", "a_cookie_that_is_long_enough");
    let mut before = complaints(&instance, 0);
    // The vm.args of the release has a flag of old.
    assert!(before.remove("config.rendered").is_some_and(|[_, what, _]| what.contains("+K does nothing")));
    assert_eq!(before, BTreeMap::new());
    assert!(!instance.path().join("tmp").exists(), "nothing was written");

    instance.start();
    let output = instance.run(&["doctor", "--json"]);
    let mut ids: BTreeSet<String> = findings(&output).into_keys().collect();
    assert_eq!(output.status, 0, "{output}");
    let shown = instance.run(&["doctor"]).ok();
    assert!(shown.contains("ok       kit.files ") && shown.contains(" checks: 0 errors, "), "{shown}");
    assert!(shown.contains("run.node") && shown.contains("and answers"), "{shown}");

    assert_eq!(instance.run(&["doctor", "--prepare"]).status, 2);

    what_it_says_of_the_node_that_runs(&instance);

    // The same name from another state directory, and a port that this test has.
    let state = instance.base().join("other");
    instance.set("BOOT_STATE_DIR", state.to_str().unwrap());
    let vm = instance.vms()[0];
    let [verdict, what, fix] = &complaints(&instance, 1)["node.name"];
    assert!(what.contains(&format!("the name demo is taken by beam.smp (pid {vm})")), "{what}");
    assert!(verdict == "error" && fix.contains("RELEASE_NODE"), "{verdict} {fix}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    instance.set("ERL_FLAGS", &format!("-start_epmd false -erl_epmd_port {port}"));
    let output = instance.run(&["doctor", "--json"]);
    let found = findings(&output);
    let what = &found["node.port"][1];
    assert!(what.contains(&format!("port {port}, which is taken by ")), "{output}");
    assert!(what.contains(&format!("(pid {})", std::process::id())), "{output}");
    ids.extend(found.into_keys());
    assert_eq!(ids, documented());
}

/// The verdict of one check, and what it says.
#[track_caller]
fn check(instance: &Instance, id: &str, change: &dyn Fn(&mut Command)) -> [String; 2] {
    let mut command = instance.command("sh".as_ref());
    // The script is the first argument, for a line of shell before it.
    command.args(["-c", "eval \"${FIRST:-}\"; exec \"$0\" doctor --json"]).arg(instance.entry());
    change(&mut command);
    let [verdict, what, _] = findings(&instance.finish(&mut command, ""))[id].clone();
    [verdict, what]
}

fn what_it_says_of_the_node_that_runs(instance: &Instance) {
    let says = |id: &str, verdict: &str, text: &str, change: &dyn Fn(&mut Command)| {
        let [told, what] = check(instance, id, change);
        assert!(told == verdict && what.contains(text), "{id}: {told} {what}");
    };
    // Its own port is no other's.
    let port = instance.run(&["rpc", "element(2, erl_epmd:port_please(\"demo\", {127,0,0,1}))."]).ok();
    let flags = format!("-start_epmd false -erl_epmd_port {}", port.trim_end());
    says("node.port", "ok", "is this node's", &|it| {
        it.env("ERL_FLAGS", &flags);
    });
    for (limit, verdict) in [("100", "error"), ("500", "warning"), ("1024", "ok")] {
        let first = format!("ulimit -n {limit}");
        says("host.files", verdict, &format!("may open {limit} files"), &|it| {
            it.env("FIRST", &first);
        });
    }
    says("host.locale", "ok", "LANG=C: text on terminals is latin1", &|it| {
        it.env("LANG", "C");
    });
    let cookie = instance.path().join("releases/COOKIE");
    fs::write(&cookie, "a_cookie_that_is_long_enough").unwrap();
    let vm_args = instance.base().join("vm.args");
    fs::write(&vm_args, "-sname demo\n").unwrap();
    for (mode, verdict, text) in [(0o600, "ok", "from "), (0o644, "warning", "which everybody can read")] {
        chmod(&cookie, mode);
        says("node.cookie", verdict, text, &|it| {
            it.env_remove("RELEASE_COOKIE").env("RELEASE_VM_ARGS", &vm_args);
        });
    }
    fs::remove_file(cookie).unwrap();
    // As another version, or from another release, it was started before this one came.
    let record = instance.path().join("tmp/demo/node");
    let kept = fs::read_to_string(&record).unwrap();
    for (from, to, id, text) in [
        ("vsn=0.1.0", "vsn=0.0.9", "run.version", "it was started as 0.0.9; the next start boots 0.1.0"),
        ("\nroot=/", "\nroot=/nowhere/", "run.root", "it was started from /nowhere/"),
    ] {
        says(id, "ok", "", &|_| {});
        fs::write(&record, kept.replace(from, to)).unwrap();
        says(id, "warning", text, &|_| {});
        fs::write(&record, &kept).unwrap();
    }
}

#[test]
fn complaint_49_each_fault_is_found_by_its_check() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).own_files().kit();
    let root = instance.path().to_owned();
    let own = root.join("releases/0.1.0");
    fs::write(own.join("boot/commands/ping.sh"), "# mine\n").unwrap();
    fs::create_dir_all(root.join("plugins/x")).unwrap();
    fs::write(root.join("plugins/x/pre_start"), "").unwrap();
    chmod(&root.join("plugins/x/pre_start"), 0o664);
    fs::remove_dir_all(root.join("lib/demo-0.1.0")).unwrap();
    let erts = fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path());
    let erts = erts.into_iter().find(|path| path.to_str().unwrap().contains("/erts-")).unwrap();
    let program = erts.join("bin/inet_gethost");
    let mut bytes = fs::read(&program).unwrap();
    // An architecture of long ago.
    bytes[18..20].copy_from_slice(&[2, 0]);
    fs::write(&program, bytes).unwrap();
    fs::remove_file(erts.join("bin/to_erl")).unwrap();
    fs::create_dir_all(root.join("tmp/demo/log")).unwrap();
    chmod(&root.join("tmp/demo/log"), 0o755);
    chmod(&root.join("tmp/demo"), 0o777);
    instance.set("RELEASE_COOKIE", "demo");
    instance.set("TZ", "Moon/Crater");
    let found = complaints(&instance, 1);
    for (id, verdict, text) in [
        ("kit.files", "warning", "releases/0.1.0/boot/commands/ping.sh was changed"),
        ("kit.plugins", "error", "plugins/x/pre_start can be written by others than its owner"),
        ("erts.programs", "error", "inet_gethost is for another processor (ELF machine 2, "),
        ("erts.run_erl", "warning", "no run_erl or to_erl"),
        ("release.applications", "error", "missing: lib/demo-0.1.0"),
        ("dirs.state", "error", "can be written by others"),
        ("dirs.log", "warning", "is not private"),
        ("node.cookie", "warning", "anybody could guess it"),
        ("host.clock", "warning", "TZ=Moon/Crater"),
    ] {
        let [told, what, _] = found.get(id).unwrap_or_else(|| panic!("{id}: {found:?}"));
        assert!(told == verdict && what.contains(text), "{id}: {told} {what}");
    }

    instance.set("RELEASE_VM_ARGS", "/nowhere/vm.args");
    fs::remove_file(own.join("boot/commands/ping.sh")).unwrap();
    fs::remove_file(own.join("start.boot")).unwrap();
    fs::remove_dir_all(&erts).unwrap();
    instance.set("PATH", "/nowhere");
    let output = instance.run_in(&["/bin/sh"], &["doctor"]);
    assert_eq!(output.status, 1, "{output}");
    for text in [
        "ping.sh is missing",
        " has no start.boot",
        "the release has no erts-",
        "fix: build the release with its runtime system",
    ] {
        assert!(output.stdout.contains(text), "{text}: {output}");
    }
    assert!(output.stderr.is_empty(), "{output}");
}
