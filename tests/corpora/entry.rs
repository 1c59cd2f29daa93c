//! What is done with the bytes of a fuzzer: one function for each target. Its package, `fuzz/`, has this file as its
//! library; the tests do the same with the committed corpora.

use std::fmt::{self, Write};

use relboot::node::{Json, Term, fuzz};
use serde::de::IgnoredAny;

/// Decodes a term. What can be decoded comes back the same after another round.
pub fn term_decode(bytes: &[u8]) {
    let _ = Term::decode_prefix(bytes);
    let Ok(term) = Term::decode(bytes) else { return };
    let once = encoded(&term);
    let again = Term::decode(&once).expect("what was encoded can be decoded");
    // Bytes, not terms: a float may be equal to nothing.
    assert_eq!(once, encoded(&again), "{term:?}");
}

fn encoded(term: &Term) -> Vec<u8> {
    let mut bytes = Vec::new();
    term.encode(&mut bytes).expect("what was decoded can be encoded");
    bytes
}

/// Decodes a term and prints it in both forms; JSON has to be JSON.
pub fn term_print(bytes: &[u8]) {
    let Ok(term) = Term::decode(bytes) else { return };
    write!(Nowhere, "{term}").expect("nothing stands in the way");
    for strings in [false, true] {
        let json = Json::new(&term, strings).to_string();
        if let Err(error) = serde_json::from_str::<IgnoredAny>(&json) {
            panic!("{error}: {json}");
        }
    }
}

/// A printed term is of no interest, and may be long.
struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

/// The bytes of a peer: through a handshake and the frames after it, as frames alone, and as an epmd's.
pub fn handshake(bytes: &[u8]) {
    let _ = fuzz::handshake_from(bytes);
    let _ = fuzz::frames_from(bytes);
    let _ = fuzz::epmd_from(bytes);
}
