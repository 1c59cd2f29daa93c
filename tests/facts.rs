//! `facts` on hosts as they are: limits, names, networks and users that the kernel really gives.
//! What files in a made tree mean is tested beside the code, in src/host.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::cgroup::{Limits, skipped, v2};
use crate::support::instance::Instance;
use crate::support::made::Made;
use crate::support::process::Output;
use crate::support::releases::rebar3;
use crate::support::tools::need;

mod network;

use network::{ETH0, network};

const MIB: u64 = 1 << 20;

/// `bin/demo facts ARGS` behind the words of `prefix`.
#[track_caller]
fn run<W: AsRef<str>>(made: &Made, prefix: &[W], args: &[&str]) -> Output {
    let entry = made.entry().display().to_string();
    let line: Vec<&str> = prefix.iter().map(AsRef::as_ref).chain([entry.as_str(), "facts"]).collect();
    let mut command = made.program(line[0]);
    made.finish(command.args(&line[1..]).args(args), "")
}

/// What `facts --json` says behind the words of `prefix`.
#[track_caller]
fn facts<W: AsRef<str>>(made: &Made, prefix: &[W]) -> Value {
    let output = run(made, prefix, &["--json"]);
    assert_eq!((output.status, output.stderr.as_str()), (0, ""), "{output}");
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output}"))
}

/// Whether this process may have name spaces of its own.
#[track_caller]
fn may_unshare(what: &str) -> bool {
    if !need(if what == "--net" { &["unshare", "ip"] } else { &["unshare"] }) {
        return false;
    }
    let may =
        Command::new("unshare").args([what, "true"]).output().is_ok_and(|output| output.status.success());
    if !may {
        skipped("name spaces");
    }
    may
}

#[test]
fn all_groups_are_there_for_programs_and_for_people() {
    let mut made = Made::new("");
    made.set("TOKEN", "hush-hush");
    made.set("TERM", "xterm");
    let facts = facts::<&str>(&made, &[]);
    let groups =
        ["cpu", "dirs", "env", "host", "limits", "memory", "net", "otp", "release", "system", "user"];
    assert_eq!(facts.as_object().unwrap().keys().collect::<Vec<_>>(), groups);
    assert_eq!(facts["otp"], json!({ "release": 25, "erts": "13.1.5" }));
    let root = made.root().canonicalize().unwrap();
    assert_eq!(facts["release"], json!({ "name": "demo", "vsn": "0.1.0", "root": root }));
    assert_eq!(facts["dirs"]["state"]["path"], json!(made.state()));
    assert_eq!(facts["dirs"]["log"]["writable"], json!(true));
    let names = facts["env"].as_array().unwrap();
    assert!(names.contains(&json!("TOKEN")) && names.contains(&json!("RELEASE_ROOT")), "{names:?}");
    assert!(!names.iter().any(|name| name.as_str().unwrap().starts_with('_')), "{names:?}");

    let page = run::<&str>(&made, &[], &[]);
    assert_eq!((page.status, page.stderr.as_str()), (0, ""), "{page}");
    let total = facts["memory"]["total"].as_u64().unwrap() as f64 / (1 << 30) as f64;
    let column = page.stdout.find("demo").unwrap();
    for (name, text) in [
        ("release.name", "demo".to_owned()),
        ("otp.release", "25".to_owned()),
        ("cpu.count", facts["cpu"]["count"].to_string()),
        ("memory.total", format!("{total:.1} GiB")),
    ] {
        assert!(page.stdout.contains(&format!("{name:<column$}{text}\n")), "{name} {text}: {page}");
    }
    assert!(page.stdout.contains("\nenv ") && !page.stdout.contains('\x1b'), "{page}");
    for output in [page, run::<&str>(&made, &[], &["--json"])] {
        assert!(output.stdout.contains("TOKEN") && !output.stdout.contains("hush"), "{output}");
    }
    assert!(!made.state().exists(), "it made something");
    let wrong = run::<&str>(&made, &[], &["--wat"]);
    assert_eq!((wrong.status, wrong.stdout.as_str()), (2, ""), "{wrong}");
}

#[test]
fn a_terminal_gets_colours() {
    let mut made = Made::new("");
    if !need(&["script"]) {
        return;
    }
    made.set("TERM", "xterm");
    let entry = made.entry().display().to_string().replace('\'', "'\\''");
    let on_a_terminal = |made: &Made| {
        let mut script = made.program("script");
        made.finish(script.args(["-qec", &format!("'{entry}' facts"), "/dev/null"]), "").ok()
    };
    assert!(on_a_terminal(&made).contains("release.\x1b[1mname\x1b[0m "));
    made.set("NO_COLOR", "1");
    assert!(!on_a_terminal(&made).contains('\x1b'));
}

