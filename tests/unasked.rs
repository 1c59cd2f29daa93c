//! Nodes that can't be reached by the usual way: another one leads there, or the message has the line to type.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::{freeze, runs, signal, until};
use crate::support::releases::rebar3;

/// `error: ...` and `help: ...` of a command that has failed with `status`, without what differs.
#[track_caller]
fn refused(instance: &Instance, args: &[&str], status: i32) -> (String, String) {
    let output = instance.run(args);
    assert_eq!((output.status, output.stdout.as_str()), (status, ""), "{output}");
    let text = instance.neutral(&output.stderr);
    let (error, help) = text.split_once("\nhelp: ").unwrap_or_else(|| panic!("no help line: {text}"));
    assert_eq!(help.lines().count(), 1, "{text}");
    (error.trim_start_matches("error: ").into(), help.trim_end().into())
}

#[test]
fn a_shell_without_files_to_open_is_told_so() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let vm = instance.vms()[0];
    let plugin = instance.path().join("plugins/few");
    fs::create_dir_all(&plugin).unwrap();
    let limited = |command: &str, limit: u32| {
        fs::write(plugin.join(format!("pre_{command}")), format!("ulimit -n {limit}\n")).unwrap();
    };
    for command in ["ping", "pid", "status", "stop"] {
        limited(command, 3);
        let (error, help) = refused(&instance, &[command], 4);
        assert_eq!(
            error, "too many open files: the limit of this shell is too low to ask the node",
            "{command}"
        );
        assert_eq!(help, "ulimit -n 1024");
        assert!(runs(vm), "{command}");
    }
    // One file at a time is enough; where one holds the node's process, none is left to ask it.
    let signalled = "! warning: too many open files: the limit of this shell is too low to ask the node; \
                     sending SIGTERM to pid N\n";
    for (command, said) in
        [("ping", "pong\n".to_owned()), ("pid", format!("{vm}\n")), ("stop", signalled.to_owned())]
    {
        limited(command, 4);
        assert_eq!(instance.said(&[command]), format!("0\n{said}"), "{command}");
    }
    assert!(!runs(vm));
}

#[test]
fn complaint_55_a_node_whose_epmd_is_gone_still_answers() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let port = instance.lose_epmd();
    let output = instance.run(&["ping"]);
    let text = instance.neutral(&output.stderr);
    assert_eq!((output.status, output.stdout.as_str()), (0, "pong\n"), "{output}");
    let warning = format!("warning: other nodes can't find demo: no epmd listens on 127.0.0.1:{port}\n");
    assert!(text.starts_with(&warning), "{text}");
    let line = text.lines().nth(1).unwrap().strip_prefix("help: ").unwrap();
    assert!(line.ends_with(" -daemon; the node registers again by itself"), "{text}");
    assert_eq!(instance.run(&["rpc", "1"]).stdout, "1\n");
    assert_eq!(instance.run(&["status"]).status, 0);

    // The node hangs as well: now there is nothing to ask.
    let vm = instance.vms()[0];
    freeze(vm);
    let (error, help) = refused(&instance, &["ping", "--timeout", "2"], 4);
    assert!(error.ends_with(&format!("no epmd listens on 127.0.0.1:{port} to tell its port")), "{error}");
    assert!(help.starts_with(&format!("ERL_EPMD_PORT={port} ")), "{help}");
    signal(vm, Signal::CONT);

    // What the help line says.
    let raw_line = output.stderr.lines().nth(1).unwrap();
    let line = raw_line.strip_prefix("help: ").unwrap().split(';').next().unwrap().to_owned();
    instance.finish(instance.command(std::path::Path::new("sh")).args(["-c", &line]), "").ok();
    until("the node is registered again", Duration::from_secs(20), || {
        instance.said(&["ping"]) == "0\npong\n"
    });
    assert_eq!(instance.said(&["stop"]), "0\n");
    let mut kill = instance.command(std::path::Path::new("epmd"));
    instance.finish(kill.arg("-kill"), "").ok();
}

#[test]
fn a_node_with_a_host_that_nobody_knows_is_asked_by_its_ports() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw)
        .env("RELEASE_NODE", "demo@no-such-host.invalid")
        .env("RELEASE_DISTRIBUTION", "name")
        .env("BOOT_INSTANCE", "demo")
        .kit();
    let vm_args = instance.path().join("releases/0.1.0/vm.args");
    let text = fs::read_to_string(&vm_args).unwrap();
    // Not where a client would look first.
    fs::write(vm_args, format!("{text}\n-kernel inet_dist_use_interface {{127,0,0,3}}\n")).unwrap();
    assert_eq!(instance.said(&["start"]), "0\n");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.run(&["rpc", "node()."]).stdout, "'demo@no-such-host.invalid'\n");
    assert_eq!(instance.run(&["status"]).status, 0);

    // A process that lives and listens nowhere, in the node's place.
    let state = instance.path().join("tmp/demo");
    let mut sleep = instance.command(std::path::Path::new("sleep"));
    let mut sleep = sleep.arg("60").env("BOOT_STATE_DIR", &state).spawn().unwrap();
    let record = fs::read_to_string(state.join("node")).unwrap();
    assert_eq!(instance.said(&["stop"]), "0\n");
    fs::write(state.join("node"), record).unwrap();
    fs::write(state.join("pid"), format!("{} 0\n", sleep.id())).unwrap();
    let (error, help) = refused(&instance, &["ping"], 4);
    sleep.kill().unwrap();
    sleep.wait().unwrap();
    assert_eq!(
        error,
        "demo is running (pid N) but does not answer: nothing listens for it on this host, and no address of \
         no-such-host.invalid is known"
    );
    assert_eq!(help, "echo '127.0.0.1 no-such-host.invalid' >>/etc/hosts, when it is this host's name");
}

