//! What a dead VM left: its log, its crash dump, what the kernel says. Reads a bounded part of each.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustix::fs::{Mode, OFlags};

use crate::helper::env::{self, Instance};
use crate::helper::log;
use crate::helper::process::Process;
use crate::helper::regular;

/// How much of a crash dump: its start.
const DUMP: u64 = 64 << 10;
/// How many messages of the kernel.
const MESSAGES: usize = 20_000;

/// How the process ended, when its parent asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::helper) enum End {
    /// With a status.
    Status(i32),
    /// By a signal.
    Signal(i32),
}

/// All that recognition looks at.
#[derive(Debug, Default)]
pub(in crate::helper) struct Evidence {
    /// The log of this start; empty when it went to a terminal.
    pub log: String,
    /// The reason in the crash dump of this start.
    pub slogan: Option<String>,
    /// That crash dump.
    pub dump: Option<PathBuf>,
    /// How it ended, where that is known.
    pub end: Option<End>,
    /// The VM.
    pub process: Option<Process>,
    /// What the kernel said about killing, where this user may read it.
    pub kernel: String,
    /// Whether the control group has killed something since the start.
    pub oom: bool,
    /// sys.config, for the ports in it.
    pub config: String,
}

impl Evidence {
    /// Of a VM in the background; `kills` as [`memory_kills`] told it at its start.
    pub(in crate::helper) fn of_background(instance: &Instance, kills: Option<u64>) -> Self {
        Self { log: plain(&log::of_this_start(instance)), ..Self::of_foreground(instance, kills, None) }
    }

    /// Of a VM whose output went elsewhere.
    pub(in crate::helper) fn of_foreground(
        instance: &Instance,
        kills: Option<u64>,
        end: Option<End>,
    ) -> Self {
        let started = fs::metadata(instance.state.join("pid")).and_then(|meta| meta.modified()).ok();
        let dump = dump(instance, started);
        let config = [instance.state.join("sys.config"), instance.version_dir().join("sys.config")];
        Self {
            log: String::new(),
            slogan: dump.as_deref().and_then(slogan),
            dump,
            end,
            process: Process::noted(&instance.state),
            kernel: kernel(),
            oom: kills.zip(memory_kills()).is_some_and(|(before, now)| now > before),
            config: config.iter().find_map(|path| head(path, DUMP)).unwrap_or_default(),
        }
    }
}

/// A text without carriage returns and colours.
fn plain(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').chars();
        rest.next();
        out.push_str(rest.as_str());
    }
    out.retain(|c| c != '\r');
    out
}

/// The crash dump, when it was written since the start.
fn dump(instance: &Instance, started: Option<SystemTime>) -> Option<PathBuf> {
    let named = env::var("ERL_CRASH_DUMP").map(PathBuf::from);
    let path = named.unwrap_or_else(|| instance.log.join("erl_crash.dump"));
    let written = fs::metadata(&path).and_then(|meta| meta.modified()).ok()?;
    (written >= started?).then_some(path)
}

fn slogan(dump: &Path) -> Option<String> {
    let text = head(dump, DUMP)?;
    let start = text.find("\nSlogan: ")? + "\nSlogan: ".len();
    let end = text[start..].find("\nSystem version: ").map_or(text.len(), |end| start + end);
    Some(text[start..end].to_owned())
}

fn head(path: &Path, limit: u64) -> Option<String> {
    let mut bytes = Vec::new();
    // A pipe there would never be opened.
    let file =
        rustix::fs::open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).ok()?;
    regular::check(&file).ok()?;
    File::from(file).take(limit).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The messages of the kernel about processes that it killed.
fn kernel() -> String {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let Ok(file) = rustix::fs::open("/dev/kmsg", flags, Mode::empty()) else { return String::new() };
    let mut text = String::new();
    let mut message = [0; 8192];
    for _ in 0..MESSAGES {
        match rustix::io::read(&file, &mut message) {
            Ok(0) => break,
            Ok(length) => {
                let line = String::from_utf8_lossy(&message[..length]);
                if line.contains("Killed process") {
                    text.push_str(&line);
                }
            }
            // Overwritten while it was read: the next one.
            Err(rustix::io::Errno::PIPE) => {}
            Err(_) => break,
        }
    }
    text
}

/// How many processes of this control group the kernel has killed for want of memory.
pub(in crate::helper) fn memory_kills() -> Option<u64> {
    crate::host::memory_kills(&env::roots())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::time::{Duration, SystemTime};

    use super::{Evidence, Instance};

    #[test]
    fn a_dump_from_before_the_start_is_not_its_own() {
        let base = tempfile::tempdir().unwrap();
        let at = base.path().to_owned();
        std::fs::write(at.join("erl_crash.dump"), "=erl_crash_dump:0.5\nSlogan: old\nSystem version: 1\n")
            .unwrap();
        let pid = File::create(at.join("pid")).unwrap();
        let (root, state, log) = (at.clone(), at.clone(), at);
        let instance = Instance { root, name: "demo".into(), vsn: "1".into(), state, log };
        let slogan = |started: SystemTime| {
            pid.set_modified(started).unwrap();
            Evidence::of_foreground(&instance, None, None).slogan
        };
        let now = SystemTime::now();
        assert_eq!(slogan(now + Duration::from_secs(5)), None);
        assert_eq!(slogan(now - Duration::from_secs(5)).as_deref(), Some("old"));
    }
}
