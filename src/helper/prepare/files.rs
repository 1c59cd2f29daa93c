//! Writing to the state directory: private, whole or not at all.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::Access;

use crate::error::{Failure, Message, Status};
use crate::helper::process::Process;

/// Makes a directory, and those above it, that only this user can look into.
pub(super) fn make_private(directory: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| cannot(directory, &error))
}

/// Refuses a directory in which somebody else could put other files in the place of ours, and another's link to one
/// of ours, which may lead elsewhere at any time.
pub(in crate::helper) fn trust(directory: &Path) -> Result<(), Failure> {
    let failed = |error| cannot(directory, &error);
    let (link, meta) =
        (fs::symlink_metadata(directory).map_err(failed)?, fs::metadata(directory).map_err(failed)?);
    let me = rustix::process::geteuid().as_raw();
    let (text, help) = if link.is_symlink() && ![me, 0].contains(&link.uid()) {
        let text = format!("{} is a link of user {}", directory.display(), link.uid());
        (text, "remove the link, or set BOOT_STATE_DIR to a directory of your own".to_owned())
    } else if meta.uid() != me {
        let text = format!("{} belongs to user {}, not to {me}", directory.display(), meta.uid());
        (
            text,
            "start the node as that user, remove the directory, or set BOOT_STATE_DIR to another".to_owned(),
        )
    } else if meta.mode() & 0o022 != 0 {
        let text = format!("{} can be written by others", directory.display());
        (text, format!("chmod go-w {}", shell_escape::unix::escape(directory.to_string_lossy())))
    } else {
        return Ok(());
    };
    Err(Message::new(Status::Failed, text).with_help(help).into())
}

/// Refuses a log directory in which anybody could put a link where a log or a crash dump is to be written. That of
/// root is one that an administrator has made, for a group maybe.
pub(in crate::helper) fn trust_log(directory: &Path) -> Result<(), Failure> {
    let failed = |error| cannot(directory, &error);
    let (link, meta) =
        (fs::symlink_metadata(directory).map_err(failed)?, fs::metadata(directory).map_err(failed)?);
    let me = rustix::process::geteuid().as_raw();
    let other = [link.uid(), meta.uid()].into_iter().find(|owner| ![me, 0].contains(owner));
    let (text, help) = if let Some(other) = other {
        let text = format!("{} belongs to user {other}, not to {me}", directory.display());
        (text, "start the node as that user, or set BOOT_LOG_DIR to a directory of its own".to_owned())
    } else if meta.mode() & 0o002 != 0 {
        let text = format!("{} can be written by everybody", directory.display());
        let fix = format!("chmod o-w {}", shell_escape::unix::escape(directory.to_string_lossy()));
        (text, format!("{fix}, or set BOOT_LOG_DIR to a directory of the node's own"))
    } else {
        return Ok(());
    };
    Err(Message::new(Status::Failed, text).with_help(help).into())
}

/// Between a file's name and the pid of its writer.
const BESIDE: &str = ".new.";

/// Removes what writers left beside their files who came to their end before they could rename it.
pub(super) fn sweep(directory: &Path) {
    for directory in [directory, &directory.join("cookie")] {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let writer = name.to_str().and_then(|name| name.rsplit_once(BESIDE)?.1.parse().ok());
            if writer.is_some_and(|pid| Process::now(pid).is_none()) {
                // Another user's: theirs to remove.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Writes beside the file, then renames: readers see the old one or the new one. One that is as it is to be stays: a file
/// system allocates its blocks at once for a file that takes another's place, which is a good part of a start's time.
pub(super) fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    if is_written(path, bytes, mode) {
        return Ok(());
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!("{BESIDE}{}", std::process::id()));
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

/// Whether it is there already, this user's and nobody's link.
fn is_written(path: &Path, bytes: &[u8], mode: u32) -> bool {
    let length = bytes.len() as u64;
    fs::symlink_metadata(path).is_ok_and(|it| {
        it.is_file()
            && it.nlink() == 1
            && it.len() == length
            && it.mode() & 0o7777 == mode
            && it.uid() == rustix::process::geteuid().as_raw()
    }) && fs::read(path).is_ok_and(|there| there == bytes)
}

/// Removes a file that may not be there.
pub(super) fn remove(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot(path, &error)),
        _ => Ok(()),
    }
}

/// The directory above a path that is another user's and closed to this one, and who that is.
fn foreign_above(path: &Path) -> Option<(&Path, u32)> {
    // What lies in a closed directory can't be seen: it is the first that can.
    let (above, meta) = path.ancestors().find_map(|it| Some((it, fs::metadata(it).ok()?)))?;
    let me = rustix::process::geteuid().as_raw();
    (meta.uid() != me).then_some((above, meta.uid()))
}

/// Refuses a log directory that the node's launcher could not write to: it would only say so to the system's log.
pub(super) fn can_log(directory: &Path) -> Result<(), Failure> {
    let can = |path: &Path, access| {
        rustix::fs::access(path, access).map_err(|error| cannot(path, &std::io::Error::from(error)))
    };
    can(directory, Access::WRITE_OK | Access::EXEC_OK)?;
    for entry in fs::read_dir(directory).map_err(|error| cannot(directory, &error))?.flatten() {
        if entry.file_name().to_string_lossy().starts_with("erlang.log.") {
            can(&entry.path(), Access::WRITE_OK)?;
        }
    }
    Ok(())
}

/// The failure to write a file of the state directory.
pub(in crate::helper) fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    let help = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "make room there, or set BOOT_STATE_DIR to a directory on another file system".to_owned()
        }
        ErrorKind::PermissionDenied if let Some((above, owner)) = foreign_above(path) => format!(
            "{} belongs to user {owner}: give it to {me} (chown -R {me} ...), remove it, or set BOOT_STATE_DIR to a directory that you can write",
            above.display(),
            me = rustix::process::geteuid().as_raw(),
        ),
        ErrorKind::InvalidFilename => {
            "give the instance a shorter name (BOOT_INSTANCE, or RELEASE_NODE), or set BOOT_STATE_DIR"
                .to_owned()
        }
        _ => "set BOOT_STATE_DIR to a directory that you can write".to_owned(),
    };
    Message::new(Status::Failed, format!("cannot write {}: {error}", path.display())).with_help(help).into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::write;

    #[test]
    fn what_is_as_it_is_to_be_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let mut last = 0;
        let mut written = |text: &str, mode: u32| {
            write(&path, text.as_bytes(), mode).unwrap();
            let meta = fs::symlink_metadata(&path).unwrap();
            assert!(meta.is_file() && meta.permissions().mode() & 0o7777 == mode);
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
            std::mem::replace(&mut last, meta.ino()) != meta.ino()
        };
        assert!(written("one", 0o600) && !written("one", 0o600));
        assert!(written("two", 0o600) && written("two", 0o400) && !written("two", 0o400));
        // Others have a name for it, or it is another file's.
        fs::hard_link(&path, dir.path().join("other")).unwrap();
        assert!(written("two", 0o400));
        fs::rename(&path, dir.path().join("elsewhere")).unwrap();
        symlink("elsewhere", &path).unwrap();
        assert!(written("two", 0o400));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "and nothing beside it");
    }
}
