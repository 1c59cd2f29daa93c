//! Strings, quoted atoms, characters and sigils.

use super::scan::{Scanner, is_character, is_name, too_long};
use super::token::Token;
use super::{Fault, Position};

impl Scanner<'_> {
    /// What stands up to `end`, with escapes, the opening quote still ahead.
    pub(super) fn quoted(&mut self, end: char) -> Result<String, Fault> {
        let start = self.position();
        self.take();
        let mut text = String::new();
        loop {
            self.legal()?;
            match self.peek() {
                None => return Err(unclosed(start)),
                Some('\\') => text.push(self.escape(start)?),
                Some(next) => {
                    self.take();
                    if next == end {
                        return Ok(text);
                    }
                    text.push(next);
                }
            }
        }
    }

    /// The same where a backslash is one, but before `end`.
    fn verbatim(&mut self, end: char) -> Result<String, Fault> {
        let start = self.position();
        self.take();
        let mut text = String::new();
        loop {
            self.legal()?;
            match self.take() {
                None => return Err(unclosed(start)),
                Some('\\') if self.peek() == Some(end) => text.extend(self.take()),
                Some(next) if next == end => return Ok(text),
                Some(next) => text.push(next),
            }
        }
    }

    pub(super) fn quoted_atom(&mut self) -> Result<Token, Fault> {
        let start = self.position();
        let name = self.quoted('\'')?;
        if name.len() > 255 && name.chars().count() > 255 {
            return Err(too_long(start));
        }
        Ok(Token::Atom(name))
    }

    /// `$c`
    pub(super) fn character(&mut self) -> Result<Token, Fault> {
        let start = self.position();
        self.take();
        self.legal()?;
        let value = match self.peek() {
            None => return Err(Fault::at(start, "the file ends behind \"$\"")),
            Some('\\') => self.escape(start)?,
            Some(next) => {
                self.take();
                next
            }
        };
        Ok(Token::Integer(Some(u32::from(value).into())))
    }

    /// An escape, its backslash still ahead; `start` is where the quote began.
    pub(super) fn escape(&mut self, start: Position) -> Result<char, Fault> {
        let at = self.position();
        let illegal = || Fault::at(at, "an escape that Erlang does not know");
        self.take();
        let Some(next) = self.peek() else { return Err(unclosed(start)) };
        if next.is_digit(8) {
            return Ok(self.octal());
        }
        self.legal()?;
        self.take();
        match next {
            'x' => self.hexadecimal().ok_or_else(illegal),
            '^' => self.control().ok_or_else(illegal),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'v' => Ok('\u{b}'),
            'b' => Ok('\u{8}'),
            'f' => Ok('\u{c}'),
            'e' => Ok('\u{1b}'),
            's' => Ok(' '),
            'd' => Ok('\u{7f}'),
            other => Ok(other),
        }
    }

    /// One to three digits.
    fn octal(&mut self) -> char {
        let mut value = 0;
        for _ in 0..3 {
            let Some(digit) = self.take_if(|c| c.is_digit(8)) else { break };
            value = value * 8 + digit.to_digit(8).expect("it was asked for");
        }
        char::from_u32(value).expect("three octal digits are below the surrogates")
    }

    /// `{H...}` or two digits.
    fn hexadecimal(&mut self) -> Option<char> {
        let is_digit = |c: char| c.is_ascii_hexdigit();
        let digits = if self.take_if(|c| c == '{').is_some() {
            let digits = self.take_while(is_digit);
            self.take_if(|c| c == '}')?;
            digits.trim_start_matches('0').get(..).filter(|_| !digits.is_empty())?
        } else {
            let start = self.position().offset;
            self.take_if(is_digit)?;
            self.take_if(is_digit)?;
            &self.text[start..self.position().offset]
        };
        let value = if digits.is_empty() { 0 } else { u32::from_str_radix(digits, 16).ok()? };
        char::from_u32(value).filter(|c| is_character(*c))
    }

    /// `X` of `\^X`.
    fn control(&mut self) -> Option<char> {
        let next = self.take()?;
        if !self.dialect.since(27) {
            let low = if next == '\n' { u32::from('\n') } else { u32::from(next) & 31 };
            return char::from_u32(low);
        }
        match next {
            '?' => Some('\u{7f}'),
            '@'..='_' | 'a'..='z' => char::from_u32(u32::from(next) & 31),
            _ => None,
        }
    }

    /// `~"..."`, `~s(...)` and so on.
    pub(super) fn sigil(&mut self) -> Result<Token, Fault> {
        let start = self.position();
        self.take();
        let kind = self.take_while(is_name);
        if !matches!(kind, "" | "b" | "B" | "s" | "S") {
            return Err(Fault::at(start, "a sigil that Erlang does not know"));
        }
        let escapes = matches!(kind, "b" | "s");
        let text = match self.peek() {
            Some('"') if self.rest().starts_with("\"\"\"") => self.triple(!escapes)?,
            Some(open) => {
                let end = closing(open).ok_or_else(|| Fault::at(start, "a sigil without its quotes"))?;
                if escapes || kind.is_empty() { self.quoted(end)? } else { self.verbatim(end)? }
            }
            None => return Err(Fault::at(start, "a sigil without its quotes")),
        };
        if !self.take_while(is_name).is_empty() {
            return Err(Fault::at(start, "a sigil with a suffix, which Erlang does not know"));
        }
        if matches!(kind, "s" | "S") {
            return Ok(Token::Sigil(text));
        }
        Ok(Token::Binary(8 * text.len() as u64))
    }
}

pub(super) fn unclosed(start: Position) -> Fault {
    Fault::at(start, "a quote that is never closed")
}

/// The delimiter that closes a sigil.
fn closing(open: char) -> Option<char> {
    match open {
        '(' => Some(')'),
        '[' => Some(']'),
        '{' => Some('}'),
        '<' => Some('>'),
        '/' | '|' | '\'' | '"' | '`' | '#' => Some(open),
        _ => None,
    }
}
