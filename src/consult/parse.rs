//! From tokens to terms, with a stack of its own: hostile nesting costs no more than its text.

use super::bits::{Types, field, longer};
use super::scan::Scanner;
use super::token::Token;
use super::{Fault, Position, Term, Value};

/// How deep terms may nest: far above any file that people write, far below the stack that dropping one takes.
const DEPTH: usize = 1000;

/// What is open around the next term.
enum Frame {
    Tuple(Vec<Term>),
    List(Vec<Term>),
    /// Behind `|`.
    Tail(Vec<Term>),
    Map(Vec<Term>),
    Paren,
    /// Whether it is a minus.
    Sign(bool),
    /// The length of the fields that are complete.
    Binary(u64),
    /// The same, and the value of the field whose size is next.
    Size(u64, Term),
}

/// What a token begins.
enum Begun {
    /// A term that is complete, and whether a sign may stand before it.
    Term(Value, bool),
    Open(Frame),
}

pub(super) struct Parser<'a> {
    scanner: Scanner<'a>,
    ahead: Option<(Token, Position)>,
    /// Where the last token ended.
    end: usize,
    stack: Vec<(Frame, Position)>,
}

impl<'a> Parser<'a> {
    pub(super) fn new(scanner: Scanner<'a>) -> Self {
        Self { scanner, ahead: None, end: 0, stack: Vec::new() }
    }

    /// A fault where the parser is.
    pub(super) fn fault(&self, message: &str) -> Fault {
        let at = self.ahead.as_ref().map_or_else(|| self.scanner.position(), |(_, at)| *at);
        Fault::at(at, message)
    }

    /// The next term with its full stop, and where that ends; `None` at the end.
    pub(super) fn form(&mut self) -> Result<Option<(Term, usize)>, Fault> {
        let form = self.open_form();
        form.map_err(|mut fault| {
            fault.within = self.within();
            fault
        })
    }

    fn open_form(&mut self) -> Result<Option<(Term, usize)>, Fault> {
        if self.is_ahead(|token| matches!(token, Token::End))? {
            return Ok(None);
        }
        let term = self.term()?;
        match self.next()? {
            (Token::Dot, _) => Ok(Some((term, self.end))),
            (token, at) => Err(wanted("a full stop", &token, at)),
        }
    }

    fn next(&mut self) -> Result<(Token, Position), Fault> {
        let next = match self.ahead.take() {
            Some(next) => next,
            None => self.scanner.token()?,
        };
        // Nothing is ahead now: the scanner stands behind what was taken.
        self.end = self.scanner.position().offset;
        Ok(next)
    }

    fn is_ahead(&mut self, wanted: impl Fn(&Token) -> bool) -> Result<bool, Fault> {
        if self.ahead.is_none() {
            self.ahead = Some(self.scanner.token()?);
        }
        Ok(self.ahead.as_ref().is_some_and(|(token, _)| wanted(token)))
    }

    fn take_mark(&mut self, mark: &str) -> Result<bool, Fault> {
        let is = self.is_ahead(|token| matches!(token, Token::Mark(it) if *it == mark))?;
        if is {
            self.next()?;
        }
        Ok(is)
    }

    fn expect_mark(&mut self, mark: &str, what: &str) -> Result<(), Fault> {
        match self.next()? {
            (Token::Mark(it), _) if it == mark => Ok(()),
            (token, at) => Err(wanted(what, &token, at)),
        }
    }

    fn term(&mut self) -> Result<Term, Fault> {
        loop {
            let (mut begun, mut start) = self.begin()?;
            // What completes a term may complete the one around it, and so on.
            loop {
                let (value, number) = match begun {
                    Begun::Open(frame) => {
                        if self.stack.len() >= DEPTH {
                            return Err(Fault::at(start, format!("terms nest deeper than {DEPTH}")));
                        }
                        self.stack.push((frame, start));
                        break;
                    }
                    Begun::Term(value, number) => (value, number),
                };
                let term = Term { start, end: self.end, value };
                if self.stack.is_empty() {
                    return Ok(term);
                }
                (begun, start) = self.inner(term, number)?;
            }
        }
    }

