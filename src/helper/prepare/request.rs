//! The options of `prepare`, as the core passes them.

use std::ffi::OsString;

use crate::error::{Failure, Message, Status};
use crate::helper::options;

/// How the VM will run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Behind run_erl, or with its output in a file.
    Background,
    /// In the place of the core.
    Foreground,
    /// As a child of the core, which turns signals into a graceful stop.
    Supervised,
    /// With a shell on the terminal.
    Console,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The args file's text, nothing written.
    Print,
    /// Everything that a start needs.
    Start(Mode),
    /// The command line of a VM beside the node.
    Guest(Guest),
}

/// What a VM beside the node is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guest {
    /// To evaluate what the user says, in Erlang.
    Erlang,
    /// The same in Elixir.
    Elixir,
    /// To run the escript that the first plain argument names.
    Escript,
    /// A shell on the terminal.
    Shell,
}

/// The options.
#[derive(Debug)]
pub(super) struct Request {
    pub what: What,
    /// Whether output goes to a terminal that shows colours.
    pub ansi: bool,
    /// relx, mix, distillery or systools.
    pub kind: String,
    /// The template's name in releases/VSN; empty: none.
    pub template: String,
    /// The release's version of erts.
    pub erts: String,
    /// Plain arguments for the node.
    pub extra: Vec<String>,
}

impl Request {
    pub(super) fn parse(arguments: Vec<OsString>) -> Result<Self, Failure> {
        let mut request = Self {
            what: What::Print,
            ansi: false,
            kind: String::new(),
            template: String::new(),
            erts: String::new(),
            extra: Vec::new(),
        };
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
            match argument {
                lexopt::Arg::Long("mode") => request.what = mode(&options::text(&mut parser)?)?,
                lexopt::Arg::Long("print") => request.what = What::Print,
                lexopt::Arg::Long("ansi") => request.ansi = true,
                lexopt::Arg::Long("kind") => request.kind = options::text(&mut parser)?,
                lexopt::Arg::Long("template") => request.template = options::text(&mut parser)?,
                lexopt::Arg::Long("erts") => request.erts = options::text(&mut parser)?,
                lexopt::Arg::Value(value) => request.extra.push(options::utf8(value)?),
                other => return Err(options::usage(&other.unexpected())),
            }
        }
        Ok(request)
    }

    /// The mode; what is printed is what a background start would use.
    pub(super) fn mode(&self) -> Mode {
        match self.what {
            What::Start(mode) => mode,
            What::Print | What::Guest(_) => Mode::Background,
        }
    }
}

fn mode(text: &str) -> Result<What, Failure> {
    match text {
        "background" => Ok(What::Start(Mode::Background)),
        "foreground" => Ok(What::Start(Mode::Foreground)),
        "supervised" => Ok(What::Start(Mode::Supervised)),
        "console" => Ok(What::Start(Mode::Console)),
        "erlang" => Ok(What::Guest(Guest::Erlang)),
        "elixir" => Ok(What::Guest(Guest::Elixir)),
        "escript" => Ok(What::Guest(Guest::Escript)),
        "shell" => Ok(What::Guest(Guest::Shell)),
        other => Err(Message::new(Status::Usage, format!("--mode {other:?} is none")).into()),
    }
}
