//! Whether the node answers: asks it, feeds the manager's watchdog, ends a node that hangs.

use std::process::Stdio;
use std::time::Instant;

use rustix::process::Signal;

use super::super::spawn::Role;
use super::{DUMP, Stage, Stages};
use crate::helper::process::Process;

impl Stages {
    /// Asks whether the node is there.
    pub(super) fn ping(&mut self) {
        let Some(watchdog) = &mut self.watchdog else { return };
        watchdog.asked(Instant::now());
        self.settling = true;
        if self.children.has(Role::Ping) {
            return;
        }
        let mut command = self.programs.helper("ping");
        command.arg(format!("--timeout={}", watchdog.patience())).stdout(Stdio::null()).stderr(Stdio::null());
        if self.children.spawn(Role::Ping, &mut command).is_err() {
            // That there can be no more processes is not the node's fault.
            self.pinged(!self.stands_still());
        }
    }

    /// Stopped by a signal, or a debugger.
    fn stands_still(&self) -> bool {
        Process::now(self.vm).is_some_and(|process| process.is_stopped())
    }

    /// The answer, or none.
    pub(super) fn pinged(&mut self, answered: bool) {
        let still = self.stands_still();
        let Some(watchdog) = &mut self.watchdog else { return };
        let now = Instant::now();
        let feed = answered || (!watchdog.knows() && !still) || self.reloads > 0;
        let hangs = if answered {
            watchdog.answer(now);
            false
        } else {
            watchdog.silence(now)
        };
        if feed {
            self.notify.send("WATCHDOG=1");
        } else if hangs && self.kill_at.is_none() && self.stage == Stage::Up {
            let seconds = watchdog.seconds();
            self.say("error", &format!("has given no answer for {seconds} s; ending it"));
            self.to_vm(Signal::USR1);
            self.kill_at = Some(now + DUMP);
            self.status = 1;
        }
    }
}
