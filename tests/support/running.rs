//! A program that goes on while the test looks at it: a node in the foreground, mostly.
//! It must end with the test: dropped, it is killed with its process group.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::process::until;

/// The program, its standard input and what it has said so far.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    out: PathBuf,
    ended: Option<i32>,
}

impl Running {
    /// Starts `command`; standard output and error go to the file `out`, in the order of writing.
    pub(crate) fn new(command: &mut Command, out: &Path) -> Self {
        let file = File::options().create(true).append(true).open(out).expect("the test's own directory");
        let error = file.try_clone().expect("a file can be duplicated");
        command.stdin(Stdio::piped()).stdout(file).stderr(error).process_group(0);
        let child = command.spawn().unwrap_or_else(|e| panic!("can't run {command:?}: {e}"));
        Self { child, out: out.into(), ended: None }
    }

    /// What it has said so far.
    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.out).expect("the file was made at the start")
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Writes to its standard input, which stays open.
    pub(crate) fn write(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("standard input is a pipe");
        stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()).expect("it reads its input");
    }

    /// The pipe that is its standard input, as `/proc/PID/fd` names it: both ends have one name.
    pub(crate) fn input(&self) -> PathBuf {
        let stdin = self.child.stdin.as_ref().expect("standard input is a pipe");
        fs::read_link(format!("/proc/self/fd/{}", stdin.as_raw_fd())).expect("it is open")
    }

    /// Sends it, and nobody below it, a signal, as a supervisor does.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid().cast_signed()).expect("a child has a pid");
        kill_process(pid, signal).expect("it is not reaped yet");
    }

    /// Waits until it has said `text`.
    #[track_caller]
    pub(crate) fn until_says(&self, text: &str) {
        until(text, Duration::from_secs(30), || self.text().contains(text));
    }

    /// Waits for its end: the status as a shell shows it.
    #[track_caller]
    pub(crate) fn end(&mut self) -> i32 {
        let child = &mut self.child;
        let mut status = None;
        until("it ends", Duration::from_secs(30), || {
            status = child.try_wait().expect("an own child can be waited for");
            status.is_some()
        });
        let status = status.expect("it has ended");
        let code = status.code().or(status.signal().map(|n| 128 + n)).expect("a child exits or is killed");
        self.ended = Some(code);
        code
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let group = Pid::from_raw(self.pid().cast_signed()).expect("a child has a pid");
            // It may be gone already.
            let _ = kill_process_group(group, Signal::KILL);
            let _ = self.child.wait();
        }
    }
}
