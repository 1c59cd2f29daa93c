//! Variables in relx's files: `${NAME}` and its forms, in one pass over the text. A value is never looked into
//! again, so it may hold anything; nothing is evaluated.

use std::fmt;

use super::error::Place;
use super::template::{Environment, Variable};
use crate::error::Report;

/// What is wrong with a `${...}`.
#[derive(Debug, PartialEq, Eq)]
enum Problem {
    /// Not set, and without a default.
    NotSet { name: String, similar: Option<String> },
    /// Not set or empty, with the words of `${NAME:?words}`.
    Required { name: String, words: String },
    /// Not UTF-8.
    NotText { name: String },
    /// Never closed.
    Open,
    /// No name, or something behind it that is none of the forms.
    Form,
}

/// A `${...}` that can't be replaced.
#[derive(Debug, PartialEq, Eq)]
pub struct SubstituteError {
    place: Place,
    problem: Problem,
}

impl fmt::Display for SubstituteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        match &self.problem {
            Problem::NotSet { name, .. } => write!(f, "${{{name}}} is not set"),
            Problem::Required { name, words } if words.is_empty() => {
                write!(f, "${{{name}}} is not set or empty")
            }
            Problem::Required { name, words } => write!(f, "${{{name}}}: {words}"),
            Problem::NotText { name } => write!(f, "${{{name}}} is not UTF-8"),
            Problem::Open => f.write_str("\"${\" without its \"}\""),
            Problem::Form => f.write_str("a \"${...}\" that is none of the forms"),
        }
    }
}

impl std::error::Error for SubstituteError {}

impl Report for SubstituteError {
    fn help(&self) -> Option<String> {
        Some(match &self.problem {
            Problem::NotSet { similar: Some(similar), .. } => format!("did you mean \"{similar}\"?"),
            Problem::NotSet { name, .. } => {
                format!("set {name} in the environment or give it a default: ${{{name}:-...}}")
            }
            Problem::Required { name, .. } => format!("set {name} in the environment"),
            Problem::NotText { name } => format!("give {name} a value in UTF-8"),
            Problem::Open | Problem::Form => {
                "write ${NAME}, ${NAME:-default}, ${NAME:?words} or ${NAME:+instead}, and $${ for a \"${\""
                    .into()
            }
        })
    }
}

/// A `${...}`.
struct Hole<'a> {
    name: &'a str,
    form: Form<'a>,
}

/// What follows the name.
enum Form<'a> {
    Plain,
    Default(&'a str),
    Required(&'a str),
    Instead(&'a str),
}

/// `text` with its variables replaced; `file` is where it is from. `$$` is a `$`, one that stands alone stays. A line
/// whose first sign is `comment` keeps what can't be replaced: nobody reads it.
///
/// # Errors
/// With file and line: a variable that is not set and has no default, `${` that is none of the forms.
pub fn substitute(
    text: &str,
    file: &str,
    environment: &Environment,
    comment: char,
) -> Result<String, SubstituteError> {
    let mut out = String::with_capacity(text.len());
    for (index, line) in lines(text) {
        let in_comment = line.trim_start().starts_with(comment);
        let place = || Place::new(file, index + 1);
        let mut rest = line;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let mark = &rest[at..];
            let (value, taken) = match replaced(mark, environment) {
                Ok(done) => done,
                // Past its end, so that no part is looked at twice.
                Err(_) if in_comment => {
                    let end = mark.find('}').map_or(mark.len(), |end| end + 1);
                    (&mark[..end], end)
                }
                Err(problem) => return Err(SubstituteError { place: place(), problem }),
            };
            out.push_str(value);
            rest = &mark[taken..];
        }
        out.push_str(rest);
    }
    Ok(out)
}

/// What takes the place of the `$` that `text` begins with, and how much of the text it takes the place of.
fn replaced<'a>(text: &'a str, environment: &'a Environment) -> Result<(&'a str, usize), Problem> {
    if text.starts_with("$$") {
        return Ok(("$", 2));
    }
    let Some(inner) = text.strip_prefix("${") else { return Ok(("$", 1)) };
    let end = inner.find('}').ok_or(Problem::Open)?;
    let hole = hole(&inner[..end]).ok_or(Problem::Form)?;
    Ok((value(&hole, environment)?, end + "${}".len()))
}

/// Each line with the newline at its end, and its number from 0. A `${...}` goes over the end of none.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').enumerate()
}

fn hole(inner: &str) -> Option<Hole<'_>> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
    let (name, after) = inner.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let form = match after.get(..2) {
        None if after.is_empty() => Form::Plain,
        Some(":-") => Form::Default(&after[2..]),
        Some(":?") => Form::Required(&after[2..]),
        Some(":+") => Form::Instead(&after[2..]),
        _ => return None,
    };
    Some(Hole { name, form })
}

fn value<'a>(hole: &Hole<'a>, environment: &'a Environment) -> Result<&'a str, Problem> {
    let name = hole.name.to_owned();
    let set = match environment.variable(hole.name) {
        Variable::Set(value) => Some(value),
        Variable::NotText => return Err(Problem::NotText { name }),
        Variable::Unset => None,
    };
    let not_empty = set.filter(|value| !value.is_empty());
    match hole.form {
        Form::Default(default) => Ok(not_empty.unwrap_or(default)),
        Form::Instead(instead) => Ok(not_empty.map_or("", |_| instead)),
        Form::Required(words) => not_empty.ok_or_else(|| Problem::Required { name, words: words.to_owned() }),
        Form::Plain => set.ok_or_else(|| {
            let similar = environment.similar(hole.name).map(str::to_owned);
            Problem::NotSet { name, similar }
        }),
    }
}

/// What to do about a variable that nobody replaced.
pub(super) const NOT_REPLACED: &str =
    "name the file vm.args.src, set RELX_REPLACE_OS_VARS=true, or write {{ env.NAME }} in a vm.args.j2";

/// Whether a text holds a `${NAME}` or another of the forms, as one that was to be replaced has.
#[must_use]
pub(super) fn has_variable(text: &str) -> bool {
    text.match_indices("${").any(|(at, mark)| {
        let inner = &text[at + mark.len()..];
        inner
            .find(['}', '$'])
            .is_some_and(|end| inner[end..].starts_with('}') && hole(&inner[..end]).is_some())
    })
}

#[cfg(test)]
mod tests;
