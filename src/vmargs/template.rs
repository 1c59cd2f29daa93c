//! vm.args from a template: Jinja by minijinja, strict about what is not set.
//!
//! A template sees [`Context`] and nothing else: it can read no file and call nothing. To the
//! engine's filters comes `quote`, which makes one word of any value. Messages
//! are made here from names and places only; the engine's own may quote values.

mod environment;
mod erlang;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Value;
use minijinja::{AutoEscape, ErrorKind, UndefinedBehavior};

use super::error::{Error, Place};
use super::words::quote;
use crate::host::Facts;
pub(super) use environment::Variable;

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
    /// `release.*`
    pub release: &'a Release,
    /// `host.*`, `cpu.*`, `memory.*`; a fact that is not known on this host is none.
    pub facts: &'a Facts,
    /// `env.*`
    pub env: &'a Environment,
}

impl Context<'_> {
    /// The names and values below the top, `env` left out.
    fn facts(&self) -> [(&'static str, Vec<(&'static str, Value)>); 4] {
        let Facts { host, cpu, memory, .. } = self.facts;
        let Release { name, vsn, root, erts } = self.release;
        [
            (
                "release",
                vec![
                    ("name", name.into()),
                    ("vsn", vsn.into()),
                    ("root", root.into()),
                    ("erts", erts.into()),
                ],
            ),
            (
                "host",
                vec![
                    ("name", (&host.name).into()),
                    ("fqdn", (&host.fqdn).into()),
                    ("domain", (&host.domain).into()),
                ],
            ),
            (
                "cpu",
                vec![
                    ("online", cpu.online.into()),
                    ("affinity", cpu.affinity.into()),
                    ("quota", cpu.quota.into()),
                    ("count", cpu.count.into()),
                ],
            ),
            (
                "memory",
                vec![
                    ("total", memory.total.into()),
                    ("available", memory.available.into()),
                    ("limit", memory.limit.into()),
                ],
            ),
        ]
    }

    fn value(&self) -> Value {
        let mut top: BTreeMap<String, Value> = BTreeMap::new();
        for (group, fields) in self.facts() {
            let fields: BTreeMap<String, Value> =
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            top.insert(group.to_owned(), fields.into());
        }
        top.insert("env".to_owned(), self.env.variables.clone().into());
        top.into()
    }

    /// All the names that a template may use.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = vec!["env".into()];
        for (group, fields) in self.facts() {
            names.push(group.into());
            names.extend(fields.iter().map(|(name, _)| format!("{group}.{name}")));
        }
        names.extend(self.env.variables.keys().map(|name| format!("env.{name}")));
        names
    }
}

/// Renders `text`, the template in `file`.
///
/// # Errors
/// Bad syntax, and a variable that is not set and has no default; each with the line.
pub fn render(text: &str, file: &str, context: &Context<'_>) -> Result<String, Error> {
    let engine = engine();
    engine
        .template_from_named_str(file, text)
        .and_then(|template| template.render(context.value()))
        .map_err(|error| explain(&error, text, file, context))
}

/// The detail of the error for a fact that is none.
const NO_VALUE: &str = "no value";

fn engine() -> minijinja::Environment<'static> {
    let mut engine = minijinja::Environment::new();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    // Needed for the range of the failing expression; what else it collects is not printed.
    engine.set_debug(true);
    engine.set_auto_escape_callback(|_| AutoEscape::None);
    engine.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .expect("the standard delimiters are legal"),
    );
    // "none" as a word in vm.args would be a value that nobody wrote.
    engine.set_formatter(|out, state, value| {
        if value.is_none() {
            return Err(minijinja::Error::new(ErrorKind::BadSerialization, NO_VALUE));
        }
        minijinja::escape_formatter(out, state, value)
    });
    // A value with spaces or quotes as one word.
    engine.add_filter("quote", |word: String| quote(&word));
    erlang::add_filters(&mut engine);
    // It prints all that the template knows.
    engine.remove_global("debug");
    engine
}

fn explain(error: &minijinja::Error, text: &str, file: &str, context: &Context<'_>) -> Error {
    let place = Place::new(file, error.line().unwrap_or(1));
    let at = error.range().map_or(0, |range| range.start);
    let detail = error.detail().unwrap_or_default();
    if let Some(variable) = undefined(detail) {
        return not_set(variable, place, context);
    }
    match error.kind() {
        ErrorKind::BadSerialization if detail == NO_VALUE => {
            Error::Unknown { place, expression: tag(text, at).to_owned() }
        }
        // The kinds whose detail holds names from the template's source, and no values.
        ErrorKind::SyntaxError
        | ErrorKind::UnknownFilter
        | ErrorKind::UnknownTest
        | ErrorKind::UnknownFunction => Error::Syntax { place, message: detail.to_owned() },
        kind => Error::Expression { place, expression: tag(text, at).to_owned(), kind: kind.to_string() },
    }
}

/// The variable in a detail that ends in "`NAME` is undefined"; `env['X']` is `env.X`.
fn undefined(detail: &str) -> Option<String> {
    let (_, name) = detail.trim_end_matches(')').strip_suffix("` is undefined")?.rsplit_once('`')?;
    Some(name.replace("['", ".").replace("']", ""))
}

/// What stands between the braces around `at`.
fn tag(text: &str, at: usize) -> &str {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let start = before.rfind('{').map_or(0, |brace| brace + 1);
    let end = after.find('}').map_or(text.len(), |brace| before.len() + brace);
    text[start..end].trim_matches(|c: char| c.is_whitespace() || "{}%-".contains(c))
}

fn not_set(variable: String, place: Place, context: &Context<'_>) -> Error {
    if let Some(name) = variable.strip_prefix("env.")
        && context.env.not_text.contains(name)
    {
        return Error::NotText { place, variable };
    }
    let names = context.names();
    // With `env.X.y` the engine names the whole; the one to set is the first two parts.
    let similar = names
        .iter()
        .map(|name| (distance(name, &variable), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 8 && *distance > 0)
        .min()
        .map(|(_, name)| name.clone());
    Error::NotSet { place, variable, similar }
}

/// The number of letters to change, add, drop or swap with the next to get from one to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let change = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests;
