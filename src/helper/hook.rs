//! `hook --timeout SECONDS FILE`: executes a hook that is no shell script, under a time limit.
//!
//! Standard input is where the hook's output goes (the shell captures this process's own standard
//! output, which carries the `export` lines for the core to evaluate); the hook itself reads nothing.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process};

use super::{options, print, process::Process, tell};
use crate::error::{Failure, Message, Status};

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let (file, limit) = parse(arguments)?;
    let mut exports = environment_file()?;
    let code = execute(&file, limit, &exports)?;
    print(&read_exports(&file, &mut exports)?)?;
    // The hook's own status goes on as it is: no table applies to it.
    std::process::exit(code);
}

fn parse(arguments: Vec<OsString>) -> Result<(PathBuf, Duration), Failure> {
    let mut limit = Duration::from_secs(60);
    let mut file = None;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("timeout") => limit = options::seconds(&mut parser)?,
            lexopt::Arg::Value(value) if file.is_none() => file = Some(PathBuf::from(value)),
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    let file = file.ok_or_else(|| Message::new(Status::Usage, "hook needs the file to execute"))?;
    Ok((file, limit))
}

/// A file in memory: what a hook exports may be a secret and is on no disk.
fn environment_file() -> Result<File, Failure> {
    // Not close-on-exec: a hook that knows only its own /proc/self/fd finds it too.
    memfd_create("boot-env", MemfdFlags::empty())
        .map(File::from)
        .map_err(|error| Message::new(Status::Failed, format!("cannot make BOOT_ENV_FILE: {error}")).into())
}

fn execute(file: &Path, limit: Duration, exports: &File) -> Result<i32, Failure> {
    let failed = |error: std::io::Error| {
        Message::new(Status::Failed, format!("cannot execute {}: {error}", file.display()))
            .with_help("check its #! line and that the program named there is installed")
    };
    let output = std::io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
    let path = format!("/proc/{}/fd/{}", std::process::id(), exports.as_raw_fd());
    let mut child = Command::new(file)
        .env("BOOT_ENV_FILE", path)
        .stdin(Stdio::null())
        .stdout(output)
        .spawn()
        .map_err(failed)?;
    if !ends_within(&child, limit) {
        kill_tree(child.id().cast_signed());
        let _ = child.wait();
        tell(&format!("error: {} did not end within {} s and was killed", file.display(), limit.as_secs()));
        return Ok(Status::TimedOut as i32);
    }
    let status = child.wait().map_err(failed)?;
    Ok(status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)))
}

fn ends_within(child: &Child, limit: Duration) -> bool {
    // No handle: it has ended already.
    let handle = Process::now(child.id().cast_signed()).and_then(|process| process.open());
    handle.is_none_or(|handle| handle.wait(limit))
}

/// Kills a process and all below it: a hook hangs most often in a program that it called.
fn kill_tree(pid: i32) {
    let Some(this) = Pid::from_raw(pid) else { return };
    // Stopped first, so that it makes no more of them. It may have ended by now, which is as good.
    let _ = kill_process(this, Signal::STOP);
    let children = children(pid);
    let _ = kill_process(this, Signal::KILL);
    children.into_iter().for_each(kill_tree);
}

/// The children of all threads of a process.
fn children(pid: i32) -> Vec<i32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|it| it.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// The lines `KEY=VALUE` as shell text that exports them.
fn read_exports(file: &Path, exports: &mut File) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = exports.rewind().and_then(|()| exports.read_to_end(&mut bytes));
    read.map_err(|error| Message::new(Status::Failed, format!("cannot read BOOT_ENV_FILE: {error}")))?;
    let mut out = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match export(line) {
            Some(text) => writeln!(out, "{text}").expect("writing to memory does not fail"),
            // The line is not shown: it may be a secret.
            None => tell(&format!("warning: {}: a line in BOOT_ENV_FILE is not KEY=VALUE", file.display())),
        }
    }
    Ok(String::from_utf8(out).expect("made of text"))
}

fn export(line: &[u8]) -> Option<String> {
    let (key, value) = std::str::from_utf8(line).ok()?.split_once('=')?;
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let own = key.starts_with("_boot") || key.starts_with("BOOT_");
    if key.is_empty() || own || key.starts_with(|c: char| c.is_ascii_digit()) || !key.chars().all(legal) {
        return None;
    }
    Some(format!("export {key}={}", shell_escape::unix::escape(value.into())))
}

#[cfg(test)]
mod tests {
    use super::export;

    #[test]
    fn only_names_become_exports_and_values_are_quoted() {
        assert_eq!(export(b"A=b c").as_deref(), Some("export A='b c'"));
        assert_eq!(export(b"A=").as_deref(), Some("export A=''"));
        assert_eq!(export(b"A=$(id)=x").as_deref(), Some("export A='$(id)=x'"));
        for bad in
            [&b"A"[..], b"=x", b"1A=x", b"A B=x", b"BOOT_DIR=/", b"_boot_name=x", b"A=\xff", b"PATH;id=x"]
        {
            assert_eq!(export(bad), None, "{}", String::from_utf8_lossy(bad));
        }
    }
}
