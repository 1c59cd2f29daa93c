//! `hook-check FILE...`: whether hooks may be sourced. One process for all the hooks of a command.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::tell;
use crate::error::{Failure, Status};

const OTHERS_CAN_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Ends with status 5 and names the files that others than their owner or root can write or replace.
pub(super) fn run(files: &[OsString]) -> Result<Status, Failure> {
    let mut status = Status::Done;
    let mut last_directory = None;
    for file in files {
        let file = Path::new(file);
        let directory = file.parent();
        let open_directory = directory != last_directory && directory.is_some_and(can_replace_in);
        last_directory = directory;
        let open = if open_directory { directory } else { Some(file).filter(|file| can_write(file)) };
        if let Some(open) = open {
            tell(&format!(
                "error: {} can be written by others than its owner or root, so it is not used",
                open.display()
            ));
            tell(&format!("help: look what is in it, then: chmod go-w '{}'", open.display()));
            status = Status::Refused;
        }
    }
    Ok(status)
}

fn can_write(file: &Path) -> bool {
    // What can't be looked at can't be trusted; the hook runner names it better when it is not there.
    fs::metadata(file).is_ok_and(|metadata| metadata.mode() & OTHERS_CAN_WRITE != 0)
}

fn can_replace_in(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|it| it.mode() & OTHERS_CAN_WRITE != 0 && it.mode() & STICKY == 0)
}
