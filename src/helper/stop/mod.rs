//! `stop`: brings the node to its end and waits for its process, not for its word. First it is asked, for as long as
//! it may take; then it is forced, step by step, and each step is told. Called by the command and by `supervise`.

mod force;
mod progress;
mod target;
mod wish;

use std::cell::Cell;
use std::ffi::OsString;
use std::fs;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::Signal;

use super::client::{self, Output};
use super::env::Instance;
use super::process::{Handle, Process};
use super::{options, record, tell};
use crate::error::{Failure, Message, Status};
use crate::node::{Connection, Term, os_pid};
use progress::Progress;
use target::Target;
use wish::Wish;

/// How long a VM may take after SIGTERM before it is sent another.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// How long a node may take to hear the question: one that hangs never does.
const ASK_LIMIT: Duration = Duration::from_secs(5);

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let wish = Wish::parse(arguments)?;
    let instance = record::instance()?;
    let process = match target::find(&instance)? {
        Target::Process(process) => process,
        Target::Elsewhere(connection, pid) => return stop_elsewhere(&instance, &wish, connection, pid),
        Target::None => {
            tell(&format!("{} is not running", instance.name));
            return Ok(Status::Done);
        }
    };
    let ended = match process.open() {
        // It has ended in the meantime.
        None => Ok(()),
        Some(handle) => {
            let woken = Cell::new(false);
            Ending { instance: &instance, wish: &wish, process, handle: &handle, woken }.bring_about()
        }
    };
    if !process.is_alive() {
        forget(&instance);
    }
    ended.map(|()| Status::Done)
}

/// One process on the way to its end.
struct Ending<'a> {
    instance: &'a Instance,
    wish: &'a Wish,
    process: Process,
    handle: &'a Handle,
    /// Whether that it was stopped was told.
    woken: Cell<bool>,
}

impl Ending<'_> {
    fn bring_about(&self) -> Result<(), Failure> {
        let begun = Instant::now();
        if self.wish.now {
            return self.force_now();
        }
        let deadline = begun + self.wish.limit;
        let mut progress = Progress::new(self.instance, self.process.pid, self.wish.limit, begun);
        self.wake()?;
        let by_signal = match self.ask(deadline) {
            Ok(connection) => {
                progress.ask_over(connection);
                None
            }
            Err(failure) => Some(failure),
        };
        let stopped = match &by_signal {
            None => self.watch(deadline, &mut progress)?,
            Some(failure) => self.terminate(failure, deadline, &mut progress)?,
        };
        drop(progress);
        if stopped { Ok(()) } else { self.force(by_signal.is_some()) }
    }

    /// Tells the node to stop; over the connection it can be asked how far it is.
    fn ask(&self, deadline: Instant) -> Result<Connection, Failure> {
        let limit = ASK_LIMIT.min(deadline.saturating_duration_since(Instant::now()) / 2);
        let mut connection = client::open(self.instance, limit)?;
        if os_pid(&mut connection)?.cast_signed() != self.process.own_pid() {
            let text = "another node answers to its name";
            return Err(Message::new(Status::Unreachable, text).into());
        }
        stop_over(&mut connection, limit)?;
        Ok(connection)
    }

    /// A node that can't be asked: the VM takes SIGTERM for `init:stop()`. One that is still booting loses it,
    /// so it is sent again, each time after twice the pause. False when the node has not ended in time.
    fn terminate(
        &self,
        reason: &Failure,
        deadline: Instant,
        progress: &mut Progress,
    ) -> Result<bool, Failure> {
        // Without files to open it can't be told, and is no reason to leave the node alone.
        let unnamed = client::unnamed(self.instance).is_ok_and(|process| process.is_some());
        if !unnamed {
            tell(&format!("warning: {reason}; sending SIGTERM to pid {}", self.process.pid));
        }
        let mut pause = FIRST_PAUSE;
        loop {
            self.signal(Signal::TERM)?;
            let next = deadline.min(Instant::now() + pause);
            if self.watch(next, progress)? {
                return Ok(true);
            }
            if next == deadline {
                return Ok(false);
            }
            pause *= 2;
        }
    }

    /// Waits for the end until then, telling how far it is.
    fn watch(&self, until: Instant, progress: &mut Progress) -> Result<bool, Failure> {
        loop {
            let step = progress.next().min(until).saturating_duration_since(Instant::now());
            if self.handle.wait(step) {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            self.wake()?;
            progress.show();
        }
    }

    /// A process that a signal has stopped hears nothing else until it goes on.
    fn wake(&self) -> Result<(), Failure> {
        if !self.process.is_stopped() {
            return Ok(());
        }
        if !self.woken.replace(true) {
            let (name, pid) = (&self.instance.name, self.process.pid);
            tell(&format!("warning: {name} (pid {pid}) was stopped by a signal (state T): sending SIGCONT"));
        }
        self.signal(Signal::CONT)
    }

    /// Sends a signal; that the process is gone by now is no error.
    fn signal(&self, signal: Signal) -> Result<(), Failure> {
        match self.handle.signal(signal) {
            Ok(()) | Err(Errno::SRCH) => Ok(()),
            Err(error) => {
                let error = std::io::Error::from(error);
                let text =
                    format!("cannot signal {} (pid {}): {error}", self.instance.name, self.process.pid);
                Err(Message::new(Status::Unreachable, text)
                    .with_help("run this as the user that started the node, or as root")
                    .into())
            }
        }
    }
}

fn stop_over(connection: &mut Connection, limit: Duration) -> Result<(), Failure> {
    connection.call("init", "stop", Vec::new(), &mut Output::new(), Some(limit))?;
    Ok(())
}

/// A node whose process can't be seen from here, in a container for one: the end of its connection is all there is
/// to wait for, and no signal reaches it.
fn stop_elsewhere(
    instance: &Instance,
    wish: &Wish,
    mut connection: Box<Connection>,
    pid: i32,
) -> Result<Status, Failure> {
    let text = format!("{} runs as pid {pid} of another pid namespace", instance.name);
    let help = "run the command there: in the container of the node, or with nsenter --target PID --pid";
    if wish.now {
        let text = format!("{text}, where no signal from here reaches it");
        return Err(Message::new(Status::Unreachable, text).with_help(help).into());
    }
    let deadline = Instant::now() + wish.limit;
    stop_over(&mut connection, options::CLIENT_LIMIT.min(wish.limit))?;
    // It never answers: the node's end ends the connection.
    let left = deadline.saturating_duration_since(Instant::now());
    let _ = connection.call("timer", "sleep", vec![Term::atom("infinity")], &mut Output::new(), Some(left));
    if Instant::now() >= deadline {
        let text = format!("{text}, and has not stopped after {} s", wish.limit.as_secs());
        return Err(Message::new(Status::TimedOut, text).with_help(help).into());
    }
    forget(instance);
    Ok(Status::Done)
}

/// What a stopped node leaves behind would only mislead the commands that come later.
fn forget(instance: &Instance) {
    for file in [record::file(&instance.state), instance.state.join("pid")] {
        // Another user's directory: the pid in it is known to be dead anyway.
        let _ = fs::remove_file(file);
    }
}
