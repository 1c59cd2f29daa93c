//! The words of vm.args as a list to look into and to edit. Knows which words belong to which
//! flag; knows nothing of what a flag means.

mod uses;

pub use uses::Use;

use std::fmt;

use super::check::knows;
use super::error::{Error, Place};
use super::flags::{Arity, emulator_flag, init_flag};
use super::words::{Dialect, Word, quote, split};

/// What gives the text of an `-args_file` by the path in the file. erlexec takes a relative path
/// from the directory in which it starts, not from the including file's.
pub type Include<'a> = dyn FnMut(&str) -> std::io::Result<String> + 'a;

/// How deep `-args_file` may nest; deeper is a cycle under changing names.
const DEPTH: usize = 32;

/// How many files may be included: each may include several others, all of them again.
const INCLUDES: usize = 500;

/// How many bytes they may have together.
const INCLUDED: usize = 4 << 20;

/// Command line words for `erl`, in order, with the place of each. `Debug` shows flags, no values.
#[derive(Clone, Default)]
pub struct Args {
    tokens: Vec<Token>,
    /// What follows `-extra`: plain words for the application.
    extra: Option<Vec<Token>>,
}

#[derive(Clone)]
struct Token {
    text: String,
    place: Place,
    /// Whether it was made of a secret.
    secret: bool,
}

impl Token {
    fn new(text: String, place: Place) -> Self {
        Self { text, place, secret: false }
    }
}

/// One use of a flag.
#[derive(Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// The words that belong to it.
    pub values: Vec<String>,
    /// Where the flag stands.
    pub place: Place,
}

/// What a token is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Flag,
    /// A value of the flag at this index.
    Value(usize),
    /// `--`: the values of a `-` flag end here.
    End,
    /// A word before any flag or after `--`: for the application, like those after `-extra`.
    Plain,
}

impl Args {
    /// Reads an args file as erlexec does, the files that it includes too: their words stand in
    /// the place of `-args_file`, `--` after them, and what follows `-extra` in one file does not
    /// hide the rest of the file around it.
    ///
    /// # Errors
    /// Quotes that do not close, NUL, flags without their value, files that can't be read or
    /// that include themselves.
    pub fn parse(text: &str, file: &str, include: &mut Include<'_>) -> Result<Self, Error> {
        let mut args = Self::default();
        let (mut files, mut bytes) = (0, 0);
        let mut counted = |path: &str| {
            files += 1;
            if files > INCLUDES {
                return Err(std::io::Error::other("there are too many files"));
            }
            let text = include(path)?;
            bytes += text.len();
            if bytes > INCLUDED {
                return Err(std::io::Error::other("there is too much in all the files"));
            }
            Ok(text)
        };
        args.read(text, &mut vec![file.to_owned()], &mut counted)?;
        args.checked()
    }

    /// Splits the value of a variable such as `ERL_FLAGS` as erlexec does; `-args_file` stays as
    /// it is.
    ///
    /// # Errors
    /// As [`Args::parse`]; the place is the variable's name.
    pub fn from_words(text: &str, variable: &str) -> Result<Self, Error> {
        let token = |word: Word| Token::new(word.text, Place::variable(variable));
        let mut tokens: Vec<Token> =
            split(text, variable, Dialect::Variable)?.into_iter().map(token).collect();
        let extra = tokens.iter().position(|token| token.text == "-extra");
        let extra = extra.map(|at| tokens.split_off(at).split_off(1));
        Self { tokens, extra }.checked()
    }

    /// Takes away what follows `-extra`. In a file erlexec would add a `--` to it, which the application
    /// would see; on the command line it does not.
    pub fn take_extra(&mut self) -> Vec<String> {
        self.extra.take().unwrap_or_default().into_iter().map(|token| token.text).collect()
    }

