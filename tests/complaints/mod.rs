//! Defects of other boot scripts that users have reported, each made to happen here: a test is named after the number
//! in the list of complaints. Those that a test of a part holds by the way are there: `cargo test complaint` runs all.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod files;
mod life;
mod names;

/// The Rust sources below `dir`.
fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The numbers in the names of a source's tests: `complaint_01_...`, `complaints_09_10_...`.
fn numbers(source: &str) -> impl Iterator<Item = &str> {
    let names = source.lines().filter_map(|line| line.strip_prefix("fn complaint")?.split_once('_'));
    names.flat_map(|(_, name)| name.split('_').take_while(|part| part.bytes().all(|b| b.is_ascii_digit())))
}

#[test]
fn each_complaint_has_a_test_of_its_number() {
    let mut files = Vec::new();
    for dir in ["src", "tests"] {
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir), &mut files);
    }
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let tested: BTreeSet<&str> = texts.iter().flat_map(|text| numbers(text)).collect();
    // Of vm.args and sys.config, and of start, stop and supervision; the rest is of other parts.
    let listed: BTreeSet<String> =
        (1..=32).chain(43..=59).chain(62..=66).map(|number| format!("{number:02}")).collect();
    assert_eq!(tested, listed.iter().map(String::as_str).collect());
}
