//! The cache of built releases: `target/fixtures/KIND-HASH`, safe between processes.
//! It must not serve what another recipe, fixture or tool version made: all of them are in the hash.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The file that says a build is whole.
const DONE: &str = "done";

/// The directory with what `build` makes of `inputs`: from an earlier run, or made now.
///
/// It is built where it stays, not moved there: development releases are absolute links into their
/// project. So the renaming that makes it whole in one step is that of a marker; without the marker
/// what is there is thrown away. A lock keeps out other processes.
pub(super) fn built(kind: &str, inputs: &[&str], build: impl FnOnce(&Path)) -> PathBuf {
    let all = folder();
    fs::create_dir_all(&all).unwrap_or_else(|e| panic!("{}: {e}", all.display()));
    let dir = all.join(format!("{kind}-{}", hash(inputs)));
    let lock = dir.with_extension("lock");
    let lock = File::create(&lock).unwrap_or_else(|e| panic!("{}: {e}", lock.display()));
    lock.lock().expect("a file below target can be locked");
    if !dir.join(DONE).exists() {
        if dir.exists() {
            fs::remove_dir_all(&dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        }
        fs::create_dir_all(dir.join("home")).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
        build(&dir);
        let unnamed = dir.join("done.new");
        fs::write(&unnamed, "").and_then(|()| fs::rename(&unnamed, dir.join(DONE))).expect("dir is ours");
    }
    dir
}

/// `target/fixtures`, beside the directory that cargo gives to integration tests.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("fixtures")
}

/// A HOME for tools that are only asked for their version.
pub(super) fn home() -> PathBuf {
    let home = folder().join("home");
    fs::create_dir_all(&home).unwrap_or_else(|e| panic!("{}: {e}", home.display()));
    home
}

/// The first 12 hex digits over all inputs, each with its length before it.
fn hash(inputs: &[&str]) -> String {
    let mut sha = Sha256::new();
    for input in inputs {
        sha.update(input.len().to_le_bytes());
        sha.update(input.as_bytes());
    }
    sha.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
