//! Whatever is killed at whatever step of a command: the next start works, nothing has to be cleaned up by hand.

use std::fs;

use crate::support::faults::{Point, Role, Stopped, points};
use crate::support::instance::Instance;
use crate::support::releases::rebar3;
use crate::support::tools::need;

/// What a stopped instance has in its state directory.
fn left(instance: &Instance) -> Vec<String> {
    let names = fs::read_dir(instance.path().join("tmp/demo")).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Whether each kind of process is killed at each point, which takes minutes, or one at each in turn:
/// `RELBOOT_ROUNDS=2 cargo test faults::`
fn whole() -> bool {
    std::env::var("RELBOOT_ROUNDS").is_ok()
}

/// Kills processes at a point of a command, and starts and stops the node after it.
fn kill_at(instance: &Instance, command: &str, point: &Point, roles: &[Role], usual: &[String]) -> usize {
    let mut killed = 0;
    for role in roles.iter().copied() {
        if command == "stop" {
            instance.start();
        }
        let Some(stopped) = Stopped::at(instance, &[command], point) else { continue };
        let done = stopped.kill(role);
        stopped.finish();
        let shown = format!("{command} at {point}: killed {role:?}: {done}");
        let output = instance.run(&["start"]);
        assert_eq!(output.status, 0, "{shown}: {output}");
        assert_eq!(instance.vms().len(), 1, "{shown}: {output}");
        let output = instance.run(&["stop"]);
        assert_eq!(output.status, 0, "{shown}: {output}");
        assert_eq!((instance.vms().len(), left(instance)), (0, usual.to_vec()), "{shown}");
        killed += usize::from(done);
    }
    killed
}

fn table(command: &str) {
    let Some(raw) = rebar3() else { return };
    if !need(&["strace"]) {
        return;
    }
    let instance = Instance::of(raw).at("opt/demo").kit();
    instance.start();
    instance.run(&["stop"]).ok();
    let usual = left(&instance);
    if command == "stop" {
        instance.start();
    }
    let points = points(&instance, &[command]);
    if command == "start" {
        instance.run(&["stop"]).ok();
    }
    let mut killed = 0;
    for (at, point) in points.iter().enumerate() {
        let one = [Role::ALL[at % Role::ALL.len()]];
        let roles = if whole() { Role::ALL.as_slice() } else { &one };
        killed += kill_at(&instance, command, point, roles, &usual);
    }
    let least = if whole() { 30 } else { 5 };
    assert!(points.len() >= 10 && killed >= least, "{killed} killed at {} points: {points:?}", points.len());
}

#[test]
fn whoever_is_killed_during_a_start_the_next_one_works() {
    table("start");
}

#[test]
fn whoever_is_killed_during_a_stop_the_next_start_works() {
    table("stop");
}
