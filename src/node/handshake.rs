//! The handshake of two nodes, version 6, as a hidden node whose name the other side gives: an
//! own name would cost the node an atom for each connection, for ever, and a fixed one would
//! throw out whoever else uses it.
//!
//! Source: "Distribution Handshake" in the ERTS user's guide; flags from `erts/emulator/beam/dist.h`.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;

use md5::{Digest, Md5};

use super::Cookie;
use super::wire::{Deadline, Wire};

/// EXTENDED_REFERENCES, DIST_MONITOR, FUN_TAGS, DIST_MONITOR_NAME, NEW_FUN_TAGS,
/// EXTENDED_PIDS_PORTS, EXPORT_PTR_TAG, BIT_BINARIES, NEW_FLOATS.
const OLD: u64 = 0xfbc;
const UNICODE_IO: u64 = 1 << 12;
const SMALL_ATOM_TAGS: u64 = 1 << 14;
const UTF8_ATOMS: u64 = 1 << 16;
const MAP_TAG: u64 = 1 << 17;
const BIG_CREATION: u64 = 1 << 18;
const HANDSHAKE_23: u64 = 1 << 24;
const UNLINK_ID: u64 = 1 << 25;
/// All that OTP 25 demands, in one bit.
const MANDATORY_25_DIGEST: u64 = 1 << 26;
const SPAWN: u64 = 1 << 32;
const NAME_ME: u64 = 1 << 33;
const V4_NC: u64 = 1 << 34;

/// What this client can do. Not among it: fragments and the atom cache, which it does not read.
const FLAGS: u64 = OLD
    | UNICODE_IO
    | SMALL_ATOM_TAGS
    | UTF8_ATOMS
    | MAP_TAG
    | BIG_CREATION
    | HANDSHAKE_23
    | UNLINK_ID
    | MANDATORY_25_DIGEST
    | SPAWN
    | NAME_ME
    | V4_NC;

/// No message of a handshake is longer; a length beyond it is another protocol's text.
const MAX_MESSAGE: u16 = 1024;

/// What the other side gave this client.
#[derive(Debug)]
pub(super) struct Identity {
    /// This client's name.
    pub(super) name: String,
    /// Which life of that name.
    pub(super) creation: u32,
}

/// How a handshake fails.
#[derive(Debug)]
pub(super) enum Refusal {
    Tls,
    OtherProtocol,
    NotAllowed,
    Declined(String),
    OtherNode(String),
    TooOld,
    WrongCookie,
    Io(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Shakes hands with `node`; `host` is this client's own, of the form (short or long) that the
/// node's name has; `ours` is what the node is challenged with, a number that nobody can foresee.
pub(super) fn shake(
    wire: &mut Wire,
    node: &str,
    host: &str,
    cookie: &Cookie,
    ours: u32,
    deadline: Deadline,
) -> Result<Identity, Refusal> {
    send_name(wire, host, deadline)?;
    let identity = status(&receive(wire, deadline)?)?;
    let theirs = challenge(&receive(wire, deadline)?, node)?;
    let mut reply = vec![b'r'];
    reply.extend(ours.to_be_bytes());
    reply.extend(digest(cookie, theirs));
    send(wire, &reply, deadline)?;
    let ack = match receive(wire, deadline) {
        // A node that was told a wrong digest says nothing; it closes.
        Err(Refusal::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(Refusal::WrongCookie);
        }
        other => other?,
    };
    match ack.split_first() {
        Some((b'a', theirs)) if theirs == digest(cookie, ours) => Ok(identity),
        Some((b'a', theirs)) if theirs.len() == 16 => Err(Refusal::WrongCookie),
        _ => Err(Refusal::OtherProtocol),
    }
}

fn send_name(wire: &mut Wire, host: &str, deadline: Deadline) -> Result<(), Refusal> {
    let mut message = vec![b'N'];
    message.extend(FLAGS.to_be_bytes());
    // The creation comes with the name.
    message.extend(0_u32.to_be_bytes());
    // Names have 255 characters at most.
    message.extend((host.len() as u16).to_be_bytes());
    message.extend(host.as_bytes());
    send(wire, &message, deadline)
}

fn send(wire: &mut Wire, message: &[u8], deadline: Deadline) -> Result<(), Refusal> {
    // All messages of this side are below 300 bytes.
    let frame = [&(message.len() as u16).to_be_bytes(), message].concat();
    Ok(wire.write_all(&frame, deadline)?)
}

fn receive(wire: &mut Wire, deadline: Deadline) -> Result<Vec<u8>, Refusal> {
    let mut head = [0; 2];
    wire.read_exact(&mut head, deadline)?;
    // A TLS alert record; it would be a message of 5,379 bytes.
    if head == [0x15, 0x03] {
        return Err(Refusal::Tls);
    }
    let length = u16::from_be_bytes(head);
    if !(1..=MAX_MESSAGE).contains(&length) {
        return Err(Refusal::OtherProtocol);
    }
    let mut message = vec![0; usize::from(length)];
    wire.read_exact(&mut message, deadline)?;
    Ok(message)
}

fn status(message: &[u8]) -> Result<Identity, Refusal> {
    let Some((b's', status)) = message.split_first() else { return Err(Refusal::OtherProtocol) };
    if let Some(rest) = status.strip_prefix(b"named:") {
        let (name, rest) = counted_text(rest).ok_or(Refusal::OtherProtocol)?;
        let creation = *rest.first_chunk().ok_or(Refusal::OtherProtocol)?;
        return Ok(Identity { name, creation: u32::from_be_bytes(creation) });
    }
    match status {
        b"not_allowed" => Err(Refusal::NotAllowed),
        // It took the host for a name: it does not know of given names.
        b"ok" | b"ok_simultaneous" => Err(Refusal::TooOld),
        b"nok" | b"alive" => Err(Refusal::Declined(String::from_utf8_lossy(status).into())),
        _ => Err(Refusal::OtherProtocol),
    }
}

/// The number to answer, when the message is a challenge of `node`.
fn challenge(message: &[u8], node: &str) -> Result<u32, Refusal> {
    match message.first() {
        Some(b'N') => {}
        // The challenge of version 5.
        Some(b'n') => return Err(Refusal::TooOld),
        _ => return Err(Refusal::OtherProtocol),
    }
    let fixed: &[u8; 16] =
        message.get(1..).and_then(|rest| rest.first_chunk()).ok_or(Refusal::OtherProtocol)?;
    let flags =
        u64::from_be_bytes([fixed[0], fixed[1], fixed[2], fixed[3], fixed[4], fixed[5], fixed[6], fixed[7]]);
    let challenge = u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]);
    let (found, _) = counted_text(&message[17..]).ok_or(Refusal::OtherProtocol)?;
    if found != node {
        return Err(Refusal::OtherNode(found));
    }
    if flags & SPAWN == 0 {
        return Err(Refusal::TooOld);
    }
    Ok(challenge)
}

