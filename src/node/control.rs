//! Control messages: what two connected nodes say to each other, as frames of bytes. Decides
//! nothing; only the messages that a client of calls needs are told apart.
//!
//! Source: "Protocol between Connected Nodes" in the ERTS user's guide.

use super::term::{Pid, Reference, Term, TermError};

/// The byte before each message when neither side may send fragments or atom caches.
const PASS_THROUGH: u8 = 112;

const SEND: i64 = 2;
const MONITOR_P_EXIT: i64 = 21;
const PAYLOAD_MONITOR_P_EXIT: i64 = 28;
const SPAWN_REQUEST: i64 = 29;
const SPAWN_REPLY: i64 = 31;
const UNLINK_ID: i64 = 35;
const UNLINK_ID_ACK: i64 = 36;

/// What a node says.
#[derive(Debug)]
pub(super) enum Event {
    /// A process sent `message` to a pid of this client.
    Message { to: Pid, message: Term },
    /// A monitored process ended.
    Down { monitor: Reference, reason: Term },
    /// A process was started (the result is its pid), or not (an atom).
    Spawned { request: Reference, result: Term },
    /// A link that this client never made is gone; the node wants to hear that it was read.
    Unlinked { id: Term, from: Term, to: Term },
    /// Anything that needs no answer: links, monitors, group leaders, messages to names.
    Other,
}

/// What the frame says, without the four bytes of its length.
pub(super) fn parse(frame: &[u8]) -> Result<Event, TermError> {
    let Some((&PASS_THROUGH, body)) = frame.split_first() else {
        return Err(TermError::Malformed("frame without byte 112 before it"));
    };
    let (control, used) = Term::decode_prefix(body)?;
    let payload = &body[used..];
    let Term::Tuple(parts) = control else {
        return Err(TermError::Malformed("control message is no tuple"));
    };
    let operation = parts.first().and_then(Term::as_int);
    let mut parts = parts.into_iter().skip(1);
    let mut next = || parts.next().unwrap_or(Term::List(Vec::new()));
    Ok(match operation {
        Some(SEND) => match (next(), next()) {
            (_, Term::Pid(to)) => Event::Message { to: *to, message: Term::decode(payload)? },
            _ => Event::Other,
        },
        Some(MONITOR_P_EXIT) => match (next(), next(), next(), next()) {
            (_, _, Term::Reference(monitor), reason) => Event::Down { monitor: *monitor, reason },
            _ => Event::Other,
        },
        Some(PAYLOAD_MONITOR_P_EXIT) => match (next(), next(), next()) {
            (_, _, Term::Reference(monitor)) => {
                Event::Down { monitor: *monitor, reason: Term::decode(payload)? }
            }
            _ => Event::Other,
        },
        Some(SPAWN_REPLY) => match (next(), next(), next(), next()) {
            (Term::Reference(request), _, _, result) => Event::Spawned { request: *request, result },
            _ => Event::Other,
        },
        Some(UNLINK_ID) => Event::Unlinked { id: next(), from: next(), to: next() },
        _ => Event::Other,
    })
}

/// The frame of `message` to the process `to`.
pub(super) fn send(to: Term, message: &Term) -> Result<Vec<u8>, TermError> {
    frame(&Term::Tuple(vec![Term::Int(SEND), Term::atom(""), to]), Some(message))
}

/// The frame that starts `erpc:execute_call(Request, Module, Function, Args)`, monitored, with
/// `me` as its group leader.
pub(super) fn spawn_call(
    me: &Pid,
    request: &Reference,
    module: &str,
    function: &str,
    args: Vec<Term>,
) -> Result<Vec<u8>, TermError> {
    let me = || Term::Pid(Box::new(me.clone()));
    let request = || Term::Reference(Box::new(request.clone()));
    let erpc = vec![Term::atom("erpc"), Term::atom("execute_call"), Term::Int(4)];
    let options = Term::List(vec![Term::atom("monitor")]);
    let control =
        Term::Tuple(vec![Term::Int(SPAWN_REQUEST), request(), me(), me(), Term::Tuple(erpc), options]);
    let arguments = vec![request(), Term::atom(module), Term::atom(function), Term::List(args)];
    frame(&control, Some(&Term::List(arguments)))
}

/// The frame that says that an [`Event::Unlinked`] was read.
pub(super) fn unlink_ack(id: Term, from: Term, to: Term) -> Result<Vec<u8>, TermError> {
    frame(&Term::Tuple(vec![Term::Int(UNLINK_ID_ACK), id, to, from]), None)
}

fn frame(control: &Term, message: Option<&Term>) -> Result<Vec<u8>, TermError> {
    let mut out = vec![0, 0, 0, 0, PASS_THROUGH];
    control.encode(&mut out)?;
    if let Some(message) = message {
        message.encode(&mut out)?;
    }
    let length = u32::try_from(out.len() - 4).map_err(|_| TermError::TooLarge)?;
    out[..4].copy_from_slice(&length.to_be_bytes());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Event, Pid, Reference, Term, frame, parse, send, spawn_call, unlink_ack};

    fn pid() -> Pid {
        Pid { node: "c@h".into(), id: 1, serial: 0, creation: 7 }
    }

    fn reference() -> Reference {
        Reference { node: "c@h".into(), creation: 7, ids: vec![1, 0, 0] }
    }

    #[test]
    fn messages_come_back_as_they_were_sent() {
        let bytes = send(Term::Pid(Box::new(pid())), &Term::atom("hello")).unwrap();
        assert_eq!(bytes[..4], (bytes.len() as u32 - 4).to_be_bytes());
        match parse(&bytes[4..]).unwrap() {
            Event::Message { to, message } => assert_eq!((to, message), (pid(), Term::atom("hello"))),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_forms_of_an_end_are_read() {
        let head = |operation| {
            vec![
                Term::Int(operation),
                Term::atom("p"),
                Term::atom("q"),
                Term::Reference(Box::new(reference())),
            ]
        };
        let mut plain = head(21);
        plain.push(Term::atom("normal"));
        let plain = frame(&Term::Tuple(plain), None).unwrap();
        let payload = frame(&Term::Tuple(head(28)), Some(&Term::atom("normal"))).unwrap();
        for bytes in [plain, payload] {
            match parse(&bytes[4..]).unwrap() {
                Event::Down { monitor, reason } => {
                    assert_eq!((monitor, reason), (reference(), Term::atom("normal")));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_needs_no_answer_and_what_is_no_message() {
        let link = frame(&Term::Tuple(vec![Term::Int(1), Term::atom("a"), Term::atom("b")]), None).unwrap();
        assert!(matches!(parse(&link[4..]), Ok(Event::Other)));
        for short in [21, 28, 31, 2] {
            let bytes = frame(&Term::Tuple(vec![Term::Int(short)]), None).unwrap();
            assert!(matches!(parse(&bytes[4..]), Ok(Event::Other)), "{short}");
        }
        assert!(parse(b"").is_err());
        assert!(parse(b"HTTP").is_err());
        assert!(parse(b"p\x83a\x01").is_err());
    }

    #[test]
    fn acks_turn_sender_and_receiver_round() {
        let bytes = unlink_ack(Term::Int(5), Term::atom("them"), Term::atom("me")).unwrap();
        let control = Term::decode(&bytes[5..]).unwrap();
        assert_eq!(control.to_string(), "{36,5,me,them}");
    }

    #[test]
    fn too_long_a_module_is_an_error() {
        assert!(spawn_call(&pid(), &reference(), &"m".repeat(300), "f", Vec::new()).is_err());
    }
}
