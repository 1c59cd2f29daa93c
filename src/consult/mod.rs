//! Erlang terms in text, as `file:consult/1` and the VM read them: `.rel` files, sys.config.
//!
//! Evaluates nothing and knows nothing of releases; touches no disk. Linear in time, of bounded depth, without
//! recursion. A message names kinds of token and places, never a value: what is read may have been rendered with
//! secrets. The language is that of OTP's `erl_scan` and `erl_parse:parse_term/1`, by version of OTP.

mod bits;
pub mod config;
mod encoding;
mod merge;
mod number;
mod parse;
mod quoted;
mod scan;
#[cfg(test)]
mod tests;
mod token;
mod triple;

use std::fmt;

pub use self::encoding::decode;
pub use self::merge::merge;
use self::parse::Parser;
use self::scan::Scanner;

/// The language of one release of OTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect(u32);

impl Dialect {
    /// Of an OTP release such as 27.
    #[must_use]
    pub fn of(release: u32) -> Self {
        Self(release)
    }

    fn since(self, release: u32) -> bool {
        self.0 >= release
    }
}

impl Default for Dialect {
    /// The newest that is known.
    fn default() -> Self {
        Self(29)
    }
}

/// A place in a text; line and column count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// In bytes from the start of the text.
    pub offset: usize,
}

/// Why a text is no term, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong there; no value of the text is in it.
    pub message: String,
    /// The keys of the tuples and maps around the place, outermost first: atoms of the text.
    pub within: Vec<String>,
}

impl Fault {
    fn at(position: Position, message: impl Into<String>) -> Self {
        let Position { line, column, .. } = position;
        Self { line, column, message: message.into(), within: Vec::new() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// A term and where it stands.
#[derive(Debug)]
pub struct Term {
    /// Where it begins.
    pub start: Position,
    /// In bytes from the start of the text, behind its last character.
    pub end: usize,
    /// What it is.
    pub value: Value,
}

impl Term {
    /// A fault that points at this term.
    #[must_use]
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::at(self.start, message)
    }

    /// The atom that it is.
    fn atom(&self) -> Option<&str> {
        match &self.value {
            Value::Atom(name) => Some(name),
            _ => None,
        }
    }
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// The kinds of term.
#[derive(Debug, PartialEq)]
pub enum Value {
    /// An atom, without its quotes.
    Atom(String),
    /// A string, its parts side by side joined. The empty one is the empty list.
    String(String),
    /// An integer or a character; `None` beyond 64 bits.
    Integer(Option<i64>),
    /// A float.
    Float(f64),
    /// A binary, by its length in bits.
    Binary(u64),
    /// `fun m:f/1`
    Fun,
    /// `{...}`
    Tuple(Vec<Term>),
    /// `[...]`
    List(Vec<Term>),
    /// `[...|Tail]`; the tail, which may be a list, is the last.
    Cons(Vec<Term>),
    /// `#{...}`: keys and values by turns.
    Map(Vec<Term>),
}

/// Reads the first term of `source`; it has to end with a full stop.
///
/// # Errors
/// With line and column, when there is none or it is broken.
pub fn read(source: &str, dialect: Dialect) -> Result<Term, Fault> {
    let mut parser = Parser::new(Scanner::new(source, dialect));
    match parser.form()? {
        Some((term, _)) => Ok(term),
        None => Err(parser.fault("the file ends where a term should be")),
    }
}

/// Reads all terms of `source`, each ended by a full stop.
///
/// # Errors
/// With line and column of the first that is broken.
pub fn read_all(source: &str, dialect: Dialect) -> Result<Vec<Term>, Fault> {
    let mut parser = Parser::new(Scanner::new(source, dialect));
    let mut terms = Vec::new();
    while let Some((term, _)) = parser.form()? {
        terms.push(term);
    }
    Ok(terms)
}
