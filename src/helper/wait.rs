//! `wait --timeout SECONDS`: until a node that was just started has booted, or has died of it.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::advice::Trouble;
use super::env::Instance;
use super::process::{Handle, Process};
use super::record::Record;
use super::{client, log, options, proxy, tell};
use crate::error::{Failure, Message, Status};
use crate::node::{Connection, NodeError, Target, connect, os_pid};

/// How long the launcher may take to leave the VM's pid.
const LAUNCH_LIMIT: Duration = Duration::from_secs(10);
/// How long the launcher may take to write down what a dead VM has said.
const LOG_LIMIT: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let limit = options::only_timeout(arguments, Duration::from_secs(60))?;
    let instance = Instance::from_env()?;
    let deadline = Instant::now() + limit;
    let record = Record::read(&instance)?.ok_or_else(|| client::not_running(&instance))?;
    let process = launched(&instance, deadline)?;
    // It is there until it has written all that the VM said.
    let launcher = process.parent("run_erl").or_else(|| process.parent("relboot-helper"));
    let launcher = launcher.and_then(|parent| parent.open());
    if !process.is_alive() {
        return Err(died(&instance, launcher.as_ref()));
    }
    if record.node.is_none() {
        tell(&format!(
            "warning: {} has no node name: it was started, but can't tell when it has booted",
            instance.name
        ));
        return Ok(Status::Done);
    }
    let target = record.target(&instance)?;
    let mut pause = FIRST_PAUSE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(not_in_time(&instance, &process, limit));
        }
        let answer = match attempt(&instance, &record, &target, process, left) {
            Ok(answer) => answer,
            Err(failure) => {
                tell(&format!("warning: {failure}; it was started, but can't tell when it has booted"));
                return Ok(Status::Done);
            }
        };
        // A node of the same name that is not ours may answer: then ours is about to die of that.
        if let Some(mut connection) = answer
            && os_pid(&mut connection).is_ok_and(|pid| pid.cast_signed() == process.pid)
        {
            match connection.wait_started(Some(left)) {
                Ok(()) => return Ok(Status::Done),
                Err(_) if process.is_alive() && Instant::now() >= deadline => {
                    return Err(not_in_time(&instance, &process, limit));
                }
                // It went down: the pause below sees that.
                Err(_) => {}
            }
        }
        if process.open().is_none_or(|handle| handle.wait(pause.min(left))) {
            return Err(died(&instance, launcher.as_ref()));
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The node's answer, none when it has to be tried again.
///
/// # Errors
/// When no later attempt will do better.
fn attempt(
    instance: &Instance,
    record: &Record,
    target: &Target,
    process: Process,
    limit: Duration,
) -> Result<Option<Connection>, Failure> {
    if record.is_tls() {
        return match proxy::connect(instance, record, target, limit) {
            Ok(connection) => Ok(Some(connection)),
            Err(Trouble::Node(_)) => Ok(None),
            Err(Trouble::Told(failure)) if process.is_alive() => Err(failure),
            Err(Trouble::Told(_)) => Ok(None),
        };
    }
    Ok(match connect(target, limit) {
        Ok(connection) => Some(connection),
        // It is registered, but listens on an address of its own choice.
        Err(NodeError::PortRefused { .. }) => client::by_sockets(target, process, limit).and_then(Result::ok),
        Err(_) => None,
    })
}

/// The VM's process, dead or alive, as soon as the launcher has left its pid.
fn launched(instance: &Instance, deadline: Instant) -> Result<Process, Failure> {
    let deadline = deadline.min(Instant::now() + LAUNCH_LIMIT);
    loop {
        if let Some(process) = Process::noted(&instance.state) {
            return Ok(process);
        }
        if Instant::now() >= deadline {
            let text = format!("{} was not started: no pid in {}", instance.name, instance.state.display());
            return Err(Message::new(Status::Failed, text).with_help(log_help(instance)).into());
        }
        std::thread::sleep(FIRST_PAUSE);
    }
}

fn not_in_time(instance: &Instance, process: &Process, limit: Duration) -> Failure {
    let text = format!(
        "{} (pid {}) has not booted within {} s; it goes on",
        instance.name,
        process.pid,
        limit.as_secs()
    );
    let help = format!("{}; a longer time: [start] timeout in rel/relboot.toml", log_help(instance));
    Message::new(Status::TimedOut, text).with_help(help).into()
}

fn died(instance: &Instance, launcher: Option<&Handle>) -> Failure {
    if let Some(launcher) = launcher {
        launcher.wait(LOG_LIMIT);
    }
    for line in log::told_lines(&log::of_this_start(instance)) {
        tell(&format!("| {line}"));
    }
    let text = format!("{} {} ended while it was starting", instance.name, instance.vsn);
    Message::new(Status::Failed, text).with_help(log_help(instance)).into()
}

fn log_help(instance: &Instance) -> String {
    match log::newest(instance) {
        Some(file) => format!("look into {}", file.display()),
        None => format!("run it in the foreground to see why: {} foreground", client::program()),
    }
}
