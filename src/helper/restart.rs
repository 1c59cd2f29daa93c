//! `restart --timeout SECONDS`: boots the node once more in the same process, and waits for that. What a VM
//! that comes up again is waited for with is here too, for `reboot`.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use super::env::Instance;
use super::process::Process;
use super::wait::not_returned;
use super::{client, options, record, tell};
use crate::error::{Failure, Message, Status};
use crate::node::{Boot, Connection, Discard, Outcome, Term, os_pid};

/// Both the way down and the way up.
const LIMIT: Duration = Duration::from_secs(120);
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let limit = options::only_timeout(arguments, LIMIT)?;
    let deadline = Instant::now() + limit;
    let instance = record::instance()?;
    let mut connection = client::open(&instance, options::CLIENT_LIMIT.min(limit))?;
    same_version(&mut connection, &instance)?;
    let pid = os_pid(&mut connection)?.cast_signed();
    // None where the node is one of another pid namespace: whether it comes up again is all that can be seen then.
    let process = Process::of_node(&mut connection, pid);
    connection.call("init", "restart", Vec::new(), &mut Discard, Some(limit))?;
    // A node on its way down still says that it has started. It ends its connections before it boots again.
    let left = deadline.saturating_duration_since(Instant::now());
    let _ = connection.call("timer", "sleep", vec![Term::atom("infinity")], &mut Discard, Some(left));
    drop(connection);
    until_booted(&instance, deadline, |now| now == pid, || process.is_none_or(|it| it.is_alive())).map_err(
        |late| match late {
            Late::Ended => {
                let text = format!("{} (pid {pid}) ended while it was restarting", instance.name);
                Message::new(Status::Failed, text)
                    .with_help(format!("look into {}", instance.log.display()))
                    .into()
            }
            Late::TimedOut => not_in_time(&instance, limit),
        },
    )?;
    Ok(Status::Done)
}

/// After an upgrade `init:restart` would boot with the arguments of the version that was started: its boot
/// script or its sys.config, with the code of the other.
fn same_version(connection: &mut Connection, instance: &Instance) -> Result<(), Failure> {
    let started = getenv(connection, "RELEASE_VSN")?;
    let permanent = instance.permanent_vsn().unwrap_or_else(|| instance.vsn.clone());
    match started {
        Some(started) if started != permanent => {
            let text = format!(
                "{} was started as {started} and {permanent} is permanent: in this process it would boot with the arguments of {started}",
                instance.name
            );
            let help = format!("{} reboot, or stop and start", client::program());
            Err(Message::new(Status::Failed, text).with_help(help).into())
        }
        _ => Ok(()),
    }
}

/// A variable of the node's environment.
pub(super) fn getenv(connection: &mut Connection, name: &str) -> Result<Option<String>, Failure> {
    let args = vec![Term::string(name)];
    let outcome = connection.call("os", "getenv", args, &mut Discard, Some(options::CLIENT_LIMIT))?;
    Ok(match outcome {
        Outcome::Return(term) => term.as_text(),
        Outcome::Exception { .. } => None,
    })
}

/// Why a node did not come up again.
pub(super) enum Late {
    /// Its process has ended.
    Ended,
    /// It takes longer than it may.
    TimedOut,
}

/// Waits until a node with a pid that is `wanted` has booted, as long as there is `hope`.
pub(super) fn until_booted(
    instance: &Instance,
    deadline: Instant,
    wanted: impl Fn(i32) -> bool,
    hope: impl Fn() -> bool,
) -> Result<(), Late> {
    let mut pause = FIRST_PAUSE;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Late::TimedOut);
        }
        if let Ok(mut connection) = client::open_quietly(instance, left)
            && os_pid(&mut connection).is_ok_and(|pid| wanted(pid.cast_signed()))
            && let Ok(boot) = connection.wait_started(Some(left))
        {
            if boot == Boot::Applications {
                tell(&not_returned(instance, left));
            }
            return Ok(());
        }
        if !hope() {
            return Err(Late::Ended);
        }
        std::thread::sleep(pause.min(left));
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// It has not booted within the limit: status 7.
pub(super) fn not_in_time(instance: &Instance, limit: Duration) -> Failure {
    let text = format!("{} has not booted again within {} s; it goes on", instance.name, limit.as_secs());
    Message::new(Status::TimedOut, text)
        .with_help(format!("look into {}, or give it longer: --timeout SECONDS", instance.log.display()))
        .into()
}
