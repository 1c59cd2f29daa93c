//! What the words after `rpc` mean. Options come first; the first word that is none begins what is to be
//! evaluated, and a negative number is none.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

use super::super::client::program;
use super::super::options;
use crate::error::{Failure, Message, Status};
use crate::node::{Code, Language};

/// What goes to standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// The value as people read it.
    Text,
    /// The value as JSON.
    Json,
    /// What the call prints.
    Printed,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) language: Language,
    pub(super) code: Code,
    pub(super) shown: Shown,
    pub(super) limit: Option<Duration>,
}

/// The options, and the words after them.
struct Words {
    /// The command is `eval`: one expression, no call of a function.
    eval: bool,
    default: Language,
    language: Option<Language>,
    json: bool,
    printed: bool,
    limit: Option<Duration>,
    stdin: bool,
    file: Option<OsString>,
    words: Vec<OsString>,
}

impl Request {
    pub(super) fn parse(arguments: Vec<OsString>) -> Result<Self, Failure> {
        let given = Words::parse(arguments)?;
        let shown = match (given.json, given.printed) {
            (false, false) => Shown::Text,
            (true, false) => Shown::Json,
            (false, true) => Shown::Printed,
            (true, true) => return Err(wrong("--json and --printed exclude each other")),
        };
        Ok(Self {
            language: given.language.unwrap_or(given.default),
            shown,
            limit: given.limit,
            code: given.code()?,
        })
    }
}

impl Words {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Failure> {
        let mut given = Self {
            eval: false,
            default: Language::Erlang,
            language: None,
            json: false,
            printed: false,
            limit: None,
            stdin: false,
            file: None,
            words: Vec::new(),
        };
        let mut parser = lexopt::Parser::from_args(arguments);
        loop {
            // Without a value at hand there are raw words only.
            let mut raw = parser.raw_args().map_err(|error| options::usage(&error))?;
            match raw.peek() {
                Some(word) if word == "--" => {
                    raw.next();
                    break;
                }
                Some(word) if is_option(word) => {}
                _ => break,
            }
            given.option(&mut parser)?;
        }
        given.words = parser.raw_args().map_err(|error| options::usage(&error))?.collect();
        Ok(given)
    }

    fn option(&mut self, parser: &mut lexopt::Parser) -> Result<(), Failure> {
        match parser.next().map_err(|error| options::usage(&error))? {
            Some(lexopt::Arg::Long("eval")) => self.eval = true,
            Some(lexopt::Arg::Long("default-elixir")) => self.default = Language::Elixir,
            Some(lexopt::Arg::Long("elixir")) => self.language = Some(Language::Elixir),
            Some(lexopt::Arg::Long("erlang")) => self.language = Some(Language::Erlang),
            Some(lexopt::Arg::Long("json")) => self.json = true,
            Some(lexopt::Arg::Long("printed")) => self.printed = true,
            Some(lexopt::Arg::Long("stdin")) => self.stdin = true,
            Some(lexopt::Arg::Long("file")) => {
                self.file = Some(parser.value().map_err(|error| options::usage(&error))?);
            }
            Some(lexopt::Arg::Long("timeout")) => self.limit = Some(options::seconds(parser)?),
            Some(other) => return Err(options::usage(&other.unexpected())),
            None => {}
        }
        Ok(())
    }

    fn code(self) -> Result<Code, Failure> {
        match self.whatever_code()? {
            Code::Expression(text) if text.trim().is_empty() => Err(wrong("there is nothing to evaluate")),
            code => Ok(code),
        }
    }

    fn whatever_code(self) -> Result<Code, Failure> {
        match (self.stdin, self.file, self.words.is_empty()) {
            (true, None, true) => {
                let mut bytes = Vec::new();
                let read = std::io::stdin().read_to_end(&mut bytes);
                source(read.map(|_| bytes), "standard input").map(Code::Expression)
            }
            (false, Some(file), true) => {
                source(std::fs::read(&file), &file.to_string_lossy()).map(Code::Expression)
            }
            (false, None, true) if self.eval => Err(wrong_eval("eval needs an expression")),
            (false, None, false) if !self.eval || self.words.len() == 1 => words(self.words),
            _ if self.eval => Err(wrong_eval(
                "eval on the running node takes one expression, --stdin or --file FILE, and no arguments for it",
            )),
            (false, None, true) => Err(wrong("rpc needs an expression")),
            _ => Err(wrong("rpc takes one of: an expression or a call, --stdin, --file FILE")),
        }
    }
}

/// A negative number is none.
fn is_option(word: &OsStr) -> bool {
    matches!(word.as_bytes(), [b'-', first, ..] if !first.is_ascii_digit())
}

