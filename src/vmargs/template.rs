//! Text from a template: Jinja by minijinja, strict about what is not set.
//!
//! A template sees [`Context`] and nothing else: it opens no file (the caller's [`Sources`] do) and can't run
//! for long or make much. Messages are made here from names and places only; the engine's own may quote values.

mod environment;
mod erlang;
mod error;
mod explain;
mod filters;
mod functions;
mod limits;
mod lines;
mod names;
mod similar;
mod sizes;
mod traced;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, ErrorKind, UndefinedBehavior, tests as engine_tests};

use super::error::Error;
use crate::host::Facts;
pub(super) use environment::Variable;
pub use erlang::string as erlang_string;
pub use error::{Problem, TemplateError};
use explain::Source;
use functions::Kept;
pub use functions::{Refusal, Sources, Text};
pub use traced::render_args;

/// The release, as templates know it: `release.name` and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// Its version.
    pub vsn: String,
    /// Its root directory, absolute.
    pub root: String,
    /// The version of its erts.
    pub erts: String,
}

/// The process environment: `env.NAME`. Has no `Debug`, it holds secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    not_text: BTreeSet<String>,
}

impl FromIterator<(OsString, OsString)> for Environment {
    /// Variables whose value is not UTF-8 are left out, as lossy text would be another value
    /// than the one that was set; a template that uses one gets an error that says so.
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) => drop(environment.variables.insert(name, value)),
                (Ok(name), Err(_)) => drop(environment.not_text.insert(name)),
                (Err(_), _) => {}
            }
        }
        environment
    }
}

/// Everything that a template can name.
pub struct Context<'a> {
    /// `release.*`, `otp.*`
    pub release: &'a Release,
    /// `host.*`, `cpu.*`, `memory.*`, ...; a fact that is not known on this host is none.
    pub facts: &'a Facts,
    /// `env.*`
    pub env: &'a Environment,
    /// What `file()` and `secret()` give.
    pub sources: Arc<dyn Sources>,
}

/// Renders `text`, the template in `file`. Secrets stand in the outcome: for a file that only the node reads.
///
/// # Errors
/// Bad syntax, and a variable that is not set and has no default; each with the line.
pub fn render(text: &str, file: &str, context: &Context<'_>) -> Result<String, Error> {
    render_with(text, file, context, &Kept::new(Arc::clone(&context.sources)), str::to_owned)
}

/// The most bytes of an outcome.
const OUTPUT: usize = 1 << 20;

/// The steps that a template may take: a loop over all the numbers of a range, and one in it.
const FUEL: u64 = 200_000;

fn render_with(
    text: &str,
    file: &str,
    context: &Context<'_>,
    kept: &Arc<Kept>,
    show: fn(&str) -> String,
) -> Result<String, Error> {
    let source = Source { text, file };
    if text.len() > limits::TEMPLATE {
        let problem = Problem::TooMuch("a template has 64 KiB at most");
        return Err(source.error(problem, None, 1).into());
    }
    limits::check(text).map_err(|excess| source.excess(excess))?;
    run(text, file, context, kept, show).map_err(|error| source.explain(&error, context).into())
}

fn run(
    text: &str,
    file: &str,
    context: &Context<'_>,
    kept: &Arc<Kept>,
    show: fn(&str) -> String,
) -> Result<String, minijinja::Error> {
    let mut engine = engine();
    functions::add(&mut engine, context, kept, show);
    let mut out = Limited(Vec::new());
    engine.template_from_named_str(file, text)?.render_captured_to(names::value(context), &mut out)?;
    Ok(String::from_utf8(out.0).expect("the engine writes text"))
}

/// Takes [`OUTPUT`] bytes and no more.
struct Limited(Vec<u8>);

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > OUTPUT {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The detail of the error for a fact that is none.
const NO_VALUE: &str = "no value";
/// For a list or a map where a text is wanted.
const NOT_SCALAR: &str = "no scalar";
/// For a text of more than [`OUTPUT`] bytes.
const TOO_LONG: &str = "too long";

fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .expect("the standard delimiters are legal")
}

fn engine() -> minijinja::Environment<'static> {
    let mut engine = minijinja::Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    // Needed for the range of the failing expression; what else it collects is not printed.
    engine.set_debug(true);
    engine.set_fuel(Some(FUEL));
    engine.set_recursion_limit(100);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_syntax(syntax());
    engine.set_formatter(|out, state, value| {
        let detail = match value.kind() {
            // "none" as a word in vm.args would be a value that nobody wrote.
            ValueKind::None => NO_VALUE,
            ValueKind::String if value.len().is_some_and(|length| length > OUTPUT) => TOO_LONG,
            // Erlang's atoms; the engine would write them as Python does.
            ValueKind::Bool => return Ok(out.write_str(if value.is_true() { "true" } else { "false" })?),
            ValueKind::Undefined | ValueKind::String | ValueKind::Number => {
                return minijinja::escape_formatter(out, state, value);
            }
            _ => NOT_SCALAR,
        };
        Err(minijinja::Error::new(ErrorKind::BadSerialization, detail))
    });
    filters::add(&mut engine);
    erlang::add_filters(&mut engine);
    for (name, test) in tests_of() {
        test(&mut engine, name);
    }
    engine
}

/// What adds a test under its name.
type AddTest = fn(&mut minijinja::Environment<'static>, &'static str);

/// The tests, `x is NAME`.
fn tests_of() -> impl Iterator<Item = (&'static str, AddTest)> {
    let tests: [(&'static str, AddTest); 13] = [
        ("defined", |engine, name| engine.add_test(name, engine_tests::is_defined)),
        ("undefined", |engine, name| engine.add_test(name, engine_tests::is_undefined)),
        ("none", |engine, name| engine.add_test(name, engine_tests::is_none)),
        ("true", |engine, name| engine.add_test(name, engine_tests::is_true)),
        ("false", |engine, name| engine.add_test(name, engine_tests::is_false)),
        ("number", |engine, name| engine.add_test(name, engine_tests::is_number)),
        ("integer", |engine, name| engine.add_test(name, engine_tests::is_integer)),
        ("string", |engine, name| engine.add_test(name, engine_tests::is_string)),
        ("odd", |engine, name| engine.add_test(name, engine_tests::is_odd)),
        ("even", |engine, name| engine.add_test(name, engine_tests::is_even)),
        ("startingwith", |engine, name| engine.add_test(name, engine_tests::is_startingwith)),
        ("endingwith", |engine, name| engine.add_test(name, engine_tests::is_endingwith)),
        ("in", |engine, name| engine.add_test(name, engine_tests::is_in)),
    ];
    tests.into_iter()
}

#[cfg(test)]
mod tests;
