//! What fuzzing found worth keeping, as tests: each input through the function that its fuzz target calls.
//! No panic is all that is asked of most; the functions say what else.

use std::fs;
use std::path::Path;

#[allow(unreachable_pub, reason = "it is the library of the fuzz targets, too")]
mod entry;

/// Runs `target` on each input of a corpus, and names the one that it fails on.
fn replay(name: &str, least: usize, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpora").join(name);
    let mut inputs = 0;
    for entry in fs::read_dir(&folder).expect("the corpus is committed") {
        let path = entry.expect("its entries can be read").path();
        let bytes = fs::read(&path).expect("an input can be read");
        let survived = std::panic::catch_unwind(|| target(&bytes)).is_ok();
        assert!(survived, "{}", path.display());
        inputs += 1;
    }
    assert!(inputs > least, "{} has only {inputs} inputs", folder.display());
}

#[test]
fn terms_are_decoded() {
    replay("term_decode", 50, entry::term_decode);
}

#[test]
fn terms_are_printed() {
    replay("term_print", 50, entry::term_print);
}

#[test]
fn peers_are_survived() {
    replay("handshake", 50, entry::handshake);
}

#[test]
fn templates_are_rendered() {
    replay("template_render", 5, entry::template_render);
}

#[test]
fn variables_are_replaced() {
    replay("src_substitute", 5, entry::src_substitute);
}

#[test]
fn terms_in_text_are_read() {
    replay("consult", 5, entry::consult);
}
