//! The shape of a configuration file, as OTP's `application_controller` takes it at the start of a node:
//! `[{Application, [{Parameter, Value}]}].` and, in one that is named sys.config, names of further files.

use std::collections::BTreeSet;

use super::parse::Parser;
use super::scan::Scanner;
use super::{Dialect, Fault, Position, Term, Value};

/// What a file may hold, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// sys.config: names of files too; an application that stands twice is merged.
    System,
    /// Any other.
    Other,
}

/// The name of a further file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// As it is written.
    pub name: String,
    /// Where it begins.
    pub start: Position,
    /// In bytes from the start of the text, behind it.
    pub end: usize,
}

/// What there is to know of a file whose shape is right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The files that it names.
    pub includes: Vec<Include>,
    /// The applications that stand in it more than once, each where it does again.
    pub repeated: Vec<(String, Position)>,
}

/// Checks the text of a configuration file.
///
/// # Errors
/// With line and column: what is no term, and what keeps a node from starting with it.
pub fn check(text: &str, dialect: Dialect, role: Role) -> Result<Checked, Fault> {
    let mut parser = Parser::new(Scanner::new(text, dialect));
    let Some((term, end)) = parser.form()? else {
        return Err(parser.fault("the file ends where a list of applications should be"));
    };
    only_comments(text, &term, end)?;
    let mut checked = Checked::default();
    let mut seen = BTreeSet::new();
    for element in elements(&term).ok_or_else(|| term.fault("the file should hold one list"))? {
        match &element.value {
            Value::String(name) if role == Role::System => {
                let Term { start, end, .. } = *element;
                checked.includes.push(Include { name: name.clone(), start, end });
            }
            Value::Tuple(parts) => {
                let name = application(element, parts)?;
                if !seen.insert(name) {
                    if role == Role::Other {
                        return Err(within(element.fault("an application that stands there twice"), name));
                    }
                    checked.repeated.push((name.to_owned(), element.start));
                }
            }
            _ => return Err(element.fault("{APPLICATION, PARAMETERS} should be here")),
        }
    }
    Ok(checked)
}

/// Behind the full stop nothing else may follow.
fn only_comments(text: &str, term: &Term, end: usize) -> Result<(), Fault> {
    let mut rest = &text[end..];
    loop {
        rest = rest.trim_start_matches(|c| c <= ' ');
        match rest.strip_prefix('%') {
            Some(comment) => rest = comment.split_once('\n').map_or("", |(_, after)| after),
            None if rest.is_empty() => return Ok(()),
            None => break,
        }
    }
    let before = &text[..text.len() - rest.len()];
    let line = term.start.line + before[term.start.offset..].matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let at = Position { line, column, offset: before.len() };
    Err(Fault::at(at, "more than one term: all applications have to be in one list"))
}

/// The elements of a list; `None`: it is none.
pub(super) fn elements(term: &Term) -> Option<Vec<&Term>> {
    let mut found = Vec::new();
    let mut term = term;
    loop {
        match &term.value {
            Value::List(terms) => {
                found.extend(terms);
                return Some(found);
            }
            Value::String(text) if text.is_empty() => return Some(found),
            Value::Cons(terms) => {
                let (tail, before) = terms.split_last()?;
                found.extend(before);
                term = tail;
            }
            _ => return None,
        }
    }
}

/// `{Name, [{Parameter, Value}]}`: the name.
fn application<'a>(term: &Term, parts: &'a [Term]) -> Result<&'a str, Fault> {
    let [name, parameters] = parts else {
        return Err(term.fault("{APPLICATION, PARAMETERS} should be here"));
    };
    let Value::Atom(application) = &name.value else {
        return Err(name.fault("the name of an application should be an atom"));
    };
    let wrong = "the parameters of an application should be a list of {NAME, VALUE}";
    let parameters = elements(parameters).ok_or_else(|| within(parameters.fault(wrong), application))?;
    let mut seen = BTreeSet::new();
    for parameter in parameters {
        let name = match &parameter.value {
            Value::Tuple(pair) if pair.len() == 2 => &pair[0],
            _ => return Err(within(parameter.fault("a parameter should be {NAME, VALUE}"), application)),
        };
        let Value::Atom(text) = &name.value else {
            return Err(within(name.fault("the name of a parameter should be an atom"), application));
        };
        if !seen.insert(text) {
            let twice = name.fault("a parameter that this application has already");
            return Err(within(within(twice, application), text));
        }
    }
    Ok(application)
}

fn within(mut fault: Fault, key: &str) -> Fault {
    fault.within.push(key.to_owned());
    fault
}
