//! What can be wrong with vm.args, its template, and the names in it: one enum, each message
//! with its place, none with a secret.

use std::fmt;

use super::secret::CookieRule;
use super::substitute::{NOT_REPLACED, has_variable};
use super::template::TemplateError;
use crate::error::Report;
use crate::names::NameError;

/// Where something stands: `releases/0.1.0/vm.args:3`, or the name of an environment variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A file as the user would name it, or a variable.
    pub file: String,
    /// Its line, from 1; 0 for a variable, which has none.
    pub line: usize,
}

impl Place {
    /// A line of a file.
    pub fn new(file: impl Into<String>, line: usize) -> Self {
        Self { file: file.into(), line }
    }

    /// Moves it from a line of an outcome to that which `lines` has for it.
    pub(super) fn move_to(&mut self, lines: &[usize]) {
        if let Some(line) = self.line.checked_sub(1).and_then(|at| lines.get(at)).filter(|line| **line > 0) {
            self.line = *line;
        }
    }

    /// An environment variable.
    pub fn variable(name: impl Into<String>) -> Self {
        Self::new(name, 0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Why there is no usable vm.args.
#[derive(Debug)]
pub enum Error {
    /// Something in the template.
    Template(Box<TemplateError>),
    /// A quote that is never closed; erlexec would take all the rest of the file for one word.
    Unclosed {
        /// Where it was opened.
        place: Place,
        /// `'` or `"`.
        quote: char,
    },
    /// A NUL byte, where erlexec stops to read.
    Nul {
        /// Where.
        place: Place,
    },
    /// A flag without the value it has to have.
    MissingValue {
        /// Where.
        place: Place,
        /// The flag.
        flag: String,
    },
    /// An `-args_file` that can't be read.
    Include {
        /// Where it is asked for.
        place: Place,
        /// The file asked for.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// An `-args_file` that leads back to itself.
    Cycle {
        /// Where it is asked for.
        place: Place,
        /// The file asked for.
        path: String,
    },
    /// A flag or variable with a value that it can't have.
    BadValue {
        /// Where.
        place: Place,
        /// The flag; empty when the place is a variable.
        flag: String,
        /// What it has to be.
        rule: &'static str,
    },
    /// A flag that stands twice and says two things, or `-name` beside `-sname`.
    Conflict {
        /// The first.
        first: Place,
        /// Its flag.
        flag: String,
        /// The second.
        second: Place,
        /// Its flag.
        other: String,
    },
    /// A node name that is none.
    Name {
        /// Where.
        place: Place,
        /// Why.
        source: NameError,
    },
    /// A long name whose host has no domain.
    NoDomain {
        /// Where.
        place: Place,
        /// The whole name.
        node: String,
    },
    /// A short name whose host has a dot: the VM refuses to start with it.
    NotShort {
        /// Where.
        place: Place,
        /// The whole name.
        node: String,
    },
    /// A cookie that some part of OTP would misread. The message does not show it.
    Cookie {
        /// Where.
        place: Place,
        /// The rule it breaks.
        rule: CookieRule,
    },
}

impl Error {
    /// The place of what can be wrong with the words themselves.
    pub(super) fn place_mut(&mut self) -> Option<&mut Place> {
        match self {
            Self::Unclosed { place, .. }
            | Self::Nul { place }
            | Self::MissingValue { place, .. }
            | Self::Include { place, .. }
            | Self::Cycle { place, .. } => Some(place),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template(error) => error.fmt(f),
            Self::Unclosed { place, quote } => write!(f, "{place}: the quote {quote} is never closed"),
            Self::Nul { place } => write!(f, "{place}: a NUL byte"),
            Self::MissingValue { place, flag } => write!(f, "{place}: {flag} has no value"),
            Self::Include { place, path, source } => {
                write!(f, "{place}: -args_file {path:?} can't be read: {source}")
            }
            Self::Cycle { place, path } => write!(f, "{place}: -args_file {path:?} includes itself"),
            Self::BadValue { place, flag, rule } if flag.is_empty() => write!(f, "{place} has to be {rule}"),
            Self::BadValue { place, flag, rule } => write!(f, "{place}: {flag} needs {rule}"),
            Self::Conflict { first, flag, second, other } => {
                write!(f, "{second}: {other} contradicts {flag} at {first}")
            }
            Self::Name { place, source } => write!(f, "{place}: {source}"),
            Self::NoDomain { place, node } => {
                write!(f, "{place}: the host of the long name {node:?} has no domain")
            }
            Self::NotShort { place, node } => {
                write!(f, "{place}: the host of the short name {node:?} has a dot")
            }
            Self::Cookie { place, rule } => write!(f, "{place}: the cookie {rule}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Include { source, .. } => Some(source),
            Self::Name { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Report for Error {
    fn help(&self) -> Option<String> {
        Some(match self {
            Self::Template(error) => return error.help.clone(),
            Self::Unclosed { quote: '\'', .. } => "write a lone apostrophe as \\' or \"'\"".into(),
            Self::Unclosed { .. } => "write a lone quote as \\\" or '\"'".into(),
            Self::MissingValue { flag, .. } => {
                format!("write {flag} and its value, quoted if it has to begin so")
            }
            Self::Include { .. } => "the path is taken from the directory in which the node starts".into(),
            Self::Conflict { .. } => "keep one of the two".into(),
            Self::NoDomain { node, .. } => {
                let alive = node.split('@').next().unwrap_or(node);
                format!("write {alive}@HOST.DOMAIN or {alive}@ADDRESS, or use a short name (-sname)")
            }
            Self::NotShort { .. } => "use a long name: -name in vm.args, or RELEASE_DISTRIBUTION=name".into(),
            Self::Cookie { rule: CookieRule::Variable, .. } => NOT_REPLACED.into(),
            Self::Cookie { .. } => CookieRule::HELP.into(),
            Self::BadValue { place, flag, rule } => help_bad_value(place, flag, rule),
            Self::Name { source, .. } if has_variable(&source.to_string()) => NOT_REPLACED.into(),
            Self::Name { .. } => "for example: demo@HOST, or demo alone for a node on this host".into(),
            _ => return None,
        })
    }
}

impl From<TemplateError> for Error {
    fn from(error: TemplateError) -> Self {
        Self::Template(Box::new(error))
    }
}

fn help_bad_value(place: &Place, flag: &str, rule: &str) -> String {
    match flag {
        "" => format!("set {place} to {rule}, or unset it"),
        "-setcookie" => CookieRule::HELP.into(),
        "-erl_epmd_port" => "for example: -erl_epmd_port 9100".into(),
        _ => format!("for example: {flag} demo"),
    }
}
