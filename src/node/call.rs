//! Calls of functions on the node, as `erpc` makes them: a monitored process on the node runs the
//! function and ends with the outcome as its reason. This client is its group leader, so that
//! what it prints arrives here.
//!
//! Source: `erpc.erl` of the kernel (`execute_call/4`).

use super::connection::Connection;
use super::control::{self, Event};
use super::error::NodeError;
use super::io_protocol::{Discard, Io, Job, Progress};
use super::term::{Pid, Reference, Term};
use super::wire::Deadline;
use std::time::Duration;

/// How many processes of one call may wait for the node to format what they print.
const MAX_JOBS: usize = 65_536;

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It returned.
    Return(Term),
    /// It raised an exception, or its process was killed (class `exit`, reason
    /// `{signal, Reason}`, as `erpc` has it).
    Exception {
        /// `error`, `exit` or `throw`.
        class: String,
        /// What was raised.
        reason: Term,
        /// The stack trace, innermost function first; empty but for errors.
        stack: Term,
    },
}

/// A function and what it is given.
pub(super) struct Mfa<'a> {
    pub(super) module: &'a str,
    pub(super) function: &'a str,
    pub(super) args: Vec<Term>,
}

impl Connection {
    /// Calls `module:function(args...)` on the node; what it prints goes to `io` as it arrives.
    /// Without a limit the call may take for ever. When the limit ends the wait, the function
    /// goes on at the node.
    ///
    /// # Errors
    /// When there is no outcome: time-out, a connection that ended, a node that refuses, an
    /// answer that is none, output that can't be written.
    pub fn call(
        &mut self,
        module: &str,
        function: &str,
        args: Vec<Term>,
        io: &mut dyn Io,
        limit: Option<Duration>,
    ) -> Result<Outcome, NodeError> {
        let what = format!("{module}:{function}/{}", args.len());
        self.call_until(&what, Mfa { module, function, args }, io, Deadline::maybe_after(limit))
    }

    /// As [`Connection::call`]; messages call it `what`.
    pub(super) fn call_until(
        &mut self,
        what: &str,
        mfa: Mfa<'_>,
        io: &mut dyn Io,
        deadline: Deadline,
    ) -> Result<Outcome, NodeError> {
        Session::new(self, io, deadline, what).call(mfa)
    }

    /// That a call which can't fail had another outcome than it has to have.
    pub(super) fn unexpected(&self, outcome: &Outcome) -> NodeError {
        self.nonsense(match outcome {
            Outcome::Return(term) => term.to_string(),
            Outcome::Exception { class, reason, .. } => format!("{class} {reason}"),
        })
    }
}

/// The operating system's number of the node's process.
///
/// # Errors
/// As [`Connection::call`]; the limit is the connection's.
pub fn os_pid(connection: &mut Connection) -> Result<u32, NodeError> {
    let deadline = connection.deadline();
    let mfa = Mfa { module: "os", function: "getpid", args: Vec::new() };
    let outcome = connection.call_until("os:getpid/0", mfa, &mut Discard, deadline)?;
    match &outcome {
        Outcome::Return(term) => term.as_text().and_then(|text| text.parse().ok()),
        Outcome::Exception { .. } => None,
    }
    .ok_or_else(|| connection.unexpected(&outcome))
}

