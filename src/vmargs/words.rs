//! How erlexec splits an args file, or a variable such as `ERL_FLAGS`, into words, and how a word
//! is written so that it reads the same back.
//!
//! The language, as `build_args_from_string` of OTP's `erts/etc/common/erlexec.c` reads it: words
//! stand between white space (space, `\t`, `\n`, `\v`, `\f`, `\r`, so a CRLF needs no care);
//! `'...'` and `"..."` both take everything up to the same quote, backslashes too; outside of
//! quotes a backslash takes the next character as it is; `''` is an empty word. In files, not in
//! variables, an unquoted `#` ends the word, and the line is a comment from there.

use std::iter::Peekable;
use std::str::Chars;

use super::error::{Error, Place};

/// A word and the line it begins on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) line: usize,
}

/// Which of the two dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// With comments.
    File,
    /// Without.
    Variable,
}

/// The words of `text`.
///
/// # Errors
/// For a quote that is not closed and for NUL: erlexec takes both, but as nobody means it.
pub(super) fn split(text: &str, file: &str, dialect: Dialect) -> Result<Vec<Word>, Error> {
    let mut reader = Reader { chars: text.chars().peekable(), line: 1, file, dialect };
    let mut words = Vec::new();
    while reader.skip_to_word() {
        let line = reader.line;
        words.push(Word { text: reader.word()?, line });
    }
    Ok(words)
}

struct Reader<'a> {
    chars: Peekable<Chars<'a>>,
    line: usize,
    file: &'a str,
    dialect: Dialect,
}

impl Reader<'_> {
    fn next(&mut self) -> Result<Option<char>, Error> {
        let next = self.chars.next();
        match next {
            Some('\0') => return Err(Error::Nul { place: self.place(self.line) }),
            Some('\n') => self.line += 1,
            _ => {}
        }
        Ok(next)
    }

    /// The place of a line; a variable has no lines worth a number.
    fn place(&self, line: usize) -> Place {
        match self.dialect {
            Dialect::File => Place::new(self.file, line),
            Dialect::Variable => Place::variable(self.file),
        }
    }

    fn at_comment(&mut self) -> bool {
        self.dialect == Dialect::File && self.chars.peek() == Some(&'#')
    }

    /// Passes white space and comments; whether a word follows.
    fn skip_to_word(&mut self) -> bool {
        loop {
            if self.at_comment() {
                while self.chars.next_if(|c| *c != '\n').is_some() {}
            }
            match self.chars.next_if(|c| is_space(*c)) {
                Some('\n') => self.line += 1,
                Some(_) => {}
                None => return self.chars.peek().is_some(),
            }
        }
    }

    fn word(&mut self) -> Result<String, Error> {
        let mut word = String::new();
        while !self.at_comment() && self.chars.peek().is_some_and(|c| !is_space(*c)) {
            match self.next()? {
                Some(quote @ ('"' | '\'')) => self.quoted(quote, &mut word)?,
                Some('\\') => word.extend(self.next()?),
                other => word.extend(other),
            }
        }
        Ok(word)
    }

    fn quoted(&mut self, quote: char, word: &mut String) -> Result<(), Error> {
        let line = self.line;
        loop {
            match self.next()? {
                Some(c) if c == quote => return Ok(()),
                Some(c) => word.push(c),
                None => return Err(Error::Unclosed { place: self.place(line), quote }),
            }
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

/// Writes a word for an args file, quoted only where it has to be.
pub(super) fn quote(word: &str) -> String {
    let special = |c: char| is_space(c) || matches!(c, '\'' | '"' | '\\' | '#');
    if !word.is_empty() && !word.contains(special) {
        word.to_owned()
    } else if word.contains('\'') && !word.contains('"') {
        format!("\"{word}\"")
    } else {
        // No escape exists inside of quotes: an apostrophe gets a pair of the other kind.
        format!("'{}'", word.replace('\'', "'\"'\"'"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, quote, split};

    fn texts(text: &str, dialect: Dialect) -> Vec<String> {
        split(text, "vm.args", dialect).unwrap().into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_as_erlexec_reads_them() {
        for (text, expected) in [
            ("", vec![]),
            (" \t\r\n# only a comment", vec![]),
            ("-a b\r\n+S 2\r\n", vec!["-a", "b", "+S", "2"]),
            ("a\x0bb\x0cc", vec!["a", "b", "c"]),
            (r#"'a "b"' "c 'd'" e'f g'h"#, vec![r#"a "b""#, "c 'd'", "ef gh"]),
            (r#"'a\n' "b\" c\ d \\ \'"#, vec![r"a\n", r"b\", "c d", r"\", "'"]),
            ("'' \"\"", vec!["", ""]),
            ("a#b c\nd\\#e '#f'", vec!["a", "d#e", "#f"]),
            ("a\\\nb", vec!["a\nb"]),
            ("a\\", vec!["a"]),
        ] {
            assert_eq!(texts(text, Dialect::File), expected, "{text:?}");
        }
        assert_eq!(texts("a#b #c", Dialect::Variable), ["a#b", "#c"]);
    }

    #[test]
    fn words_know_their_line() {
        let words = split("# one\n-a 'x\ny'\n\n-b", "vm.args", Dialect::File).unwrap();
        assert_eq!(words.iter().map(|word| word.line).collect::<Vec<_>>(), [2, 2, 5]);
    }

    #[test]
    fn what_nobody_means_is_an_error() {
        let message = |text| split(text, "vm.args", Dialect::File).unwrap_err().to_string();
        assert_eq!(message("-a\n-b it's\n-c"), "vm.args:2: the quote ' is never closed");
        assert_eq!(message("-a\nb\0"), "vm.args:2: a NUL byte");
        let error = split("x \"", "ERL_FLAGS", Dialect::Variable).unwrap_err();
        assert_eq!(error.to_string(), "ERL_FLAGS: the quote \" is never closed");
    }

    #[test]
    fn quotes_only_where_needed() {
        for (word, expected) in [
            ("a-b=c,d", "a-b=c,d"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", "\"it's\""),
            ("a\"b", "'a\"b'"),
            ("'\"", "''\"'\"'\"'"),
            ("a#b", "'a#b'"),
            ("é", "é"),
        ] {
            assert_eq!(quote(word), expected);
            assert_eq!(texts(expected, Dialect::File), [word]);
        }
    }
}
