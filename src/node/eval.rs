//! Evaluates Erlang and Elixir on the node. The wrappers around what the user gives are source
//! themselves (`eval/`). Those for expressions are sent parsed (`*.ast`, which a test compares with
//! what a node makes of `*.erl`); the one for calls in Elixir is parsed by the node. What the user
//! gives is always data: binaries bound to variables, never spliced into code.

use super::call::{Mfa, Outcome};
use super::connection::Connection;
use super::error::NodeError;
use super::io_protocol::Io;
use super::term::Term;

const ERLANG: &[u8] = include_bytes!("eval/erlang.ast");
const ELIXIR: &[u8] = include_bytes!("eval/elixir.ast");
const ELIXIR_CALL: &str = include_str!("eval/elixir.exs");
/// What messages call it.
const WHAT: &str = "the evaluation";
const ELIXIR_CODE: &str = "Elixir.Code";

/// The language of what is to be evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Erlang.
    Erlang,
    /// Elixir; not every node has it.
    Elixir,
}

/// What is to be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Expressions; in Erlang the final `.` may be missing.
    Expression(String),
    /// A function call.
    Call {
        /// Module, function, and the arguments, each the text of a literal.
        words: Vec<String>,
        /// One more argument at the end: a list of binaries.
        argv: Option<Vec<Vec<u8>>>,
    },
}

/// In which form the value is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// As people read it.
    Text,
    /// As a term.
    Term,
    /// Not at all.
    Nothing,
}

/// How an evaluation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluated {
    /// With a value, as `~tp` or `inspect` writes it; empty when it was not wanted.
    Text(String),
    /// With a value, when it was wanted as a term, or its text would be too much for the node.
    Term(Term),
    /// With an exception, or it does not parse. Several lines, with class, reason and stack.
    Failed(String),
    /// Not begun: a word of a call can't be read.
    BadWord {
        /// Which, from 0: the module.
        position: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// Evaluates `code`. What it prints goes to `io` as it arrives. The process on the node ends when this
/// connection does, also when the limit, which is the connection's, ends the wait and the connection is
/// dropped.
///
/// # Errors
/// [`NodeError::NoElixir`]; [`NodeError::Ended`] at the limit; otherwise as [`Connection::call`].
pub fn evaluate(
    connection: &mut Connection,
    language: Language,
    code: &Code,
    answer: Answer,
    io: &mut dyn Io,
) -> Result<Evaluated, NodeError> {
    let answer = Term::atom(match answer {
        Answer::Text => "text",
        Answer::Term => "term",
        Answer::Nothing => "nothing",
    });
    let outcome = match language {
        Language::Erlang => run_erlang(connection, code, &[], answer, true, io),
        Language::Elixir => run_elixir(connection, code, answer, io),
    };
    let outcome = outcome.map_err(|error| match error {
        NodeError::TimedOut { node, what, limit } => NodeError::Ended { node, what, limit },
        other => other,
    })?;
    if language == Language::Elixir && lacks_elixir(&outcome) {
        return Err(NodeError::NoElixir { node: connection.node().into() });
    }
    evaluated(connection, outcome)
}

/// Evaluates Erlang expressions, with each binding's variable set, and gives the value of the last, or
/// the exception, as a term. Source that does not parse is the error `{syntax_error, Text}`. The
/// process on the node goes on when this connection ends.
///
/// # Errors
/// As [`Connection::call`]; the limit is the connection's.
pub fn erlang_term(
    connection: &mut Connection,
    source: &str,
    bindings: &[(&str, Term)],
    io: &mut dyn Io,
) -> Result<Outcome, NodeError> {
    let code = Code::Expression(source.into());
    match run_erlang(connection, &code, bindings, Term::atom("raise"), false, io)? {
        Outcome::Return(term) => match result(term) {
            Some((kind, mut parts)) if kind == "term" && parts.len() == 1 => {
                Ok(Outcome::Return(parts.remove(0)))
            }
            _ => Err(connection.nonsense("the value of an evaluation")),
        },
        exception => Ok(exception),
    }
}

fn run_erlang(
    connection: &mut Connection,
    code: &Code,
    bindings: &[(&str, Term)],
    answer: Term,
    link: bool,
    io: &mut dyn Io,
) -> Result<Outcome, NodeError> {
    let code = match code {
        Code::Expression(source) => vec![Term::atom("expression"), Term::binary(source.as_str())],
        Code::Call { words, argv } => vec![Term::atom("call"), texts(words), more(argv.as_ref())],
    };
    let bound = [
        ("Answer", answer),
        ("Bindings", variables(bindings.iter().cloned())),
        ("Code", Term::Tuple(code)),
        ("Link", Term::atom(if link { "true" } else { "false" })),
    ];
    run_parsed(connection, ERLANG, bound, io)
}

fn run_elixir(
    connection: &mut Connection,
    code: &Code,
    answer: Term,
    io: &mut dyn Io,
) -> Result<Outcome, NodeError> {
    let (words, argv) = match code {
        Code::Expression(source) => {
            let bound = [("Answer", answer), ("Source", Term::binary(source.as_str()))];
            return run_parsed(connection, ELIXIR, bound, io);
        }
        Code::Call { words, argv } => (texts(words), more(argv.as_ref())),
    };
    let bound = variables([("answer", answer), ("code", words), ("more", argv)]);
    let args = vec![Term::binary(ELIXIR_CALL), bound];
    let mfa = Mfa { module: ELIXIR_CODE, function: "eval_string", args };
    let deadline = connection.deadline();
    match connection.call_until(WHAT, mfa, io, deadline)? {
        // With the variables, of which there are none.
        Outcome::Return(Term::Tuple(mut parts)) if parts.len() == 2 => {
            Ok(Outcome::Return(parts.swap_remove(0)))
        }
        other => Ok(other),
    }
}

/// Evaluates a parsed expression, and gives its value without those of its variables.
fn run_parsed<'a>(
    connection: &mut Connection,
    wrapper: &[u8],
    bound: impl IntoIterator<Item = (&'a str, Term)>,
    io: &mut dyn Io,
) -> Result<Outcome, NodeError> {
    let wrapper = Term::decode(wrapper).expect("the wrapper is a term: a test reads it");
    let none = || Term::atom("none");
    let args = vec![wrapper, variables(bound), none(), none(), Term::atom("value")];
    let deadline = connection.deadline();
    connection.call_until(WHAT, Mfa { module: "erl_eval", function: "expr", args }, io, deadline)
}

fn texts(words: &[String]) -> Term {
    Term::List(words.iter().map(|word| Term::binary(word.as_str())).collect())
}

/// The arguments behind those that have to be read: none, or the list of binaries.
fn more(argv: Option<&Vec<Vec<u8>>>) -> Term {
    let list = |argv: &Vec<Vec<u8>>| Term::List(argv.iter().cloned().map(Term::Binary).collect());
    Term::List(argv.map(list).into_iter().collect())
}

/// As `erl_eval` and Elixir take them: a list of pairs, sorted by name.
fn variables<'a>(pairs: impl IntoIterator<Item = (&'a str, Term)>) -> Term {
    let mut pairs: Vec<_> = pairs.into_iter().collect();
    pairs.sort_by_key(|(name, _)| *name);
    let pair = |(name, value)| Term::Tuple(vec![Term::atom(name), value]);
    Term::List(pairs.into_iter().map(pair).collect())
}

