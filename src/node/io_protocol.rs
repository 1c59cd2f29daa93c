//! The server's side of Erlang's I/O protocol, so that what a call prints arrives here. Pure but
//! for the sink: sends nothing itself, says what to send.
//!
//! Source: "The Erlang I/O Protocol" in the STDLIB user's guide; where that leaves a choice, as
//! `group` and `user` of the kernel do it.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io;

use super::term::Term;

/// Where a call's output goes, as it arrives. Text is UTF-8; what is written as Latin-1, as
/// `file:write/2` and `IO.binwrite/2` do, is bytes and comes as it is.
pub trait Io {
    /// Takes all of `bytes`.
    ///
    /// # Errors
    /// Ends the call with [`NodeError::Output`](super::NodeError::Output).
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// Output that nobody wants.
#[derive(Clone, Copy, Debug, Default)]
pub struct Discard;

impl Io for Discard {
    fn write(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

impl Io for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend(bytes);
        Ok(())
    }
}

/// How bytes and small numbers in a request are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Latin1,
    Unicode,
}

impl Encoding {
    fn named(term: &Term) -> Option<Self> {
        match term.as_atom()? {
            "latin1" => Some(Self::Latin1),
            "unicode" | "utf8" => Some(Self::Unicode),
            _ => None,
        }
    }

    /// The bytes that chardata stands for: text as UTF-8, or as they are.
    fn bytes(self, data: &Term) -> Option<Cow<'_, [u8]>> {
        if let Term::Binary(bytes) = data {
            return self.fits(bytes).then_some(Cow::Borrowed(bytes));
        }
        let mut out = Vec::new();
        // Chardata may be nested deeply; its depth costs heap, not stack.
        let mut todo = vec![data];
        while let Some(part) = todo.pop() {
            match part {
                Term::List(parts) => todo.extend(parts.iter().rev()),
                Term::ImproperList(parts, tail) => {
                    todo.push(tail);
                    todo.extend(parts.iter().rev());
                }
                Term::Binary(bytes) => out.extend_from_slice(bytes),
                other if self == Self::Latin1 => out.push(u8::try_from(other.as_int()?).ok()?),
                other => {
                    let mut buffer = [0; 4];
                    out.extend(other.as_char()?.encode_utf8(&mut buffer).as_bytes());
                }
            }
        }
        // Checked as a whole: a character may be cut into two binaries.
        self.fits(&out).then_some(Cow::Owned(out))
    }

    fn fits(self, bytes: &[u8]) -> bool {
        self == Self::Latin1 || std::str::from_utf8(bytes).is_ok()
    }
}

/// What to do for a request next.
#[derive(Debug, PartialEq)]
pub(super) enum Progress {
    /// Send `{io_reply, ReplyAs, Reply}` to the process.
    Reply {
        /// Who asked.
        to: Term,
        /// The whole message.
        message: Term,
    },
    /// Call this on the node and hand the outcome to [`Job::formatted`].
    Ask {
        /// The module.
        module: String,
        /// The function.
        function: String,
        /// Its arguments.
        args: Vec<Term>,
    },
}

/// One request of a process, which may be many in one.
#[derive(Debug)]
pub(super) struct Job {
    from: Term,
    reply_as: Term,
    queue: VecDeque<Term>,
    asked: Encoding,
}

/// What one request comes to.
enum Act {
    Write(Encoding, Term),
    Ask(Encoding, String, String, Vec<Term>),
    Reply(Term),
    Many(Vec<Term>),
}

impl Job {
    /// The job that `message` asks for, when it is `{io_request, From, ReplyAs, Request}`.
    pub(super) fn new(message: Term) -> Result<Self, Term> {
        match message {
            Term::Tuple(parts) if parts.len() == 4 && parts[0].is_atom("io_request") => {
                let mut parts = parts.into_iter().skip(1);
                let mut next = || parts.next().unwrap_or(Term::List(Vec::new()));
                let (from, reply_as) = (next(), next());
                Ok(Self { from, reply_as, queue: VecDeque::from([next()]), asked: Encoding::Unicode })
            }
            other => Err(other),
        }
    }

