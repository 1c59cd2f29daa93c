//! `hook-check FILE...`: whether hooks may be sourced. One process for all the hooks of a command.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::tell;
use crate::error::{Failure, Status};

const OTHERS_CAN_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Ends with status 5 and names the files and directories that others than their owner or root can
/// write: the hooks themselves, their plugin's directory, and the one that plugins are searched in.
pub(super) fn run(files: &[OsString]) -> Result<Status, Failure> {
    let files: Vec<&Path> = files.iter().map(Path::new).collect();
    let mut open: Vec<&Path> = Vec::new();
    let mut seen: HashSet<&Path> = HashSet::new();
    for file in files {
        let directories = file.ancestors().skip(1).take(2);
        open.extend(directories.filter(|it| seen.insert(it) && can_replace_in(it)));
        open.extend(Some(file).filter(|file| can_write(file)));
    }
    for path in &open {
        tell(&format!(
            "error: {} can be written by others than its owner or root, so it is not used",
            path.display()
        ));
        tell(&format!("help: look what is in it, then: chmod go-w '{}'", path.display()));
    }
    Ok(if open.is_empty() { Status::Done } else { Status::Refused })
}

fn can_write(file: &Path) -> bool {
    // What can't be looked at can't be trusted; the hook runner names it better when it is not there.
    fs::metadata(file).is_ok_and(|metadata| metadata.mode() & OTHERS_CAN_WRITE != 0)
}

fn can_replace_in(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|it| it.mode() & OTHERS_CAN_WRITE != 0 && it.mode() & STICKY == 0)
}
