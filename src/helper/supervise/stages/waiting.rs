//! The process that waits for the node to have booted: what it tells on the way, and what its end means.

use std::process::{Stdio, id};
use std::time::{Duration, Instant};

use super::super::spawn::{Phase, Role};
use super::{AGAIN, MARGIN, Stage, Stages};
use crate::helper::record::Record;

impl Stages {
    /// Begins to wait for the node to have booted.
    pub(super) fn wait(&mut self, limit: Duration) {
        let mut command = self.programs.helper("wait");
        command.arg(format!("--timeout={}", limit.as_secs())).arg(format!("--parent={}", id()));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if let Ok((from, to)) = std::io::pipe() {
            self.progress = Some(from);
            if self.tells
                && let Ok(to) = to.try_clone()
            {
                command.arg("--progress=lines").stdout(to);
            }
            command.stderr(to);
        }
        if self.children.spawn(Role::Wait, &mut command).is_err() {
            self.again = Some(Instant::now() + AGAIN);
        }
    }

    /// A warning for the user, or `N M APPLICATION`: it is being started, as the N-th of M.
    pub(in crate::helper::supervise) fn waiter_says(&mut self, line: &str) {
        if line.starts_with("warning: ") && !self.is_unnamed() {
            self.messages.push(line.to_owned());
        }
        let mut words = line.splitn(3, ' ');
        if let (Some(n), Some(m), Some(name)) = (words.next(), words.next(), words.next())
            && matches!(self.stage, Stage::Booting)
        {
            self.notify.status(&format!("starting {name} ({n} of {m})"));
        }
    }

    /// The process that waits for the node has ended.
    pub(super) fn waited(&mut self, status: i32) {
        match status {
            0 => {
                if self.is_unnamed() && self.notify.has_listener() {
                    self.say("warning", "has no node name: it can't be told when it has booted");
                }
                self.stage = Stage::Readying;
                self.notify.extend(MARGIN);
                if !self.hooks(Phase::PostStart) {
                    self.up();
                }
            }
            // One that knows no such option.
            2 if self.tells => {
                self.tells = false;
                self.wait(self.request.start);
            }
            7 => {
                let limit = self.request.start.as_secs();
                self.say("warning", &format!("has not booted within {limit} s; it goes on"));
                self.messages.push("help: a longer time: [start] timeout in rel/relboot.toml".into());
                // Ready later is ready too.
                self.wait(Duration::from_secs(86_400));
            }
            _ => self.again = Some(Instant::now() + 5 * AGAIN),
        }
    }

    fn is_unnamed(&self) -> bool {
        Record::read(&self.instance).is_ok_and(|record| record.is_some_and(|record| record.node.is_none()))
    }
}
