//! Where a running node's output goes: told by its own descriptors, never guessed.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Failure, Message, Status};
use crate::helper::env::{self, Instance};
use crate::helper::log::ordered;
use crate::helper::process::Process;
use crate::host::Facts;

/// Where it goes.
#[derive(Debug)]
pub(super) enum Place {
    /// The files in the log directory.
    Files,
    /// One file of somebody's choice.
    File(PathBuf),
    /// systemd's journal.
    Journal(Journal),
    /// Where nothing can be read again, or not by this program.
    Elsewhere {
        /// What it is, as the end of a sentence.
        what: String,
        /// What to type.
        help: String,
    },
}

/// A unit's part of the journal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Journal {
    unit: String,
    /// Whether it is one of a user's own manager.
    user: bool,
    /// Of this run of the unit.
    invocation: Option<String>,
}

/// Where the node writes.
pub(super) fn of(instance: &Instance, node: Process) -> Place {
    if node.parent("run_erl").is_some() {
        return Place::Files;
    }
    let link = fs::read_link(format!("/proc/{}/fd/1", node.pid));
    let Ok(target) = link else {
        // Another user's; what start left may be readable.
        return if ordered(&instance.log).is_empty() {
            let what = format!("a place that only its user may see (/proc/{}/fd/1)", node.pid);
            Place::Elsewhere { what, help: "run this as the user of the node, or as root".into() }
        } else {
            Place::Files
        };
    };
    let text = target.to_string_lossy().into_owned();
    if text.starts_with("socket:") {
        return journal(node.pid, &text).map_or_else(|| unknown(&text), Place::Journal);
    }
    if let Some(inode) = text.strip_prefix("pipe:[").and_then(|text| text.strip_suffix(']')) {
        return pipe(instance, node, inode);
    }
    if target.starts_with(&instance.log) {
        return Place::Files;
    }
    if fs::metadata(&target).is_ok_and(|meta| meta.is_file()) {
        return Place::File(target);
    }
    let help = match text.as_str() {
        "/dev/null" => "start it with its output in a file or a pipe, or in the background: start",
        _ => "look there, or run it in the background: start",
    };
    Place::Elsewhere { what: text, help: help.into() }
}

fn unknown(what: &str) -> Place {
    let container = Facts::collect(&env::roots()).system.container;
    let help = match container.as_deref() {
        Some("kubernetes") => "what runs this container keeps it: kubectl logs POD".to_owned(),
        Some(engine @ ("docker" | "podman")) => {
            format!("what runs this container keeps it: {engine} logs CONTAINER")
        }
        _ => "whoever started it reads it".to_owned(),
    };
    Place::Elsewhere { what: what.to_owned(), help }
}

/// A pipe: who reads it tells more, runit's and s6's loggers their directory.
fn pipe(instance: &Instance, node: Process, inode: &str) -> Place {
    let Some((pid, words)) = reader(node.pid, inode) else { return unknown(&format!("a pipe ({inode})")) };
    let name =
        words.first().map(|word| word.rsplit('/').next().unwrap_or(word).to_owned()).unwrap_or_default();
    // A supervisor of the kit's own, which writes the files.
    if name == "relboot-helper" && !ordered(&instance.log).is_empty() {
        return Place::Files;
    }
    let directory = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
    let current = words.iter().skip(1).map(|word| directory.join(word).join("current"));
    if let Some(current) = current.into_iter().find(|path| path.is_file()) {
        return Place::File(current);
    }
    Place::Elsewhere {
        what: format!("{name} (pid {pid})"),
        help: format!("its log is kept by that program: {}", words.join(" ")),
    }
}

/// The process that reads from the pipe, and its command line.
fn reader(writer: i32, inode: &str) -> Option<(i32, Vec<String>)> {
    let wanted = PathBuf::from(format!("pipe:[{inode}]"));
    let pids =
        fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    for pid in pids.filter(|pid: &i32| *pid != writer) {
        let fds = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        for fd in fds.filter(|fd| fs::read_link(fd.path()).is_ok_and(|link| link == wanted)) {
            let info = PathBuf::from(format!("/proc/{pid}/fdinfo")).join(fd.file_name());
            if is_read(&info) {
                let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
                let words = String::from_utf8_lossy(&line)
                    .trim_end_matches('\0')
                    .split('\0')
                    .map(Into::into)
                    .collect();
                return Some((pid, words));
            }
        }
    }
    None
}

