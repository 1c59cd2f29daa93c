//! Tools of the machine that a test needs: a missing one skips the test aloud, or fails it where
//! `RELBOOT_REQUIRE` says so. It must not install anything: `make setup` does.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The shells a kit has to run in, each as a command line prefix; see [`shells`].
const SHELLS: [&str; 8] =
    ["dash", "busybox ash", "bash", "bash --posix", "mksh", "ksh93", "yash", "zsh --emulate sh"];

/// Whether all of `tools` are on PATH. What is missing is printed as `skipped: no X`.
///
/// # Panics
/// When `RELBOOT_REQUIRE` names a missing one: names separated by commas or spaces, `all`, or
/// `all-but-NAME`.
#[track_caller]
pub(crate) fn need(tools: &[&str]) -> bool {
    let require = std::env::var("RELBOOT_REQUIRE").unwrap_or_default();
    let missing: Vec<_> = tools.iter().filter(|tool| find(tool).is_none()).collect();
    for tool in &missing {
        skipped(&format!("no {tool}"));
        assert!(!required(&require, tool), "no {tool}, which RELBOOT_REQUIRE={require} asks for");
    }
    missing.is_empty()
}

/// Whether `require` (the value of `RELBOOT_REQUIRE`) makes a missing `tool` a failure.
pub(crate) fn required(require: &str, tool: &str) -> bool {
    let words = || require.split([',', ' ']).filter(|word| !word.is_empty());
    let excepted = words().any(|word| word.strip_prefix("all-but-") == Some(tool));
    let named = words().any(|word| word == tool || word == "all" || word.starts_with("all-but-"));
    named && !excepted
}

/// The absolute path of a program on PATH.
pub(crate) fn find(tool: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(tool)).find(|file| file.is_file())
}

/// Says what keeps a test from testing. Straight to the descriptor: the test harness would swallow what a passing test
/// prints.
pub(crate) fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
}

/// The directory above the releases of tests that other users can't pass, in somebody's home for one.
pub(crate) fn closed_to_others() -> Option<&'static Path> {
    let closed =
        |directory: &&Path| directory.metadata().is_ok_and(|meta| meta.permissions().mode() & 1 == 0);
    Path::new(env!("CARGO_TARGET_TMPDIR")).ancestors().find(closed)
}

/// The shells of this machine, as words to put before a script: `["busybox", "ash"]`.
pub(crate) fn shells() -> Vec<Vec<&'static str>> {
    let words = SHELLS.iter().map(|shell| shell.split(' ').collect::<Vec<_>>());
    words.filter(|words| need(&words[..1])).collect()
}
