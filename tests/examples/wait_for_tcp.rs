//! hooks-examples/wait-for-tcp: with each tool, in each shell. Boots no node: a second plugin refuses the start.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::process::Stdio;

use super::{GOES_ON, closed_port, run_with, stopped_short};
use crate::support::releases::rebar3;
use crate::support::tools::{need, shells};

#[test]
fn wait_for_tcp_tries_with_each_tool() {
    let Some(raw) = rebar3() else { return };
    let instance = stopped_short(raw, "wait-for-tcp");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let open = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    let closed = format!("127.0.0.1:{}", closed_port());
    for with in ["bash", "nc", "erl", "curl"] {
        if with != "erl" && !need(&[with]) {
            continue;
        }
        let wait = |what: &str| {
            let env = [("WAIT_FOR_TCP", what), ("WAIT_FOR_TCP_TIMEOUT", "0"), ("WAIT_FOR_TCP_WITH", with)];
            run_with(&instance, &env, &["start"])
        };
        let there = wait(&open);
        assert!(there.stderr.starts_with(GOES_ON) && there.status == 5, "{with}: {there}");
        let missing = wait(&format!("{open} {closed}"));
        let said: Vec<_> = missing.stderr.lines().collect();
        assert_eq!(said[0], format!("waiting for {closed}, up to 0 s (with {with})"));
        assert_eq!(said[1], format!("warning: {closed} did not accept a connection within 0 s"));
        assert!(
            said[3].starts_with("error: plugin wait-for-tcp: pre_start failed with status 7, so start was")
        );
        assert_eq!((missing.status, missing.stdout.as_str()), (5, ""));
    }
}

#[test]
fn wait_for_tcp_goes_on_as_soon_as_the_service_is_there() {
    let Some(raw) = rebar3() else { return };
    let instance = stopped_short(raw, "wait-for-tcp");
    let port = closed_port();
    let mut command = instance.command(&instance.entry());
    command.arg("foreground").env("WAIT_FOR_TCP", format!("127.0.0.1:{port}"));
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with(&format!("waiting for 127.0.0.1:{port}, up to 60 s (with ")), "{line}");
    let _service = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with(GOES_ON), "{rest}");
    assert_eq!(child.wait().unwrap().code(), Some(5));
}

#[test]
fn wait_for_tcp_names_what_is_wrong_in_every_shell() {
    let Some(raw) = rebar3() else { return };
    let mut instance = stopped_short(raw, "wait-for-tcp");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let open = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    let closed = format!("127.0.0.1:{}", closed_port());
    let cases = [
        ("", GOES_ON.into()),
        (&open, GOES_ON.into()),
        (&closed, format!("waiting for {closed}, up to 0 s (with bash)\nwarning: {closed} did not accept")),
        ("[::1]:x", "warning: WAIT_FOR_TCP: \"[::1]:x\" is not HOST:PORT\nhelp: ".into()),
        ("db", "warning: WAIT_FOR_TCP: \"db\" is not HOST:PORT\nhelp: ".into()),
        ("*:1", "waiting for *:1, up to 0 s".into()),
    ];
    if need(&["bash"]) {
        instance.set("WAIT_FOR_TCP_TIMEOUT", "0");
        for shell in shells() {
            for (what, begin) in &cases {
                instance.set("WAIT_FOR_TCP", what);
                let output = instance.run_in(&shell, &["start"]);
                assert!(output.stderr.starts_with(begin) && output.status == 5, "{shell:?} {what}: {output}");
            }
        }
    }
    let tell =
        |env: &[(&str, &str)]| run_with(&instance, &[&[("WAIT_FOR_TCP", "db:1")], env].concat(), &["start"]);
    let none = tell(&[("WAIT_FOR_TCP_WITH", "telepathy")]);
    assert!(
        none.stderr.starts_with("warning: nothing here can try a TCP connection: no telepathy\nhelp: "),
        "{none}"
    );
    let bare = tell(&[("WAIT_FOR_TCP", &closed), ("PATH", "/nonexistent")]);
    assert!(bare.stderr.contains("(with erl)\n"), "the release brings its own: {bare}");
    let time = tell(&[("WAIT_FOR_TCP_TIMEOUT", "1m")]);
    assert!(
        time.stderr.starts_with("warning: WAIT_FOR_TCP_TIMEOUT: \"1m\" is no number of seconds\n"),
        "{time}"
    );
}
