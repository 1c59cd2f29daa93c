//! The end of a node's boot, in its two steps: the boot script has started all applications, of which `init` sends a
//! message; then what `-s`, `-run` and `-eval` ask for has returned, of which it tells nobody. Until then the node
//! is not up: what fails there ends it. A permanent application that failed ends it too, but not at once.
//!
//! Source: `init.erl` of erts (`do_boot/3`, `boot_loop/2`): `init:get_status()` is `{starting, started}` in between.

use std::time::Duration;

use super::call::{Mfa, Outcome, Session, outcome};
use super::connection::Connection;
use super::control::Event;
use super::error::NodeError;
use super::io_protocol::Discard;
use super::term::{Reference, Term};
use super::wire::Deadline;

/// Between two looks at what can only be asked: it is over at once, or takes its time.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// So long the end of a boot may wait to be noticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(12);

/// How far a node came within the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boot {
    /// `init:get_status()` is `{started, started}`.
    Complete,
    /// All applications are started; what `-s`, `-run` or `-eval` asks for has not returned.
    Applications,
}

impl Connection {
    /// Waits until the node has booted.
    ///
    /// # Errors
    /// At once when the node goes down meanwhile; when it takes longer than `limit` to start its applications.
    pub fn wait_started(&mut self, limit: Option<Duration>) -> Result<Boot, NodeError> {
        let mut io = Discard;
        let mut session = Session::new(self, &mut io, Deadline::maybe_after(limit), "the start");
        if !session.ask_for_start()? {
            session.await_started()?;
        }
        session.await_rest()
    }

    /// The same; each time that `pause` has passed meanwhile, `watch` gets what `application:info()` gives.
    ///
    /// # Errors
    /// As [`Connection::wait_started`].
    pub fn watch_start(
        &mut self,
        limit: Option<Duration>,
        pause: Duration,
        watch: &mut dyn FnMut(&Term),
    ) -> Result<Boot, NodeError> {
        let mut io = Discard;
        let mut session = Session::new(self, &mut io, Deadline::maybe_after(limit), "the start");
        if !session.ask_for_start()? {
            session.await_started_watching(pause, watch)?;
        }
        session.await_rest()
    }

    /// Waits until the node ends this connection, as one that is on its way down does; no longer than `limit`.
    pub fn wait_ended(&mut self, limit: Option<Duration>) {
        let mut io = Discard;
        Session::new(self, &mut io, Deadline::maybe_after(limit), "the end").await_end();
    }
}

impl Session<'_> {
    /// Asks for a message once all is started; true when it is already.
    fn ask_for_start(&mut self) -> Result<bool, NodeError> {
        let args = vec![Term::Pid(Box::new(self.me.clone()))];
        match self.call(Mfa { module: "init", function: "notify_when_started", args })? {
            Outcome::Return(term) if term.is_atom("started") => Ok(true),
            Outcome::Return(term) if term.is_atom("ok") => Ok(false),
            other => Err(self.connection.unexpected(&other)),
        }
    }

    fn await_started(&mut self) -> Result<(), NodeError> {
        while !self.started {
            let event = self.connection.next_event(self.what, self.deadline)?;
            self.handle(event)?;
        }
        Ok(())
    }

    fn await_started_watching(
        &mut self,
        pause: Duration,
        watch: &mut dyn FnMut(&Term),
    ) -> Result<(), NodeError> {
        // One question at a time.
        let mut asked = Some(self.ask_for_applications()?);
        let mut next = Deadline::after(pause);
        while !self.started {
            let until = if asked.is_none() { next.earlier(self.deadline) } else { self.deadline };
            match self.connection.next_event(self.what, until) {
                Ok(Event::Down { monitor, reason }) if asked.as_ref() == Some(&monitor) => {
                    if let Outcome::Return(applications) = outcome(&monitor, reason) {
                        watch(&applications);
                    }
                    asked = None;
                }
                Ok(event) => self.handle(event)?,
                Err(NodeError::TimedOut { .. }) if asked.is_none() && self.deadline.left().is_ok() => {
                    asked = Some(self.ask_for_applications()?);
                    next = Deadline::after(pause);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn ask_for_applications(&mut self) -> Result<Reference, NodeError> {
        self.spawn(Mfa { module: "application", function: "info", args: Vec::new() })
    }

    /// Waits for the second step. A node that goes down meanwhile ends the connection.
    fn await_rest(&mut self) -> Result<Boot, NodeError> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.call(Mfa { module: "init", function: "get_status", args: Vec::new() }) {
                Ok(Outcome::Return(status)) => match status.as_tuple() {
                    Some([step, _]) if step.is_atom("started") => return self.ask_controller(),
                    Some([step, _]) if step.is_atom("starting") => {}
                    // Somebody has ended it.
                    Some([step, _]) if step.is_atom("stopping") => return Err(self.await_end()),
                    _ => return Err(self.connection.unexpected(&Outcome::Return(status))),
                },
                Ok(other) => return Err(self.connection.unexpected(&other)),
                Err(NodeError::TimedOut { .. }) => return Ok(Boot::Applications),
                Err(error) => return Err(error),
            }
            if !self.idle(pause)? {
                return Ok(Boot::Applications);
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A permanent application that does not start ends the application controller, and with it the node, but `init`
    /// goes on with the boot meanwhile. A controller that ends gives no answer any more.
    fn ask_controller(&mut self) -> Result<Boot, NodeError> {
        let args = vec![Term::atom("infinity")];
        match self.call(Mfa { module: "application", function: "which_applications", args })? {
            Outcome::Return(_) => Ok(Boot::Complete),
            Outcome::Exception { .. } => Err(self.await_end()),
        }
    }

    /// Waits for the end of the connection.
    fn await_end(&mut self) -> NodeError {
        loop {
            let event = self.connection.next_event(self.what, self.deadline);
            if let Err(error) = event.and_then(|event| self.handle(event)) {
                return error;
            }
        }
    }

    /// Hears the node for so long; false when that goes beyond the deadline.
    fn idle(&mut self, pause: Duration) -> Result<bool, NodeError> {
        let end = Deadline::after(pause);
        loop {
            match self.connection.next_event(self.what, end.earlier(self.deadline)) {
                Ok(event) => self.handle(event)?,
                Err(NodeError::TimedOut { .. }) => return Ok(self.deadline.left().is_ok()),
                Err(error) => return Err(error),
            }
        }
    }
}
