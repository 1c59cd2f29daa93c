//! The processes below the supervisor: the VM, subcommands of the helper, shells with hooks. Each is in a process group
//! of its own, so that what a terminal sends to the foreground reaches the supervisor alone.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, id};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process_group, wait};

use super::super::env::{self, Instance};
use super::super::lock;
use super::notify;

/// What a child is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Vm,
    /// Until it has booted.
    Wait,
    Ping,
    /// A graceful stop.
    Stop,
    /// All hooks of a phase.
    Hooks(Phase),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    PostStart,
    PreStop,
    PostStop,
}

impl Phase {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::PostStart => "post_start",
            Self::PreStop => "pre_stop",
            Self::PostStop => "post_stop",
        }
    }
}

/// Those that are not known to have ended.
#[derive(Default)]
pub(super) struct Children(Vec<(Pid, Role)>);

impl Children {
    pub(super) fn pid(&self, role: Role) -> Option<Pid> {
        self.0.iter().find(|(_, it)| *it == role).map(|(pid, _)| *pid)
    }

    pub(super) fn has(&self, role: Role) -> bool {
        self.pid(role).is_some()
    }

    /// Whether there is one at most.
    pub(super) fn is_alone(&self) -> bool {
        self.0.len() < 2
    }

    pub(super) fn is_one(&self, pid: i32) -> bool {
        self.0.iter().any(|(child, _)| child.as_raw_nonzero().get() == pid)
    }

    /// Signals a child and what it has started, when it is still there.
    pub(super) fn signal(&self, role: Role, signal: Signal) {
        if let Some(pid) = self.pid(role) {
            let _ = kill_process_group(pid, signal);
        }
    }

    pub(super) fn spawn(&mut self, role: Role, command: &mut Command) -> io::Result<()> {
        let child = command.process_group(0).spawn()?;
        self.0.push((Pid::from_child(&child), role));
        Ok(())
    }

    /// The next child that has ended. What is not ours has come to us as the first process of a container.
    pub(super) fn reap(&mut self) -> Option<(Role, WaitStatus)> {
        loop {
            let (pid, status) = wait(WaitOptions::NOHANG).ok()??;
            if let Some(at) = self.0.iter().position(|(child, _)| *child == pid) {
                return Some((self.0.swap_remove(at).1, status));
            }
        }
    }
}

/// A child's end as shells show it: 128 + N for signal N.
pub(super) fn code(status: WaitStatus) -> i32 {
    status.exit_status().or(status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(1)
}

/// Programs that children run.
pub(super) struct Programs {
    helper: PathBuf,
    instance: Instance,
    /// The directory of the kit that this began with.
    kit: PathBuf,
}

impl Programs {
    pub(super) fn new(instance: &Instance) -> Self {
        let kit = env::var("BOOT_DIR").map_or_else(|| instance.version_dir().join("boot"), PathBuf::from);
        let helper = std::env::current_exe().unwrap_or_else(|_| kit.join("relboot-helper"));
        Self { helper, instance: instance.clone(), kit }
    }

    /// With another program for the helper.
    #[cfg(test)]
    pub(super) fn with_helper(instance: &Instance, helper: &Path) -> Self {
        Self { helper: helper.to_owned(), ..Self::new(instance) }
    }

    /// A subcommand of the helper.
    pub(super) fn helper(&self, subcommand: &str) -> Command {
        // The version that has brought it may have been removed since.
        let there = self.helper.exists();
        let mut command =
            Command::new(if there { self.helper.as_path() } else { Path::new("/proc/self/exe") });
        if !there {
            command.arg0("relboot-helper");
        }
        command.arg(subcommand).stdin(Stdio::null());
        foreign(&mut command);
        command
    }

    /// What becomes the VM, which ends with us.
    pub(super) fn vm(&self, unlock: bool, program: &Path, arguments: &[impl AsRef<OsStr>]) -> Command {
        let mut command = self.helper("launch");
        if unlock {
            command.arg("--unlock");
        }
        command.arg(format!("--parent={}", id())).arg("--").arg(program).args(arguments);
        command.stdin(Stdio::inherit());
        command
    }

    /// A shell with the hooks of a phase, where there are any; `status` is the node's, if it has ended.
    pub(super) fn hooks(&self, phase: &str, status: Option<i32>) -> Option<Command> {
        let kit = self.kit();
        self.has_hooks(&kit, phase).then(|| self.shell(&kit, "_boot_phase_run", &[phase.into()], status))
    }

    /// A shell that ends the command with the hooks that come after it, where there are any.
    pub(super) fn after(&self, status: i32, failed: bool) -> Option<Command> {
        let kit = self.kit();
        let phases: &[&str] =
            if status == 0 { &["post_foreground"] } else { &["failed_foreground", "failed"] };
        let arguments = [status.to_string(), if failed { "yes".into() } else { String::new() }];
        let any = phases.iter().any(|phase| self.has_hooks(&kit, phase));
        any.then(|| self.shell(&kit, "_boot_phase_end", &arguments, Some(status)))
    }

    fn shell(&self, kit: &Path, function: &str, arguments: &[String], status: Option<i32>) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", ". \"$2/phase.sh\" && \"$1\" \"$@\""]);
        command.arg(env::var("BOOT_PROG").unwrap_or_else(|| "relboot".into()));
        command.arg(function).arg(kit).args(arguments).stdin(Stdio::null()).env("BOOT_DIR", kit);
        if let Some(version) = kit.parent().and_then(Path::file_name) {
            command.env("RELEASE_VSN", version);
        }
        if let Some(status) = status {
            command.env("BOOT_STATUS", status.to_string());
        }
        foreign(&mut command);
        command
    }

    /// After an upgrade it is the new version's; the old one's where that has no such file.
    fn kit(&self) -> PathBuf {
        let now = self
            .instance
            .permanent_vsn()
            .map(|vsn| self.instance.root.join("releases").join(vsn).join("boot"));
        now.filter(|kit| kit.join("phase.sh").exists()).unwrap_or_else(|| self.kit.clone())
    }

    /// Whether a plugin may have a hook of that name: the shell knows which of them count.
    fn has_hooks(&self, kit: &Path, phase: &str) -> bool {
        let more = env::var("BOOT_PLUGINS_PATH").unwrap_or_default();
        let places = [self.instance.root.join("plugins"), kit.join("plugins")];
        let more = more.split(':').filter(|place| !place.is_empty()).map(PathBuf::from);
        places.into_iter().chain(more).any(|place| {
            let plugins = fs::read_dir(place).into_iter().flatten().flatten();
            plugins.into_iter().any(|plugin| plugin.path().join(phase).symlink_metadata().is_ok())
        })
    }
}

/// What is the supervisor's own: its words for the manager, and the lock, which it has given up.
fn foreign(command: &mut Command) {
    for name in notify::VARIABLES {
        command.env_remove(name);
    }
    command.env_remove(lock::ASKED);
}
