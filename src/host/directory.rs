//! What can be done with a directory that may not be there yet.

use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};
use serde::Serialize;

/// A directory, or where it would be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Directory {
    /// As it was asked for.
    pub path: PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// Whether this process can make files in it; when it is not there, whether it can make it.
    pub writable: bool,
    /// Bytes that its file system has for this process; `None` when that can't be known.
    pub free: Option<u64>,
}

impl Directory {
    /// Looks at it, or at its nearest parent that is there; makes nothing.
    #[must_use]
    pub fn look(path: &Path) -> Self {
        let there = path.ancestors().find(|part| part.symlink_metadata().is_ok());
        let there = there.unwrap_or_else(|| Path::new(if path.is_absolute() { "/" } else { "." }));
        let usable = there.is_dir() && access(there, Access::WRITE_OK | Access::EXEC_OK).is_ok();
        let free = statvfs(there).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        Self { path: path.to_owned(), exists: path.is_dir(), writable: usable, free }
    }
}

#[cfg(test)]
mod tests {
    use super::Directory;

    #[test]
    fn a_directory_to_be_made_is_as_good_as_its_parent() {
        let dir = tempfile::tempdir().unwrap();
        let own = Directory::look(dir.path());
        assert!(own.exists && own.writable && own.free.is_some_and(|bytes| bytes > 0), "{own:?}");
        let deeper = Directory::look(&dir.path().join("a/b"));
        assert!(!deeper.exists && deeper.writable && deeper.free.is_some(), "{deeper:?}");
    }

    #[test]
    fn what_is_in_the_way_makes_it_useless() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "").unwrap();
        std::os::unix::fs::symlink("/nonexistent/x", dir.path().join("dangling")).unwrap();
        for name in ["file", "file/below", "dangling", "dangling/below"] {
            let found = Directory::look(&dir.path().join(name));
            assert!(!found.exists && !found.writable, "{found:?}");
        }
    }
}