#[test]
fn another_file_tree_can_be_looked_at() {
    let mut made = Made::new("");
    made.write("host/proc/sys/kernel/hostname", "web1\n");
    made.write("host/etc/resolv.conf", "search example.org\n");
    made.write("host/proc/meminfo", "MemTotal: 2048 kB\n");
    let host = made.root().join("host").display().to_string();
    made.set("BOOT_HOST_ROOT", &host);
    let facts = facts::<&str>(&made, &[]);
    assert_eq!(facts["host"]["fqdn"], json!("web1.example.org"));
    assert_eq!(facts["memory"]["limit"], json!(2 * MIB));
    assert_eq!(facts["net"], json!({ "ipv4": null, "ipv6": null, "route": null, "interfaces": {} }));
}

/// Where netlink is forbidden, and on the files of another host.
#[test]
fn files_alone_tell_the_same() {
    let mut made = Made::new("");
    let pod = format!(
        "{ETH0}; ip link set lo up; ip addr add 10.1.2.3/32 dev eth0; ip route add 169.254.1.1 dev eth0
        ip route add default via 169.254.1.1 dev eth0
        ip addr add fe80::5/64 dev eth0 nodad; ip addr add 2001:db8:7::5/64 dev eth0 nodad
        ip route add default via fe80::1 dev eth0"
    );
    let look = |made: &Made| {
        let mut here = facts::<&str>(made, &[]);
        for moving in ["/memory/available", "/dirs", "/env"] {
            *here.pointer_mut(moving).unwrap() = Value::Null;
        }
        let pod = if may_unshare("--net") { network(made, &pod) } else { Value::Null };
        (here, pod)
    };
    let by_kernel = look(&made);
    // The same files by another name: no system call is trusted to be about them.
    made.set("BOOT_HOST_ROOT", "/proc/self/root");
    assert_eq!(look(&made), by_kernel);
}

#[test]
fn complaint_62_quotas_of_real_groups_are_seen() {
    let made = Made::new("");
    for (cpu, count) in [(0.5, 1), (1.5, 2)] {
        let Some(group) = (Limits { cpu: Some(cpu), memory: None }).group() else { return };
        for prefix in [group.on_the_host(), group.in_a_container()] {
            let found = facts(&made, &prefix)["cpu"].clone();
            assert_eq!(found["quota"], json!(cpu), "{found}");
            let affinity = found["affinity"].as_u64().unwrap();
            assert_eq!(found["count"], json!(affinity.min(count)), "{found}");
        }
    }
}

#[test]
fn complaint_65_memory_limits_of_real_groups_are_seen() {
    let made = Made::new("");
    let Some(outer) = (Limits { cpu: Some(0.25), memory: Some(128 * MIB) }).group() else { return };
    let inner = outer.below(Limits { cpu: None, memory: Some(512 * MIB) });
    for prefix in [outer.on_the_host(), outer.in_a_container(), inner.on_the_host()] {
        let found = facts(&made, &prefix);
        assert_eq!(found["memory"]["limit"], json!(128 * MIB), "{found}");
        assert_eq!(found["cpu"]["quota"], json!(0.25), "{found}");
        assert!(found["memory"]["total"].as_u64() > Some(128 * MIB), "{found}");
    }
    // From inside a container the outer group is out of sight, but for the kernel's own sum.
    let found = facts(&made, &inner.in_a_container());
    assert_eq!(found["memory"]["limit"], json!(128 * MIB), "{found}");
    assert_eq!(found["cpu"]["quota"], json!(null), "{found}");
}

#[test]
fn a_node_is_made_for_the_group_and_the_name_that_it_starts_in() {
    let Some(raw) = rebar3() else { return };
    let Some(group) = (Limits { cpu: Some(0.5), memory: Some(512 * MIB) }).group() else { return };
    let instance = Instance::of(raw).plain();
    let template = "-sname {{ release.name }}@localhost\n-setcookie demo_cookie\n+S {{ cpu.count }}\n\
        -limit {{ memory.limit }}\n-host {{ host.fqdn }}\n";
    fs::create_dir_all(instance.base().join("rel")).unwrap();
    fs::write(instance.base().join("rel/vm.args.j2"), template).unwrap();
    instance.generate(&[]).ok();
    let mut words = group.in_a_container();
    words.extend(
        ["unshare", "--uts", "sh", "-c", "hostname web7.example.org; exec \"$@\"", "sh"].map(str::to_owned),
    );
    let mut start = instance.command(Path::new(&words[0]));
    start.args(&words[1..]).arg(instance.entry()).arg("start");
    instance.finish(&mut start, "").ok();
    let ask = "{erlang:system_info(schedulers), init:get_argument(limit), init:get_argument(host)}.";
    let expected = format!("{{1,{{ok,[[\"{}\"]]}},{{ok,[[\"web7.example.org\"]]}}}}\n", 512 * MIB);
    assert_eq!(instance.run(&["rpc", ask]).ok(), expected);
    // It is bounded by what it was made for: the kernel has it in the group.
    let vms = instance.vms();
    assert!(vms.iter().all(|pid| group.pids().contains(pid)) && vms.len() == 1, "{vms:?} {:?}", group.pids());
    instance.run(&["stop"]).ok();
}

