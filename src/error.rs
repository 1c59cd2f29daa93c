//! Messages with help and exit status, the same for both programs and the shell.
//! Prints nothing but through [`report`]; knows no other module.

use std::error::Error;
use std::io::Write;

/// The exit statuses of every program and script of relboot: one table, documented in
/// `docs/plugin-api.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Done.
    Done = 0,
    /// Failed.
    Failed = 1,
    /// Wrong usage.
    Usage = 2,
    /// The node is not running.
    NotRunning = 3,
    /// The node is there but does not answer, or can't be told.
    Unreachable = 4,
    /// Refused by a pre hook.
    Refused = 5,
    /// Done, but a post hook failed.
    PostFailed = 6,
    /// Timed out.
    TimedOut = 7,
    /// Another command is at work on this instance.
    Busy = 8,
    /// The code that was to run raised an exception.
    Raised = 9,
}

impl From<Status> for std::process::ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// An error as a user sees it: `error: MESSAGE`, `help: WHAT TO DO`, an exit status.
///
/// Each layer has an enum of its own that implements this; messages are one line, in lower
/// case, with the path and the value in them.
pub trait Report: Error {
    /// What the program ends with.
    fn status(&self) -> Status {
        Status::Failed
    }

    /// What to type or change next, in one line.
    fn help(&self) -> Option<String> {
        None
    }
}

/// Any reportable error, boxed: what subcommands return.
pub type Failure = Box<dyn Report + Send + Sync>;

impl<E: Report + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Box::new(error)
    }
}

/// Writes `error: ...` and `help: ...` to standard error and gives the exit status.
pub fn report(failure: &dyn Report) -> Status {
    let mut text = format!("error: {failure}\n");
    if let Some(help) = failure.help() {
        text.push_str(&format!("help: {help}\n"));
    }
    // Nothing can be told when standard error itself is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
    failure.status()
}

/// A plain error made of a message, a status and an optional help line, for the places where
/// an enum of its own would say no more.
#[derive(Debug)]
pub struct Message {
    text: String,
    help: Option<String>,
    status: Status,
}

impl Message {
    /// An error that ends with `status` and says `text`.
    pub fn new(status: Status, text: impl Into<String>) -> Self {
        Self { text: text.into(), help: None, status }
    }

    /// The same with a help line.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl std::fmt::Display for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for Message {}

impl Report for Message {
    fn status(&self) -> Status {
        self.status
    }

    fn help(&self) -> Option<String> {
        self.help.clone()
    }
}