    /// Reads the last of `files`; whether it has words and no `-extra`.
    fn read(
        &mut self,
        text: &str,
        files: &mut Vec<String>,
        include: &mut Include<'_>,
    ) -> Result<bool, Error> {
        let file = files.last().cloned().unwrap_or_default();
        let token = |word: Word| Token::new(word.text, Place::new(&file, word.line));
        let mut words = split(text, &file, Dialect::File)?.into_iter().map(token);
        let mut any = false;
        while let Some(word) = words.next() {
            any = true;
            match word.text.as_str() {
                "-extra" => {
                    let extra = self.extra.get_or_insert_default();
                    extra.extend(words);
                    if files.len() > 1 {
                        extra.push(Token::new("--".into(), word.place));
                    }
                    return Ok(false);
                }
                "-args_file" => match words.next() {
                    Some(path) => self.include(path.text, word.place, files, include)?,
                    None => return Err(Error::MissingValue { place: word.place, flag: word.text }),
                },
                _ => self.tokens.push(word),
            }
        }
        Ok(any)
    }

    fn include(
        &mut self,
        path: String,
        place: Place,
        files: &mut Vec<String>,
        include: &mut Include<'_>,
    ) -> Result<(), Error> {
        if files.contains(&path) || files.len() == DEPTH {
            return Err(Error::Cycle { place, path });
        }
        let text = match include(&path) {
            Ok(text) => text,
            Err(source) => return Err(Error::Include { place, path, source }),
        };
        files.push(path);
        // erlexec puts `--` after the words of each file; where the file has `-extra`, after that.
        if self.read(&text, files, include)? {
            self.tokens.push(Token::new("--".into(), place));
        }
        files.pop();
        Ok(())
    }

    /// Refuses a flag without its value, which erlexec would answer with its usage text, or by
    /// taking a word that is none of the user's.
    fn checked(self) -> Result<Self, Error> {
        match self.roles().1 {
            Some(at) => {
                let Token { place, text, .. } = self.tokens[at].clone();
                Err(Error::MissingValue { place, flag: text })
            }
            None => Ok(self),
        }
    }

    /// The role of each token, and the first flag that lacks a value.
    fn roles(&self) -> (Vec<Role>, Option<usize>) {
        let mut roles = Vec::with_capacity(self.tokens.len());
        let mut open = None;
        let mut lacking = None;
        while let Some(token) = self.tokens.get(roles.len()) {
            let at = roles.len();
            let text = token.text.as_str();
            let left = self.tokens.len() - at - 1;
            let wanted = if text.starts_with('+') {
                // What stands behind a flag that nobody knows was meant for that one.
                open = if knows(text) { open } else { None };
                emulator_flag(text, self.tokens.get(at + 1).map(|next| next.text.as_str()))
            } else if text == "--" {
                open = None;
                roles.push(Role::End);
                continue;
            } else if text.starts_with('-') {
                let arity = init_flag(text);
                open = if matches!(arity, Arity::Taken(_)) { open } else { Some(at) };
                Some(arity.verbatim())
            } else {
                roles.push(open.map_or(Role::Plain, Role::Value));
                continue;
            };
            roles.push(Role::Flag);
            let verbatim = wanted.filter(|wanted| *wanted <= left);
            lacking = lacking.or(verbatim.is_none().then_some(at));
            roles.extend((0..verbatim.unwrap_or(0)).map(|_| Role::Value(at)));
        }
        (roles, lacking)
    }

    /// Removes all uses of `flag` with their values, and gives the values.
    pub fn take(&mut self, flag: &str) -> Vec<Vec<String>> {
        let taken = self.get(flag);
        let roles = self.roles().0;
        let of_flag = |at: usize| match roles[at] {
            Role::Flag => self.tokens[at].text == flag,
            Role::Value(owner) => self.tokens[owner].text == flag,
            Role::End | Role::Plain => false,
        };
        let keep: Vec<bool> = (0..roles.len()).map(|at| !of_flag(at)).collect();
        let mut keep = keep.into_iter();
        self.tokens.retain(|_| keep.next().unwrap_or(true));
        taken
    }