/// A text with its length (two bytes) before it, and what follows.
fn counted_text(bytes: &[u8]) -> Option<(String, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let text = std::str::from_utf8(rest.get(..length)?).ok()?;
    Some((text.into(), &rest[length..]))
}

/// The answer to a challenge: MD5 of the cookie and the number in decimal.
fn digest(cookie: &Cookie, challenge: u32) -> [u8; 16] {
    let mut hash = Md5::new();
    hash.update(cookie.secret());
    hash.update(challenge.to_string().as_bytes());
    hash.finalize().into()
}

/// A number that nobody can guess: the standard library seeds its hashers from the system.
pub(super) fn random() -> u32 {
    // The lower half is as good as the upper one.
    RandomState::new().build_hasher().finish() as u32
}

#[cfg(test)]
mod tests {
    use super::{Cookie, FLAGS, Refusal, challenge, counted_text, digest, random, status};

    #[test]
    fn flags_are_the_ones_that_nodes_from_otp_23_to_29_took() {
        assert_eq!(FLAGS, 0x7_0707_5fbc);
    }

    #[test]
    fn digest_is_md5_of_cookie_and_number() {
        // erlang:md5("abc" ++ integer_to_list(1)).
        let expected = u128::from_str_radix("23734cd52ad4a4fb877d8a1e26e5df5f", 16).unwrap();
        assert_eq!(u128::from_be_bytes(digest(&Cookie::new("abc"), 1)), expected);
    }

    #[test]
    fn challenges_differ() {
        assert_ne!((random(), random()), (random(), random()));
    }

    #[test]
    fn statuses_are_told_apart() {
        let named = status(b"snamed:\0\x03a@b\0\0\0\x07").unwrap();
        assert_eq!((named.name.as_str(), named.creation), ("a@b", 7));
        assert!(matches!(status(b"snot_allowed"), Err(Refusal::NotAllowed)));
        assert!(matches!(status(b"snok"), Err(Refusal::Declined(word)) if word == "nok"));
        assert!(matches!(status(b"salive"), Err(Refusal::Declined(word)) if word == "alive"));
        assert!(matches!(status(b"sok"), Err(Refusal::TooOld)));
        for bad in [&b"s"[..], b"x", b"", b"snamed:", b"snamed:\0\xffa", b"snamed:\0\x01a\0"] {
            assert!(matches!(status(bad), Err(Refusal::OtherProtocol)), "{bad:?}");
        }
    }

    #[test]
    fn challenges_of_others_are_refused() {
        let message = |flags: u64, name: &[u8]| {
            let length = (name.len() as u16).to_be_bytes();
            [b"N", &flags.to_be_bytes()[..], b"\0\0\0\x05\0\0\0\x01", &length, name].concat()
        };
        assert_eq!(challenge(&message(FLAGS, b"a@b"), "a@b").unwrap(), 5);
        assert!(matches!(challenge(&message(FLAGS, b"c@b"), "a@b"), Err(Refusal::OtherNode(_))));
        assert!(matches!(challenge(&message(0, b"a@b"), "a@b"), Err(Refusal::TooOld)));
        for cut in 0..message(FLAGS, b"a@b").len() {
            let torn = &message(FLAGS, b"a@b")[..cut];
            assert!(matches!(challenge(torn, "a@b"), Err(Refusal::OtherProtocol)), "cut at {cut}");
        }
        assert_eq!(counted_text(b"\0\x01ab"), Some(("a".into(), &b"b"[..])));
    }
}
