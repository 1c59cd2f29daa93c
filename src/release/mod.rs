//! An OTP release found on disk: which tool made it, its name, version, erts, applications, processor.
//! Reads only; knows nothing of kits.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

mod discover;
pub mod elf;
mod error;
pub mod rel_file;
pub mod script;
#[cfg(test)]
pub(crate) mod tests;

pub use self::discover::discover;
use self::elf::{Elf, Machine};
pub use self::error::ReleaseError;
use self::rel_file::{App, RelFile};
use crate::names::ReleaseName;

/// The tool that made a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// rebar3, or relx by itself.
    Relx,
    /// `mix release`.
    Mix,
    /// Distillery.
    Distillery,
    /// OTP's own systools, or reltool, or hands.
    Systools,
}

impl Kind {
    /// The word that the kit's scripts use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Relx => "relx",
            Self::Mix => "mix",
            Self::Distillery => "distillery",
            Self::Systools => "systools",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Relx { "rebar3" } else { self.word() })
    }
}

/// A release and the version of it that runs next.
#[derive(Clone, Debug)]
pub struct Release {
    /// The directory that holds `bin/`, `lib/` and `releases/`, as it was named.
    pub root: PathBuf,
    /// The tool that made it.
    pub kind: Kind,
    /// Its name.
    pub name: ReleaseName,
    /// The version; safe as a part of a path.
    pub vsn: String,
    /// The version of erts.
    pub erts_vsn: String,
    /// Whether `erts-VSN/` is inside; else the system's is used at run time.
    pub erts_included: bool,
    /// The processor of the erts inside; `None` without one, or when it is no ELF file.
    pub machine: Option<Machine>,
    /// The applications, in the `.rel` file's order.
    pub applications: Vec<App>,
    /// The `.rel` file, relative to the root.
    pub rel_file: String,
}

impl Release {
    /// Reads the release in `dir`.
    ///
    /// # Errors
    /// When there is none, its version can't be told, or its `.rel` file is missing or broken.
    pub fn open(dir: &Path) -> Result<Self, ReleaseError> {
        if !dir.join("releases").is_dir() {
            return Err(ReleaseError::NotARelease(dir.into()));
        }
        let vsn = version(dir)?;
        let (rel_file, rel) = describe(dir, &vsn)?;
        let name = ReleaseName::parse(&rel.name)
            .map_err(|error| ReleaseError::BadName(dir.join(&rel_file), error))?;
        let erts = dir.join(format!("erts-{}", rel.erts_vsn));
        Ok(Self {
            kind: kind(dir, name.as_str(), &vsn),
            machine: machine(&erts),
            erts_included: erts.is_dir(),
            root: dir.into(),
            name,
            vsn,
            erts_vsn: rel.erts_vsn,
            applications: rel.applications,
            rel_file,
        })
    }

    /// Whether Elixir is among the applications.
    #[must_use]
    pub fn has_elixir(&self) -> bool {
        self.applications.iter().any(|app| app.name == "elixir")
    }

    /// `releases/VSN`.
    #[must_use]
    pub fn version_dir(&self) -> String {
        format!("releases/{}", self.vsn)
    }

    /// `releases/VSN/boot`: where the kit of this version lives.
    #[must_use]
    pub fn boot_dir(&self) -> String {
        format!("releases/{}/boot", self.vsn)
    }
}

