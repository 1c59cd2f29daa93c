//! The end of a node that does not stop: SIGTERM, a crash dump when one is wanted, SIGKILL. Each is told before.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use super::Ending;
use crate::error::{Failure, Message, Status};
use crate::helper::client::program;
use crate::helper::diagnose::safe;
use crate::helper::tell;

/// For a VM that gets a SIGTERM after all.
const GRACE: Duration = Duration::from_secs(5);
/// For writing a crash dump: some hundred MB.
const DUMP: Duration = Duration::from_secs(30);
/// For the kernel: a process that waits for a disk can't be killed until that answers.
const KILL: Duration = Duration::from_secs(10);

impl Ending<'_> {
    /// The time is up. It is an error whatever it takes: status 7, and what it took.
    pub(super) fn force(&self, had_term: bool) -> Result<(), Failure> {
        let (name, pid, limit) = (&self.instance.name, self.process.pid, self.wish.limit.as_secs());
        let late = format!("{name} (pid {pid}) has not stopped within {limit} s");
        if !had_term {
            tell(&format!("warning: {late}: sending SIGTERM"));
            self.signal(Signal::TERM)?;
            if self.wish.kill && self.handle.wait(GRACE) {
                return Err(self.ended(&late, "it ended by SIGTERM"));
            }
        }
        if !self.wish.kill {
            let text = format!("{name} (pid {pid}) is still running after {limit} s");
            let help = format!("it goes on stopping; to end it at once: {} stop --kill", program());
            return Err(Message::new(Status::TimedOut, text).with_help(help).into());
        }
        self.keep_heart_from_it();
        let took = match self.dump(&late)? {
            Some(took) => format!("it ended by SIGUSR1, {took}"),
            None => {
                tell(&format!("warning: {late}: sending SIGKILL"));
                self.kill()?;
                "it was killed".into()
            }
        };
        Err(self.ended(&late, &took))
    }

    /// It is to end at once: that is what was asked for, and no error.
    pub(super) fn force_now(&self) -> Result<(), Failure> {
        self.wake()?;
        self.keep_heart_from_it();
        match self.dump(&format!("{} (pid {})", self.instance.name, self.process.pid))? {
            Some(took) => tell(&took),
            None => self.kill()?,
        }
        Ok(())
    }

    /// The crash dump, where one is wanted; `None` when the VM still has to be killed.
    fn dump(&self, text: &str) -> Result<Option<String>, Failure> {
        if !self.wish.dump {
            return Ok(None);
        }
        let file = self.dump_file();
        // Not by the clock, which may be set back.
        let stamp = || fs::metadata(&file).ok().map(|it| (it.ino(), it.len(), it.mtime(), it.mtime_nsec()));
        let before = stamp();
        tell(&format!("warning: {text}: sending SIGUSR1, for a crash dump"));
        self.signal(Signal::USR1)?;
        if !self.handle.wait(DUMP) {
            tell(&format!("warning: its crash dump was not done within {} s", DUMP.as_secs()));
            return Ok(None);
        }
        let written = stamp().is_some_and(|now| Some(now) != before);
        let took = if written {
            format!("crash dump: {}", safe(&file.to_string_lossy()))
        } else {
            "no crash dump came".into()
        };
        Ok(Some(took))
    }

    /// Where the VM was told to write it.
    fn dump_file(&self) -> PathBuf {
        let told = self.process.variable("ERL_CRASH_DUMP").map(PathBuf::from);
        let file = told.unwrap_or_else(|| "erl_crash.dump".into());
        self.process.directory().unwrap_or_default().join(file)
    }

    fn kill(&self) -> Result<(), Failure> {
        self.signal(Signal::KILL)?;
        if self.handle.wait(KILL) {
            return Ok(());
        }
        let pid = self.process.pid;
        let text = format!("{} (pid {pid}) does not end by SIGKILL", self.instance.name);
        Err(Message::new(Status::TimedOut, text)
            .with_help(format!("what it waits for: cat /proc/{pid}/stack; a disk that hangs, maybe: dmesg"))
            .into())
    }

    /// heart would start the node again when it is ended by force.
    fn keep_heart_from_it(&self) {
        for heart in self.process.hearts() {
            if let Some(handle) = heart.open() {
                tell(&format!("warning: ending heart (pid {}) first, which would start it again", heart.pid));
                // One that can't be ended is the same user's as the node, which can't be ended either then.
                let _ = handle.signal(Signal::KILL);
                handle.wait(Duration::from_secs(1));
            }
        }
    }

    fn ended(&self, late: &str, took: &str) -> Failure {
        let log = self.instance.log.display();
        Message::new(Status::TimedOut, format!("{late}; {took}"))
            .with_help(format!(
                "what held it up may be in {log}; a longer time: --timeout SECONDS, or [stop] timeout in rel/relboot.toml"
            ))
            .into()
    }
}
