//! A reader of one Erlang term as `file:consult/1` would read it: what `.rel` files hold.
//! Knows nothing of releases; evaluates nothing.

use erl_tokenize::{Position, Symbol, Token, TokenKind, TokenValue, scan_tokens};

/// Why a text is no term, and where (both counted from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

impl Fault {
    fn at(position: Position, message: impl Into<String>) -> Self {
        Self { line: position.line().get(), column: position.column().get(), message: message.into() }
    }
}

/// A term and where it begins.
#[derive(Debug)]
pub struct Term {
    start: Position,
    /// What it is.
    pub value: Value,
}

impl Term {
    /// A fault that points at this term.
    #[must_use]
    pub fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::at(self.start, message)
    }
}

/// The kinds of term that release files use.
#[derive(Debug, PartialEq)]
pub enum Value {
    /// An atom, without its quotes.
    Atom(String),
    /// A string.
    String(String),
    /// A number; its value is of no use here.
    Number,
    /// `{...}`
    Tuple(Vec<Term>),
    /// `[...]`
    List(Vec<Term>),
}

impl PartialEq for Term {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// How deep terms may nest: far above any release file, far below the stack's end.
const DEPTH: usize = 64;

/// Reads the first term of `source`; it has to end with a full stop.
///
/// # Errors
/// With line and column, when there is none or it is broken.
pub fn read(source: &str) -> Result<Term, Fault> {
    let tokens = scan_tokens(source).map_err(|error| Fault::at(error.position, error.kind.message()))?;
    let tokens: Vec<Token> = tokens.into_iter().filter(|token| token.kind().is_lexical()).collect();
    let mut reader = Reader { source, tokens, next: 0 };
    let term = reader.term(0)?;
    reader.expect(Symbol::Dot, "a full stop")?;
    Ok(term)
}

struct Reader<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    next: usize,
}

impl Reader<'_> {
    fn take(&mut self, wanted: &str) -> Result<Token, Fault> {
        let token = self.tokens.get(self.next).copied();
        self.next += 1;
        token.ok_or_else(|| {
            let end = self.tokens.last().map_or_else(Position::new, |token| token.end());
            Fault::at(end, format!("the file ends where {wanted} should be"))
        })
    }

    fn peek(&self, symbol: Symbol) -> bool {
        self.tokens.get(self.next).is_some_and(|token| token.kind() == TokenKind::Symbol(symbol))
    }

    fn expect(&mut self, symbol: Symbol, wanted: &str) -> Result<(), Fault> {
        let token = self.take(wanted)?;
        if token.kind() == TokenKind::Symbol(symbol) {
            return Ok(());
        }
        Err(self.unexpected(token, wanted))
    }

    fn unexpected(&self, token: Token, wanted: &str) -> Fault {
        Fault::at(token.start(), format!("{:?} where {wanted} should be", token.text(self.source)))
    }

    fn term(&mut self, depth: usize) -> Result<Term, Fault> {
        let token = self.take("a term")?;
        if depth > DEPTH {
            return Err(Fault::at(token.start(), "terms nest too deep"));
        }
        let value = match token.value(self.source) {
            TokenValue::Atom(name) => Value::Atom(name.into_owned()),
            TokenValue::String(text) => self.string(text.into_owned()),
            TokenValue::Integer(_) | TokenValue::Float(_) => Value::Number,
            TokenValue::Symbol(Symbol::OpenBrace) => {
                Value::Tuple(self.sequence(Symbol::CloseBrace, "\",\" or \"}\"", depth)?)
            }
            TokenValue::Symbol(Symbol::OpenSquare) => {
                Value::List(self.sequence(Symbol::CloseSquare, "\",\" or \"]\"", depth)?)
            }
            _ => return Err(self.unexpected(token, "a term")),
        };
        Ok(Term { start: token.start(), value })
    }

    /// Strings side by side are one, as in Erlang.
    fn string(&mut self, mut text: String) -> Value {
        while let Some(token) = self.tokens.get(self.next) {
            let TokenValue::String(more) = token.value(self.source) else { break };
            text.push_str(&more);
            self.next += 1;
        }
        Value::String(text)
    }

    fn sequence(&mut self, close: Symbol, wanted: &str, depth: usize) -> Result<Vec<Term>, Fault> {
        let mut terms = Vec::new();
        if self.peek(close) {
            self.next += 1;
            return Ok(terms);
        }
        loop {
            terms.push(self.term(depth + 1)?);
            if self.peek(Symbol::Comma) {
                self.next += 1;
            } else {
                self.expect(close, wanted)?;
                return Ok(terms);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, read};

    #[test]
    fn reads_nested_terms_with_comments() {
        let term = read("%% coding: utf-8\n{'a b', \"x\\\"y\" \"z\", [1, -2.0]} .");
        assert!(term.is_err(), "a sign is no part of a release file");
        let Value::Tuple(parts) = read("%% c\n{'a b', \"x\\\"y\" \"z\", [1, []]}.").unwrap().value else {
            panic!("a tuple")
        };
        assert_eq!(parts[0].value, Value::Atom("a b".into()));
        assert_eq!(parts[1].value, Value::String("x\"yz".into()));
        assert!(matches!(&parts[2].value, Value::List(items) if items.len() == 2));
    }

    #[test]
    fn faults_say_where() {
        let cases = [
            ("{a,\n b", 2, 3, "the file ends where \",\" or \"}\" should be"),
            ("{a b}.", 1, 4, "\"b\" where \",\" or \"}\" should be"),
            ("{a}", 1, 4, "the file ends where a full stop should be"),
            ("", 1, 1, "the file ends where a term should be"),
            ("{A}.", 1, 2, "\"A\" where a term should be"),
        ];
        for (source, line, column, message) in cases {
            let fault = read(source).unwrap_err();
            assert_eq!(
                (fault.line, fault.column, fault.message.as_str()),
                (line, column, message),
                "{source}"
            );
        }
        assert_eq!(read(&"[".repeat(100_000)).unwrap_err().message, "terms nest too deep");
    }
}
