//! Reaching a real node, or not: cookies, ports, addresses, nodes that start, stop or hang.

use std::net::{IpAddr, Ipv4Addr};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::real::{LIMIT, RealNode, erlang, until};
use crate::error::{Report, Status};
use crate::node::{Cookie, Discard, NodeError, Outcome, Target, connect, erlang_term, os_pid};

fn refused(target: &Target) -> NodeError {
    connect(target, LIMIT).unwrap_err()
}

#[test]
fn a_wrong_cookie_is_told_apart() {
    let Some((node, _connection)) = RealNode::connected(&[]) else { return };
    let target = Target { cookie: Cookie::new("wrong"), ..node.target.clone() };
    let error = refused(&target);
    assert!(matches!(error, NodeError::WrongCookie { .. }), "{error}");
    assert_eq!(error.status(), Status::Unreachable);
    assert!(!format!("{target:?} {error:?}").contains("wrong"), "{target:?}");
}

#[test]
fn names_epmd_and_ports_that_lead_nowhere() {
    let Some((mut node, mut connection)) = RealNode::connected(&[]) else { return };
    let port = connection.address().port();
    let fixed = Target { dist_port: Some(port), epmd_port: 1, ..node.target.clone() };
    os_pid(&mut connect(&fixed, LIMIT).unwrap()).unwrap();

    let name = crate::names::NodeName::parse("nobody@localhost").unwrap();
    let nobody = Target { name: name.clone(), ..node.target.clone() };
    let error = refused(&nobody);
    assert!(matches!(error, NodeError::NotRegistered { .. }), "{error}");
    let error = refused(&Target { name, ..fixed.clone() });
    assert!(matches!(error, NodeError::OtherNode { .. }), "{error}");
    assert_eq!(error.status(), Status::Unreachable);

    node.stop_epmd();
    let error = refused(&node.target);
    assert!(matches!(error, NodeError::EpmdRefused { .. }), "{error}");
    assert_eq!(error.status(), Status::NotRunning);

    erlang(&mut connection, "halt()", &mut Discard).unwrap_err();
    node.vm.wait().unwrap();
    let error = refused(&fixed);
    assert!(matches!(error, NodeError::PortRefused { .. }), "{error}");
    assert_eq!(error.status(), Status::NotRunning);
}

#[test]
fn the_next_address_is_tried_and_none_is_an_error() {
    let Some((node, _connection)) = RealNode::connected(&[]) else { return };
    // Nothing listens there: the test's epmd is bound to 127.0.0.1 alone.
    let dead = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
    let mut target = Target { addresses: vec![dead, node.target.addresses[0]], ..node.target.clone() };
    connect(&target, LIMIT).unwrap();
    connect(&target, Duration::MAX).unwrap();
    target.addresses = Vec::new();
    assert!(matches!(refused(&target), NodeError::NoAddress { .. }));
}

#[test]
fn a_stopped_vm_is_told_within_the_limit() {
    let Some((node, mut connection)) = RealNode::connected(&[]) else { return };
    let limit = Duration::from_millis(300);
    let vm = Pid::from_child(&node.vm);
    kill_process(vm, Signal::STOP).unwrap();
    // Until the last of its threads stands still, one may answer.
    let moves = |task: std::fs::DirEntry| {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        !stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    };
    let tasks = || std::fs::read_dir(format!("/proc/{}/task", node.vm.id())).unwrap().map(Result::unwrap);
    while tasks().any(moves) {
        sleep(Duration::from_millis(1));
    }
    let begin = Instant::now();
    let error = connect(&node.target, limit).unwrap_err();
    assert!(matches!(error, NodeError::Hung { .. }), "{error}");
    assert_eq!(error.status(), Status::Unreachable);
    assert!(error.to_string().contains("did not answer within 300ms"), "{error}");
    connection.set_limit(Some(limit));
    assert_eq!(os_pid(&mut connection).unwrap_err().status(), Status::TimedOut);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    kill_process(vm, Signal::CONT).unwrap();
    connection.set_limit(Some(LIMIT));
    assert_eq!(os_pid(&mut connection).unwrap(), node.vm.id());
}

#[test]
fn hosts_that_are_not_allowed_are_told() {
    let Some((node, mut connection)) = RealNode::connected(&[]) else { return };
    erlang(&mut connection, "net_kernel:allow(['a@b'])", &mut Discard).unwrap();
    let error = refused(&node.target);
    assert!(matches!(error, NodeError::NotAllowed { .. }), "{error}");
}

#[test]
fn a_short_tick_time_is_survived() {
    let Some((_node, mut connection)) = RealNode::connected(&["-kernel", "net_ticktime", "2"]) else {
        return;
    };
    let value = erlang_term(&mut connection, "timer:sleep(5000), done", &[], &mut Discard).unwrap();
    assert!(matches!(value, Outcome::Return(term) if term.is_atom("done")));
}

/// Flags of a node that takes connections, but whose start waits a while for another node.
const SLOW: [&str; 6] =
    ["-kernel", "sync_nodes_optional", "['nobody@localhost']", "-kernel", "sync_nodes_timeout", "1500"];

#[test]
fn the_end_of_the_start_is_awaited_in_one_step() {
    let Some((_node, mut connection)) = RealNode::connected(&SLOW) else { return };
    let begin = Instant::now();
    let error = connection.wait_started(Some(Duration::from_millis(50))).unwrap_err();
    assert_eq!(error.status(), Status::TimedOut, "{error}");
    assert!(error.to_string().starts_with("the start on node"), "{error}");
    connection.wait_started(Some(LIMIT)).unwrap();
    assert!(begin.elapsed() >= Duration::from_millis(300), "{:?}", begin.elapsed());
    let status = connection.call("init", "get_status", Vec::new(), &mut Discard, Some(LIMIT)).unwrap();
    assert!(matches!(status, Outcome::Return(term) if term.to_string().ends_with(",started}")));
}

#[test]
fn a_node_that_dies_while_it_starts_ends_the_wait_at_once() {
    let Some((mut node, mut connection)) = RealNode::connected(&SLOW) else { return };
    let begin = Instant::now();
    let waiting = spawn(move || connection.wait_started(Some(LIMIT)));
    sleep(Duration::from_millis(200));
    node.vm.kill().unwrap();
    let error = waiting.join().unwrap().unwrap_err();
    assert!(matches!(error, NodeError::WentDown { .. }), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_node_that_is_asked_to_stop_ends() {
    let Some((mut node, mut connection)) = RealNode::connected(&[]) else { return };
    let stopped = connection.call("init", "stop", Vec::new(), &mut Discard, Some(LIMIT)).unwrap();
    assert!(matches!(stopped, Outcome::Return(term) if term.is_atom("ok")));
    until("the end", || node.vm.try_wait().unwrap().is_some());
}
