//! What other readers of the environment than templates ask of it.

use super::Environment;
use super::similar::similar;

/// What there is of a variable.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::vmargs) enum Variable<'a> {
    /// Its value, which may be empty.
    Set(&'a str),
    /// A value that is not UTF-8.
    NotText,
    /// Nothing.
    Unset,
}

impl Environment {
    /// The variable with this name.
    pub(in crate::vmargs) fn variable(&self, name: &str) -> Variable<'_> {
        match self.variables.get(name) {
            Some(value) => Variable::Set(value),
            None if self.not_text.contains(name) => Variable::NotText,
            None => Variable::Unset,
        }
    }

    /// The name of a variable that this one was meant to be, when one resembles it.
    pub(in crate::vmargs) fn similar(&self, name: &str) -> Option<&str> {
        similar(name, self.variables.keys().map(String::as_str))
    }
}
