//! What is done with the bytes of a fuzzer: one function for each target. Its package, `fuzz/`, has this file as its
//! library; the tests do the same with the committed corpora.

use std::ffi::OsString;
use std::fmt::{self, Write};
use std::sync::{Arc, LazyLock};

use relboot::consult::{self, Dialect, config};
use relboot::host::{Facts, Roots};
use relboot::node::{Json, Term, fuzz};
use relboot::vmargs::{Context, Environment, Release, render, substitute};
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

fn environment() -> Environment {
    [("A", "a&b ${A} \\ 'x' \"y\""), ("EMPTY", ""), ("N", "8"), ("L", "a, b,c")]
        .into_iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect()
}

/// Of a host that tells nothing of itself.
static FACTS: LazyLock<Facts> = LazyLock::new(|| Facts::collect(&Roots::under("/nonexistent")));

/// Renders a template with a fixed context; the outcome has a limit.
pub fn template_render(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let release =
        Release { name: "demo".into(), vsn: "1".into(), root: "/opt/demo".into(), erts: "13.1.5".into() };
    let env = environment();
    let context = Context { release: &release, facts: &FACTS, env: &env, sources: Arc::new(()) };
    if let Ok(rendered) = render(text, "t.j2", &context) {
        assert!(rendered.len() <= 1 << 20, "{} bytes", rendered.len());
    }
}

/// Replaces variables. Where the values hold no `$`, one that is in the outcome was escaped, stood alone or is of a
/// default; a text without any comes back as it is.
pub fn src_substitute(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(out) = substitute(text, "f", &environment(), '#') else { return };
    if !text.contains('$') {
        assert_eq!(out, text);
    }
    // What one text makes of itself, two in a row make twice: no part looks at what another became.
    if text.ends_with('\n') {
        let twice =
            substitute(&format!("{text}{text}"), "f", &environment(), '#').expect("each half can be done");
        assert_eq!(twice, format!("{out}{out}"));
    }
}

/// Reads terms in the languages of three releases, and as a configuration. What is a configuration can be laid over
/// itself, and is one again.
pub fn consult(bytes: &[u8]) {
    let Ok(text) = consult::decode(bytes) else { return };
    for release in [23, 25, 29] {
        let dialect = Dialect::of(release);
        let _ = consult::read_all(&text, dialect);
        if config::check(&text, dialect, config::Role::System).is_ok() {
            let merged = consult::merge(&text, &text, dialect).expect("both are configurations");
            config::check(&merged, dialect, config::Role::System).expect("and so is what comes of them");
        }
    }
}
