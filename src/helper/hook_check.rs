//! `hook-check [--off PLUGINS] [--] FILE...`: whether hooks may be sourced. One process for all the hooks of a command.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use rustix::process::{geteuid, umask};

use super::{options, print, tell};
use crate::error::{Failure, Status};

const OTHERS_CAN_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;

/// Ends with status 5 and names the files and directories that others than their owner or root can
/// write: the hooks themselves, their plugin's directory, and the one that plugins are searched in.
/// Files of plugins that are switched off, and what is no file, are passed over. Otherwise prints, for
/// the shell to evaluate, what costs it more to find out: its umask, and which hooks are not plain.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let (off, files) = parse(arguments)?;
    let files = files.iter().map(Path::new).filter(|file| file.is_file() && !is_off(file, &off));
    let files: Vec<&Path> = files.collect();
    let mut open: Vec<PathBuf> = Vec::new();
    let mut seen: HashSet<PathBuf> = HashSet::new();
    for file in &files {
        // Where links lead to is looked at as well.
        let real = file.canonicalize().ok().filter(|real| real != file);
        for path in [Some(*file), real.as_deref()].into_iter().flatten() {
            let whole: Vec<&Path> = path.ancestors().take(3).collect();
            let replaced = whole.windows(2).filter_map(|pair| replaceable(pair[0], pair[1]));
            open.extend(replaced.filter(|it| seen.insert((*it).to_owned())).map(Path::to_owned));
        }
        open.extend(Some(*file).filter(|file| can_write(file)).map(Path::to_owned));
    }
    for path in &open {
        if !is_open(path) {
            let path = path.display();
            tell(&format!(
                "error: {path} is another user's, in a directory that all can write, so it is not used"
            ));
            tell(&format!("help: look what is in it, then: chown root '{path}'; or move it elsewhere"));
            continue;
        }
        tell(&format!(
            "error: {} can be written by others than its owner or root, so it is not used",
            path.display()
        ));
        tell(&format!("help: look what is in it, then: chmod go-w '{}'", path.display()));
    }
    if !open.is_empty() {
        return Ok(Status::Refused);
    }
    print(&found_out(&files))?;
    Ok(Status::Done)
}

/// Assignments to the variables of hooks.sh.
fn found_out(files: &[&Path]) -> String {
    // There is no other way to read it than to set it.
    let mask = umask(Mode::empty());
    umask(mask);
    let mut text = format!("_boot_hooks_umask=${{_boot_hooks_umask:-{:04o}}}\n", mask.bits());
    let special: Vec<_> = files.iter().filter(|file| !is_plain(file)).map(|file| file.to_str()).collect();
    let lines: Option<String> = special
        .iter()
        .map(|file| file.filter(|file| !file.contains('\n')))
        .try_fold(String::from("\n"), |lines, file| Some(lines + file? + "\n"));
    match lines {
        _ if special.is_empty() => {}
        Some(lines) => {
            let lines = shell_escape::unix::escape(lines.into());
            text.push_str(&format!("_boot_hooks_special=$_boot_hooks_special{lines}\n"));
        }
        // A name that can't stand in a line: the shell looks into each.
        None => text.push_str("_boot_hooks_special='*'\n"),
    }
    text
}

/// Whether it is no more than shell text: readable, without a `#!` line or with sh's own without options.
fn is_plain(file: &Path) -> bool {
    const LONGEST: u64 = 128;
    let mut head = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LONGEST).read_to_end(&mut head));
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let foreign = line.starts_with(b"#!") && line != b"#!/bin/sh";
    read.is_ok() && !foreign && line.get(1..4) != Some(b"ELF")
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

/// Whether others than the owner can put something else there.
pub(super) fn is_open(path: &Path) -> bool {
    if path.is_dir() { can_replace_in(path) } else { can_write(path) }
}

fn can_write(file: &Path) -> bool {
    // What can't be looked at can't be trusted; the hook runner names it better when it is not there.
    fs::metadata(file).is_ok_and(|metadata| metadata.mode() & OTHERS_CAN_WRITE != 0)
}

/// Which of the two lets others put something else in the entry's place: the directory; or, where that is sticky, and
/// others can put in what was not there, an entry that is such.
fn replaceable<'a>(entry: &'a Path, directory: &'a Path) -> Option<&'a Path> {
    let above = fs::metadata(directory).ok().filter(|above| above.mode() & OTHERS_CAN_WRITE != 0)?;
    if above.mode() & STICKY == 0 {
        return Some(directory);
    }
    let owner = fs::symlink_metadata(entry).ok()?.uid();
    (owner != 0 && owner != geteuid().as_raw() && owner != above.uid()).then_some(entry)
}

fn can_replace_in(directory: &Path) -> bool {
    fs::metadata(directory).is_ok_and(|it| it.mode() & OTHERS_CAN_WRITE != 0 && it.mode() & STICKY == 0)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{found_out, is_plain};

    #[test]
    fn what_is_no_plain_text_for_sh_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            fs::write(dir.path().join(name), text).unwrap();
            dir.path().join(name)
        };
        for plain in ["", ":", "#!/bin/sh\n:\n", "# a comment\n#!/bin/bash\n"] {
            assert!(is_plain(&file("plain", plain)), "{plain:?}");
        }
        for special in ["#!/bin/sh -e\n", "#!/bin/bash\n:", "#!/usr/bin/env sh\n", "\x7fELF\x02", "#!"] {
            assert!(!is_plain(&file("it's", special)), "{special:?}");
        }
        assert!(!is_plain(Path::new("/nonexistent")));
        let (plain, special) = (dir.path().join("plain"), dir.path().join("it's"));
        let text = found_out(&[&plain, &special]);
        let quoted = special.to_str().unwrap().replace('\'', "'\\''");
        assert!(
            text.ends_with(&format!("\n_boot_hooks_special=$_boot_hooks_special'\n{quoted}\n'\n")),
            "{text}"
        );
        assert_eq!(found_out(&[&plain]).lines().count(), 1, "only the umask");
    }
}