    /// A term begins here.
    fn begin(&mut self) -> Result<(Begun, Position), Fault> {
        let (token, start) = self.next()?;
        let value = match token {
            Token::Atom(name) => Value::Atom(name),
            Token::String(text) => self.string(text)?,
            Token::Sigil(text) => Value::String(text),
            Token::Binary(bits) => Value::Binary(bits),
            Token::Integer(number) => return Ok((Begun::Term(Value::Integer(number), true), start)),
            Token::Float(number) => return Ok((Begun::Term(Value::Float(number), true), start)),
            Token::Reserved("fun") => self.function()?,
            Token::Mark(sign @ ("+" | "-")) if !matches!(self.stack.last(), Some((Frame::Size(..), _))) => {
                return Ok((Begun::Open(Frame::Sign(sign == "-")), start));
            }
            Token::Mark("(") => return Ok((Begun::Open(Frame::Paren), start)),
            Token::Mark("{") if !self.take_mark("}")? => {
                return Ok((Begun::Open(Frame::Tuple(Vec::new())), start));
            }
            Token::Mark("{") => Value::Tuple(Vec::new()),
            Token::Mark("[") if !self.take_mark("]")? => {
                return Ok((Begun::Open(Frame::List(Vec::new())), start));
            }
            Token::Mark("[") => Value::List(Vec::new()),
            Token::Mark("<<") if !self.take_mark(">>")? => return Ok((Begun::Open(Frame::Binary(0)), start)),
            Token::Mark("<<") => Value::Binary(0),
            Token::Mark("#") => {
                self.expect_mark("{", "\"{\" of a map")?;
                if !self.take_mark("}")? {
                    return Ok((Begun::Open(Frame::Map(Vec::new())), start));
                }
                Value::Map(Vec::new())
            }
            token => return Err(wanted("a term", &token, start)),
        };
        Ok((Begun::Term(value, false), start))
    }

    /// Strings side by side are one, as in Erlang.
    fn string(&mut self, mut text: String) -> Result<Value, Fault> {
        while self.is_ahead(|token| matches!(token, Token::String(_)))? {
            if let (Token::String(more), _) = self.next()? {
                text.push_str(&more);
            }
        }
        Ok(Value::String(text))
    }

    /// `m:f/1` behind `fun`.
    fn function(&mut self) -> Result<Value, Fault> {
        self.name("a module")?;
        self.expect_mark(":", "\":\" of fun MODULE:NAME/ARITY")?;
        self.name("a function's name")?;
        self.expect_mark("/", "\"/\" of fun MODULE:NAME/ARITY")?;
        let most = if self.scanner.dialect.since(25) { 255 } else { i64::MAX };
        match self.next()? {
            (Token::Integer(Some(arity)), _) if arity <= most => Ok(Value::Fun),
            (token, at) => Err(wanted("an arity", &token, at)),
        }
    }

    fn name(&mut self, what: &str) -> Result<String, Fault> {
        match self.next()? {
            (Token::Atom(name), _) => Ok(name),
            (token, at) => Err(wanted(what, &token, at)),
        }
    }

    /// A term inside of the last frame is complete; `number`: a sign may stand before it.
    fn inner(&mut self, term: Term, number: bool) -> Result<(Begun, Position), Fault> {
        let (frame, start) = self.stack.last_mut().expect("there is one around the term");
        let start = *start;
        match frame {
            Frame::Tuple(terms) | Frame::List(terms) | Frame::Tail(terms) | Frame::Map(terms) => {
                terms.push(term)
            }
            Frame::Paren => {
                self.expect_mark(")", "\")\"")?;
                self.stack.pop();
                return Ok((Begun::Term(term.value, number), start));
            }
            Frame::Sign(minus) if number => {
                let value = if *minus { negated(term.value) } else { term.value };
                self.stack.pop();
                return Ok((Begun::Term(value, false), start));
            }
            Frame::Sign(_) => return Err(term.fault("a sign has to stand before a number")),
            Frame::Binary(length) => {
                let length = *length;
                self.stack.pop();
                return self.field(length, term, start);
            }
            Frame::Size(..) => {
                let Some((Frame::Size(length, value), _)) = self.stack.pop() else {
                    unreachable!("it was matched")
                };
                return self.types(length, &value, Some(&term.value), start);
            }
        }
        self.separator().map(|begun| (begun, start))
    }

