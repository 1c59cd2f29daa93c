//! Erlang terms as a node sends them: the values, and ways to take them apart.
//! Does no input or output, and interprets nothing: what a term means is its reader's business.
//!
//! Source: the "External Term Format" chapter of the ERTS user's guide.

mod decode;
mod encode;
mod json;
mod print;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::fmt;

use crate::error::Report;

pub use json::Json;

/// An Erlang term.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// An integer of at most 64 bits.
    Int(i64),
    /// An integer that does not fit [`Term::Int`].
    Big(BigInt),
    /// A float; finite whenever it came from a node.
    Float(f64),
    /// An atom, without quotes.
    Atom(String),
    /// A process identifier.
    Pid(Box<Pid>),
    /// A reference, as of `make_ref/0`.
    Reference(Box<Reference>),
    /// A port identifier.
    Port(Box<Port>),
    /// A fun, byte for byte as it came (tag included), so that it can be sent back.
    Fun(Vec<u8>),
    /// `fun Module:Function/Arity`.
    Export(Box<Export>),
    /// A tuple.
    Tuple(Vec<Self>),
    /// A proper list; without elements it is `[]`.
    List(Vec<Self>),
    /// A list that ends in something else than `[]`: at least one element, and the tail.
    ImproperList(Vec<Self>, Box<Self>),
    /// A binary.
    Binary(Vec<u8>),
    /// A bit string whose last byte counts with its highest `last_bits` bits (1 to 7) only.
    BitBinary {
        /// All bytes, the incomplete last one included.
        bytes: Vec<u8>,
        /// How many bits of the last byte count.
        last_bits: u8,
    },
    /// A map's pairs, in the order in which they came.
    Map(Vec<(Self, Self)>),
}

/// An integer of any size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigInt {
    /// Whether it is below zero.
    pub negative: bool,
    /// The absolute value, least significant byte first.
    pub magnitude: Vec<u8>,
}

/// A process identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pid {
    /// The node that it lives on.
    pub node: String,
    /// First number of the process.
    pub id: u32,
    /// Second number of the process.
    pub serial: u32,
    /// Which life of the node.
    pub creation: u32,
}

/// A reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The node that made it.
    pub node: String,
    /// Which life of the node.
    pub creation: u32,
    /// One to five numbers, in the order of the wire.
    pub ids: Vec<u32>,
}

/// A port identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The node that it belongs to.
    pub node: String,
    /// Number of the port.
    pub id: u64,
    /// Which life of the node.
    pub creation: u32,
}

/// `fun Module:Function/Arity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The module.
    pub module: String,
    /// The function.
    pub function: String,
    /// How many arguments it takes.
    pub arity: u8,
}

impl Term {
    /// The atom `name`.
    pub fn atom(name: impl Into<String>) -> Self {
        Self::Atom(name.into())
    }

    /// A binary that holds `bytes`.
    pub fn binary(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Binary(bytes.into())
    }

    /// A string in Erlang's sense: the list of the text's code points.
    #[must_use]
    pub fn string(text: &str) -> Self {
        Self::List(text.chars().map(|c| Self::Int(i64::from(u32::from(c)))).collect())
    }

    /// The name, when it is an atom.
    #[must_use]
    pub fn as_atom(&self) -> Option<&str> {
        match self {
            Self::Atom(name) => Some(name),
            _ => None,
        }
    }

    /// Whether it is the atom `name`.
    #[must_use]
    pub fn is_atom(&self, name: &str) -> bool {
        self.as_atom() == Some(name)
    }

    /// The number, when it is an integer of at most 64 bits.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements, when it is a tuple.
    #[must_use]
    pub fn as_tuple(&self) -> Option<&[Self]> {
        match self {
            Self::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// The elements, when it is a proper list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The text of a string (list of code points), a UTF-8 binary or an atom: what a human
    /// takes for text.
    #[must_use]
    pub fn as_text(&self) -> Option<String> {
        match self {
            Self::Atom(name) => Some(name.clone()),
            Self::Binary(bytes) => String::from_utf8(bytes.clone()).ok(),
            Self::List(elements) => elements.iter().map(Self::as_char).collect(),
            _ => None,
        }
    }

    /// The character, when it is the integer of one.
    pub(super) fn as_char(&self) -> Option<char> {
        u32::try_from(self.as_int()?).ok().and_then(char::from_u32)
    }

    /// The term that `bytes` hold, version byte first.
    ///
    /// # Errors
    /// When they hold none, a torn one, one nested too deeply, or more than one.
    pub fn decode(bytes: &[u8]) -> Result<Self, TermError> {
        let (term, used) = decode::term(bytes)?;
        if used == bytes.len() { Ok(term) } else { Err(TermError::Trailing(bytes.len() - used)) }
    }

    /// The term at the start of `bytes`, version byte first, and how many bytes it took.
    ///
    /// # Errors
    /// As [`Term::decode`], but more bytes may follow.
    pub fn decode_prefix(bytes: &[u8]) -> Result<(Self, usize), TermError> {
        decode::term(bytes)
    }

    /// Appends the term to `out`, version byte first.
    ///
    /// # Errors
    /// When it can't be written: an atom of more than 255 characters, a size of 4 GiB or more.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), TermError> {
        encode::term(self, out)
    }
}

/// Why bytes are no term, or a term can't become bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermError {
    /// The bytes end inside a term.
    Torn,
    /// The first byte is not 131.
    Version(u8),
    /// A kind of term that no node sends to a peer like this one.
    Tag(u8),
    /// More than this many terms in one.
    Parts(usize),
    /// More than this many terms inside each other.
    Depth(usize),
    /// A size, text or number inside is impossible.
    Malformed(&'static str),
    /// This many bytes follow a term that should be the last.
    Trailing(usize),
    /// An atom of more than 255 characters (its first ones).
    LongAtom(String),
    /// More elements or bytes than the format can count.
    TooLarge,
}

impl fmt::Display for TermError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Torn => write!(f, "an erlang term ends in the middle"),
            Self::Version(byte) => write!(f, "an erlang term starts with byte 131, not {byte}"),
            Self::Tag(80) => write!(f, "erlang term that is compressed (kind 80)"),
            Self::Tag(82) => write!(f, "erlang term that refers to an atom cache (kind 82)"),
            Self::Tag(117) => write!(f, "fun in the form from before OTP 23 (kind 117)"),
            Self::Tag(121) => write!(f, "erlang term that only its own node can read (kind 121)"),
            Self::Tag(tag) => write!(f, "erlang term of unknown kind {tag}"),
            Self::Parts(limit) => write!(f, "an erlang term has more than {limit} parts"),
            Self::Depth(limit) => write!(f, "an erlang term is nested more than {limit} deep"),
            Self::Malformed(what) => write!(f, "malformed erlang term: {what}"),
            Self::Trailing(count) => write!(f, "{count} bytes follow an erlang term"),
            Self::LongAtom(start) => write!(f, "atom \"{start}...\" has more than 255 characters"),
            Self::TooLarge => write!(f, "an erlang term has 4 GiB or more"),
        }
    }
}

impl Error for TermError {}

impl Report for TermError {}
