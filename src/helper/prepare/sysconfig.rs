//! The sys.config to start with: which file, its text as it is on this host, checked before anything starts. What is
//! rendered goes to the state directory, and so does what config providers of mix releases overwrite.

mod check;

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use self::check::Text;
use super::{files, source, substitute, warn};
use crate::consult::{self, Dialect};
use crate::error::{Failure, Message, Status};
use crate::helper::env::{self, Instance};
use crate::host::{Facts, Otp};

/// The mark that mix leaves in a sys.config that its config providers overwrite at boot.
const WRITTEN_AT_BOOT: &str = "RUNTIME_CONFIG=true";

/// A configuration file.
#[derive(Debug)]
pub(super) struct Config {
    /// With its suffix `.config`.
    path: PathBuf,
    /// What goes there before the start; `None`: it is used where it is.
    copy: Option<String>,
    /// Whether it, or a file that it includes, may set the ports of distribution.
    ports: bool,
}

impl Config {
    /// As `-config` and `RELEASE_SYS_CONFIG` have it.
    pub(super) fn without_suffix(&self) -> PathBuf {
        self.path.with_extension("")
    }

    /// Whether it goes to a place of its own before the start.
    pub(super) fn is_copied(&self) -> bool {
        self.copy.is_some()
    }

    /// Whether it is the file at `path`, by whatever name.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.path.canonicalize().is_ok_and(|own| path.canonicalize().is_ok_and(|other| own == other))
    }

    /// Has the copy go there instead.
    pub(super) fn copied_to(&mut self, path: PathBuf) {
        self.path = path;
    }

    /// Whether it may set `inet_dist_listen_min` or `dist_listen`: by its text, as what a program makes of it at
    /// boot can't be known here, nor can the files that it includes.
    pub(super) fn may_set_ports(&self) -> bool {
        self.ports
    }

    pub(super) fn write(&self) -> Result<(), Failure> {
        self.copy.as_ref().map_or(Ok(()), |text| files::write(&self.path, text.as_bytes(), 0o600))
    }
}

/// How the text comes from the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Template,
    Variables,
    Plain,
}

/// The user's `RELEASE_SYS_CONFIG` or `RELX_CONFIG_PATH`, else the version's sys.config.j2, sys.config.src or
/// sys.config, the first that there is. A mix release needs what mix put into sys.config, so there the template is
/// laid over it.
pub(super) fn find(
    instance: &Instance,
    kind: &str,
    facts: &Facts,
    otp: &Otp,
) -> Result<Option<Config>, Failure> {
    let own = instance.version_dir().join("sys.config");
    match wished().map(user).or_else(|| first(&own)) {
        Some((path, how)) => made(instance, kind, facts, otp, (&own, path, how)).map(Some),
        None => Ok(None),
    }
}

/// The version's own, whatever the user set for the node.
pub(super) fn of_version(
    instance: &Instance,
    kind: &str,
    facts: &Facts,
    otp: &Otp,
) -> Result<Option<Config>, Failure> {
    let own = instance.version_dir().join("sys.config");
    match first(&own) {
        Some((path, how)) => made(instance, kind, facts, otp, (&own, path, how)).map(Some),
        None => Ok(None),
    }
}

fn made(
    instance: &Instance,
    kind: &str,
    facts: &Facts,
    otp: &Otp,
    (own, path, how): (&Path, PathBuf, Kind),
) -> Result<Config, Failure> {
    let dialects = dialects(otp);
    let mut text = load(instance, &path)?;
    match how {
        Kind::Template => text.render(|it, shown| source::rendered(instance, it, shown, facts, otp))?,
        Kind::Variables => text.render(|it, shown| substitute::file(it, shown, '%'))?,
        Kind::Plain => {}
    }
    let system = text.is_system() || how != Kind::Plain;
    let mut repeated = text.check(&dialects, system, instance)?;
    if how == Kind::Template && kind == "mix" && own.exists() && path.parent() == own.parent() {
        let mut base = load(instance, own)?;
        repeated.extend(base.check(&dialects, true, instance)?);
        let merged = consult::merge(&base.content, &text.content, dialects[0]);
        text.content = merged.map_err(|fault| text.error(&fault))?;
    }
    for warning in repeated {
        warn(&warning);
    }
    let ports = ["dist_listen", ".config\""].iter().any(|word| text.content.contains(word));
    if how != Kind::Plain || text.content.contains(WRITTEN_AT_BOOT) {
        let path = instance.state.join("sys.config");
        return Ok(Config { path, ports, copy: Some(text.into_copy()) });
    }
    Ok(Config { path, copy: None, ports })
}

/// What is done with a file in which nothing says that it is to be rendered.
fn plain() -> Kind {
    if substitute::wanted() { Kind::Variables } else { Kind::Plain }
}

/// What is done with a file of the user's; as in relx, the one that is to be rendered may stand for it.
fn user(path: PathBuf) -> (PathBuf, Kind) {
    let ends = |suffix: &str| path.extension().is_some_and(|extension| extension == suffix);
    let src = path.with_added_extension("src");
    match path {
        _ if ends("j2") => (path, Kind::Template),
        _ if ends("src") => (path, Kind::Variables),
        _ if !path.exists() && src.exists() => (src, Kind::Variables),
        _ => (path, plain()),
    }
}

/// The first of a version's files.
fn first(own: &Path) -> Option<(PathBuf, Kind)> {
    let beside = |suffix: &str| own.with_added_extension(suffix);
    let known = [(beside("j2"), Kind::Template), (beside("src"), Kind::Variables), (own.to_owned(), plain())];
    known.into_iter().find(|(path, _)| path.exists())
}

/// What the user set; what an earlier start exported to a program that now calls us is not that.
fn wished() -> Option<PathBuf> {
    let own = env::var("BOOT_SYS_CONFIG");
    let mix = env::var("RELEASE_SYS_CONFIG").filter(|path| Some(path) != own.as_ref());
    mix.map(|path| PathBuf::from(path + ".config"))
        .or_else(|| env::var("RELX_CONFIG_PATH").map(PathBuf::from))
}

fn load(instance: &Instance, path: &Path) -> Result<Text, Failure> {
    let shown = path.strip_prefix(&instance.root).unwrap_or(path).to_string_lossy().into_owned();
    let bytes = bytes(path).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::NotFound => "no such file".to_owned(),
            _ => error.to_string(),
        };
        Message::new(Status::Failed, format!("cannot read {}: {why}", path.display()))
            .with_help("RELEASE_SYS_CONFIG names the file, without \".config\", when it is set")
    })?;
    Text::new(path, shown, &bytes)
}

/// The most bytes of a file: what it holds is read before each start.
const LONGEST: u64 = 16 << 20;

fn bytes(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(std::io::Error::other("it has more than 16 MiB"));
    }
    Ok(bytes)
}

/// The languages in which a file may be read: the OTP's own, or where that is not known each.
fn dialects(otp: &Otp) -> Vec<Dialect> {
    match otp.release {
        Some(release) => vec![Dialect::of(release)],
        None => vec![Dialect::default(), Dialect::of(23)],
    }
}
