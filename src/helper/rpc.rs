//! `rpc`: evaluates what the user says on the running node. Its value goes to standard output; what it
//! prints meanwhile to standard error, or the other way round.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, BufWriter, ErrorKind, Write};

use super::client::{open, program};
use super::env::Instance;
use super::{options, tell};
use crate::error::{Failure, Message, Status};
use crate::node::{self, Answer, Code, Evaluated, Inspected, Io, Json, Language, NodeError};
use request::{Request, Shown};

mod request;

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let request = Request::parse(arguments)?;
    let mut connection = open(&Instance::from_env()?, request.limit.unwrap_or(options::CLIENT_LIMIT))?;
    // Connecting has a limit, the expression has one only when it is given one.
    connection.set_limit(request.limit);
    let (answer, to) = match request.shown {
        Shown::Text => (Answer::Text, To::Error),
        Shown::Json => (Answer::Term, To::Error),
        Shown::Printed => (Answer::Nothing, To::Output),
    };
    let mut printed = Printed(to);
    match node::evaluate(&mut connection, request.language, &request.code, answer, &mut printed) {
        Ok(evaluated) => finish(&request, evaluated),
        Err(NodeError::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(Status::Failed),
        Err(error) => Err(error.into()),
    }
}

fn finish(request: &Request, evaluated: Evaluated) -> Result<Status, Failure> {
    match evaluated {
        Evaluated::Text(_) if request.shown == Shown::Printed => Ok(Status::Done),
        Evaluated::Text(text) => result(&text),
        Evaluated::Term(term) => match (request.shown, request.language) {
            (Shown::Json, language) => result(&Json::new(&term, language == Language::Erlang)),
            (_, Language::Erlang) => result(&term),
            (_, Language::Elixir) => result(&Inspected(&term)),
        },
        Evaluated::Failed(text) => {
            tell(&format!("error: {text}"));
            Ok(Status::Raised)
        }
        Evaluated::BadWord { position, reason } => Err(bad_word(request, position, &reason)),
    }
}

fn bad_word(request: &Request, position: usize, reason: &str) -> Failure {
    let words = match &request.code {
        Code::Call { words, .. } => words.as_slice(),
        Code::Expression(_) => &[],
    };
    let word = words.get(position).map_or("", String::as_str);
    let what = match position {
        0 => "module".to_owned(),
        1 => "function".to_owned(),
        _ => format!("argument {}", position - 1),
    };
    let help = match request.language {
        Language::Erlang => {
            "each argument is an erlang term: 1, atom, '\"string\"', '<<\"binary\">>', '{a, [1]}'"
        }
        Language::Elixir => {
            "each argument is an elixir literal: 1, :atom, '\"string\"', '%{a: [1]}', MyApp.Module"
        }
    };
    let help = format!("{help}; texts as they are: {} rpc M F -- TEXT...", program());
    Message::new(Status::Usage, format!("{what} \"{word}\" can't be read: {reason}")).with_help(help).into()
}

/// Prints the value; a reader that has gone away wants no more, and no word about it.
fn result(value: &dyn Display) -> Result<Status, Failure> {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    match writeln!(out, "{value}").and_then(|()| out.flush()) {
        Ok(()) => Ok(Status::Done),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Status::Failed),
        Err(error) => Err(Message::new(Status::Failed, format!("cannot write the result: {error}")).into()),
    }
}

enum To {
    Output,
    Error,
}

/// What the call prints, as it arrives.
struct Printed(To);

impl Io for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.0 {
            To::Error => io::stderr().write_all(bytes),
            To::Output => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
        }
    }
}
