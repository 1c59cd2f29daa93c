//! `stop --timeout SECONDS`: stops the node and waits for its process, not for its word.

use std::ffi::OsString;
use std::fs;
use std::time::{Duration, Instant};

use super::client::{self, Output};
use super::env::Instance;
use super::process::Process;
use super::{options, record, tell};
use crate::error::{Failure, Message, Status};
use crate::node::os_pid;

/// How long a VM may take after SIGTERM before it is sent another.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let limit = options::only_timeout(arguments, Duration::from_secs(60))?;
    let instance = Instance::from_env()?;
    let (process, gone) = match ask_to_stop(&instance, limit) {
        // No handle: it has ended in the meantime.
        Ok(process) => (process, process.open().is_none_or(|handle| handle.wait(limit))),
        Err(failure) => match Process::recorded(&instance.state) {
            Some(process) => (process, terminate(&instance, process, failure, limit)?),
            None if failure.status() == Status::NotRunning => {
                tell(&format!("{} is not running", instance.name));
                return Ok(Status::Done);
            }
            None => return Err(failure),
        },
    };
    if !gone {
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
    // Before there is a connection: with few files to open there may be none left for this.
    let recorded = Process::recorded(&instance.state);
    let mut connection = client::open(instance, options::CLIENT_LIMIT.min(limit))?;
    let pid = os_pid(&mut connection)?.cast_signed();
    let gone = || Message::new(Status::NotRunning, format!("{} is not running", instance.name));
    let process = recorded.filter(|it| it.pid == pid).or_else(|| Process::now(pid)).ok_or_else(gone)?;
    connection.call("init", "stop", Vec::new(), &mut Output::new(), Some(limit))?;
    Ok(process)
}

/// A node that can't be asked: the VM takes SIGTERM for `init:stop()`. One that is still booting loses it,
/// so it is sent again, each time after twice the pause. False when the node has not ended within `limit`.
fn terminate(
    instance: &Instance,
    process: Process,
    reason: Failure,
    limit: Duration,
) -> Result<bool, Failure> {
    if client::unnamed(instance)?.is_none() {
        tell(&format!("warning: {reason}; sending SIGTERM to pid {}", process.pid));
    }
    let Some(handle) = process.open() else { return Ok(true) };
    let deadline = Instant::now() + limit;
    let mut pause = FIRST_PAUSE;
    loop {
        match handle.terminate() {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => {
                let text = format!("cannot signal {} (pid {}): {error}", instance.name, process.pid);
                return Err(Message::new(Status::Unreachable, text)
                    .with_help("run this as the user that started the node, or as root")
                    .into());
            }
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if handle.wait(pause.min(left)) {
            return Ok(true);
        }
        if left <= pause {
            return Ok(false);
        }
        pause *= 2;
    }
}

/// What a stopped node leaves behind would only mislead the commands that come later.
fn forget(instance: &Instance) {
    for file in [record::file(&instance.state), instance.state.join("pid")] {
        // Another user's directory: the pid in it is known to be dead anyway.
        let _ = fs::remove_file(file);
    }
}
