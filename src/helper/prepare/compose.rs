//! The whole command line: what the kit adds to the user's vm.args, by the kind of the release.

use std::path::{Path, PathBuf};

use super::erts::Erts;
use super::request::{Mode, Request};
use super::sysconfig::Config;
use crate::error::{Failure, Message, Status};
use crate::helper::env::{self, Instance};
use crate::vmargs::sizing::Decision;
use crate::vmargs::{Args, Identity};

/// What it is composed of.
pub(super) struct Parts<'a> {
    pub instance: &'a Instance,
    pub request: &'a Request,
    pub erts: &'a Erts,
    pub identity: &'a Identity,
    pub config: Option<&'a Config>,
    /// What the host decides.
    pub sizing: &'a [Decision],
}

/// Puts the kit's flags in front of the user's, whose later ones win, and the plain arguments behind.
pub(super) fn compose(args: &mut Args, parts: &Parts<'_>) -> Result<(), Failure> {
    let Parts { instance, request, erts, identity, config, sizing } = parts;
    let mut front = Args::default();
    if request.kind == "mix" {
        if let Some(options) = env::var("ELIXIR_ERL_OPTIONS") {
            front = Args::from_words(&options, "ELIXIR_ERL_OPTIONS")?;
        }
        elixir(&mut front, parts);
    } else {
        erlang(&mut front, request.mode(), &erts.bin);
    }
    front.push("-mode", &[&env::var("RELEASE_MODE").unwrap_or_else(|| "embedded".into())]);
    front.push("-boot", &[&text(&boot_script(instance)?)?]);
    front.push("-boot_var", &["RELEASE_LIB", &text(&instance.root.join("lib"))?]);
    front.push("-boot_var", &["ERTS_LIB_DIR", &text(&erts.lib)?]);
    if let Some(config) = config {
        front.push("-config", &[&text(&config.without_suffix())?]);
    }
    if let Some(node) = &identity.node {
        front.push(if identity.long { "-name" } else { "-sname" }, &[&node.to_string()]);
    }
    for (flag, values) in sizing.iter().filter_map(Decision::words) {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        front.push(flag, &values);
    }
    // The VM finds its cookie in what it takes for its home; the applications get the real one.
    front.push("-env", &["HOME", &home(&instance.state)?]);
    front.append(std::mem::take(args));
    if request.kind == "mix" {
        front.push_extra("--no-halt");
        if request.mode() == Mode::Console {
            front.push_extra("+iex");
        }
        // Elixir would take the first word for a script to run.
        if !request.extra.is_empty() {
            front.push_extra("--");
        }
    }
    for word in &request.extra {
        front.push_extra(word);
    }
    *args = front;
    Ok(())
}

/// As the `elixir` and `iex` scripts of a mix release put it.
fn elixir(front: &mut Args, parts: &Parts<'_>) {
    if parts.request.ansi {
        front.push("-elixir", &["ansi_enabled", "true"]);
    }
    front.push("-noshell", &[]);
    if parts.request.mode() == Mode::Console {
        iex(front, &parts.instance.version_dir());
    } else {
        front.push("-s", &["elixir", "start_cli"]);
    }
}

/// What this Elixir's own `iex` script gives to erl: it changed with Elixir 1.15, and again later.
pub(super) fn iex(front: &mut Args, directory: &Path) {
    let script = std::fs::read_to_string(directory.join("iex")).unwrap_or_default();
    // exec "$SCRIPT_PATH"/elixir --no-halt --erl "-user elixir" +iex "$@"
    let quoted = script.split_once("--erl \"").and_then(|(_, after)| after.split_once('"'));
    push_words(front, quoted.map_or("-user elixir", |(words, _)| words).split_whitespace());
}

/// Adds flags, each with the words behind it that are none.
pub(super) fn push_words<'a>(front: &mut Args, words: impl Iterator<Item = &'a str>) {
    let mut words = words.peekable();
    while let Some(flag) = words.next() {
        let mut values = Vec::new();
        while let Some(value) = words.next_if(|word| !word.starts_with('-')) {
            values.push(value);
        }
        front.push(flag, &values);
    }
}

fn erlang(front: &mut Args, mode: Mode, bin: &Path) {
    match mode {
        Mode::Console => {}
        // A shell waits behind run_erl's pipes; without run_erl there is nobody to talk to.
        Mode::Background if bin.join("run_erl").exists() => {}
        Mode::Background => front.push("-noinput", &[]),
        Mode::Foreground => {
            front.push("-noinput", &[]);
            front.push("+Bd", &[]);
        }
        // The core turns SIGINT into a graceful stop.
        Mode::Supervised => {
            front.push("-noinput", &[]);
            front.push("+Bi", &[]);
        }
    }
}

/// Without its suffix `.boot`: `RELEASE_BOOT_SCRIPT`, or the name that systools gives.
fn boot_script(instance: &Instance) -> Result<PathBuf, Failure> {
    let wished = env::var("RELEASE_BOOT_SCRIPT").unwrap_or_else(|| "start".into());
    let directory = instance.version_dir();
    for name in [&wished, &instance.name] {
        if directory.join(format!("{name}.boot")).exists() {
            return Ok(directory.join(name));
        }
    }
    let text = format!("{} has no {wished}.boot", directory.display());
    Err(Message::new(Status::Failed, text)
        .with_help("RELEASE_BOOT_SCRIPT names the boot script when it is set")
        .into())
}

/// The user's home: `HOME`, else what /etc/passwd says, else the state directory.
pub(super) fn home(state: &Path) -> Result<String, Failure> {
    if let Some(home) = env::var("HOME") {
        return Ok(home);
    }
    let uid = rustix::process::getuid().as_raw().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let entry = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let home = entry.into_iter().find(|fields| fields.get(2) == Some(&uid.as_str()));
    match home.and_then(|fields| fields.get(5).map(ToString::to_string)).filter(|home| !home.is_empty()) {
        Some(home) => Ok(home),
        None => text(state),
    }
}

pub(super) fn text(path: &Path) -> Result<String, Failure> {
    path.to_str().map(str::to_owned).ok_or_else(|| {
        Message::new(Status::Failed, format!("{} is not UTF-8", path.display()))
            .with_help("move the release to a path that is")
            .into()
    })
}
