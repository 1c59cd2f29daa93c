//! Who is to be stopped: the process that has the instance's place, the one that its start has noted, or whom the
//! node itself names. Signals nobody.

use crate::error::{Failure, Status};
use crate::helper::client;
use crate::helper::env::Instance;
use crate::helper::launch;
use crate::helper::process::Process;
use crate::node::{Connection, os_pid};

pub(super) enum Target {
    Process(Process),
    /// It answers, but runs where its process can't be seen: its pid there.
    Elsewhere(Box<Connection>, i32),
    None,
}

/// # Errors
/// When there is a node that can't be told from another one's, or can't be asked, and no process is known.
pub(super) fn find(instance: &Instance) -> Result<Target, Failure> {
    let known = launch::running(&instance.state).or_else(|| Process::recorded(&instance.state));
    if let Some(process) = known {
        return Ok(Target::Process(process));
    }
    let mut connection = match client::open(instance, super::ASK_LIMIT) {
        Ok(connection) => connection,
        Err(failure) if failure.status() == Status::NotRunning => return Ok(Target::None),
        Err(failure) => return Err(failure),
    };
    let pid = os_pid(&mut connection)?.cast_signed();
    Ok(match Process::of_node(&mut connection, pid) {
        Some(process) => Target::Process(process),
        None => Target::Elsewhere(Box::new(connection), pid),
    })
}
