//! From text to tokens, one at a time, as OTP's `erl_scan` does.

use super::token::{Token, word};
use super::{Dialect, Fault, Position};

/// The signs of terms; the longer first.
const MARKS: [&str; 17] =
    ["<<", ">>", "=>", "{", "}", "[", "]", "(", ")", ",", "|", "#", "+", "-", "/", ":", "="];

/// Reads tokens off a text.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) dialect: Dialect,
    at: Position,
    /// Where the last token ended when it was a string: the next may not follow at once since OTP 27.
    string_end: Option<usize>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self { text, dialect, at: Position { line: 1, column: 1, offset: 0 }, string_end: None }
    }

    pub(super) fn position(&self) -> Position {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at.offset..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    /// Takes a character.
    pub(super) fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at.offset += next.len_utf8();
        if next == '\n' {
            self.at.line += 1;
            self.at.column = 1;
        } else {
            self.at.column += 1;
        }
        Some(next)
    }

    /// Takes the next character when it is this one.
    pub(super) fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        if self.peek().is_some_and(wanted) { self.take() } else { None }
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let start = self.at.offset;
        while self.take_if(&wanted).is_some() {}
        &self.text[start..self.at.offset]
    }

    /// The next token and where it begins.
    pub(super) fn token(&mut self) -> Result<(Token, Position), Fault> {
        self.skip()?;
        let start = self.at;
        let last_string = self.string_end.take();
        let Some(next) = self.peek() else { return Ok((Token::End, start)) };
        let token = match next {
            '"' if last_string == Some(start.offset) && self.dialect.since(27) => {
                return Err(Fault::at(
                    start,
                    "a string right behind another: OTP 27 and later want a space between",
                ));
            }
            '"' if self.dialect.since(27) && self.rest().starts_with("\"\"\"") => {
                Token::String(self.triple(true)?)
            }
            '"' => Token::String(self.quoted('"')?),
            '\'' => self.quoted_atom()?,
            '~' if self.dialect.since(27) => self.sigil()?,
            '$' => self.character()?,
            '0'..='9' => self.number()?,
            '.' if is_stop(self.second()) => {
                self.take();
                Token::Dot
            }
            _ if is_small(next) => self.atom()?,
            _ if is_capital(next) => {
                self.take_while(is_name);
                Token::Variable
            }
            _ => self.mark()?,
        };
        if matches!(token, Token::String(_)) {
            self.string_end = Some(self.at.offset);
        }
        Ok((token, start))
    }

    /// White space and comments.
    fn skip(&mut self) -> Result<(), Fault> {
        loop {
            self.take_while(is_space);
            if self.peek() != Some('%') {
                return Ok(());
            }
            self.take_while(|c| c != '\n' && is_character(c));
            self.legal()?;
        }
    }

    /// A fault when the next character is one that may stand nowhere.
    pub(super) fn legal(&self) -> Result<(), Fault> {
        if self.peek().is_some_and(|next| !is_character(next)) {
            return Err(Fault::at(self.at, "a character that is illegal in Erlang"));
        }
        Ok(())
    }

    fn atom(&mut self) -> Result<Token, Fault> {
        let start = self.at;
        let name = self.take_while(is_name);
        // In bytes it may be twice as long.
        if name.len() > 255 && name.chars().count() > 255 {
            return Err(too_long(start));
        }
        Ok(word(name, self.dialect.since(27)))
    }

    fn mark(&mut self) -> Result<Token, Fault> {
        self.legal()?;
        let rest = self.rest();
        let Some(mark) = MARKS.into_iter().find(|mark| rest.starts_with(mark)) else {
            self.take();
            return Ok(Token::Other);
        };
        for _ in mark.chars() {
            self.take();
        }
        Ok(Token::Mark(mark))
    }
}

pub(super) fn too_long(start: Position) -> Fault {
    Fault::at(start, "an atom of more than 255 characters")
}

/// What a dot has to be followed by to end a term.
fn is_stop(next: Option<char>) -> bool {
    next.is_none_or(|next| next == '%' || is_space(next))
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, '\0'..=' ' | '\u{80}'..='\u{a0}')
}

/// What may stand in strings and comments.
pub(super) fn is_character(c: char) -> bool {
    !matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn is_small(c: char) -> bool {
    matches!(c, 'a'..='z' | 'ß'..='ö' | 'ø'..='ÿ')
}

fn is_capital(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'À'..='Ö' | 'Ø'..='Þ')
}

pub(super) fn is_name(c: char) -> bool {
    is_small(c) || is_capital(c) || matches!(c, '0'..='9' | '@')
}
