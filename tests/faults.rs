//! Whatever goes wrong: the next start works, nothing has to be cleaned up by hand. The table of faults, and where each
//! is brought about:
//!
//! - `kill -9` of the shell, the helper, run_erl, the VM at the steps of start and stop: `faults::matrix`
//! - the same of a node in the foreground: `faults::matrix`, `supervise::it_costs_little_and_the_node_does_not_outlive_it`
//! - a VM that SIGSTOP has stopped: `trouble::complaint_46_a_node_that_hangs_is_told_from_one_that_is_down`,
//!   `stop::a_frozen_node_is_woken_and_one_without_distribution_is_stopped_by_signal`
//! - a full disk: `state::a_full_file_system_is_told_before_anything_starts`, `faults::disks`
//! - a read-only tree: `lifecycle::complaints_09_10_a_read_only_release_lives_elsewhere`
//! - no writable state: `lifecycle::a_read_only_release_with_no_other_place_says_so`
//! - no HOME: `start::few_open_files_and_no_home_are_enough`
//! - a clock that is set back: `identity::no_clock_counts`, `faults::hosts`
//! - a pid that is used again: `identity::a_reused_pid_is_nobody`
//! - epmd killed: `faults::hosts`
//! - few open files: `start::few_open_files_and_no_home_are_enough`, `faults::hosts`
//! - a hook that says much: `faults::applications`
//! - an application that takes long to start: `faults::applications`,
//!   `start::a_terminal_shows_the_application_being_started_and_nothing_else_does`
//! - an application that never ends: `stop::complaint_51_a_node_that_does_not_stop_is_ended_step_by_step`, `faults::applications`

mod applications;
mod disks;
mod hosts;
mod matrix;

use std::fs;

use crate::support::instance::Instance;

/// What is in the state directory.
fn left(instance: &Instance) -> Vec<String> {
    let names = fs::read_dir(instance.path().join("tmp/demo")).unwrap();
    let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What a stopped instance has there.
const STOPPED: [&str; 6] = ["cookie", "lock", "log", "pipe", "place", "vm.args"];

/// The next start and stop are like any other.
#[track_caller]
fn works(instance: &Instance, after: &str) {
    let output = instance.run(&["start"]);
    assert_eq!((output.status, instance.vms().len()), (0, 1), "after {after}: {output}");
    let output = instance.run(&["stop"]);
    assert_eq!(output.status, 0, "after {after}: {output}");
    assert_eq!(
        (instance.vms().len(), left(instance)),
        (0, STOPPED.map(String::from).to_vec()),
        "after {after}"
    );
}

#[test]
fn the_table_names_tests_that_exist() {
    let text = fs::read_to_string("tests/faults.rs").unwrap();
    let table = text.lines().take_while(|line| line.starts_with("//!"));
    let names: Vec<_> = table.flat_map(|line| line.split('`').skip(1).step_by(2)).collect();
    assert!(names.len() > 15, "{names:?}");
    for (file, name) in names.iter().filter_map(|name| name.split_once("::")) {
        if file == "faults" {
            assert!(fs::exists(format!("tests/faults/{name}.rs")).unwrap(), "{name}");
            continue;
        }
        let source = fs::read_to_string(format!("tests/{file}.rs")).unwrap();
        assert!(source.contains(&format!("#[test]\nfn {name}()")), "{file}::{name}");
    }
}
