//! `remote` and `attach` on a terminal: the shells of both kinds of releases, by long and short names, with and
//! without epmd; the messages where there is no node to talk to.

use std::fs;
use std::process::Stdio;

use crate::support::instance::Instance;
use crate::support::process::until;
use crate::support::releases::{mix, rebar3};
use crate::support::running::Running;
use crate::support::terminal::terminal;
use crate::support::tools::{need, shells};

use std::time::Duration;

/// Asks for the node and its hidden peers in an Erlang shell, and leaves.
const ERLANG: [(&str, &str); 3] = [("1>", "{node(), nodes(hidden)}.\r"), ("2>", "\x07"), ("-->", "q\r")];

/// A shell by `args` is on `node`, and says how to leave it.
#[track_caller]
pub(crate) fn erlang(instance: &Instance, args: &[&str], node: &str) {
    let output = instance.finish(terminal(instance, &ERLANG).args(args), "");
    let node = instance.neutral(node);
    let said = instance.neutral(&output.stdout);
    assert!(output.status == 0, "{output}");
    assert!(said.contains("a shell on the running node; leave it with "), "{said}");
    // Its own name is the node's to give.
    assert!(said.contains(&format!("\n{{{node},['")) || said.contains(&format!("{{{node},['")), "{said}");
}

/// Adds flags to a release's vm.args.
fn add(instance: &Instance, flags: &str, instead_of: &str) {
    let file = instance.path().join("releases/0.1.0/vm.args");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(instead_of));
    fs::write(&file, text.replace(instead_of, flags)).unwrap();
}

#[test]
fn a_remote_erlang_shell_listens_nowhere() {
    let (Some(raw), true) = (rebar3(), need(&["python3"])) else { return };
    let instance = Instance::of(raw).kit();
    for command in ["remote", "attach"] {
        let said = "3\n! error: demo is not running\n! help: ROOT/bin/demo start\n";
        assert_eq!(instance.said(&[command]), said);
    }
    instance.start();
    for command in ["remote", "remote_console", "remsh"] {
        erlang(&instance, &[command], "demo@HOST");
    }
    // The one that asks is a hidden node itself.
    let alone = || instance.run(&["rpc", "length(nodes(hidden))."]).ok() == "1\n";
    until("nothing is left", Duration::from_secs(10), alone);

    let before = instance.vms();
    let shell = Running::new(terminal(&instance, &[("1>", "x")]).arg("remote"), &instance.base().join("out"));
    shell.until_says("(demo@");
    let vms = instance.vms();
    let own = vms.iter().find(|pid| !before.contains(pid)).expect("a VM for the shell");
    assert_eq!(listening(*own), [""; 0]);
    assert_ne!(listening(before[0]), [""; 0], "the look finds what there is");
    drop(shell);
    // What it does not know is told.
    assert_eq!(instance.run(&["remote", "--wat"]).status, 2);
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
}

/// The listening TCP sockets of a process.
pub(crate) fn listening(pid: u32) -> Vec<String> {
    let mut tables = String::new();
    for table in ["tcp", "tcp6"] {
        tables += &fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
    }
    let sockets = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let links = sockets.filter_map(|entry| fs::read_link(entry.path()).ok());
    let inodes: Vec<_> = links
        .filter_map(|link| link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']').map(String::from))
        .collect();
    let listening = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        // 0A is LISTEN.
        fields.get(3) == Some(&"0A") && fields.get(9).is_some_and(|inode| inodes.iter().any(|it| it == inode))
    };
    tables.lines().filter(listening).map(String::from).collect()
}

#[test]
fn a_remote_shell_reaches_long_names_and_nodes_without_epmd() {
    let (Some(raw), true) = (rebar3(), need(&["python3"])) else { return };
    let instance = Instance::of(raw).kit();
    add(&instance, "-name demo@127.0.0.1", "-sname demo");
    instance.start();
    erlang(&instance, &["remote"], "'demo@127.0.0.1'");
    instance.run(&["stop"]).ok();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let flags = format!("-name demo@127.0.0.1\n-start_epmd false\n-erl_epmd_port {port}");
    add(&instance, &flags, "-name demo@127.0.0.1");
    instance.start();
    erlang(&instance, &["remote"], "'demo@127.0.0.1'");
    instance.run(&["stop"]).ok();
    add(&instance, "-name demo@::1\n-proto_dist inet6_tcp", &flags);
    if fs::read_to_string("/proc/net/if_inet6").is_ok_and(|text| !text.is_empty()) {
        instance.start();
        erlang(&instance, &["remote"], "'demo@::1'");
        instance.run(&["stop"]).ok();
    }
}

#[test]
fn a_remote_shell_of_a_mix_release_is_iex() {
    let (Some(raw), true) = (mix(), need(&["python3"])) else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let keys = [(")1>", "{Node.self(), Demo.Counter.inc()}\r"), (")2>", "\x03"), ("(a)bort", "a\r")];
    for n in 1..=2 {
        let output = instance.finish(terminal(&instance, &keys).arg("remote"), "");
        let said = instance.neutral(&output.stdout);
        assert!(output.status == 0 && said.contains("iex(demo@HOST)1>"), "{output}");
        assert!(said.contains(&format!("{n}")), "{said}");
    }
    assert_eq!(instance.said(&["rpc", "Demo.Counter.inc()"]), "0\n3\n", "the shells asked the node");
    erlang(&instance, &["remote", "--erl"], "demo@HOST");
}

#[test]
fn attach_talks_through_the_pipes_in_every_shell() {
    let (Some(raw), true) = (rebar3(), need(&["python3"])) else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let said = instance.said(&["attach"]);
    assert!(
        said.starts_with("4\n! error: attach needs a terminal on standard input\n! help: ROOT/bin/demo rpc "),
        "{said}"
    );
    let keys = [("to exit)", "demo_server:version().\r"), ("v1", "\x04")];
    for command in ["attach", "daemon_attach"] {
        let output = instance.finish(terminal(&instance, &keys).arg(command), "");
        assert!(output.status == 0 && output.stdout.contains("leave it with ctrl-D"), "{output}");
    }
    // The same words in every shell.
    for shell in shells() {
        let output = instance.run_in(&shell, &["attach"]);
        assert_eq!(instance.told(&output), said, "{shell:?}");
        assert_eq!(instance.run_in(&shell, &["remote", "--wat"]).status, 2, "{shell:?}");
    }
    instance.run(&["stop"]).ok();
    let mut command = instance.command(&instance.entry());
    let node = Running::new(command.arg("foreground").stdin(Stdio::null()), &instance.base().join("out"));
    until("it answers", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
    let said = instance.said(&["attach"]);
    let wanted = "4\n! error: demo (pid N) has no pipes: it was not started by \"start\" behind run_erl\n! help: ROOT/bin/demo remote\n";
    assert_eq!(said, wanted);
    drop(node);
}
