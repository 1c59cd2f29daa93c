//! Binaries as Elixir's `inspect` writes them, for those that are too large to have a node do it.

use std::fmt::{self, Display, Formatter, Write};

use super::Term;
use super::print::numbers;

/// A term that is written in Elixir's manner when it is a binary or a bit string, else in Erlang's.
#[derive(Clone, Copy, Debug)]
pub struct Inspected<'a>(pub &'a Term);

impl Display for Inspected<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Term::Binary(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if text.chars().all(printable) => quoted(text, f),
                _ => {
                    f.write_str("<<")?;
                    numbers(bytes, ", ", f)?;
                    f.write_str(">>")
                }
            },
            Term::BitBinary { bytes, last_bits } => {
                let (last, whole) = bytes.split_last().unwrap_or((&0, &[]));
                f.write_str("<<")?;
                numbers(whole, ", ", f)?;
                let comma = if whole.is_empty() { "" } else { ", " };
                write!(f, "{comma}{}::size({last_bits})>>", last >> 8_u8.saturating_sub(*last_bits).min(7))
            }
            other => write!(f, "{other}"),
        }
    }
}

/// As `String.printable?/1`.
fn printable(c: char) -> bool {
    matches!(c, '\u{7}'..='\r' | '\u{1b}' | ' '..='\u{7f}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

fn quoted(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let escape = match c {
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\t' => 't',
            '\n' => 'n',
            '\u{b}' => 'v',
            '\u{c}' => 'f',
            '\r' => 'r',
            '\u{1b}' => 'e',
            '\u{7f}' => 'd',
            '"' | '\\' => c,
            '#' if rest.peek() == Some(&'{') => c,
            _ => {
                f.write_char(c)?;
                continue;
            }
        };
        f.write_char('\\')?;
        f.write_char(escape)?;
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::{Inspected, Term};

    #[test]
    fn binaries_are_strings_or_numbers() {
        let text = |term: Term| Inspected(&term).to_string();
        assert_eq!(text(Term::binary("a\"\\#{x}# é\n\u{1b}\u{7f}")), r##""a\"\\\#{x}# é\n\e\d""##);
        assert_eq!(text(Term::binary(vec![0xff, 1])), "<<255, 1>>");
        assert_eq!(text(Term::binary("\0")), "<<0>>");
        assert_eq!(text(Term::BitBinary { bytes: vec![1, 0xa0], last_bits: 3 }), "<<1, 5::size(3)>>");
        assert_eq!(text(Term::atom("a")), "a");
    }
}
