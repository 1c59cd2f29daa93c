//! The only writer. Each file appears whole or not at all (a temporary file in the same directory,
//! then a rename); links are replaced, never written through.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};
use tempfile::NamedTempFile;

use super::compare::{Change, Comparison};
use super::{KitError, Rule};

/// Carries out `comparison` in the release at `root`; with `force` what was refused too.
///
/// # Errors
/// When files are refused or a directory can't be written to: then nothing has been written. When
/// the operating system refuses later: then each file is the old or the new one.
pub fn write(root: &Path, comparison: &Comparison<'_>, force: bool) -> Result<(), KitError> {
    if !force && !comparison.refused.is_empty() {
        return Err(KitError::Refused(comparison.refused.clone()));
    }
    for change in &comparison.changes {
        check_writable(&parent(&root.join(&change.path)))?;
    }
    let mut staged = Vec::new();
    for change in &comparison.changes {
        if let Some(file) = change.new {
            let path = root.join(&change.path);
            staged.push((rank(file.rule), stage(&path, &file.bytes, file.mode)?, path));
        }
    }
    staged.sort_by_key(|(rank, ..)| *rank);
    for (_, file, path) in staged {
        file.persist(&path).map_err(|error| KitError::Io(path, error.error))?;
    }
    comparison.changes.iter().filter(|change| change.new.is_none()).try_for_each(|c| remove(root, c))
}

/// Writes `bytes` to `path` by temporary file and rename.
///
/// # Errors
/// When the directory can't be written to, or the disk is full.
pub fn write_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), KitError> {
    let file = stage(path, bytes, mode)?;
    file.persist(path).map(drop).map_err(|error| KitError::Io(path.into(), error.error))
}

/// The entry comes last: until then the old one runs the old kit.
fn rank(rule: Rule) -> u8 {
    match rule {
        Rule::Kit | Rule::Once | Rule::Record => 0,
        Rule::Manifest => 1,
        Rule::Entry => 2,
    }
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir.into(),
        _ => PathBuf::from("."),
    }
}

/// Asks the nearest directory that exists; a read-only mount refuses even root here.
fn check_writable(dir: &Path) -> Result<(), KitError> {
    let mut dir = dir.to_owned();
    while fs::symlink_metadata(&dir).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        dir = parent(&dir);
    }
    if !dir.is_dir() {
        return Err(KitError::NotAFile(dir));
    }
    access(&dir, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| KitError::ReadOnly(dir, error.into()))
}

fn stage(path: &Path, bytes: &[u8], mode: u32) -> Result<NamedTempFile, KitError> {
    let io = |error| KitError::Io(path.into(), error);
    let dir = parent(path);
    // Group-writable directories, as a umask of 002 makes them, would keep hooks from being used.
    DirBuilder::new().recursive(true).mode(0o755).create(&dir).map_err(io)?;
    let mut file = tempfile::Builder::new().prefix(".relboot-").tempfile_in(&dir).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(mode)).map_err(io)?;
    Ok(file)
}

/// Removes a file, and the directories that it leaves empty below `boot/`.
fn remove(root: &Path, change: &Change<'_>) -> Result<(), KitError> {
    let path = root.join(&change.path);
    fs::remove_file(&path).map_err(|error| KitError::Io(path.clone(), error))?;
    let below_boot = |dir: &&Path| dir.components().any(|part| part.as_os_str() == "boot");
    for dir in Path::new(&change.path).ancestors().skip(1).take_while(below_boot) {
        // A directory that still holds something stays; that is no failure.
        if fs::remove_dir(root.join(dir)).is_err() {
            break;
        }
    }
    Ok(())
}
