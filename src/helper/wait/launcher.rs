//! The launcher of a node in the background, run_erl: starts it, and sees when it has ended without a VM.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Access, Mode};
use rustix::io::Errno;
use rustix::process::{WaitOptions, getpid, set_child_subreaper, umask, wait};

use super::{log_help, tell_log};
use crate::error::{Failure, Message, Status};
use crate::helper::diagnose::{self, Evidence};
use crate::helper::env::Instance;
use crate::helper::launch::{self, UMASK};
use crate::helper::process::Process;

/// Between two looks: it takes a few milliseconds.
const PAUSE: Duration = Duration::from_millis(1);

/// Runs it until the VM has left its pid.
///
/// # Errors
/// When it can't be run, ends before, or takes longer than `limit`.
pub(super) fn run(
    instance: &Instance,
    command_line: &[OsString],
    limit: Duration,
) -> Result<Process, Failure> {
    let deadline = Instant::now() + limit;
    let Some((program, arguments)) = command_line.split_first() else {
        return Err(Message::new(Status::Usage, "there is no launcher").into());
    };
    // run_erl leaves its parent: then it is this process's child all the same, and its end is seen.
    let adopts = set_child_subreaper(Some(getpid())).is_ok();
    // Its pipes and logs are private; the node gets the caller's own mask back.
    let mask = umask(Mode::from_raw_mode(0o077));
    let child = Command::new(program)
        .args(arguments)
        .env(UMASK, format!("{:o}", mask.bits()))
        .stdin(Stdio::null())
        .spawn();
    umask(mask);
    let mut child = child.map_err(|error| {
        let text = format!("cannot run {}: {error}", program.to_string_lossy());
        Message::new(Status::Failed, text).with_help("is erts complete, and made for this machine?")
    })?;
    loop {
        // The other order would miss a VM that has come and gone between the two.
        let all_ended = match child.try_wait() {
            Ok(Some(status)) if !status.success() => {
                return Err(not_started(instance, &how(status)));
            }
            Ok(Some(_)) => adopts && all_ended(),
            _ => false,
        };
        if let Some(process) = Process::noted(&instance.state) {
            return Ok(process);
        }
        if all_ended {
            let ended = || not_started(instance, "run_erl ended before there was a VM");
            // The VM of a start that was killed before there was one may have come after all.
            return launch::adopt(&instance.state).ok_or_else(ended);
        }
        if Instant::now() >= deadline {
            let seconds = limit.as_secs();
            let text = format!("{} was not started: there is no VM after {seconds} s", instance.name);
            return Err(Message::new(Status::TimedOut, text).with_help(log_help(instance)).into());
        }
        std::thread::sleep(PAUSE);
    }
}

/// Whether no child is left; those that have ended are reaped.
fn all_ended() -> bool {
    loop {
        match wait(WaitOptions::NOHANG) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("run_erl ended with status {code}"),
        (None, signal) => format!("run_erl was ended by signal {}", signal.unwrap_or_default()),
    }
}

/// In the background it says why to the system's log at most; what stands in its way is looked for here.
fn not_started(instance: &Instance, how: &str) -> Failure {
    let evidence = Evidence::of_background(instance, None);
    let found = diagnose::death(instance, &evidence);
    tell_log(&evidence, found.is_some());
    if let Some(found) = found {
        let text = format!("{} was not started: {}", instance.name, found.cause);
        return Message::new(Status::Failed, text).with_help(found.help()).into();
    }
    let pipes = instance.state.join("pipe");
    let unwritable = [&pipes, &instance.log]
        .into_iter()
        .find(|directory| rustix::fs::access(*directory, Access::WRITE_OK | Access::EXEC_OK).is_err());
    let (why, help) = match (terminal_trouble(), unwritable) {
        (Some(error), _) => (
            format!("no pseudo terminal can be had ({error})"),
            "is /dev/pts mounted? how many there may be: /proc/sys/kernel/pty/max; \
             \"foreground\" needs none"
                .into(),
        ),
        (None, Some(directory)) => (
            format!("{} can't be written", directory.display()),
            format!("mend its owner or mode, or remove it; {}", log_help(instance)),
        ),
        (None, None) => {
            let log = log_help(instance);
            return Message::new(Status::Failed, format!("{} was not started: {how}", instance.name))
                .with_help(format!("{log}, and into the system's log: journalctl -t run_erl"))
                .into();
        }
    };
    Message::new(Status::Failed, format!("{} was not started: {how}: {why}", instance.name))
        .with_help(help)
        .into()
}

fn terminal_trouble() -> Option<std::io::Error> {
    File::options().read(true).write(true).open("/dev/ptmx").err()
}
