//! Files of VMs beside the node, below the state directory: named after the process that they are for, and
//! removed by the next run once that process is gone. Where the state directory is another user's, who could put
//! other files in the place of ours, they are below the directory for temporary files.

use std::fs;
use std::path::{Path, PathBuf};

use super::files;
use crate::error::Failure;
use crate::helper::process::Process;

const DIRECTORY: &str = "scratch";

/// The directory, which may not be there yet.
fn place(state: &Path) -> PathBuf {
    if fs::symlink_metadata(state).is_err() || files::trust(state).is_ok() {
        return state.join(DIRECTORY);
    }
    // In a directory that all can write only its owner can move it: whoever was there first is seen by that.
    std::env::temp_dir().join(format!("relboot-{}", rustix::process::geteuid().as_raw()))
}

/// The file with this suffix for a process: the VM to be, or one that waits for it. The directory is made.
pub(super) fn file(state: &Path, pid: u32, suffix: &str) -> Result<PathBuf, Failure> {
    let directory = place(state);
    files::make_private(&directory)?;
    if directory.starts_with(state) {
        files::trust(state)?;
    }
    files::trust(&directory)?;
    let start = Process::now(pid.cast_signed()).map_or(0, |process| process.start());
    Ok(directory.join(format!("{pid}-{start}.{suffix}")))
}

/// The same as a file with this name, in a directory of the process's own.
pub(super) fn named(state: &Path, pid: u32, name: &str) -> Result<PathBuf, Failure> {
    let directory = file(state, pid, "d")?;
    files::make_private(&directory)?;
    Ok(directory.join(name))
}

/// Removes what processes have left that are gone.
pub(super) fn sweep(state: &Path) {
    let directory = place(state);
    if files::trust(&directory).is_err() {
        return;
    }
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name.split('.').next().and_then(|owner| owner.split_once('-'));
        let process = owner.and_then(|(pid, start)| Process::named(pid, start));
        if !process.is_some_and(|process| process.is_alive()) {
            // Another user's: theirs to remove.
            let _ = fs::remove_file(entry.path()).or_else(|_| fs::remove_dir_all(entry.path()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::{Command, id};

    use super::{file, named, sweep};

    #[test]
    fn only_files_of_living_processes_stay() {
        let state = tempfile::tempdir().unwrap();
        let mine = file(state.path(), id(), "config").unwrap();
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let beside = |name: String| mine.with_file_name(name);
        let own = named(state.path(), id(), "sys.config").unwrap();
        fs::write(&own, "").unwrap();
        let folder = beside(format!("{}-2.d", child.id()));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("sys.config"), "").unwrap();
        let dead = beside(format!("{}-1.config", child.id()));
        let reused = beside(format!("{}-1.config", id()));
        for path in [&mine, &dead, &reused, &beside("other".into())] {
            fs::write(path, "").unwrap();
        }
        let link = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(mine.parent().unwrap(), link.path().join(super::DIRECTORY)).unwrap();
        if std::os::unix::fs::lchown(link.path().join(super::DIRECTORY), Some(12345), None).is_ok() {
            sweep(link.path());
            assert!(dead.exists(), "what another's link leads to stays");
        }
        sweep(state.path());
        let mut left: Vec<_> =
            fs::read_dir(mine.parent().unwrap()).unwrap().map(|it| it.unwrap().path()).collect();
        left.sort();
        assert_eq!(left, [mine, own.parent().unwrap().to_owned()]);
        assert!(own.exists());
    }
}
