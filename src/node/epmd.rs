//! Asks epmd, the port mapper of Erlang nodes, for a node's port. Registers nothing.
//!
//! Source: "Protocol between a node and EPMD" in the ERTS user's guide, `PORT_PLEASE2_REQ`.

use std::io;
use std::net::SocketAddr;

use super::wire::{Deadline, Wire};

/// What epmd answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The node listens on this port.
    Port(u16),
    /// It knows no such node.
    Unknown,
    /// The node speaks only versions of the protocol before OTP 23's.
    TooOld,
    /// It is no epmd: its answer is not of the protocol.
    Nonsense,
}

const PORT_PLEASE2_REQ: u8 = 122;
const PORT2_RESP: u8 = 119;
/// The version of the distribution protocol that this client speaks.
const VERSION: u16 = 6;

/// The port of the node whose name before the `@` is `alive`.
pub(super) fn port(alive: &str, at: SocketAddr, deadline: Deadline) -> io::Result<Answer> {
    ask(&mut Wire::connect(at, deadline)?, alive, deadline)
}

pub(super) fn ask(wire: &mut Wire, alive: &str, deadline: Deadline) -> io::Result<Answer> {
    // Names have 255 characters at most.
    let mut request = (alive.len() as u16 + 1).to_be_bytes().to_vec();
    request.push(PORT_PLEASE2_REQ);
    request.extend(alive.as_bytes());
    wire.write_all(&request, deadline)?;

    let mut head = [0; 2];
    wire.read_exact(&mut head, deadline)?;
    match head {
        [PORT2_RESP, 0] => {}
        [PORT2_RESP, _] => return Ok(Answer::Unknown),
        _ => return Ok(Answer::Nonsense),
    }
    // Port (2), type of node (1), protocol (1), highest (2) and lowest (2) version.
    let mut body = [0; 8];
    wire.read_exact(&mut body, deadline)?;
    let port = u16::from_be_bytes([body[0], body[1]]);
    let highest = u16::from_be_bytes([body[4], body[5]]);
    Ok(if highest < VERSION { Answer::TooOld } else { Answer::Port(port) })
}

#[cfg(test)]
mod tests {
    use super::super::live_tests::peer::answering;
    use super::{Answer, Deadline, port};
    use std::time::Duration;

    fn ask(answer: &'static [u8]) -> (Answer, Vec<u8>) {
        let (at, thread) = answering(answer);
        let found = port("demo", at, Deadline::after(Duration::from_secs(5))).unwrap();
        (found, thread.join().unwrap())
    }

    #[test]
    fn answers_of_each_kind_are_told_apart() {
        let (answer, request) = ask(b"w\0\x12\x34M\0\0\x06\0\x05\0\x04demo\0\0");
        assert_eq!(answer, Answer::Port(0x1234));
        assert_eq!(request, b"\0\x05zdemo");
        assert_eq!(ask(b"w\x01").0, Answer::Unknown);
        assert_eq!(ask(b"w\0\x12\x34M\0\0\x05\0\x05\0\x04demo\0\0").0, Answer::TooOld);
        assert_eq!(ask(b"HTTP/1.1 400 Bad Request\r\n\r\n").0, Answer::Nonsense);
    }

    #[test]
    fn a_torn_answer_is_an_error() {
        let (at, _) = answering(b"w\0\x12");
        let error = port("demo", at, Deadline::after(Duration::from_secs(5))).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    }
}