    /// What follows an element.
    fn separator(&mut self) -> Result<Begun, Fault> {
        let (token, at) = self.next()?;
        let (frame, start) = self.stack.pop().expect("the caller looked at it");
        let value = match (frame, token) {
            (Frame::Tuple(terms), Token::Mark(",")) => return Ok(Begun::Open(Frame::Tuple(terms))),
            (Frame::Tuple(terms), Token::Mark("}")) => Value::Tuple(terms),
            (Frame::List(terms), Token::Mark(",")) => return Ok(Begun::Open(Frame::List(terms))),
            (Frame::List(terms), Token::Mark("|")) => return Ok(Begun::Open(Frame::Tail(terms))),
            (Frame::List(terms), Token::Mark("]")) => Value::List(terms),
            (Frame::Tail(terms), Token::Mark("]")) => Value::Cons(terms),
            (Frame::Map(terms), Token::Mark("=>")) if terms.len() % 2 == 1 => {
                return Ok(Begun::Open(Frame::Map(terms)));
            }
            (Frame::Map(terms), Token::Mark(",")) if terms.len() % 2 == 0 => {
                return Ok(Begun::Open(Frame::Map(terms)));
            }
            (Frame::Map(terms), Token::Mark("}")) if terms.len() % 2 == 0 => Value::Map(terms),
            (frame, token) => {
                let what = match &frame {
                    Frame::Tuple(_) => "\",\" or \"}\"",
                    Frame::List(_) => "\",\" or \"]\"",
                    Frame::Map(terms) if terms.len() % 2 == 1 => "\"=>\"",
                    Frame::Map(_) => "\",\" or \"}\"",
                    _ => "\"]\"",
                };
                // For the path of the message.
                self.stack.push((frame, start));
                return Err(wanted(what, &token, at));
            }
        };
        Ok(Begun::Term(value, false))
    }

    /// Behind the value of a field.
    fn field(&mut self, length: u64, value: Term, start: Position) -> Result<(Begun, Position), Fault> {
        if self.take_mark(":")? {
            // The size is the next term, without a sign.
            return Ok((Begun::Open(Frame::Size(length, value)), start));
        }
        self.types(length, &value, None, start)
    }

    /// Behind the size of a field, or where it has none.
    fn types(
        &mut self,
        length: u64,
        value: &Term,
        size: Option<&Value>,
        start: Position,
    ) -> Result<(Begun, Position), Fault> {
        let mut types = Types::default();
        if self.take_mark("/")? {
            loop {
                let at = self.scanner.position();
                let name = self.name("a type")?;
                let number = if self.take_mark(":")? { Some(self.integer()?) } else { None };
                if types.add(&name, number).is_none() {
                    return Err(Fault::at(
                        at,
                        "a type of a binary's field that is none, or contradicts another",
                    ));
                }
                if !self.take_mark("-")? {
                    break;
                }
            }
        }
        let by = field(&value.value, size, &types, self.scanner.dialect);
        let Some(length) = by.and_then(|by| longer(length, by)) else {
            return Err(value.fault("a field of a binary that can't be made of this value, size and type"));
        };
        if self.take_mark(",")? {
            return Ok((Begun::Open(Frame::Binary(length)), start));
        }
        self.expect_mark(">>", "\",\" or \">>\"")?;
        Ok((Begun::Term(Value::Binary(length), false), start))
    }

    fn integer(&mut self) -> Result<Option<i64>, Fault> {
        match self.next()? {
            (Token::Integer(number), _) => Ok(number),
            (token, at) => Err(wanted("an integer", &token, at)),
        }
    }

    /// The keys around the place: the first atoms of the open tuples, and of the maps the last.
    fn within(&self) -> Vec<String> {
        let key = |(frame, _): &(Frame, Position)| {
            let key = match frame {
                Frame::Tuple(terms) => terms.first(),
                Frame::Map(terms) => terms.len().checked_sub(1).map(|last| &terms[last - last % 2]),
                _ => None,
            };
            match key.map(|key| &key.value) {
                Some(Value::Atom(name)) => Some(name.clone()),
                _ => None,
            }
        };
        self.stack.iter().filter_map(key).take(8).collect()
    }
}

fn negated(value: Value) -> Value {
    match value {
        Value::Integer(number) => Value::Integer(number.and_then(i64::checked_neg)),
        Value::Float(number) => Value::Float(-number),
        other => other,
    }
}

fn wanted(what: &str, token: &Token, at: Position) -> Fault {
    match token {
        Token::End => Fault::at(at, format!("the file ends where {what} should be")),
        token => Fault::at(at, format!("{} where {what} should be", token.kind())),
    }
}