#[test]
fn groups_of_version_2_are_seen_where_they_are_mounted() {
    let made = Made::new("");
    let files = [
        ("a/b/cpu.max", "150000 100000\n"),
        ("a/cpu.max", "max 100000\n"),
        ("a/b/memory.max", "max\n"),
        ("a/b/memory.high", "402653184\n"),
        ("a/memory.max", "536870912\n"),
        ("a/pids.max", "100\n"),
    ];
    let Some(prefix) = v2(made.base(), &files) else { return };
    let found = facts(&made, &prefix);
    assert_eq!(found["cpu"]["quota"], json!(1.5), "{found}");
    assert_eq!(found["memory"]["limit"], json!(384 * MIB), "{found}");
    assert_eq!(found["limits"]["pids"], json!(100), "{found}");
}

#[test]
fn limits_and_masks_are_those_of_the_process() {
    let made = Made::new("");
    if need(&["prlimit"]) {
        let found = facts(&made, &["prlimit", "--nofile=512:1024", "--nproc=300:400"]);
        let limits = &found["limits"];
        assert_eq!((&limits["nofile"], &limits["nofile_hard"]), (&json!(512), &json!(1024)), "{limits}");
        assert_eq!((&limits["nproc"], &limits["nproc_hard"]), (&json!(300), &json!(400)), "{limits}");
    }
    let found = facts(&made, &["sh", "-c", "ulimit -S -n 333; exec \"$@\"", "sh"]);
    assert_eq!(found["limits"]["nofile"], json!(333));
    if need(&["taskset"]) {
        let found = facts(&made, &["taskset", "-c", "0"]);
        let cpu = &found["cpu"];
        assert_eq!((&cpu["affinity"], &cpu["count"]), (&json!(1), &json!(1)), "{cpu}");
        assert_eq!(cpu["online"], facts::<&str>(&made, &[])["cpu"]["online"]);
    }
}

#[test]
fn the_host_has_the_name_that_the_kernel_gives() {
    let made = Made::new("");
    if !may_unshare("--uts") {
        return;
    }
    for (name, short) in [("web1.example.org", "web1"), ("web-2", "web-2")] {
        let script = "hostname \"$1\"; shift; exec \"$@\"";
        let host = facts(&made, &["unshare", "--uts", "sh", "-c", script, "sh", name])["host"].clone();
        assert_eq!(host["name"], json!(short));
        let fqdn = host["fqdn"].as_str().unwrap();
        assert!(fqdn == name || fqdn.starts_with("web-2."), "{host}");
    }
}

#[test]
fn a_user_without_entry_and_home() {
    let made = Made::new("");
    let may = Command::new("setpriv").args(["--reuid", "54321", "true"]).output();
    if !need(&["setpriv"]) || !may.is_ok_and(|output| output.status.success()) {
        skipped("other user");
        return;
    }
    let other = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", "env", "-u", "HOME"];
    let found = facts(&made, &other);
    assert_eq!(found["user"], json!({ "uid": 54321, "name": null, "home": null }));
    assert_eq!(found["dirs"]["state"]["writable"], json!(false), "{found}");
    let entry = fs::read_to_string("/etc/passwd")
        .unwrap()
        .lines()
        .find(|line| line.starts_with("daemon:"))
        .map(|line| line.split(':').map(str::to_owned).collect::<Vec<_>>());
    if let Some(entry) = entry {
        let daemon = ["setpriv", "--reuid", &entry[2], "--clear-groups", "env", "-u", "HOME"];
        let found = facts(&made, &daemon);
        let uid: u32 = entry[2].parse().unwrap();
        assert_eq!(found["user"], json!({ "uid": uid, "name": "daemon", "home": entry[5] }));
    }
}

#[test]
fn a_release_without_a_runtime_system_has_a_host_too() {
    let made = Made::new("");
    fs::remove_dir_all(made.root().join("erts-13.1.5")).unwrap();
    let found = facts(&made, &["/usr/bin/env", "PATH=/nonexistent", "/bin/sh"]);
    assert_eq!(found["otp"], json!({ "release": null, "erts": null }));
    assert!(found["cpu"]["count"].as_u64() >= Some(1), "{found}");
}