    /// Works until something has to be sent.
    ///
    /// # Errors
    /// When the sink takes no more.
    pub(super) fn advance(&mut self, io: &mut dyn Io) -> io::Result<Progress> {
        while let Some(request) = self.queue.pop_front() {
            match act(request) {
                Act::Write(encoding, data) => {
                    if let Some(progress) = self.put(encoding, data, io)? {
                        return Ok(progress);
                    }
                }
                Act::Ask(encoding, module, function, args) => {
                    self.asked = encoding;
                    return Ok(Progress::Ask { module, function, args });
                }
                Act::Many(requests) => {
                    for request in requests.into_iter().rev() {
                        self.queue.push_front(request);
                    }
                }
                // The rest of many is done only while all goes well.
                Act::Reply(reply) if reply.is_atom("ok") => {}
                Act::Reply(reply) => return Ok(self.reply(reply)),
            }
        }
        Ok(self.reply(Term::atom("ok")))
    }

    /// Goes on after [`Progress::Ask`]: with the text that the function made, none when it failed.
    ///
    /// # Errors
    /// As [`Job::advance`].
    pub(super) fn formatted(&mut self, data: Option<Term>, io: &mut dyn Io) -> io::Result<Progress> {
        let Some(data) = data else { return Ok(self.reply(error(Term::atom("put_chars")))) };
        match self.put(self.asked, data, io)? {
            Some(progress) => Ok(progress),
            None => self.advance(io),
        }
    }

    /// The answer to a request that comes when its call is over.
    pub(super) fn too_late(&self) -> Progress {
        self.reply(error(Term::atom("terminated")))
    }

    fn put(&self, encoding: Encoding, data: Term, io: &mut dyn Io) -> io::Result<Option<Progress>> {
        if let Some(bytes) = encoding.bytes(&data) {
            io.write(&bytes)?;
            return Ok(None);
        }
        let name = if encoding == Encoding::Latin1 { "latin1" } else { "unicode" };
        let request = Term::Tuple(vec![Term::atom("put_chars"), Term::atom(name), data]);
        Ok(Some(self.reply(error(request))))
    }

    fn reply(&self, reply: Term) -> Progress {
        let message = Term::Tuple(vec![Term::atom("io_reply"), self.reply_as.clone(), reply]);
        Progress::Reply { to: self.from.clone(), message }
    }
}

fn error(reason: Term) -> Term {
    Term::Tuple(vec![Term::atom("error"), reason])
}

fn act(request: Term) -> Act {
    let unknown = || Act::Reply(error(Term::atom("request")));
    let parts = match request {
        Term::Atom(name) => {
            return match name.as_str() {
                "getopts" => Act::Reply(options()),
                "get_password" => Act::Reply(Term::atom("eof")),
                _ => unknown(),
            };
        }
        Term::Tuple(parts) => parts,
        _ => return unknown(),
    };
    let name = parts.first().and_then(Term::as_atom).map(String::from);
    match (name.as_deref(), parts.len()) {
        (Some("put_chars"), _) => put_chars(parts).unwrap_or_else(unknown),
        (Some("requests"), 2) => match parts.into_iter().nth(1) {
            Some(Term::List(requests)) => Act::Many(requests),
            _ => unknown(),
        },
        // Nobody types here.
        (Some("get_line" | "get_chars" | "get_until" | "get_password"), _) => Act::Reply(Term::atom("eof")),
        (Some("get_geometry"), 2) => Act::Reply(error(Term::atom("enotsup"))),
        (Some("setopts"), 2) => Act::Reply(Term::atom("ok")),
        _ => unknown(),
    }
}

/// The forms with an encoding, and the old ones without, which mean Latin-1.
fn put_chars(parts: Vec<Term>) -> Option<Act> {
    let explicit = matches!(parts.len(), 3 | 5);
    let mut rest = parts.into_iter().skip(1);
    let encoding = if explicit { Encoding::named(&rest.next()?)? } else { Encoding::Latin1 };
    match (rest.next()?, rest.next(), rest.next(), rest.next()) {
        (data, None, None, None) => Some(Act::Write(encoding, data)),
        (Term::Atom(module), Some(Term::Atom(function)), Some(Term::List(args)), None) => {
            Some(Act::Ask(encoding, module, function, args))
        }
        _ => None,
    }
}

fn options() -> Term {
    let option = |name, value| Term::Tuple(vec![Term::atom(name), Term::atom(value)]);
    Term::List(vec![option("binary", "false"), option("encoding", "unicode")])
}

#[cfg(test)]
mod tests;
