//! Kills processes of a command at chosen points. A point is the N-th call of one kind that a process makes; which
//! there are is found by tracing the command once. Whoever reaches the point is stopped there, so that what is killed,
//! it or another one, is killed at that point and no later. Then strace lets go: a VM that it follows takes seconds to
//! boot, and each process would be stopped at its own N-th call.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::instance::Instance;
use super::process::{marked, until};
use super::strace::parting;

/// Calls by which a command gets on.
const CALLS: &str = "execve,rename,unlink,mkdir,flock,connect,setsid,pidfd_open,sendto,mknod,mknodat";
/// Of these calls, those by which it only looks at the host.
const LOOKS: &[&str] = &["nlmsg_len", "198.51.100.1", "2001:db8::1", "/run/", "EEXIST"];

/// A step of a command.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    call: String,
    n: usize,
    shown: String,
}

impl Point {
    /// Not one of the many looks at something that is waited for.
    pub(crate) fn is_step(&self) -> bool {
        self.n <= 12
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.call, self.n, self.shown)
    }
}

/// The steps of a command, in order: of those that differ in numbers alone the first.
pub(crate) fn points(instance: &Instance, args: &[&str]) -> Vec<Point> {
    let traced = Traced::new(instance, args, None);
    traced.wait_for_end();
    let log = fs::read_to_string(&traced.log).expect("strace writes its log");
    drop(traced);
    let mut made: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut points = Vec::new();
    for line in log.lines() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let rest = rest.trim_start();
        let Some((call, rest)) = rest.split_once('(').filter(|_| !rest.starts_with("<...")) else { continue };
        let n = made.entry((pid.to_owned(), call.to_owned())).or_default();
        *n += 1;
        let kind: String = rest.chars().take(160).filter(|it| !it.is_ascii_digit()).collect();
        if !LOOKS.iter().any(|look| rest.contains(look)) && seen.insert((call.to_owned(), kind)) {
            let shown = rest.chars().take(100).collect();
            points.push(Point { call: call.into(), n: *n, shown });
        }
    }
    // Whoever comes first to the N-th of a call is stopped there: it is one point.
    let mut seen = BTreeSet::new();
    points.retain(|point| seen.insert((point.call.clone(), point.n)));
    points
}

/// A command that stands at a point.
#[derive(Debug)]
pub(crate) struct Stopped<'a>(Traced<'a>);

impl<'a> Stopped<'a> {
    /// Runs the command up to a point; `None` when it ends without reaching it.
    pub(crate) fn at(instance: &'a Instance, args: &[&str], point: &Point) -> Option<Self> {
        let traced = Traced::new(instance, args, Some(point));
        let limit = Instant::now() + Duration::from_secs(30);
        loop {
            if traced.stands() {
                return Some(Self(traced));
            }
            if traced.has_ended() {
                return None;
            }
            assert!(Instant::now() < limit, "{point}: {args:?} neither gets there nor ends");
        }
    }

    /// The kinds of processes that are there.
    pub(crate) fn roles(&self) -> Vec<Role> {
        let all = self.0.processes();
        Role::ALL.into_iter().filter(|role| all.iter().any(|pid| role.is(*pid))).collect()
    }

    /// Kills all of one kind, and lets the others go on to their end.
    pub(crate) fn kill(mut self, role: Role) {
        self.0.processes().into_iter().filter(|pid| role.is(*pid)).for_each(|pid| send(pid, Signal::KILL));
        self.0.let_go();
        until("the command ends", Duration::from_secs(90), || {
            self.0.standing().into_iter().for_each(|pid| send(pid, Signal::CONT));
            self.0.has_ended()
        });
    }
}

/// The processes of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Shell,
    Helper,
    RunErl,
    Vm,
}

impl Role {
    pub(crate) const ALL: [Self; 4] = [Self::Shell, Self::Helper, Self::RunErl, Self::Vm];

    fn is(self, pid: u32) -> bool {
        let name = comm(pid);
        match self {
            Self::Helper => name == "relboot-helper",
            Self::RunErl => name == "run_erl",
            Self::Vm => ["beam.smp", "erlexec"].contains(&name.as_str()),
            // The kit's, not what tests guard an instance with.
            Self::Shell => {
                let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                ["demo", "sh", "dash"].contains(&name.as_str())
                    && ["/bin/demo", "/boot/", "_boot_erts_exec"].iter().any(|part| line.contains(part))
            }
        }
    }
}

fn comm(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default().trim_end().to_owned()
}

/// A signal to a process that may be gone by now.
fn send(pid: u32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(pid.cast_signed()).expect("a pid"), signal);
}

/// A command below strace. Dropped, strace lets go of what goes on.
#[derive(Debug)]
struct Traced<'a> {
    instance: &'a Instance,
    strace: Child,
    log: PathBuf,
}

impl<'a> Traced<'a> {
    fn new(instance: &'a Instance, args: &[&str], stop: Option<&Point>) -> Self {
        let log = instance.base().join("strace.log");
        let _ = fs::remove_file(&log);
        let mut command = instance.command(Path::new("strace"));
        command.args(["-f", "-qq", "-I", "2", "-e", "signal=STOP", "-e"]);
        command.arg(format!("trace={CALLS}"));
        if let Some(Point { call, n, .. }) = stop {
            command.arg("-e").arg(format!("inject={call}:signal=STOP:when={n}"));
        }
        command.arg("-o").arg(&log).arg(instance.entry()).args(args);
        let out = fs::File::create(instance.base().join("traced.out")).expect("the test's own directory");
        let err = out.try_clone().expect("a file can be duplicated");
        command.stdin(Stdio::null()).stdout(out).stderr(err);
        Self { instance, strace: spawn(&mut command), log }
    }

    /// Ends strace; what it has stopped stays so.
    fn let_go(&mut self) {
        let since = Instant::now();
        // No panic: a test may be failing already.
        while matches!(self.strace.try_wait(), Ok(None)) && since.elapsed() < Duration::from_secs(10) {
            send(self.strace.id(), parting(since));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// All that belongs to the instance but strace and epmd.
    fn processes(&self) -> Vec<u32> {
        let base = self.instance.base().to_str().expect("the target directory's path is UTF-8");
        let mut all = marked(base);
        all.retain(|pid| !["strace", "epmd"].contains(&comm(*pid).as_str()));
        all
    }

    fn standing(&self) -> Vec<u32> {
        let state = |pid: u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next())
        };
        self.processes().into_iter().filter(|pid| matches!(state(*pid), Some('t' | 'T'))).collect()
    }

    /// Whether one stands still: not as each does at each call, for strace to look at it.
    fn stands(&self) -> bool {
        fs::read_to_string(&self.log).is_ok_and(|log| log.contains("--- stopped by SIGSTOP ---"))
    }

    /// Whether all but a node and its launcher are gone again.
    fn has_ended(&self) -> bool {
        if fs::metadata(&self.log).map_or(0, |meta| meta.len()) == 0 {
            // It has not begun.
            return false;
        }
        let goes_on = |pid: &u32| [Role::Shell, Role::Helper].iter().any(|role| role.is(*pid));
        !self.processes().iter().any(goes_on)
    }

    fn wait_for_end(&self) {
        until("the traced command ends", Duration::from_secs(60), || self.has_ended());
    }
}

impl Drop for Traced<'_> {
    fn drop(&mut self) {
        // A child that is waited for already is none any more, and its pid may be another's.
        if let Ok(None) = self.strace.try_wait() {
            self.let_go();
        }
    }
}

fn spawn(command: &mut Command) -> Child {
    command.spawn().unwrap_or_else(|error| panic!("can't run {command:?}: {error}"))
}
