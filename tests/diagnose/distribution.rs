//! Nodes that can't have their name, their port or their epmd.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;

use super::{Changed, beginning, dies_of, with_flags};
use crate::support::instance::Instance;
use crate::support::releases::rebar3;

#[test]
fn names_ports_and_epmd() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    let (epmd, pid) = instance.epmd();
    let own = |stderr: &str| assert!(stderr.contains("(pid N)"), "{stderr}");

    let first = Instance::of(raw).env("ERL_EPMD_PORT", &epmd.to_string()).kit();
    first.start();
    let stderr = dies_of(&instance, "name-in-use", "the name demo@HOST is in use by beam.smp");
    own(&stderr);
    drop(first);

    // An application that says the same, and ends the VM for a reason of its own.
    let said = "Protocol 'inet_tcp': the name x@y seems to be in use by another Erlang node";
    let alike =
        with_flags(&instance, &format!("-eval 'io:format(\"{}~n\"), halt(1).'", said.replace('\'', "\\x27")));
    let output = instance.run(&["start"]);
    assert!(output.status == 1 && output.stderr.contains(said), "{output}");
    assert!(!output.stderr.contains("troubleshooting.md"), "{output}");
    drop(alike);

    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let range = format!("-kernel inet_dist_listen_min {port} inet_dist_listen_max {port}");
    let taken = with_flags(&instance, &range);
    let stderr =
        dies_of(&instance, "dist-port-in-use", &format!("the port {port} for the distribution is in use by"));
    own(&stderr);
    drop(taken);
    let nowhere = with_flags(&instance, "-kernel inet_dist_use_interface {203,0,113,77}");
    dies_of(&instance, "distribution", "eaddrnotavail");
    drop(nowhere);
    let named = with_flags(&instance, "-proto_dist nosuch");
    dies_of(&instance, "protocol", "the distribution Protocol 'nosuch' can't be used");
    drop(named);

    // Something else than an epmd: what it says is no answer to a node.
    listener.set_nonblocking(false).unwrap();
    std::thread::spawn(move || {
        for mut peer in listener.incoming().flatten() {
            // Its clients come and go as they like.
            let _ =
                peer.read(&mut [0; 100]).and_then(|_| peer.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n"));
        }
    });
    instance.set("ERL_EPMD_PORT", &port.to_string());
    let stderr =
        dies_of(&instance, "epmd-foreign", &format!("what listens on port {port} is no epmd: it is "));
    own(&stderr);

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    instance.set("ERL_EPMD_PORT", &free.to_string());
    let bin = beginning(instance.path(), "erts-").join("bin/epmd");
    let broken = Changed::to(bin, b"#!/bin/sh\nexit 1\n");
    dies_of(&instance, "epmd-unreachable", &format!("epmd does not answer on port {free}"));
    drop(broken);
    instance.set("ERL_EPMD_PORT", &epmd.to_string());
    assert!(fs::exists(format!("/proc/{pid}")).unwrap(), "the instance's own epmd was left alone");
    assert_eq!(instance.said(&["start"]), "0\n");
}
