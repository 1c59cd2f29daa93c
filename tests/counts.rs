//! What commands cost: processes, memory. Nothing here measures time, which says more of the machine.

use std::fs;

use crate::support::instance::Instance;
use crate::support::releases::{Raw, mix, rebar3};
use crate::support::strace::{Counts, count, maxrss};
use crate::support::terminal::terminal;
use crate::support::tools::need;

/// Peak memory of a client command, in KiB, with the helper as it is built for tests. Nearly all of it is the program
/// itself, which the kernel maps as far as it is in its cache: it grows with the program, in this build to 8 MiB. Of its own a
/// ping has 0.13 MiB. As it is shipped, it is 2.3 MiB for a ping and 2.6 MiB for a status.
const MEMORY: u64 = 9 * 1024;

#[test]
fn a_ping_is_the_script_and_the_helper() {
    let (Some(raw), true) = (rebar3(), need(&["strace"])) else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    for command in ["ping", "pid", "status", "facts"] {
        let (counts, output) = count(instance.command(&instance.entry()).arg(command), None);
        assert_eq!(output.status, 0, "{command}: {output}");
        assert!(counts.execs <= 2, "{command}: {counts:?}");
        assert_eq!(counts.forks, 0, "{command}: {counts:?}");
    }
}

#[test]
fn no_client_command_boots_a_vm_or_needs_much_memory() {
    for (raw, expression) in
        [(rebar3(), "lists:sum(lists:seq(1, 1000))."), (mix(), "Enum.sum(Enum.to_list(1..1000))")]
    {
        let (Some(raw), true) = (raw, need(&["strace", "busybox"])) else { continue };
        let instance = Instance::of(raw).kit();
        instance.start();
        let commands =
            [["ping"].as_slice(), &["pid"], &["status"], &["rpc", expression], &["versions"], &["stop"]];
        for args in commands {
            // "Executed until" nothing of these has been: the counts are those of the whole command.
            let whole = count(instance.command(&instance.entry()).args(args), None).0;
            for program in ["erl", "erlexec", "beam.smp"] {
                if args != ["stop"] {
                    let until = count(instance.command(&instance.entry()).args(args), Some(program)).0;
                    assert_eq!(until, whole, "{args:?} executes {program}");
                }
            }
            if args == ["stop"] {
                instance.start();
            }
            let used = maxrss(instance.command(&instance.entry()).args(args));
            assert!(used < MEMORY, "{args:?}: {used} KiB");
        }
    }
}

#[test]
fn a_vm_beside_the_node_is_one_step_away() {
    for (raw, nothing) in [(rebar3(), "ok"), (mix(), "nil")] {
        let (Some(raw), true) = (raw, need(&["strace", "python3"])) else { continue };
        let instance = Instance::of(raw).kit();
        fs::write(instance.base().join("x.escript"), "#!/usr/bin/env escript\nmain(_) -> ok.\n").unwrap();
        // The script, the helper that prepares it, erlexec, which becomes the VM.
        for args in [["eval", nothing], ["escript", "x.escript"]] {
            let (counts, output) = count(instance.command(&instance.entry()).args(args), Some("beam.smp"));
            assert_eq!(output.status, 0, "{args:?}: {output}");
            assert_eq!(counts, Counts { execs: 3, forks: 1 }, "{args:?}");
        }
        instance.start();
        // The helper takes the script's place, erlexec the helper's. The terminal costs the same for a command that
        // is the script alone.
        let keys = [("1>", "\x07"), ("-->", "q\r")];
        let (alone, output) = count(terminal(&instance, &keys).arg("version"), None);
        assert_eq!(output.status, 0, "{output}");
        let (counts, output) = count(terminal(&instance, &keys).args(["remote", "--erl"]), Some("beam.smp"));
        assert_eq!(output.status, 0, "{output}");
        assert_eq!(counts, Counts { execs: alone.execs + 2, forks: alone.forks });
    }
}

#[test]
fn a_rebar3_foreground_is_few_processes_away_from_the_vm() {
    let Some(raw) = rebar3() else { return };
    foreground(raw);
}

#[test]
fn a_mix_foreground_is_few_processes_away_from_the_vm() {
    let Some(raw) = mix() else { return };
    foreground(raw);
}

fn foreground(raw: &'static Raw) {
    if !need(&["strace"]) {
        return;
    }
    let mut instance = Instance::of(raw).kit();
    let with_epmd = until_vm(&instance);
    // The script, which becomes the supervisor; "prepare"; "launch", a process of its own to take the instance's place
    // for the VM and to die with its parent, which becomes erlexec; "wait", where that is seen before the VM.
    let few = |counts: Counts, more: usize| {
        (5 + more..=6 + more).contains(&counts.execs) && (2..=3 + more).contains(&counts.forks)
    };
    assert!(few(with_epmd, 0), "{with_epmd:?}");
    // Nobody listens there: the helper has to start one.
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    instance.set("ERL_EPMD_PORT", &free.to_string());
    instance.set("ERL_EPMD_RELAXED_COMMAND_CHECK", "1");
    let without = until_vm(&instance);
    let mut kill = instance.command(std::path::Path::new("epmd"));
    instance.finish(kill.arg("-kill"), "").ok();
    // And the epmd itself.
    assert!(few(without, 1), "{without:?}");
}

/// The processes of `foreground` until it executes the VM, which is stopped as soon as it has booted.
fn until_vm(instance: &Instance) -> Counts {
    let mut command = instance.command(&instance.entry());
    command.arg("foreground");
    std::thread::scope(|scope| {
        let counted = scope.spawn(|| count(&command, Some("beam.smp")));
        crate::support::process::until("the node answers", std::time::Duration::from_secs(60), || {
            instance.run(&["ping"]).status == 0
        });
        instance.run(&["stop"]).ok();
        counted.join().unwrap().0
    })
}

#[test]
fn a_hundred_sourced_hooks_are_no_processes() {
    let (Some(raw), true) = (rebar3(), need(&["strace"])) else { return };
    let instance = Instance::of(raw).kit();
    let version = || count(instance.command(&instance.entry()).arg("version"), None);
    let (without, output) = version();
    output.ok();
    for n in 0..100 {
        let plugin = instance.path().join(format!("plugins/p{n:02}"));
        fs::create_dir_all(&plugin).unwrap();
        fs::write(plugin.join("pre_version"), "#!/bin/sh\nSEEN=${SEEN:-}x\n").unwrap();
    }
    let last = instance.path().join("plugins/p99/pre_version");
    fs::write(last, "#!/bin/sh\necho \"seen ${#SEEN}\"\n").unwrap();
    let (with, output) = version();
    assert_eq!(instance.told(&output), "0\nseen 99\ndemo 0.1.0\n");
    assert!(with.execs <= without.execs + 1, "{with:?}, without: {without:?}");
    assert!(with.forks <= without.forks + 2, "{with:?}, without: {without:?}");
}
