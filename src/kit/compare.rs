//! A kit as it should be beside a release as it is: what would change, and what stands in the way.
//! Reads only.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::{ENTRY_MARK, KitError, Planned, Rule, manifest_path, records};
use crate::release::{Release, script};

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is not there yet.
    Create,
    /// It is there with another content, or as a link.
    Replace,
    /// Only its permissions are others.
    Chmod,
    /// The kit no longer has it.
    Remove,
}

/// A difference between plan and disk.
#[derive(Debug)]
pub struct Change<'a> {
    /// Relative to the release.
    pub path: String,
    /// What is to be done.
    pub action: Action,
    /// The content now; `None` when there is nothing.
    pub old: Option<Vec<u8>>,
    /// The file as it should be; `None` for a removal.
    pub new: Option<&'a Planned>,
}

/// The outcome of a comparison.
#[derive(Debug, Default)]
pub struct Comparison<'a> {
    /// What would change, sorted by path.
    pub changes: Vec<Change<'a>>,
    /// Files that are only overwritten when asked to: path and why.
    pub refused: Vec<(String, &'static str)>,
}

/// What is at a path now.
enum Now {
    Nothing,
    File { bytes: Vec<u8>, mode: u32 },
    Link { bytes: Vec<u8> },
}

/// Compares the `files` of a kit with `release`.
///
/// # Errors
/// When something can't be read, or can't be replaced even by force.
pub fn compare<'a>(release: &Release, files: &'a [Planned]) -> Result<Comparison<'a>, KitError> {
    let manifest = Manifest::read(&release.root.join(manifest_path(release)))?.unwrap_or_default();
    let mut outcome = Comparison::default();
    for file in files {
        if file.rule == Rule::Once {
            if is_absent(&release.root, &file.path) {
                outcome.changes.push(change(file, Action::Create, None));
            }
            continue;
        }
        if file.rule == Rule::Record && !is_absent(&release.root, &file.path) && !is_stale(release, file)? {
            continue;
        }
        no_links_above(&release.root, &file.path)?;
        let (action, old) = match now(&release.root.join(&file.path))? {
            Now::Nothing => (Action::Create, None),
            Now::File { bytes, mode } if bytes == file.bytes && mode == file.mode => continue,
            Now::File { bytes, .. } if bytes == file.bytes => (Action::Chmod, Some(bytes)),
            Now::File { bytes, .. } | Now::Link { bytes } => {
                if let Some(why) = objection(release, &manifest, file, &bytes)? {
                    outcome.refused.push((file.path.clone(), why));
                }
                (Action::Replace, Some(bytes))
            }
        };
        outcome.changes.push(change(file, action, old));
    }
    removals(release, &manifest, files, &mut outcome)?;
    outcome.changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(outcome)
}

fn change(file: &Planned, action: Action, old: Option<Vec<u8>>) -> Change<'_> {
    Change { path: file.path.clone(), action, old, new: Some(file) }
}

fn now(path: &Path) -> Result<Now, KitError> {
    let io = |error| KitError::Io(path.into(), error);
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Now::Nothing),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(KitError::NotAFile(path.parent().unwrap_or(path).into()));
        }
        Err(error) => return Err(io(error)),
    };
    if meta.is_symlink() {
        // A link that leads nowhere is replaced like an empty file.
        return Ok(Now::Link { bytes: fs::read(path).unwrap_or_default() });
    }
    if !meta.is_file() {
        return Err(KitError::NotAFile(path.into()));
    }
    Ok(Now::File { bytes: fs::read(path).map_err(io)?, mode: meta.permissions().mode() & 0o7777 })
}

fn is_absent(root: &Path, path: &str) -> bool {
    no_links_above(root, path).is_ok() && fs::symlink_metadata(root.join(path)).is_err()
}

fn is_stale(release: &Release, file: &Planned) -> Result<bool, KitError> {
    let path = release.root.join(&file.path);
    let bytes = fs::read(&path).map_err(|error| KitError::Io(path, error))?;
    Ok(records::is_stale(&String::from_utf8_lossy(&bytes), release))
}

/// Below the root, a link could lead the kit into another release, or into the project.
fn no_links_above(root: &Path, path: &str) -> Result<(), KitError> {
    let mut here = PathBuf::from(root);
    let parents = Path::new(path).parent().into_iter().flat_map(Path::components);
    for part in parents {
        here.push(part);
        if here.is_symlink() {
            return Err(KitError::Linked(here));
        }
    }
    Ok(())
}

/// Why `bytes`, which are not the planned ones, should stay.
fn objection(
    release: &Release,
    manifest: &Manifest,
    file: &Planned,
    bytes: &[u8],
) -> Result<Option<&'static str>, KitError> {
    if bytes == file.bytes {
        return Ok(None);
    }
    match file.rule {
        Rule::Manifest | Rule::Once | Rule::Record => Ok(None),
        Rule::Kit => Ok(match manifest.matches(&file.path, bytes) {
            Some(true) => None,
            Some(false) => Some("changed by hand"),
            None => Some("not written by relboot"),
        }),
        Rule::Entry => entry_objection(release, &file.path, bytes),
    }
}

fn entry_objection(release: &Release, path: &str, bytes: &[u8]) -> Result<Option<&'static str>, KitError> {
    if !is_entry(bytes) {
        let known = script::author(bytes).is_some();
        return Ok((!known).then_some("neither relboot's nor a release tool's"));
    }
    Ok((!is_some_kits_entry(&release.root, path, bytes)?).then_some("changed by hand"))
}

/// Whether `bytes` are a `bin/NAME` of relboot's, changed or not.
#[must_use]
pub fn is_entry(bytes: &[u8]) -> bool {
    let head = bytes.split(|byte| *byte == b'\n').take(5);
    head.into_iter().any(|line| line.starts_with(ENTRY_MARK.as_bytes()))
}

/// Whether `bytes` are what the kit of any version in the release has at `path`.
///
/// # Errors
/// When a manifest can't be read.
pub fn is_some_kits_entry(root: &Path, path: &str, bytes: &[u8]) -> Result<bool, KitError> {
    for version in fs::read_dir(root.join("releases")).into_iter().flatten().flatten() {
        let manifest = Manifest::read(&version.path().join("boot/manifest.toml"))?;
        if manifest.is_some_and(|manifest| manifest.matches(path, bytes) == Some(true)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the last kit had and this one has not. A manifest is data: only paths of this version count.
fn removals(
    release: &Release,
    manifest: &Manifest,
    files: &[Planned],
    outcome: &mut Comparison<'_>,
) -> Result<(), KitError> {
    let kept: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let home = format!("{}/", release.version_dir());
    for entry in &manifest.files {
        let inside = entry.path.starts_with(&home) && !entry.path.split('/').any(|part| part == "..");
        if kept.contains(entry.path.as_str()) || !inside {
            continue;
        }
        no_links_above(&release.root, &entry.path)?;
        let (Now::File { bytes, .. } | Now::Link { bytes }) = now(&release.root.join(&entry.path))? else {
            continue;
        };
        if manifest.matches(&entry.path, &bytes) != Some(true) {
            outcome.refused.push((entry.path.clone(), "changed by hand, and no longer in the kit"));
        }
        let (path, action) = (entry.path.clone(), Action::Remove);
        outcome.changes.push(Change { path, action, old: Some(bytes), new: None });
    }
    Ok(())
}