    /// Adds a flag with its values after all others (before `-extra`). The words are written as
    /// they are: a value that begins with `-` or `+` is a flag, here as in a file. No word may
    /// hold a NUL.
    pub fn push(&mut self, flag: &str, values: &[&str]) {
        self.tokens.extend(added(flag, values));
    }

    /// Adds a flag with its values before all others.
    pub fn push_front(&mut self, flag: &str, values: &[&str]) {
        let mut tokens: Vec<Token> = added(flag, values).collect();
        // Words that belonged to no flag must not become values of this one.
        if self.roles().0.contains(&Role::Plain) {
            tokens.extend(added("--", &[]));
        }
        self.tokens.splice(0..0, tokens);
    }

    /// Adds all of `other` after the own words, with `--` between, as erlexec does with the words
    /// of each file and variable.
    pub fn append(&mut self, other: Self) {
        if !self.tokens.is_empty() && !other.tokens.is_empty() {
            self.push("--", &[]);
        }
        self.tokens.extend(other.tokens);
        if let Some(extra) = other.extra {
            self.extra.get_or_insert_default().extend(extra);
        }
    }

    /// Adds a plain word for the application, after `-extra`.
    pub fn push_extra(&mut self, word: &str) {
        let token = Token::new(word.to_owned(), Place::variable("added"));
        self.extra.get_or_insert_default().push(token);
    }

    /// The words after `-extra`.
    #[must_use]
    pub fn extra(&self) -> Vec<&str> {
        self.extra.iter().flatten().map(|token| token.text.as_str()).collect()
    }

    /// Removes the words that belong to no flag: plain ones, for the application.
    pub fn drop_plain(&mut self) {
        let mut plain = self.roles().0.into_iter().map(|role| role == Role::Plain);
        self.tokens.retain(|_| !plain.next().unwrap_or(false));
        self.extra = None;
    }

    /// All the words as they stand on a command line, those after `-extra` too.
    #[must_use]
    pub fn to_words(&self) -> Vec<String> {
        let mut words: Vec<_> = self.tokens.iter().map(|token| token.text.clone()).collect();
        if let Some(extra) = &self.extra {
            words.push("-extra".into());
            words.extend(extra.iter().map(|token| token.text.clone()));
        }
        words
    }

    /// The text of an args file from which erlexec reads these words: one flag with its values
    /// per line, quoted only where needed.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.text_with(|token| quote(&token.text))
    }

    fn text_with(&self, word: impl Fn(&Token) -> String) -> String {
        let mut text = String::new();
        for (role, token) in self.roles().0.into_iter().zip(&self.tokens) {
            let separator = if matches!(role, Role::Flag | Role::End) { "\n" } else { " " };
            text.push_str(if text.is_empty() { "" } else { separator });
            text.push_str(&word(token));
        }
        if let Some(extra) = &self.extra {
            text.push_str(if text.is_empty() { "-extra" } else { "\n-extra" });
            for token in extra {
                text.push(' ');
                text.push_str(&word(token));
            }
        }
        text.push_str(if text.is_empty() { "" } else { "\n" });
        text
    }
}

impl fmt::Debug for Args {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roles = self.roles().0;
        let flags = roles.iter().zip(&self.tokens).filter(|(role, _)| **role == Role::Flag);
        f.debug_list().entries(flags.map(|(_, token)| &token.text)).finish()
    }
}

/// Tokens that no file has.
fn added<'a>(flag: &'a str, values: &'a [&str]) -> impl Iterator<Item = Token> + 'a {
    let place = Place::variable("generated");
    std::iter::once(flag)
        .chain(values.iter().copied())
        .map(move |text| Token::new(text.to_owned(), place.clone()))
}

mod secrets;
#[cfg(test)]
mod tests;