/// What a wrapper gave: the first element, an atom, and the others.
fn result(term: Term) -> Option<(String, Vec<Term>)> {
    let Term::Tuple(mut parts) = term else { return None };
    let kind = parts.first()?.as_atom()?.to_owned();
    parts.remove(0);
    Some((kind, parts))
}

fn evaluated(connection: &Connection, outcome: Outcome) -> Result<Evaluated, NodeError> {
    let Outcome::Return(term) = outcome else { return killed(connection, outcome) };
    let found = result(term);
    let Some((kind, mut parts)) = found else { return Err(connection.nonsense("an evaluation's result")) };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    match (kind.as_str(), parts.as_slice()) {
        ("value", [Term::Binary(bytes)]) => Ok(Evaluated::Text(text(bytes))),
        ("failed", [Term::Binary(bytes)]) => Ok(Evaluated::Failed(text(bytes))),
        ("bad", [Term::Int(position), Term::Binary(bytes)]) => {
            let position = usize::try_from(*position).unwrap_or(usize::MAX);
            Ok(Evaluated::BadWord { position, reason: text(bytes) })
        }
        ("term", [_]) => Ok(Evaluated::Term(parts.remove(0))),
        _ => Err(connection.nonsense(format!("{kind} of an evaluation"))),
    }
}

/// The wrapper catches all exceptions; what is left is that somebody ended its process.
fn killed(connection: &Connection, outcome: Outcome) -> Result<Evaluated, NodeError> {
    match &outcome {
        Outcome::Exception { reason: Term::Tuple(parts), .. }
            if parts.len() == 2 && parts[0].is_atom("signal") =>
        {
            Ok(Evaluated::Failed(format!("the process of the call was ended: {}", parts[1])))
        }
        _ => Err(connection.unexpected(&outcome)),
    }
}

/// Whether there is no Elixir to evaluate with, or the call itself found none.
fn lacks_elixir(outcome: &Outcome) -> bool {
    let (reason, stack) = match outcome {
        Outcome::Exception { reason, stack, .. } => (reason, stack),
        Outcome::Return(term) => return term.is_atom("no_elixir"),
    };
    let frame = stack.as_list().and_then(<[Term]>::first).and_then(Term::as_tuple);
    let module = frame.and_then(<[Term]>::first);
    reason.is_atom("undef") && module.is_some_and(|module| module.is_atom(ELIXIR_CODE))
}
