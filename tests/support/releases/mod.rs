//! Real releases, built by the real tools from their own templates, in the test run.
//! Offline, with a HOME of their own; nothing here may depend on who runs the tests, or when.

mod cache;
mod mix;
mod rebar3;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use crate::support::process::finish;
use crate::support::tools::need;

/// Which tool made a release, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `rebar3 as prod release`: own copies of everything, with erts.
    Rebar3,
    /// `rebar3 release`: links into the project and to the OTP of the machine, no erts.
    Rebar3Dev,
    /// `mix release`.
    Mix,
}

/// A release as its tool left it. Shared by all tests and runs: take an `Instance`, write nothing
/// here.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub kind: Kind,
    /// The name of the release, and of its one application: `demo`.
    pub name: String,
    /// The project, with its sources at the last version built.
    pub project: PathBuf,
    /// The release tree after 0.1.0 was built.
    pub v1: PathBuf,
    /// The tree after 0.2.0 and its relup were built into the same: holds both versions. Of a
    /// development release (links: there is only one set of beams) it is `v1`.
    pub v2: PathBuf,
}

/// What [`rebar3`] and [`mix`] have in common: an application `demo`, sasl, node `demo` with short
/// names, cookie `demo_cookie`, a gen_server with a state of `N` in 0.1.0 and `{st, N}` in 0.2.0,
/// appup and relup for both ways.
///
/// `demo_server:inc()` counts and returns the new number, `demo_server:version()` is `v1` or `v2`.
/// `None` when a tool is missing.
pub(crate) fn rebar3() -> Option<&'static Raw> {
    static RAW: OnceLock<Raw> = OnceLock::new();
    need(&["erl", "rebar3"]).then(|| RAW.get_or_init(rebar3::prod))
}

/// 0.1.0 of the same project in development mode: `rebar3 release`.
pub(crate) fn rebar3_dev() -> Option<&'static Raw> {
    static RAW: OnceLock<Raw> = OnceLock::new();
    need(&["erl", "rebar3"]).then(|| RAW.get_or_init(rebar3::dev))
}

/// The same in Elixir: `Demo.Counter.inc/0`, `Demo.Counter.version/0`; the application's `port` comes
/// from config/runtime.exs (`PORT`, else `"4000"`); the protocol `Demo.Kind` is consolidated and has
/// an implementation for Atom from 0.2.0 on. It has no releases/RELEASES: mix writes none.
pub(crate) fn mix() -> Option<&'static Raw> {
    static RAW: OnceLock<Raw> = OnceLock::new();
    need(&["erl", "mix"]).then(|| RAW.get_or_init(mix::prod))
}

/// 0.1.0 of [`mix`]'s with `reboot_system_after_config: true`: what its config providers give is written to a
/// sys.config, and the node boots again with it.
pub(crate) fn mix_rebooting() -> Option<&'static Raw> {
    static RAW: OnceLock<Raw> = OnceLock::new();
    need(&["erl", "mix"]).then(|| RAW.get_or_init(mix::rebooting))
}

/// A build tool's command line, to be run in `dir`, with nothing of the caller's environment.
fn tool(dir: &Path, home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(dir).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", home);
    command.envs([
        ("LANG", "C.UTF-8"),
        ("TERM", "dumb"),
        ("NO_COLOR", "1"),
        ("REBAR_OFFLINE", "1"),
        ("HEX_OFFLINE", "1"),
        ("MIX_ENV", "prod"),
        // No paths and times in beams: the same bytes each time.
        ("ERL_COMPILER_OPTIONS", "deterministic"),
    ]);
    command
}

/// Runs a build step that has to succeed; gives its standard output.
fn step(dir: &Path, home: &Path, words: &[&str]) -> String {
    match finish(&mut tool(dir, home, words), "", Duration::from_secs(300)) {
        Ok(output) if output.status == 0 => output.stdout,
        other => panic!("{words:?} in {}: {other:?}", dir.display()),
    }
}

/// Writes a file, and the folders above it.
fn write(file: PathBuf, text: &str) {
    let folder = file.parent().expect("a file has a folder");
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, text)).unwrap_or_else(|e| {
        panic!("{}: {e}", file.display());
    });
}

/// Replaces `from` in a file of a tool's template, which must hold it: another version of the tool may
/// have another template.
fn edit(file: PathBuf, from: &str, to: &str) {
    let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    assert!(text.contains(from), "{} has no {from:?} any more:\n{text}", file.display());
    write(file, &text.replace(from, to));
}

/// Removes what was compiled: the tools compare times in seconds, and both versions of a source are
/// written within one.
fn forget(compiled: &Path) {
    std::fs::remove_dir_all(compiled).unwrap_or_else(|e| panic!("{}: {e}", compiled.display()));
}
