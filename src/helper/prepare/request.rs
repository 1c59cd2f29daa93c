//! The options of `prepare`, as the core passes them.

use std::ffi::OsString;

use crate::error::{Failure, Message, Status};
use crate::helper::options;
use crate::vmargs::sizing::Override;

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
    /// Who chose each flag, and why; as JSON or not.
    Explain(bool),
    /// What differs from what the running node was started with.
    Diff,
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
    /// Whether the host decides what nobody wrote.
    pub sizing: bool,
    /// What `[vm.flags]` says against that.
    pub overrides: Vec<Override>,
    /// How many crash dumps of earlier nodes are kept.
    pub crash_dumps: usize,
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
            sizing: false,
            overrides: Vec::new(),
            crash_dumps: 5,
            extra: Vec::new(),
        };
        let mut json = false;
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
            match argument {
                lexopt::Arg::Long("mode") => request.what = mode(&options::text(&mut parser)?)?,
                lexopt::Arg::Long("print") => request.what = What::Print,
                lexopt::Arg::Long("explain") => request.what = What::Explain(false),
                lexopt::Arg::Long("diff") => request.what = What::Diff,
                lexopt::Arg::Long("json") => json = true,
                lexopt::Arg::Long("sizing") => request.sizing = sizing(&options::text(&mut parser)?)?,
                lexopt::Arg::Long("flags") => request.overrides = overrides(&options::text(&mut parser)?)?,
                lexopt::Arg::Long("crash-dumps") => {
                    request.crash_dumps = options::number(&mut parser)?;
                }
                lexopt::Arg::Long("ansi") => request.ansi = true,
                lexopt::Arg::Long("kind") => request.kind = options::text(&mut parser)?,
                lexopt::Arg::Long("template") => request.template = options::text(&mut parser)?,
                lexopt::Arg::Long("erts") => request.erts = options::text(&mut parser)?,
                lexopt::Arg::Value(value) => request.extra.push(options::utf8(value)?),
                other => return Err(options::usage(&other.unexpected())),
            }
        }
        match request.what {
            What::Explain(_) => request.what = What::Explain(json),
            _ if json => return Err(Message::new(Status::Usage, "--json goes with --explain").into()),
            _ => {}
        }
        Ok(request)
    }

    /// The mode; what is printed is what a background start would use.
    pub(super) fn mode(&self) -> Mode {
        match self.what {
            What::Start(mode) => mode,
            What::Print | What::Explain(_) | What::Diff | What::Guest(_) => Mode::Background,
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

fn sizing(text: &str) -> Result<bool, Failure> {
    match text {
        "auto" => Ok(true),
        "off" => Ok(false),
        other => Err(Message::new(Status::Usage, format!("BOOT_SIZING is auto or off, not {other:?}"))
            .with_help("unset it, or BOOT_SIZING=off")
            .into()),
    }
}

/// One override in each line.
fn overrides(text: &str) -> Result<Vec<Override>, Failure> {
    let read = |line: &str| {
        Override::parse(line).ok_or_else(|| {
            Message::new(Status::Usage, format!("{line:?} in settings.sh is no flag that sizing decides"))
                .with_help("write the kit again: relboot generate")
                .into()
        })
    };
    text.lines().map(read).collect()
}
