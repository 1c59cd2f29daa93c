//! `stop --timeout SECONDS`: stops the node and waits for its process, not for its word.

use std::ffi::OsString;
use std::fs;
use std::time::Duration;

use super::client::{self, Output};
use super::env::Instance;
use super::process::Process;
use super::{options, record, tell};
use crate::error::{Failure, Message, Status};
use crate::node::os_pid;

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let limit = options::only_timeout(arguments, Duration::from_secs(60))?;
    let instance = Instance::from_env()?;
    let process = match ask_to_stop(&instance, limit) {
        Ok(process) => process,
        Err(failure) => match Process::recorded(&instance.state) {
            Some(process) => terminate(&instance, process, failure)?,
            None if failure.status() == Status::NotRunning => {
                tell(&format!("{} is not running", instance.name));
                return Ok(Status::Done);
            }
            None => return Err(failure),
        },
    };
    // No handle: it has ended in the meantime.
    if let Some(handle) = process.open()
        && !handle.wait(limit)
    {
        let text =
            format!("{} (pid {}) is still running after {} s", instance.name, process.pid, limit.as_secs());
        return Err(Message::new(Status::TimedOut, text)
            .with_help(format!("it goes on stopping; to end it at once: kill -KILL {}", process.pid))
            .into());
    }
    forget(&instance);
    Ok(Status::Done)
}

/// Tells the node to stop and gives its process.
fn ask_to_stop(instance: &Instance, limit: Duration) -> Result<Process, Failure> {
    let mut connection = client::open(instance, options::CLIENT_LIMIT.min(limit))?;
    let pid = os_pid(&mut connection)?;
    let gone = || Message::new(Status::NotRunning, format!("{} is not running", instance.name));
    let process = Process::now(pid.cast_signed()).ok_or_else(gone)?;
    connection.call("init", "stop", Vec::new(), &mut Output::new(), Some(limit))?;
    Ok(process)
}

/// A node that can't be asked: the VM takes SIGTERM for `init:stop()`.
fn terminate(instance: &Instance, process: Process, reason: Failure) -> Result<Process, Failure> {
    tell(&format!("warning: {reason}; sending SIGTERM to pid {}", process.pid));
    if let Some(handle) = process.open() {
        handle.terminate().map_err(|error| {
            Message::new(
                Status::Unreachable,
                format!("cannot signal {} (pid {}): {error}", instance.name, process.pid),
            )
            .with_help("run this as the user that started the node, or as root")
        })?;
    }
    Ok(process)
}

/// What a stopped node leaves behind would only mislead the commands that come later.
fn forget(instance: &Instance) {
    for file in [record::file(&instance.state), instance.state.join("pid")] {
        // Another user's directory: the pid in it is known to be dead anyway.
        let _ = fs::remove_file(file);
    }
}
