//! The tokens of a term.

/// A token.
#[derive(Debug)]
pub(super) enum Token {
    Atom(String),
    String(String),
    /// A sigil of a string: it does not join with strings beside it.
    Sigil(String),
    /// A sigil of a binary: its length in bits.
    Binary(u64),
    /// `None`: beyond 64 bits.
    Integer(Option<i64>),
    Float(f64),
    /// A sign of the language: `{`, `<<`, `=>` and so on.
    Mark(&'static str),
    /// `after`, `fun` and so on.
    Reserved(&'static str),
    Variable,
    /// A sign that no term has.
    Other,
    /// The full stop: a dot before white space.
    Dot,
    End,
}

impl Token {
    /// What it is, for a message: no value.
    pub(super) fn kind(&self) -> String {
        match self {
            Self::Atom(_) => "an atom",
            Self::String(_) | Self::Sigil(_) => "a string",
            Self::Binary(_) => "a binary",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Variable => "a variable",
            Self::Other => "a sign that no term has",
            Self::Dot => "the full stop",
            Self::End => "the end of the file",
            Self::Mark(text) => return format!("{text:?}"),
            Self::Reserved(word) => return format!("the reserved word {word:?}"),
        }
        .to_owned()
    }
}

/// The reserved words of every version.
const RESERVED: [&str; 27] = [
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond",
    "div", "end", "fun", "if", "let", "not", "of", "or", "orelse", "receive", "rem", "try", "when", "xor",
];

/// A word that begins like an atom.
pub(super) fn word(text: &str, maybe: bool) -> Token {
    let more: &[&'static str] = if maybe { &["else", "maybe"] } else { &[] };
    match RESERVED.iter().chain(more).find(|reserved| **reserved == text) {
        Some(reserved) => Token::Reserved(reserved),
        None => Token::Atom(text.to_owned()),
    }
}
