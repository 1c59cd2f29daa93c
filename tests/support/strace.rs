//! What a command costs: processes (by strace) and memory (by BusyBox time).
//! It must not change what it measures: the command runs with its own environment.

use std::process::{Child, Command};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::process::{Output, Unfinished, finish, finish_watched};

/// How long a measured command may take.
const LIMIT: Duration = Duration::from_secs(120);

/// Processes on the way of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Programs started (execve that succeeded), the command's own included.
    pub execs: usize,
    /// Processes made (fork, vfork, clone without CLONE_THREAD).
    pub forks: usize,
}

/// Counts the processes of a command and its descendants until the command itself ends (what it leaves
/// in background goes on, untraced), or until one of them executes `stop` (a program's file name, such
/// as `beam.smp`): that one and what comes after it is not counted. Threads are not processes. Needs
/// strace (ask `need` first).
pub(crate) fn count(command: &Command, stop: Option<&str>) -> (Counts, Output) {
    let log = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    let read = || std::fs::read_to_string(log.path()).expect("strace writes its log");
    let calls = "trace=execve,execveat,fork,vfork,clone,clone3";
    let mut traced =
        wrap(&["strace", "-f", "-q", "-I", "2", "-s", "4096", "-e", calls, "-e", "signal=none", "-o"]);
    traced.arg(log.path());
    let mut since = None;
    // strace would wait for a daemon too; told to end it lets go of whom it follows.
    let watch = |strace: &Child| {
        if since.is_some() || ended(&read()).is_some() {
            let pid = Pid::from_raw(strace.id().cast_signed()).expect("a child has a pid");
            kill_process(pid, parting(*since.get_or_insert_with(Instant::now)))
                .expect("strace is not reaped yet");
        }
    };
    let mut traced = onto(traced, command);
    let output = finish_watched(&mut traced, "", LIMIT, watch);
    let log = read();
    let mut output = output.unwrap_or_else(|error| timed_out(&traced, &error, &log));
    output.status = ended(&log).unwrap_or_else(|| panic!("strace saw no end: {output}\n{log}"));
    (tally(&log, stop), output)
}

/// What ends strace, asked to since then. What comes right before it begins to wait does not end that wait, so it has to
/// come again; and for one that dies meanwhile it may wait for ever.
pub(crate) fn parting(since: Instant) -> Signal {
    if since.elapsed() < Duration::from_secs(3) { Signal::TERM } else { Signal::KILL }
}

fn timed_out(command: &Command, error: &Unfinished, log: &str) -> ! {
    let told = match error {
        Unfinished::TimedOut(told) => told,
        Unfinished::Held => "its output is still open",
    };
    panic!("not done after {LIMIT:?}: {command:?}\n{told}\n-- traced\n{log}");
}

/// The status of the process that a log begins with, once it has ended; 128 when by a signal, whichever.
fn ended(log: &str) -> Option<i32> {
    let (pid, _) = log.split_once(' ')?;
    let mut of_it = log.lines().filter_map(|line| line.strip_prefix(pid)?.trim().strip_prefix("+++ "));
    let last = of_it.next_back()?;
    if last.starts_with("killed by") {
        return Some(128);
    }
    last.strip_prefix("exited with ")?.split(' ').next()?.parse().ok()
}

/// The highest resident memory of a command, in KiB: of it or of the largest of the descendants it
/// waited for. Not below BusyBox's own, about 2 MiB. Needs busybox.
pub(crate) fn maxrss(command: &Command) -> u64 {
    raw_maxrss(command) / factor()
}

/// BusyBox takes the kernel's KiB for pages and so shows four times the truth; versions that do not are
/// to be expected. So it measures a known amount first.
fn factor() -> u64 {
    static FACTOR: OnceLock<u64> = OnceLock::new();
    *FACTOR.get_or_init(|| {
        let mut known = Command::new("busybox");
        known.args(["dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1"]);
        let factor = raw_maxrss(&known) / (64 * 1024);
        assert!([1, 4, 16].contains(&factor), "64 MiB are not {factor} times 64 MiB");
        factor
    })
}

fn raw_maxrss(command: &Command) -> u64 {
    let mut timed = onto(wrap(&["busybox", "time", "-f", "maxrss=%M"]), command);
    let output = finish(&mut timed, "", LIMIT);
    let output = output.unwrap_or_else(|error| timed_out(&timed, &error, ""));
    let last = output.stderr.lines().rev().find_map(|line| line.strip_prefix("maxrss="));
    last.and_then(|n| n.parse().ok()).unwrap_or_else(|| panic!("no figure from busybox time: {output}"))
}

fn wrap(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

/// `inner` as arguments of `outer`, in the directory and with the environment of `inner`.
fn onto(mut outer: Command, inner: &Command) -> Command {
    outer.arg(inner.get_program()).args(inner.get_args());
    if let Some(dir) = inner.get_current_dir() {
        outer.current_dir(dir);
    }
    // A command can't be asked whether it clears the environment; those of an instance do, and they are
    // known by the epmd they name.
    if inner.get_envs().any(|(name, _)| name == "ERL_EPMD_PORT") {
        outer.env_clear();
    }
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

/// Adds up a log of strace: lines `PID CALL(ARGS) = RESULT`, or in two parts when another process
/// came between: `PID CALL(ARGS <unfinished ...>`, `PID <... CALL resumed>REST`.
///
/// Lines about the end of a process and about signals (`+++ ...`, `--- ...`) hold no call.
pub(crate) fn tally(log: &str, stop: Option<&str>) -> Counts {
    let mut counts = Counts::default();
    let mut begun: Vec<(&str, &str)> = Vec::new();
    for line in log.lines() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        let call = if let Some(start) = rest.strip_suffix("<unfinished ...>") {
            begun.push((pid, start));
            continue;
        } else if rest.starts_with(['+', '-']) {
            continue;
        } else if rest.starts_with("<...") {
            let Some(at) = begun.iter().position(|(of, _)| *of == pid) else { continue };
            format!("{}{rest}", begun.swap_remove(at).1)
        } else {
            rest.to_string()
        };
        if !succeeded(&call) {
            continue;
        }
        if call.starts_with("execve") {
            if stop.is_some_and(|program| executes(&call, program)) {
                return counts;
            }
            counts.execs += 1;
        } else if !call.contains("CLONE_THREAD") {
            counts.forks += 1;
        }
    }
    counts
}

/// Whether a call's result is a number and not an error.
fn succeeded(call: &str) -> bool {
    let result = call.rsplit_once(" = ").map(|(_, result)| result.trim());
    result.is_some_and(|result| result.parse::<u32>().is_ok())
}

/// Whether an execve is that of a program with this file name.
fn executes(call: &str, program: &str) -> bool {
    // A quote in the path itself has a backslash before it; no directory is named so that this ends it.
    let path = call.split_once("\", [").map(|(path, _)| path).unwrap_or_default();
    path.rsplit('/').next() == Some(program)
}
