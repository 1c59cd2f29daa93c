//! Processes killed at the steps of start and stop, and of a node in the foreground.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use super::{STOPPED, left, works};
use crate::support::faults::{Point, Stopped, points};
use crate::support::instance::Instance;
use crate::support::process::{marked, runs, signal, until};
use crate::support::releases::rebar3;
use crate::support::running::Running;
use crate::support::tools::need;

/// Whether each kind of process is killed at each point, which takes minutes, or one at each of some:
/// `RELBOOT_ROUNDS=1 cargo test faults::matrix`
fn whole() -> bool {
    std::env::var("RELBOOT_ROUNDS").is_ok()
}

/// How many points are enough by default.
const SOME: usize = 12;

/// Kills at a point, in turn, each kind of process that is there, or one of them; how many were killed.
fn kill_at(instance: &Instance, command: &str, point: &Point, turn: usize) -> usize {
    let mut done = Vec::new();
    loop {
        match (command, instance.vms().len()) {
            ("stop", 0) => instance.start(),
            // A point that was not reached: the node runs.
            ("start", 1) => drop(instance.run(&["stop", "--kill"]).ok()),
            _ => {}
        }
        let Some(stopped) = Stopped::at(instance, &[command], point) else { break };
        let roles = stopped.roles();
        let mut left: Vec<_> = roles.iter().filter(|role| !done.contains(*role)).collect();
        if left.is_empty() {
            // It is killed all the same: there is no other way from here.
            left = roles.iter().collect();
        }
        let Some(role) = left.get(turn % left.len().max(1)).map(|role| **role) else { break };
        stopped.kill(role);
        if done.contains(&role) {
            break;
        }
        works(instance, &format!("{command} at {point}: killed {role:?}"));
        done.push(role);
        if !whole() || done.len() == roles.len() {
            break;
        }
    }
    done.len()
}

fn table(command: &str) {
    let Some(raw) = rebar3() else { return };
    if !need(&["strace"]) {
        return;
    }
    let instance = Instance::of(raw).at("opt/demo").kit();
    // The first start makes what others find.
    instance.start();
    if command == "start" {
        instance.run(&["stop"]).ok();
    }
    let mut points = points(&instance, &[command]);
    // A node that is waited for is asked as often as it takes.
    points.retain(Point::is_step);
    if command == "start" {
        instance.run(&["stop"]).ok();
    }
    let found = points.len();
    if !whole() && found > SOME {
        // All over the command, then those between.
        let each = found.div_ceil(SOME);
        points = (0..each).flat_map(|from| points.iter().skip(from).step_by(each).cloned()).collect();
    }
    let mut killed = 0;
    for (at, point) in points.iter().enumerate() {
        killed += kill_at(&instance, command, point, at);
        if killed == SOME && !whole() {
            break;
        }
    }
    assert!(points.len() >= 10 && killed >= 10, "{killed} killed at {} points of {found}", points.len());
}

#[test]
fn whoever_is_killed_during_a_start_the_next_one_works() {
    table("start");
}

#[test]
fn whoever_is_killed_during_a_stop_the_next_start_works() {
    table("stop");
}

/// How far a node in the foreground is when one is killed.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Booting,
    Booted,
    Stopping,
}

#[test]
fn whoever_is_killed_in_the_foreground_nobody_stays() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).at("opt/demo").kit();
    let state = instance.path().join("tmp/demo");
    for stage in [Stage::Booting, Stage::Booted, Stage::Stopping] {
        for victim in ["relboot-helper", "beam.smp"] {
            let out = instance.base().join("out");
            let mut node = Running::new(instance.command(&instance.entry()).arg("foreground"), &out);
            until("there is a VM", Duration::from_secs(30), || {
                state.join("pid").exists() && !instance.vms().is_empty()
            });
            let vm = instance.vms()[0];
            if !matches!(stage, Stage::Booting) {
                until("it answers", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
            }
            if matches!(stage, Stage::Stopping) {
                node.signal(Signal::TERM);
            }
            let what = format!("{stage:?}: {victim}");
            signal(if victim == "beam.smp" { vm } else { node.pid() }, Signal::KILL);
            node.end();
            let base = instance.base().to_str().unwrap();
            until(&what, Duration::from_secs(20), || {
                let all = marked(base).into_iter().filter(|pid| *pid != instance.epmd().1);
                let name = |pid| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
                !runs(vm)
                    && all
                        .filter(|pid| ["relboot-helper\n", "beam.smp\n"].contains(&name(*pid).as_str()))
                        .count()
                        == 0
            });
            works(&instance, &what);
        }
    }
    assert_eq!(left(&instance), STOPPED);
}
