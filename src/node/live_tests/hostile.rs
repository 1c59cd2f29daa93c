//! Peers that are no nodes, or lie: each ends in an error of its own within the limit.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::peer::{answering, request, talking};
use crate::error::{Report, Status};
use crate::names::NodeName;
use crate::node::{Cookie, Discard, NodeError, Target, connect};

const LIMIT: Duration = Duration::from_millis(400);

fn target(at: SocketAddr) -> Target {
    Target {
        name: NodeName::parse("a@b").unwrap(),
        cookie: Cookie::new("abc"),
        addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        epmd_port: 1,
        dist_port: Some(at.port()),
    }
}

/// The error of a connection to a peer that does `talk`; never later than the limit allows.
fn refused(talk: impl FnOnce(TcpStream) + Send + 'static) -> NodeError {
    let (at, _thread) = talking(talk);
    let begin = Instant::now();
    let error = connect(&target(at), LIMIT).unwrap_err();
    assert!(begin.elapsed() < LIMIT * 3, "{:?}", begin.elapsed());
    assert_eq!(error.status(), Status::Unreachable, "{error}");
    assert!(error.help().is_some(), "{error}");
    error
}

fn says(answer: &'static [u8]) -> NodeError {
    let (at, _thread) = answering(answer);
    connect(&target(at), LIMIT).unwrap_err()
}

/// All of a handshake that the client reads before its answer to the challenge.
const NAMED: &[u8] = b"\0\x10snamed:\0\x03x@b\0\0\0\x07";
const CHALLENGE: &[u8] = b"\0\x16N\0\0\0\x07\x07\x07\x5f\xbc\0\0\0\x05\0\0\0\x01\0\x03a@b";

#[test]
fn other_protocols_are_told() {
    assert!(matches!(says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), NodeError::OtherProtocol { .. }));
    assert!(matches!(says(b"\x15\x03\x03\0\x02\x02\x46"), NodeError::Tls { .. }));
    assert!(matches!(says(b"\0\0"), NodeError::OtherProtocol { .. }));
    assert!(matches!(says(b"\0\x01x"), NodeError::OtherProtocol { .. }));
    assert!(matches!(says(b"\0\x04snok"), NodeError::Declined { .. }));
    assert!(matches!(says(b"\0\x0csnot_allowed"), NodeError::NotAllowed { .. }));
    assert!(matches!(says(b""), NodeError::Closed { .. }));
    assert!(matches!(says(b"\0"), NodeError::Closed { .. }));
    assert!(matches!(says(NAMED), NodeError::Closed { .. }));
}

#[test]
fn silence_ends_at_the_limit() {
    let error = refused(|_stream| sleep(LIMIT * 4));
    assert!(matches!(error, NodeError::Hung { .. }), "{error}");
    let error = refused(|mut stream| {
        stream.write_all(NAMED).unwrap();
        sleep(LIMIT * 4);
    });
    assert!(matches!(error, NodeError::Hung { .. }), "{error}");
}

#[test]
fn a_byte_at_a_time_does_not_stretch_the_limit() {
    let error = refused(|mut stream| {
        let _ = stream.write_all(&[3, 0xff]);
        while stream.write_all(b"s").is_ok() {
            sleep(LIMIT / 8);
        }
    });
    assert!(matches!(error, NodeError::Hung { .. }), "{error}");
}

#[test]
fn endless_data_is_cut_off() {
    let error = refused(|mut stream| while stream.write_all(&[0x42; 65536]).is_ok() {});
    assert!(matches!(error, NodeError::OtherProtocol { .. }), "{error}");
}

#[test]
fn a_peer_that_does_not_know_the_cookie_is_refused() {
    let error = refused(|mut stream| {
        request(&mut stream);
        stream.write_all(&[NAMED, CHALLENGE].concat()).unwrap();
        request(&mut stream);
        stream.write_all(&[b"\0\x11a".as_slice(), &[0; 16]].concat()).unwrap();
    });
    assert!(matches!(error, NodeError::WrongCookie { .. }), "{error}");
}

