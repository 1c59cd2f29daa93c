//! `hook-check [--off PLUGINS] [--] FILE...`: whether hooks may be sourced. One process for all the hooks of a command.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{options, tell};
use crate::error::{Failure, Status};

const OTHERS_CAN_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Ends with status 5 and names the files and directories that others than their owner or root can
/// write: the hooks themselves, their plugin's directory, and the one that plugins are searched in.
/// Files of plugins that are switched off, and what is no file, are passed over.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let (off, files) = parse(arguments)?;
    let files = files.iter().map(Path::new).filter(|file| file.is_file() && !is_off(file, &off));
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

fn parse(arguments: Vec<OsString>) -> Result<(String, Vec<OsString>), Failure> {
    let (mut off, mut files) = (String::new(), Vec::new());
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("off") => off = options::text(&mut parser)?,
            lexopt::Arg::Value(value) => files.push(value),
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    Ok((off, files))
}

/// Whether the core will not use the hook: its plugin is named `X.off`, or among those switched off.
fn is_off(file: &Path, off: &str) -> bool {
    let plugin = file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    plugin.ends_with(".off") || off.split([',', ':', ' ']).any(|name| name == plugin)
}

fn can_write(file: &Path) -> bool {
    // What can't be looked at can't be trusted; the hook runner names it better when it is not there.
    fs::metadata(file).is_ok_and(|metadata| metadata.mode() & OTHERS_CAN_WRITE != 0)
}

fn can_replace_in(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|it| it.mode() & OTHERS_CAN_WRITE != 0 && it.mode() & STICKY == 0)
}