/// One call and all that is said while it runs.
pub(super) struct Session<'a> {
    pub(super) connection: &'a mut Connection,
    io: &'a mut dyn Io,
    pub(super) deadline: Deadline,
    /// What is called, for messages.
    pub(super) what: &'a str,
    /// A pid of this call's own: output of an older call, given up, does not get into it.
    pub(super) me: Pid,
    /// Requests that wait for the node to format something.
    jobs: Vec<(Reference, Job)>,
    /// Whether `{init, started}` came.
    pub(super) started: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        connection: &'a mut Connection,
        io: &'a mut dyn Io,
        deadline: Deadline,
        what: &'a str,
    ) -> Self {
        let me = connection.new_pid();
        Self { connection, io, deadline, what, me, jobs: Vec::new(), started: false }
    }

    pub(super) fn call(&mut self, mfa: Mfa<'_>) -> Result<Outcome, NodeError> {
        let request = self.spawn(mfa)?;
        loop {
            match self.connection.next_event(self.what, self.deadline)? {
                Event::Down { monitor, reason } if monitor == request => {
                    return Ok(outcome(&request, reason));
                }
                Event::Spawned { request: spawned, result } if spawned == request => {
                    self.check_spawned(&result)?;
                }
                other => self.handle(other)?,
            }
        }
    }

    pub(super) fn spawn(&mut self, mfa: Mfa<'_>) -> Result<Reference, NodeError> {
        let request = self.connection.new_reference();
        let frame = control::spawn_call(&self.me, &request, mfa.module, mfa.function, mfa.args);
        self.connection.write(frame)?;
        Ok(request)
    }

    /// A pid stands for success, an atom for the reason of a refusal.
    fn check_spawned(&self, result: &Term) -> Result<(), NodeError> {
        match result {
            Term::Atom(reason) => Err(NodeError::CallRefused {
                node: self.connection.node().into(),
                what: self.what.into(),
                reason: reason.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// All that is not about the call's own process.
    pub(super) fn handle(&mut self, event: Event) -> Result<(), NodeError> {
        match event {
            Event::Message { to, message } => self.message(&to, message),
            Event::Down { monitor, reason } => self.formatted(&monitor, reason),
            Event::Spawned { request, result } if matches!(result, Term::Atom(_)) => {
                self.formatted(&request, result)
            }
            Event::Unlinked { id, from, to } => self.connection.write(control::unlink_ack(id, from, to)),
            Event::Spawned { .. } | Event::Other => Ok(()),
        }
    }

    fn message(&mut self, to: &Pid, message: Term) -> Result<(), NodeError> {
        match Job::new(message) {
            Ok(mut job) if *to == self.me => {
                let progress = job.advance(self.io).map_err(NodeError::Output)?;
                self.go_on(job, progress)
            }
            Ok(job) => {
                let progress = job.too_late();
                self.go_on(job, progress)
            }
            Err(other) => {
                let news = other.as_tuple().unwrap_or_default();
                self.started |=
                    matches!(news, [init, started] if init.is_atom("init") && started.is_atom("started"));
                Ok(())
            }
        }
    }

    /// What a job asked the node for has come, or failed to.
    fn formatted(&mut self, request: &Reference, reason: Term) -> Result<(), NodeError> {
        let Some(position) = self.jobs.iter().position(|(waiting, _)| waiting == request) else {
            return Ok(());
        };
        let (_, mut job) = self.jobs.swap_remove(position);
        let data = match outcome(request, reason) {
            Outcome::Return(data) => Some(data),
            Outcome::Exception { .. } => None,
        };
        let progress = job.formatted(data, self.io).map_err(NodeError::Output)?;
        self.go_on(job, progress)
    }

    fn go_on(&mut self, job: Job, progress: Progress) -> Result<(), NodeError> {
        match progress {
            Progress::Reply { to, message } => self.connection.send(to, &message),
            Progress::Ask { .. } if self.jobs.len() >= MAX_JOBS => {
                Err(self.connection.nonsense(format!("more than {MAX_JOBS} processes print at once")))
            }
            Progress::Ask { module, function, args } => {
                let request = self.spawn(Mfa { module: &module, function: &function, args })?;
                self.jobs.push((request, job));
                Ok(())
            }
        }
    }
}

/// What the reason of a call's process says: `{Request, Kind, ...}`, or else it was killed.
pub(super) fn outcome(request: &Reference, reason: Term) -> Outcome {
    let exception = |class: &str, reason, stack| Outcome::Exception { class: class.into(), reason, stack };
    let none = || Term::List(Vec::new());
    let own = matches!(
        reason.as_tuple(),
        Some([Term::Reference(reference), Term::Atom(_), _, ..]) if **reference == *request
    );
    let Term::Tuple(parts) = reason else {
        return exception("exit", Term::Tuple(vec![Term::atom("signal"), reason]), none());
    };
    if !own {
        return exception("exit", Term::Tuple(vec![Term::atom("signal"), Term::Tuple(parts)]), none());
    }
    let mut parts = parts.into_iter().skip(1);
    let kind = parts.next().unwrap_or_else(none);
    let value = parts.next().unwrap_or_else(none);
    match kind.as_atom() {
        Some("return") => Outcome::Return(value),
        Some(class) => exception(class, value, parts.next().unwrap_or_else(none)),
        None => exception("exit", value, none()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Reference, Term, outcome};

    #[test]
    fn reasons_are_outcomes() {
        let own = Reference { node: "c@h".into(), creation: 1, ids: vec![1, 0, 0] };
        let other = Reference { ids: vec![2, 0, 0], ..own.clone() };
        let reason = |reference: &Reference, rest: &[&str]| {
            let head = Term::Reference(Box::new(reference.clone()));
            let rest = rest.iter().map(|name| Term::atom(*name));
            Term::Tuple(std::iter::once(head).chain(rest).collect())
        };
        let text = |reason| match outcome(&own, reason) {
            Outcome::Return(term) => format!("return {term}"),
            Outcome::Exception { class, reason, stack } => format!("{class} {reason} {stack}"),
        };
        assert_eq!(text(reason(&own, &["return", "x"])), "return x");
        assert_eq!(text(reason(&own, &["throw", "x"])), "throw x []");
        assert_eq!(text(reason(&own, &["error", "badarg", "s"])), "error badarg s");
        assert_eq!(text(reason(&own, &["error", "badarg"])), "error badarg []");
        assert_eq!(text(Term::atom("killed")), "exit {signal,killed} []");
        assert!(text(reason(&other, &["return", "x"])).starts_with("exit {signal,{#Ref<"));
        assert_eq!(text(Term::Tuple(Vec::new())), "exit {signal,{}} []");
    }
}
