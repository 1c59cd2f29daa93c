//! Runs a program to its end with a time limit and holds what it said; looks up processes.
//! It must not wait without a limit: a hanging boot script is what the tests are there to find.

use std::fmt;
use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// What a program left: always compared together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// The exit status; 128 + N when signal N ended it, as a shell would say.
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// The standard output of a program that had to succeed.
    ///
    /// # Panics
    /// With all it said when its status is not 0.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.status, 0, "it failed: {self}");
        self.stdout
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}\n-- stdout\n{}\n-- stderr\n{}", self.status, self.stdout, self.stderr)
    }
}

/// Why there is no output.
#[derive(Debug)]
pub(crate) enum Unfinished {
    /// It ran for longer than the limit; its process group was killed. What it had said, and where it stood.
    TimedOut(String),
    /// It ended, but something it started holds its standard output or error: whoever reads those
    /// (`ssh host bin/demo start`, a pipeline of a build server) would hang.
    Held,
}

/// Runs `command` in a process group of its own, with `input` on standard input.
///
/// # Errors
/// See [`Unfinished`].
pub(crate) fn finish(command: &mut Command, input: &str, limit: Duration) -> Result<Output, Unfinished> {
    finish_watched(command, input, limit, |_| {})
}

/// The same; `watch` is called every few milliseconds while it runs.
///
/// # Errors
/// See [`Unfinished`].
pub(crate) fn finish_watched(
    command: &mut Command,
    input: &str,
    limit: Duration,
    watch: impl FnMut(&Child),
) -> Result<Output, Unfinished> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap_or_else(|e| panic!("can't run {command:?}: {e}"));
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    // A program that does not read its input is no fault.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let stdout = reader(child.stdout.take().expect("standard output is a pipe"));
    let stderr = reader(child.stderr.take().expect("standard error is a pipe"));
    let end = Instant::now() + limit;
    let Some(status) = wait_until(&mut child, end, watch) else {
        let stood = family(child.id());
        kill_group(&child);
        child.wait().expect("a killed child can be waited for");
        let said = [stdout, stderr].map(|stream| stream.text());
        let told = format!("-- stdout\n{}\n-- stderr\n{}\n-- processes\n{stood}", said[0], said[1]);
        return Err(Unfinished::TimedOut(told));
    };
    let limit = end.duration_since(Instant::now()).min(Duration::from_secs(5));
    let (Some(stdout), Some(stderr)) = (stdout.whole(limit), stderr.whole(limit)) else {
        kill_group(&child);
        return Err(Unfinished::Held);
    };
    Ok(Output { status: code(status), stdout, stderr })
}

/// The status as a shell shows it.
fn code(status: ExitStatus) -> i32 {
    status.code().or(status.signal().map(|n| 128 + n)).expect("a child exits or is killed")
}

/// What a program says, while it does.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    end: Receiver<()>,
}

impl Stream {
    /// All of it, once it is closed.
    fn whole(&self, limit: Duration) -> Option<String> {
        self.end.recv_timeout(limit).ok().map(|()| self.text())
    }

    /// What has come so far.
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("no reader panics")).into_owned()
    }
}

fn reader(mut pipe: impl Read + Send + 'static) -> Stream {
    let (sender, end) = channel();
    let bytes = Arc::new(Mutex::new(Vec::new()));
    let to = Arc::clone(&bytes);
    std::thread::spawn(move || {
        let mut part = [0; 8192];
        while let Ok(length @ 1..) = pipe.read(&mut part) {
            to.lock().expect("no reader panics").extend_from_slice(&part[..length]);
        }
        // Nobody listens any more after a time-out.
        let _ = sender.send(());
    });
    Stream { bytes, end }
}

/// A process and what is below it, a line each: pid, parent, name, state, where in the kernel it waits, its words.
fn family(root: u32) -> String {
    let read = |pid: u32, file: &str| {
        let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\0', " ").trim_end().to_owned()
    };
    let all = std::fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    // Pids grow, but for the rare time that they begin anew.
    let (mut known, mut lines) = (vec![root], String::new());
    let mut pids: Vec<_> = pids.collect();
    pids.sort_unstable();
    for pid in pids {
        let stat = read(pid, "stat");
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let [state, parent, ..] = fields.as_slice() else { continue };
        let parent = parent.parse().unwrap_or_default();
        if pid == root || known.contains(&parent) {
            known.push(pid);
            let (name, at, line) = (read(pid, "comm"), read(pid, "wchan"), read(pid, "cmdline"));
            lines.push_str(&format!("{pid} {parent} {name} {state} {at}: {line}\n"));
        }
    }
    lines
}

fn wait_until(child: &mut Child, end: Instant, mut watch: impl FnMut(&Child)) -> Option<ExitStatus> {
    loop {
        watch(child);
        match child.try_wait().expect("an own child can be waited for") {
            Some(status) => return Some(status),
            None if Instant::now() >= end => return None,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

fn kill_group(child: &Child) {
    let group = Pid::from_raw(child.id().cast_signed()).expect("a child has a pid");
    // The group may be gone already.
    let _ = kill_process_group(group, Signal::KILL);
}

/// Whether a process runs. One that is dead but not yet reaped does not: pid 1 of a container may
/// take its time. One whose first thread is dead, but not all others, still does.
pub(crate) fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    match fields.as_slice() {
        ["Z" | "X", rest @ ..] => {
            rest.get(16).is_some_and(|threads| threads.parse::<u32>().is_ok_and(|n| n > 1))
        }
        [_] => false,
        _ => true,
    }
}

/// The processes that have `text` in their environment or command line.
pub(crate) fn marked(text: &str) -> Vec<u32> {
    let holds =
        |file: String| std::fs::read(file).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(text));
    let all = std::fs::read_dir("/proc").expect("/proc is mounted");
    let pids = all.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| holds(format!("/proc/{pid}/environ")) || holds(format!("/proc/{pid}/cmdline")))
        .filter(|pid| runs(*pid))
        .collect()
}

/// The command lines of all processes of the machine that hold a text.
pub(crate) fn command_lines(text: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(text))
        .collect()
}

/// Sends a signal.
///
/// # Panics
/// When there is no such process.
#[track_caller]
pub(crate) fn signal(pid: u32, signal: Signal) {
    let process = Pid::from_raw(pid.cast_signed()).expect("a pid");
    kill_process(process, signal).expect("the process is there");
}

/// Stops a process, and waits until each of its threads stands still: until then one of them may answer.
///
/// # Panics
/// When there is no such process, or it goes on for 10 s.
#[track_caller]
pub(crate) fn freeze(pid: u32) {
    signal(pid, Signal::STOP);
    until("all its threads stand still", Duration::from_secs(10), || {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let mut stats = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("stat")).ok());
        stats.all(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
    });
}

/// Waits until `condition` holds, looking each 10 ms.
///
/// # Panics
/// When it does not within `limit`, with `what`.
#[track_caller]
pub(crate) fn until(what: &str, limit: Duration, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + limit;
    while !condition() {
        assert!(Instant::now() < end, "waited {limit:?} in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