/// The version in `start_erl.data`, else that of the newest `releases/*/*.rel`.
fn version(dir: &Path) -> Result<String, ReleaseError> {
    let path = dir.join("releases/start_erl.data");
    match fs::read_to_string(&path) {
        Ok(text) => {
            let words: Vec<_> = text.split_whitespace().collect();
            match words[..] {
                [_, vsn] if !vsn.contains('/') && !vsn.starts_with('.') => Ok(vsn.into()),
                _ => Err(ReleaseError::BadStartData(path, text.trim_end().into())),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => newest_version(dir),
        Err(error) => Err(ReleaseError::Io(path, error)),
    }
}

fn newest_version(dir: &Path) -> Result<String, ReleaseError> {
    let stamp = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    let newest = entries(&dir.join("releases"))
        .into_iter()
        .filter_map(|version| {
            let built: Option<SystemTime> = rel_files(&version).iter().filter_map(|path| stamp(path)).max();
            Some((built?, version.file_name()?.to_str()?.to_owned()))
        })
        .max();
    newest.map(|(_, vsn)| vsn).ok_or_else(|| ReleaseError::NoVersion(dir.into()))
}

/// The `.rel` file of version `vsn`, relative to `dir`, and what it says. Where several describe it
/// (unpacking leaves `NAME-VSN.rel` beside `NAME.rel`), the one whose command exists wins.
fn describe(dir: &Path, vsn: &str) -> Result<(String, RelFile), ReleaseError> {
    let home = dir.join("releases").join(vsn);
    let mut fault = None;
    let mut found = Vec::new();
    for path in rel_files(&home).into_iter().chain(rel_files(&dir.join("releases"))) {
        let bytes = fs::read(&path).map_err(|error| ReleaseError::Io(path.clone(), error))?;
        match rel_file::parse(&String::from_utf8_lossy(&bytes)) {
            Ok(rel) if rel.vsn == vsn => found.push((path, rel)),
            Ok(_) => {}
            // Only a broken file that nothing makes up for matters.
            Err(error) => fault = fault.or(Some(ReleaseError::BrokenRel(path, error))),
        }
    }
    let has_command = |rel: &RelFile| !rel.name.contains('/') && dir.join("bin").join(&rel.name).exists();
    let best = found.iter().position(|(_, rel)| has_command(rel)).unwrap_or(0);
    if best >= found.len() {
        return Err(fault.unwrap_or_else(|| ReleaseError::NoRelFile(home, vsn.into())));
    }
    let (path, rel) = found.swap_remove(best);
    let relative = path.strip_prefix(dir).unwrap_or(&path).to_string_lossy().into_owned();
    Ok((relative, rel))
}

fn rel_files(dir: &Path) -> Vec<PathBuf> {
    let mut paths = entries(dir);
    paths.retain(|path| path.extension().is_some_and(|end| end == "rel") && path.is_file());
    paths
}

/// The paths in `dir`, sorted; none when it is no directory.
fn entries(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path()).collect();
    paths.sort();
    paths
}

/// Each tool leaves files of its own; a kit that has replaced the start script remembers the tool.
fn kind(dir: &Path, name: &str, vsn: &str) -> Kind {
    let home = dir.join("releases").join(vsn);
    let bin = dir.join("bin");
    let written_by = |file: &Path| fs::read(file).ok().and_then(|text| script::author(&text));
    if home.join("libexec").is_dir() {
        return Kind::Distillery;
    }
    if home.join("elixir").is_file() || home.join("remote.vm.args").is_file() {
        return Kind::Mix;
    }
    if bin.join("nodetool").is_file() || bin.join("install_upgrade.escript").is_file() {
        return Kind::Relx;
    }
    written_by(&bin.join(name))
        .or_else(|| written_by(&bin.join(format!("{name}-{vsn}"))))
        .or_else(|| remembered(&home.join("boot/settings.sh")))
        .unwrap_or(Kind::Systools)
}

fn remembered(settings: &Path) -> Option<Kind> {
    let text = fs::read_to_string(settings).ok()?;
    let word = text.lines().find_map(|line| line.strip_prefix("_boot_kind="))?;
    [Kind::Relx, Kind::Mix, Kind::Distillery].into_iter().find(|kind| kind.word() == word)
}

fn machine(erts: &Path) -> Option<Machine> {
    ["bin/beam.smp", "bin/erlexec"]
        .iter()
        .find_map(|file| Elf::read(&erts.join(file)).ok().flatten())
        .map(|elf| elf.machine)
}
