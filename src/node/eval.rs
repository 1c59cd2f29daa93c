//! Evaluates Erlang and Elixir source on the node. The wrappers around a user's source are
//! source themselves (`eval/`), parsed by the node, so that they fit whatever release it runs.
//! User source is always data: a binary bound to a variable, never spliced into code.

use super::call::{Mfa, Outcome};
use super::connection::Connection;
use super::error::NodeError;
use super::io_protocol::{Discard, Io};
use super::term::Term;
use super::wire::Deadline;

const ERLANG: &str = include_str!("eval/erlang.erl");
const ELIXIR: &str = include_str!("eval/elixir.exs");
/// What messages call it.
const WHAT: &str = "the evaluation";
const ELIXIR_CODE: &str = "Elixir.Code";

/// How an evaluation ended, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Evaluated {
    /// The value of the last expression.
    Value {
        /// As `~tp` or `inspect` writes it.
        text: String,
    },
    /// It does not parse, or raised an exception.
    Failed {
        /// Why: several lines, with class, reason and stack.
        text: String,
    },
}

/// Evaluates Erlang expressions, with each binding's variable set; a final `.` may be missing.
///
/// # Errors
/// As [`Connection::call`]; the limit is the connection's.
pub fn erlang(
    connection: &mut Connection,
    source: &str,
    bindings: &[(&str, Term)],
    io: &mut dyn Io,
) -> Result<Evaluated, NodeError> {
    let outcome = run_erlang(connection, source, bindings, "text", io)?;
    evaluated(connection, &outcome)
}

/// Evaluates as [`erlang`] but gives the last expression's value, or the exception, as a term.
/// Source that does not parse is the error `{syntax_error, Text}`.
///
/// # Errors
/// As [`Connection::call`]; the limit is the connection's.
pub fn erlang_term(
    connection: &mut Connection,
    source: &str,
    bindings: &[(&str, Term)],
    io: &mut dyn Io,
) -> Result<Outcome, NodeError> {
    match run_erlang(connection, source, bindings, "term", io)? {
        Outcome::Return(Term::Tuple(parts)) if parts.len() == 3 && parts[0].is_atom("value") => {
            parts.into_iter().nth(1).map(Outcome::Return).ok_or_else(|| connection.nonsense("value"))
        }
        other => Ok(other),
    }
}

/// Evaluates Elixir source.
///
/// # Errors
/// [`NodeError::NoElixir`]; otherwise as [`Connection::call`]. The limit is the connection's.
pub fn elixir(connection: &mut Connection, source: &str, io: &mut dyn Io) -> Result<Evaluated, NodeError> {
    let bindings = list_of_pairs([("source", Term::binary(source))]);
    let args = vec![Term::binary(ELIXIR), bindings];
    let mfa = Mfa { module: ELIXIR_CODE, function: "eval_string", args };
    let deadline = connection.deadline();
    let outcome = connection.call_until(WHAT, mfa, io, deadline)?;
    if lacks_elixir(&outcome) {
        return Err(NodeError::NoElixir { node: connection.node().into() });
    }
    evaluated(connection, &outcome)
}

/// Parses the wrapper on the node, then lets it do the rest: three round trips.
fn run_erlang(
    connection: &mut Connection,
    source: &str,
    bindings: &[(&str, Term)],
    mode: &str,
    io: &mut dyn Io,
) -> Result<Outcome, NodeError> {
    let deadline = connection.deadline();
    let text = vec![Term::string(ERLANG)];
    let tokens = own_step(connection, "erl_scan", "string", text, deadline)?;
    let exprs = own_step(connection, "erl_parse", "parse_exprs", vec![tokens], deadline)?;
    // Sorted by name: up to OTP 25 bindings are an orddict.
    let wrapper = list_of_pairs([
        ("Bindings", list_of_pairs(bindings.iter().cloned())),
        ("Mode", Term::atom(mode)),
        ("Source", Term::binary(source)),
    ]);
    let mfa = Mfa { module: "erl_eval", function: "exprs", args: vec![exprs, wrapper] };
    connection.call_until(WHAT, mfa, io, deadline)
}

/// A step with the wrapper itself, which can only succeed: what follows `ok`.
fn own_step(
    connection: &mut Connection,
    module: &str,
    function: &str,
    args: Vec<Term>,
    deadline: Deadline,
) -> Result<Term, NodeError> {
    let outcome = connection.call_until(WHAT, Mfa { module, function, args }, &mut Discard, deadline)?;
    match outcome {
        Outcome::Return(Term::Tuple(parts)) if parts.len() >= 2 && parts[0].is_atom("ok") => {
            parts.into_iter().nth(1).ok_or_else(|| connection.nonsense("ok"))
        }
        other => Err(connection.unexpected(&other)),
    }
}

fn list_of_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, Term)>) -> Term {
    let pair = |(name, value)| Term::Tuple(vec![Term::atom(name), value]);
    Term::List(pairs.into_iter().map(pair).collect())
}

/// What a wrapper gave: `{value, {Kind, Text}, _}` from `erl_eval`, `{{Kind, Text}, _}` from Elixir.
fn evaluated(connection: &Connection, outcome: &Outcome) -> Result<Evaluated, NodeError> {
    let Outcome::Return(term) = outcome else { return Err(connection.unexpected(outcome)) };
    let result = match term.as_tuple() {
        Some([value, result, _]) if value.is_atom("value") => Some(result),
        Some([result, _]) => Some(result),
        _ => None,
    };
    match result.and_then(Term::as_tuple) {
        Some([kind, Term::Binary(text)]) => {
            let text = String::from_utf8_lossy(text).trim_end().to_owned();
            Ok(if kind.is_atom("value") { Evaluated::Value { text } } else { Evaluated::Failed { text } })
        }
        _ => Err(connection.unexpected(outcome)),
    }
}

/// Whether the call itself found no Elixir, not something in the source.
fn lacks_elixir(outcome: &Outcome) -> bool {
    let Outcome::Exception { reason, stack, .. } = outcome else { return false };
    let frame = stack.as_list().and_then(<[Term]>::first).and_then(Term::as_tuple);
    let module = frame.and_then(<[Term]>::first);
    reason.is_atom("undef") && module.is_some_and(|module| module.is_atom(ELIXIR_CODE))
}
