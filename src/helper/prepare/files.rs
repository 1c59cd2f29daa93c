//! Writing to the state directory: private, whole or not at all.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::error::{Failure, Message, Status};

/// Makes a directory, and those above it, that only this user can look into.
pub(super) fn make_private(directory: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| cannot(directory, &error))
}

/// Writes beside the file, then renames: readers see the old one or the new one.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new.{}", std::process::id()));
    let beside = path.with_file_name(name);
    let write = || {
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(mode))?;
        fs::rename(&beside, path)
    };
    write().map_err(|error| {
        // It may not even be there.
        let _ = fs::remove_file(&beside);
        cannot(path, &error)
    })
}

/// Removes a file that may not be there.
pub(super) fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(cannot(path, &error)),
        _ => Ok(()),
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    Message::new(Status::Failed, format!("cannot write {}: {error}", path.display()))
        .with_help("set BOOT_STATE_DIR to a directory that you can write")
        .into()
}