fn source(read: std::io::Result<Vec<u8>>, name: &str) -> Result<String, Failure> {
    let bytes = read.map_err(|error| Message::new(Status::Failed, format!("can't read {name}: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let text = format!("{name} is not UTF-8: byte {}", error.utf8_error().valid_up_to() + 1);
        Message::new(Status::Failed, text).into()
    })
}

/// An expression, or a call with or without a list of texts.
fn words(words: Vec<OsString>) -> Result<Code, Failure> {
    if let [_, second, ..] = words.as_slice()
        && second.len() > 2
        && second.as_bytes().starts_with(b"--")
    {
        return Err(wrong(&format!("{} comes after what is to be evaluated", second.to_string_lossy())));
    }
    let mut before = words;
    let argv = before.iter().position(|word| word == "--").map(|at| {
        let argv = before.split_off(at).into_iter().skip(1);
        argv.map(OsString::into_vec).collect()
    });
    if argv.is_some() && before.len() != 2 {
        return Err(wrong("-- comes after a module and a function"));
    }
    let mut words = before.into_iter().map(options::utf8).collect::<Result<Vec<_>, _>>()?;
    if words.len() == 1 {
        return Ok(Code::Expression(words.remove(0)));
    }
    Ok(Code::Call { words, argv })
}

fn wrong(text: &str) -> Failure {
    let program = program();
    let help = format!("{program} rpc 'node().', {program} rpc M F ARG..., or: {program} help rpc");
    Message::new(Status::Usage, text).with_help(help).into()
}

fn wrong_eval(text: &str) -> Failure {
    let program = program();
    let help = format!("{program} eval --node 'node().'; with arguments: {program} rpc M F ARG...");
    Message::new(Status::Usage, text).with_help(help).into()
}

#[cfg(test)]
mod tests {
    use super::{Code, Language, Request, Shown};
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use std::time::Duration;

    fn parse(words: &[&str]) -> Request {
        Request::parse(words.iter().map(OsString::from).collect()).unwrap()
    }

    fn call(words: &[&str], argv: Option<&[&[u8]]>) -> Code {
        let argv = argv.map(|argv| argv.iter().map(|word| word.to_vec()).collect());
        Code::Call { words: words.iter().map(|word| (*word).to_owned()).collect(), argv }
    }

    #[test]
    fn one_word_is_an_expression_and_more_are_a_call() {
        let code = |words: &[&str]| parse(words).code;
        assert_eq!(code(&["1"]), Code::Expression("1".into()));
        assert_eq!(code(&["-1."]), Code::Expression("-1.".into()));
        assert_eq!(code(&["--", "-x"]), Code::Expression("-x".into()));
        assert_eq!(code(&["--eval", "--", "-x"]), Code::Expression("-x".into()));
        assert_eq!(code(&["erlang", "abs", "-5"]), call(&["erlang", "abs", "-5"], None));
        assert_eq!(code(&["m", "f", "-x", "--y"]), call(&["m", "f", "-x", "--y"], None));
        assert_eq!(code(&["m", "f", "--"]), call(&["m", "f"], Some(&[])));
        assert_eq!(code(&["m", "f", "--", "-1", "--", ""]), call(&["m", "f"], Some(&[b"-1", b"--", b""])));
        let raw = ["m", "f", "--"].iter().map(OsString::from).chain([OsString::from_vec(vec![0xff])]);
        assert_eq!(Request::parse(raw.collect()).unwrap().code, call(&["m", "f"], Some(&[b"\xff"])));
    }

    #[test]
    fn the_language_is_the_one_that_was_asked_for() {
        let language = |words: &[&str]| parse(&[words, &["1"]].concat()).language;
        assert_eq!(language(&[]), Language::Erlang);
        assert_eq!(language(&["--default-elixir"]), Language::Elixir);
        assert_eq!(language(&["--default-elixir", "--erlang"]), Language::Erlang);
        assert_eq!(language(&["--erlang", "--default-elixir"]), Language::Erlang);
        assert_eq!(language(&["--elixir"]), Language::Elixir);
        let request = parse(&["--timeout=5", "--json", "1"]);
        assert_eq!((request.limit, request.shown), (Some(Duration::from_secs(5)), Shown::Json));
    }

    #[test]
    fn what_makes_no_sense_is_wrong_usage() {
        let cases: [&[&str]; 15] = [
            &[],
            &["--"],
            &["--timeout", "1"],
            &["--timeout", "0", "1"],
            &["--wat", "1"],
            &["-x"],
            &["--json", "--printed", "1"],
            &["--stdin", "1"],
            &["--stdin", "--file", "f"],
            &["node()", "--json"],
            &["m", "--", "x"],
            &["m", "f", "1", "--", "x"],
            &["--eval"],
            &["--eval", "m", "f"],
            &["--eval", "--file", "f", "x"],
        ];
        for words in cases {
            let failure = Request::parse(words.iter().map(OsString::from).collect()).unwrap_err();
            assert_eq!(failure.status(), crate::error::Status::Usage, "{words:?}: {failure}");
            assert!(failure.help().is_some() || words.contains(&"0"), "{words:?}: {failure}");
        }
    }
}