#[test]
fn a_port_that_the_environment_gives_the_vm_is_known() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    instance.set("ERL_FLAGS", "-start_epmd false");
    instance.set("ERL_ZFLAGS", &format!("-erl_epmd_port {port}"));
    assert_eq!(instance.said(&["start"]), "0\n");
    instance.unset("ERL_FLAGS");
    instance.unset("ERL_ZFLAGS");
    let record = fs::read_to_string(instance.path().join("tmp/demo/node")).unwrap();
    assert!(record.contains(&format!("\ndist_port={port}\n")), "{record}");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
    instance.set("ERL_AFLAGS", "-erl_epmd_port none");
    let said = instance.said(&["start"]);
    let refused = "1\n! error: ERL_AFLAGS: -erl_epmd_port needs a port from 1 to 65535\n";
    assert_eq!(said, format!("{refused}! help: for example: -erl_epmd_port 9100\n"));
}

#[test]
fn other_troubles_have_a_line_to_type_each() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    for command in [["ping"].as_slice(), &["pid"], &["rpc", "1"], &["restart"], &["remote"]] {
        let (error, help) = refused(&instance, command, 3);
        assert_eq!(
            (error.as_str(), help.as_str()),
            ("demo is not running", "ROOT/bin/demo start"),
            "{command:?}"
        );
    }
    instance.start();
    let vm = instance.vms()[0];
    freeze(vm);
    let (error, help) = refused(&instance, &["ping", "--timeout", "1"], 4);
    assert_eq!(error, "demo is running (pid N) but does not answer: its process is stopped (state T)");
    assert_eq!(help, format!("kill -CONT {vm}"));
    signal(vm, Signal::CONT);

    let cookie = instance.path().join("tmp/demo/cookie/.erlang.cookie");
    let aside = cookie.with_extension("aside");
    fs::rename(&cookie, &aside).unwrap();
    let (error, help) = refused(&instance, &["ping"], 4);
    assert!(error.starts_with("cannot read the cookie in ROOT/tmp/demo/cookie/"), "{error}");
    assert_eq!(help, "somebody removed it: ROOT/bin/demo stop, then start");
    let good = fs::read(&aside).unwrap();
    fs::write(&cookie, "another_one").unwrap();
    for command in [["ping"].as_slice(), &["pid"], &["rpc", "1"], &["versions"]] {
        let (error, help) = refused(&instance, command, 4);
        assert_eq!(
            error,
            "demo is running (pid N) but does not answer: it refused the cookie in ROOT/tmp/demo/cookie/.erlang.cookie",
            "{command:?}"
        );
        assert_eq!(
            help,
            "the file or the node's cookie was changed since the start: ROOT/bin/demo stop, then start"
        );
    }
    fs::rename(&aside, &cookie).unwrap();
    assert_eq!(fs::read(&cookie).unwrap(), good);
    assert_eq!(instance.said(&["ping"]), "0\npong\n");

    let record = instance.path().join("tmp/demo/node");
    let good = fs::read_to_string(&record).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    fs::write(&record, format!("{good}dist_port={port}\n")).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let (error, help) = refused(&instance, &["ping"], 4);
    assert!(error.contains(&format!("what listens on 127.0.0.1:{port} is not the node")), "{error}");
    assert_eq!(help, format!("who listens there: ss -ltnp 'sport = :{port}'"));
    fs::write(&record, good).unwrap();

    instance.run(&["rpc", "net_kernel:allow(['x@y'])."]).ok();
    let (error, help) = refused(&instance, &["ping"], 4);
    assert!(error.contains("does not allow connections from here"), "{error}");
    assert!(help.starts_with("ROOT/bin/demo attach, then on the node: net_kernel:allow(['"), "{help}");
    assert_eq!(instance.run(&["stop"]).status, 0, "by signal");
    assert_eq!(instance.vms(), [0; 0]);

    // The line helps.
    instance.start();
    let line = help.split_once(": ").unwrap().1.replace("@HOST", &crate::support::said::host());
    instance.run(&["rpc", &format!("net_kernel:allow(['x@y']), {line}.")]).ok();
    assert_eq!(instance.said(&["ping"]), "0\npong\n", "{line}");
}
