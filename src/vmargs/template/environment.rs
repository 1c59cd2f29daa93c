//! What other readers of the environment than templates ask of it.

use super::{Environment, distance};

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
        // A longer one was not mistyped, and would take long to compare.
        let known = self.variables.keys().filter(|it| it.len().abs_diff(name.len()) < 3 && it.len() <= 64);
        known
            .map(|it| (distance(it, name), it))
            .filter(|(distance, it)| *distance <= 1 + it.len() / 8 && *distance < it.len())
            .min()
            .map(|(_, it)| it.as_str())
    }
}