/// Whether a descriptor is open for reading alone: `flags:` is octal, its last two bits 0.
fn is_read(info: &Path) -> bool {
    let text = fs::read_to_string(info).unwrap_or_default();
    let flags = text.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).is_some_and(|flags| flags & 3 == 0)
}

/// The journal of the unit that a process belongs to, when systemd says that this socket leads there.
fn journal(pid: i32, socket: &str) -> Option<Journal> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let variable = |name: &str| {
        let mut entries = environment.split(|byte| *byte == 0).filter_map(|it| std::str::from_utf8(it).ok());
        entries.find_map(|entry| entry.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
    };
    let stream = variable("JOURNAL_STREAM")?;
    let (_, inode) = stream.split_once(':')?;
    if socket != format!("socket:[{inode}]") {
        return None;
    }
    unit(&groups).map(|(unit, user)| Journal { unit, user, invocation: variable("INVOCATION_ID") })
}

/// The last unit in the path of systemd's own group, and whether it is a user's.
fn unit(groups: &str) -> Option<(String, bool)> {
    let path = |start: &str| groups.lines().find_map(|line| line.split_once(start).map(|(_, path)| path));
    let path = path(":name=systemd:").or_else(|| path("0::"))?;
    let is_unit = |part: &&str| part.ends_with(".service") || part.ends_with(".scope");
    let unit = path.split('/').rfind(is_unit)?;
    Some((unit.to_owned(), path.contains("/user@") && !unit.starts_with("user@")))
}

impl Journal {
    fn arguments(&self, lines: Option<u64>, follow: bool, since_start: bool, raw: bool) -> Vec<String> {
        let lines = lines.map_or_else(|| "all".into(), |lines| lines.to_string());
        let mut words = vec!["--no-pager".into(), "--quiet".into(), format!("--lines={lines}")];
        words.push(format!("--{}unit={}", if self.user { "user-" } else { "" }, self.unit));
        words.extend(follow.then(|| "--follow".into()));
        words.extend(raw.then(|| "--output=cat".into()));
        let invocation = self.invocation.as_ref().filter(|_| since_start);
        words.extend(invocation.map(|id| format!("_SYSTEMD_INVOCATION_ID={id}")));
        words
    }

    /// Becomes journalctl.
    pub(super) fn show(
        &self,
        lines: Option<u64>,
        follow: bool,
        since_start: bool,
        raw: bool,
    ) -> Result<Status, Failure> {
        let error = Command::new("journalctl").args(self.arguments(lines, follow, since_start, raw)).exec();
        Err(Message::new(
            Status::Unreachable,
            format!("its output is in the journal, and journalctl: {error}"),
        )
        .with_help(format!("journalctl -u {}", self.unit))
        .into())
    }
}

#[cfg(test)]
mod tests {
    use super::{Journal, unit};

    #[test]
    fn the_unit_is_the_last_of_the_path() {
        for (groups, expected) in [
            ("0::/system.slice/demo.service\n", Some(("demo.service", false))),
            ("0::/system.slice/system-demo.slice/demo@1.service/sub\n", Some(("demo@1.service", false))),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/demo.service\n",
                Some(("demo.service", true)),
            ),
            ("9:cpu:/x\n1:name=systemd:/system.slice/a.service\n0::/b.service\n", Some(("a.service", false))),
            ("0::/user.slice/user-0.slice/session-1.scope\n", Some(("session-1.scope", false))),
            ("0::/\n", None),
            ("", None),
        ] {
            assert_eq!(unit(groups), expected.map(|(unit, user)| (unit.to_owned(), user)), "{groups}");
        }
    }

    #[test]
    fn journalctl_is_asked_for_the_same() {
        let journal = Journal { unit: "demo.service".into(), user: true, invocation: Some("ab".into()) };
        let words = journal.arguments(Some(5), true, true, true).join(" ");
        let all = "--no-pager --quiet --lines=5 --user-unit=demo.service --follow --output=cat _SYSTEMD_INVOCATION_ID=ab";
        assert_eq!(words, all);
        let words = Journal { user: false, ..journal }.arguments(None, false, false, false).join(" ");
        assert_eq!(words, "--no-pager --quiet --lines=all --unit=demo.service");
    }
}
