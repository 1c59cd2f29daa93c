//! A node in the background where erts has no run_erl: the helper is its parent and writes its log.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::{runs, signal, until};
use crate::support::releases::rebar3;

const LIMIT: Duration = Duration::from_secs(30);

/// The supervisor of the node that runs.
fn parent(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_node_without_run_erl_is_kept_by_the_helper() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).own_files().kit();
    let file = instance.base().join("relboot.toml");
    fs::write(&file, "[logs]\nfiles = 3\nbytes = 20000\n").unwrap();
    instance.generate(&["--config", file.to_str().unwrap()]).ok();
    let erts = fs::read_dir(instance.path()).unwrap().flatten().map(|entry| entry.path());
    let erts: PathBuf = erts.into_iter().find(|path| path.join("bin/run_erl").exists()).unwrap();
    fs::remove_file(erts.join("bin/run_erl")).unwrap();
    assert_eq!(instance.run(&["start"]).status, 0);
    let vm = instance.vms()[0];
    let helper = parent(vm);
    assert_eq!(fs::read_to_string(format!("/proc/{helper}/comm")).unwrap(), "relboot-helper\n");
    // More than all the files hold: the last ones stay, in their order, and none is too long.
    let says =
        "[io:format(user, \"~4..0w~s~n\", [N, lists:duplicate(200, $x)]) || N <- lists:seq(1, 500)], ok";
    assert_eq!(instance.run(&["rpc", says]).ok(), "ok\n");
    let line = |n: u32| format!("{n:04}{}", "x".repeat(200));
    until("it is written", LIMIT, || instance.run(&["logs", "-n", "1"]).ok().contains(&line(500)));
    let logs = instance.run(&["logs", "-n", "60"]).ok();
    let lines: Vec<_> = logs.lines().map(str::to_owned).collect();
    assert_eq!(lines, (441..=500).map(line).collect::<Vec<_>>());
    let log = instance.path().join("tmp/demo/log");
    let sizes: Vec<_> =
        fs::read_dir(&log).unwrap().flatten().map(|entry| entry.metadata().unwrap().len()).collect();
    assert!(sizes.len() <= 3 && sizes.iter().all(|size| *size <= 20_000), "{sizes:?}");
    instance.run(&["restart"]).ok();
    assert_eq!(instance.vms(), [vm]);
    // The node goes with its helper, and the next start needs no cleaning by hand.
    signal(helper, Signal::KILL);
    until("it stops", LIMIT, || !runs(vm));
    assert_eq!(instance.run(&["start"]).status, 0);
    let vm = instance.vms()[0];
    let helper = parent(vm);
    signal(vm, Signal::KILL);
    until("so does its helper", LIMIT, || !runs(helper));
    let logs = instance.run(&["logs", "-n", "2"]).ok();
    assert!(
        logs.starts_with(&format!("error: demo (pid {vm}) has ended: it was ended by SIGKILL")),
        "{logs}"
    );
    assert_eq!(instance.run(&["start"]).status, 0);
    let helper = parent(instance.vms()[0]);
    assert_eq!(instance.run(&["stop"]).status, 0);
    until("nothing is left", LIMIT, || !runs(helper));
    assert!(!instance.path().join("tmp/demo/supervise.sock").exists());
}
