//! Small files that tell of an instance, in directories that may be another user's: what lies there in their place, a pipe, a
//! link, a device, must neither hold up who reads it nor fill his memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rustix::fd::AsFd;
use rustix::fs::{FileType, Mode, OFlags, fstat};

/// None of them is longer.
const MOST: u64 = 1 << 20;

/// The text of a regular file, and no link to one.
pub(super) fn text(path: &Path) -> io::Result<String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())?;
    check(&file)?;
    let mut text = String::new();
    File::from(file).take(MOST).read_to_string(&mut text)?;
    Ok(text)
}

/// # Errors
/// When the open file is no regular one.
pub(super) fn check(file: impl AsFd) -> io::Result<()> {
    match FileType::from_raw_mode(fstat(file)?.st_mode) {
        FileType::RegularFile => Ok(()),
        _ => Err(io::Error::other("it is no regular file")),
    }
}

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::text;

    #[test]
    fn only_a_file_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("file"), "1 2\n").unwrap();
        assert_eq!(text(&path("file")).unwrap(), "1 2\n");
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path("zero")).unwrap();
        mknodat(CWD, path("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        for name in ["link", "zero", "pipe", "."] {
            assert!(text(&path(name)).is_err(), "{name}");
        }
        let gone = text(&path("nosuch")).map_err(|error| error.kind());
        assert_eq!(gone, Err(std::io::ErrorKind::NotFound));
        std::fs::write(path("file"), "x".repeat(3 << 20)).unwrap();
        assert_eq!(text(&path("file")).unwrap().len(), 1 << 20);
    }
}