/// The error of a call to a peer that shakes hands as it should and then does `talk`.
fn call(talk: impl FnOnce(TcpStream) + Send + 'static) -> NodeError {
    use md5::{Digest, Md5};
    let (at, _thread) = talking(|mut stream| {
        request(&mut stream);
        stream.write_all(&[NAMED, CHALLENGE].concat()).unwrap();
        let reply = request(&mut stream);
        let theirs = u32::from_be_bytes(reply[3..7].try_into().unwrap());
        let digest = Md5::digest(format!("abc{theirs}"));
        stream.write_all(&[b"\0\x11a", digest.as_slice()].concat()).unwrap();
        request(&mut stream);
        talk(stream);
    });
    let mut connection = connect(&target(at), Duration::from_secs(5)).unwrap();
    let begin = Instant::now();
    let error = connection.call("m", "f", Vec::new(), &mut Discard, Some(LIMIT)).unwrap_err();
    assert!(begin.elapsed() < LIMIT * 3, "{:?}", begin.elapsed());
    error
}

#[test]
fn after_the_handshake_lies_are_found_out() {
    let error = call(|mut stream| stream.write_all(b"\xff\xff\xff\xff").unwrap());
    assert!(error.to_string().contains("a frame has 4294967295 bytes"), "{error}");
    let error = call(|mut stream| stream.write_all(b"\0\0\0\x04HTTP").unwrap());
    assert!(matches!(error, NodeError::BadAnswer { .. }), "{error}");
    let error = call(|mut stream| stream.write_all(b"\0\0\0\x08p\x83l\xff\xff\xff\xffa").unwrap());
    assert!(matches!(error, NodeError::BadAnswer { .. }), "{error}");
    let error = call(|mut stream| stream.write_all(b"\0\0\x01\0p\x83h").unwrap());
    assert!(matches!(error, NodeError::WentDown { .. }), "{error}");
    let error = call(drop);
    assert!(matches!(error, NodeError::WentDown { .. }), "{error}");
}

#[test]
fn after_the_handshake_silence_and_endless_messages_end_at_the_limit() {
    let error = call(|_stream| sleep(LIMIT * 4));
    assert_eq!(error.status(), Status::TimedOut, "{error}");
    let error =
        call(|mut stream| while stream.write_all(&b"\0\0\0\x06p\x83h\x01a\x01".repeat(512)).is_ok() {});
    assert_eq!(error.status(), Status::TimedOut, "{error}");
    let error = call(|mut stream| while stream.write_all(&[0; 4096]).is_ok() {});
    assert_eq!(error.status(), Status::TimedOut, "{error}");
}

/// A frame of a message to a process of the client's.
fn message(term: &[u8]) -> Vec<u8> {
    let head = [b"p\x83h\x03a\x02w\0Xw\x01x".as_slice(), &[0; 12]].concat();
    let length = (head.len() + 1 + term.len()) as u32;
    [&length.to_be_bytes(), head.as_slice(), b"\x83", term].concat()
}

#[test]
fn terms_that_are_no_terms_are_told() {
    let told = |term: Vec<u8>| {
        let error = call(move |mut stream| {
            let _ = stream.write_all(&message(&term));
            // A close with bytes unread would be a reset.
            let _ = stream.read(&mut [0; 64]);
        });
        assert_eq!(error.status(), Status::Failed, "{error}");
        error.to_string()
    };
    let atom = [b"v\xff\xff".as_slice(), &[b'a'; 0xffff]].concat();
    assert!(told(atom).contains("more than 255 characters"));
    assert!(told([b"v\xff\xff".as_slice(), &[b'a'; 100]].concat()).contains("ends in the middle"));
    assert!(told(b"h\x01".repeat(100_000)).contains("more than 512 deep"));
    assert!(told(b"l\0\0\0\x01j".repeat(100_000)).contains("ends in the middle"));
    assert!(told(b"P\0\0\0\x10x\x9c".to_vec()).contains("compressed"));
    assert!(told(b"R\0".to_vec()).contains("atom cache"));
    assert!(told(b"m\xff\xff\xff\xff".to_vec()).contains("ends in the middle"));
    assert!(told(b"n\xff\0".to_vec()).contains("ends in the middle"));
    assert!(told(b"a\x01a\x01".to_vec()).contains("2 bytes follow"));
}

#[test]
fn half_a_handshake_is_told_at_each_of_its_bytes() {
    let whole: &'static [u8] = [NAMED, CHALLENGE].concat().leak();
    for end in 0..whole.len() {
        let error = says(&whole[..end]);
        assert!(matches!(error, NodeError::Closed { .. }), "{end}: {error}");
    }
}
