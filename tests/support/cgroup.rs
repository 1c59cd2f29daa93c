//! Real limits of control groups, enforced by the kernel, for programs that a test starts.
//! Only version 1 is made here: most machines for tests are containers with it, and version 2 lets no container
//! that is not the host's own make groups with controllers. `v2` is a tree that one process sees as its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::tools::{self, need, required};

/// Microseconds over which processor time is shared out.
const PERIOD: f64 = 100_000.0;

/// Goes into the group and on with the program: directories up to an empty word, then the program.
const ENTER: &str =
    r#"while [ -n "$1" ]; do echo $$ >"$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@""#;

/// The same as a container sees it, whose mounts show its own group as the root: controllers up to an empty word, then
/// the program. The mounts are shared ones, as OTP 25 finds no others.
const CONTAINER: &str = r#"mount --make-rshared / && mount -t tmpfs -o mode=755 cgroup /sys/fs/cgroup || exit 125
while [ -n "$1" ]; do
    mkdir "/sys/fs/cgroup/$1" && mount -t cgroup -o "$1" cgroup "/sys/fs/cgroup/$1" || exit 125
    shift
done
shift
exec "$@""#;

/// What a group is bounded by; `None` is no limit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    /// Processors.
    pub cpu: Option<f64>,
    /// Bytes.
    pub memory: Option<u64>,
}

/// A group of the controllers cpu and memory. Dropped it kills what runs in it, and is gone.
#[derive(Debug)]
pub(crate) struct Group {
    /// Of each controller: its name with those mounted together with it, and the directory.
    parts: [(String, PathBuf); 2],
}

impl Limits {
    /// A new group below the one that this process is in; `None`, told as skipped, where none can be made.
    #[track_caller]
    pub(crate) fn group(self) -> Option<Group> {
        if !need(&["unshare", "mount"]) {
            return None;
        }
        let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let part = |name| {
            let (names, path) = controller(&own, name)?;
            Some((names, Path::new("/sys/fs/cgroup").join(name).join(path.trim_start_matches('/'))))
        };
        let parts = part("cpu").zip(part("memory")).map(|(cpu, memory)| [cpu, memory]);
        let group = parts.and_then(|parts| Group::make(&parts, self));
        if group.is_none() {
            skipped("cgroup v1");
        }
        group
    }
}

impl Group {
    /// A group in this one.
    pub(crate) fn below(&self, limits: Limits) -> Self {
        Self::make(&self.parts, limits).expect("what could be made once can be made again")
    }

    fn make(parents: &[(String, PathBuf); 2], limits: Limits) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let own = format!("relboot-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let group = Self { parts: parents.clone().map(|(names, parent)| (names, parent.join(&own))) };
        let [(_, cpu), (_, memory)] = &group.parts;
        fs::create_dir(cpu).and_then(|()| fs::create_dir(memory)).ok()?;
        let write = |path: PathBuf, value: String| fs::write(path, value).ok();
        if let Some(share) = limits.cpu {
            write(cpu.join("cpu.cfs_period_us"), PERIOD.to_string())?;
            write(cpu.join("cpu.cfs_quota_us"), (share * PERIOD).round().to_string())?;
        }
        if let Some(bytes) = limits.memory {
            write(memory.join("memory.limit_in_bytes"), bytes.to_string())?;
        }
        Some(group)
    }

    /// The words before a program that run it in this group. It sees the host's groups.
    pub(crate) fn on_the_host(&self) -> Vec<String> {
        let directories = self.parts.iter().map(|(_, directory)| directory.display().to_string());
        words(&["sh", "-c", ENTER, "sh"], directories)
    }

    /// The same; it sees what a container would, in a name space of its own.
    pub(crate) fn in_a_container(&self) -> Vec<String> {
        let own = ["unshare", "--cgroup", "--mount", "--propagation", "private", "sh", "-c", CONTAINER, "sh"];
        let controllers = self.parts.iter().map(|(names, _)| names.clone());
        [self.on_the_host(), words(&own, controllers)].concat()
    }
}

impl Group {
    /// What runs in it.
    pub(crate) fn pids(&self) -> Vec<u32> {
        pids(&self.parts[0].1)
    }
}

fn pids(directory: &Path) -> Vec<u32> {
    let text = fs::read_to_string(directory.join("cgroup.procs")).unwrap_or_default();
    text.lines().filter_map(|pid| pid.parse().ok()).collect()
}

impl Drop for Group {
    fn drop(&mut self) {
        let end = Instant::now() + Duration::from_secs(5);
        for (_, directory) in &self.parts {
            // What was killed stays in the group until it is reaped.
            while directory.exists() && fs::remove_dir(directory).is_err() && Instant::now() < end {
                for pid in pids(directory).into_iter().filter_map(|pid| Pid::from_raw(pid.cast_signed())) {
                    let _ = kill_process(pid, Signal::KILL);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// The words before a program with which it, but no child of it, sees itself in the group `/a/b` of a version 2 tree
/// at /sys/fs/cgroup, with `files` in it; `None`, told as skipped, where that can't be done. Puts its files in `dir`.
#[track_caller]
pub(crate) fn v2(dir: &Path, files: &[(&str, &str)]) -> Option<Vec<String>> {
    const SEEN: &str = r#"mount --bind "$1/tree" /sys/fs/cgroup && mount --bind "$1/cgroup" "/proc/$$/cgroup" &&
        mount --bind "$1/mountinfo" "/proc/$$/mountinfo" || exit 125
        shift; exec "$@""#;
    let may = need(&["unshare", "mount"])
        && Command::new("unshare")
            .args(["--mount", "mount", "--bind", "/proc", "/proc"])
            .output()
            .ok()?
            .status
            .success();
    if !may {
        skipped("mount name space");
        return None;
    }
    fs::create_dir_all(dir.join("tree/a/b")).expect("the directory is the test's own");
    let mount = "30 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
    let write =
        |path: &str, text: &str| fs::write(dir.join(path), text).expect("the directory is the test's own");
    write("cgroup", "0::/a/b\n");
    write("mountinfo", mount);
    files.iter().for_each(|(path, text)| write(&format!("tree/{path}"), text));
    let own = ["unshare", "--mount", "--propagation", "private", "sh", "-c", SEEN, "sh"];
    Some(own.map(str::to_owned).into_iter().chain([dir.display().to_string()]).collect())
}

/// The controllers of a line `ID:CONTROLLERS:PATH` that has this one, and the path.
fn controller(text: &str, name: &str) -> Option<(String, String)> {
    text.lines().find_map(|line| {
        let mut fields = line.splitn(3, ':').skip(1);
        let (names, path) = (fields.next()?, fields.next()?);
        names.split(',').any(|it| it == name).then(|| (names.to_owned(), path.to_owned()))
    })
}

fn words(start: &[&str], list: impl Iterator<Item = String>) -> Vec<String> {
    start.iter().map(|word| (*word).to_owned()).chain(list).chain([String::new()]).collect()
}

/// Says so, or fails where `RELBOOT_REQUIRE` names it (spaces as hyphens): `all` asks for tools alone, as what the kernel
/// grants can't be installed.
#[track_caller]
pub(crate) fn skipped(what: &str) {
    tools::skipped(&format!("no {what}"));
    let require = std::env::var("RELBOOT_REQUIRE").unwrap_or_default();
    let name = what.replace(' ', "-");
    assert!(
        !required(&require, &name) || require.contains("all"),
        "no {what}, which RELBOOT_REQUIRE={require} asks for"
    );
}
