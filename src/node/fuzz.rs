//! Drives the client with a peer's bytes from memory: no socket, no clock, no chance. For fuzzing,
//! and for tests of what fuzzing found; no part of the interface.

use std::io::{self, Cursor, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::connection::Connection;
use super::error::NodeError;
use super::handshake::{self, Identity};
use super::io_protocol::Discard;
use super::term::Term;
use super::wire::{Deadline, Stream, Wire};
use super::{Cookie, Outcome, epmd};

/// The node that the peer of [`handshake_from`] has to be.
pub const NODE: &str = "a@b";
/// Its cookie.
pub const COOKIE: &str = "abc";
/// What it is challenged with: the digest to answer with is the MD5 of `abc1`.
pub const CHALLENGE: u32 = 1;

/// A peer that says what is given, whatever it hears, and then ends.
#[derive(Debug)]
struct Script(Cursor<Vec<u8>>);

impl Read for Script {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Script {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Script {
    fn set_read_timeout(&self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }

    fn set_write_timeout(&self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
}

fn wire(bytes: &[u8]) -> Wire {
    Wire::over(Script(Cursor::new(bytes.to_vec())))
}

fn forever() -> Deadline {
    Deadline::maybe_after(None)
}

/// Shakes hands with a peer that says `bytes`, and, when that succeeds, calls a function on it:
/// what follows the handshake are its frames. Whether the handshake succeeded.
#[must_use]
pub fn handshake_from(bytes: &[u8]) -> bool {
    let mut wire = wire(bytes);
    let shaken = handshake::shake(&mut wire, NODE, "b", &Cookie::new(COOKIE), CHALLENGE, forever());
    let Ok(me) = shaken else { return false };
    // Any outcome is fine, as long as there is one.
    let _ = call(wire, me);
    true
}

/// Calls a function on a connected peer that says `bytes`, in frames. The call's pid is
/// `<c@b, 1>`, its reference `<c@b, [2,0,0]>`, of creation 7.
///
/// # Errors
/// As [`Connection::call`].
pub fn frames_from(bytes: &[u8]) -> Result<Outcome, NodeError> {
    call(wire(bytes), Identity { name: "c@b".into(), creation: 7 })
}

fn call(wire: Wire, me: Identity) -> Result<Outcome, NodeError> {
    let at = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let mut connection = Connection::new(wire, NODE.into(), at, me, Duration::from_secs(3600));
    connection.call("m", "f", vec![Term::Int(1)], &mut Discard, None)
}

/// Asks an epmd that says `bytes` for a port.
#[must_use]
pub fn epmd_from(bytes: &[u8]) -> Option<u16> {
    match epmd::ask(&mut wire(bytes), "a", forever()) {
        Ok(epmd::Answer::Port(port)) => Some(port),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{CHALLENGE, COOKIE, NODE, Outcome, Term, epmd_from, frames_from, handshake_from};
    use md5::{Digest, Md5};

    const NAMED: &[u8] = b"\0\x10snamed:\0\x03c@b\0\0\0\x07";
    const QUESTION: &[u8] = b"\0\x16N\0\0\0\x07\x07\x07\x5f\xbc\0\0\0\x05\0\0\0\x01\0\x03a@b";
    /// `{21, a, a, Ref, {Ref, return, 42}}` in a frame.
    const ANSWER: &[u8] =
        b"\0\0\0\x48p\x83h\x05a\x15w\x01aw\x01aZ\0\x03w\x03c@b\0\0\0\x07\0\0\0\x02\0\0\0\0\0\0\0\0\
        h\x03Z\0\x03w\x03c@b\0\0\0\x07\0\0\0\x02\0\0\0\0\0\0\0\0w\x06returna\x2a";

    fn seed() -> Vec<u8> {
        let digest = Md5::digest(format!("{COOKIE}{CHALLENGE}"));
        [NAMED, QUESTION, b"\0\x11a", digest.as_slice(), ANSWER].concat()
    }

    #[test]
    fn a_peer_from_memory_shakes_hands_and_answers() {
        assert_eq!(NODE, "a@b");
        assert!(handshake_from(&seed()));
        assert!(matches!(frames_from(ANSWER), Ok(Outcome::Return(Term::Int(42)))));
        assert_eq!(epmd_from(b"w\0\x12\x34M\0\0\x06\0\x05\0\x04demo\0\0"), Some(0x1234));
    }

    #[test]
    fn every_cut_and_many_changes_of_it_are_survived() {
        let whole = seed();
        let shaken = whole.len() - ANSWER.len();
        for end in 0..whole.len() {
            assert_eq!(handshake_from(&whole[..end]), end >= shaken, "cut at {end}");
        }
        for position in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff, 97, 104, 108, 112, 116] {
                let mut broken = whole.clone();
                broken[position] = value;
                let _ = handshake_from(&broken);
                if let Some(frames) = broken.get(shaken..) {
                    let _ = frames_from(frames);
                }
            }
        }
    }
}
