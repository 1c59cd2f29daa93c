//! The node's end: a stop that was asked for, one by force, one of its own, and the hooks around it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Signal, WaitStatus};

use super::super::spawn::{Phase, Role, code};
use super::{AGAIN, ECHO, MARGIN, Stage, Stages};
use crate::helper::lock;
use crate::helper::process::Process;

/// What a node has to stop by itself when its hooks have taken all the time.
const LEAST: Duration = Duration::from_secs(5);

impl Stages {
    pub(super) fn asked_to_stop(&mut self, signal: Signal) {
        match self.asked {
            None => {
                self.asked = Some(Instant::now());
                if self.stage < Stage::Gone {
                    self.leave();
                }
            }
            Some(first) if signal != Signal::HUP && first.elapsed() > ECHO => {
                self.kill("is killed: a second signal came while it was stopping");
            }
            Some(_) => {}
        }
    }

    /// Begins the graceful stop.
    fn leave(&mut self) {
        self.notify.send("STOPPING=1\nSTATUS=stopping");
        self.notify.extend(self.request.stop + MARGIN);
        for role in [Role::Wait, Role::Ping] {
            self.children.signal(role, Signal::KILL);
        }
        self.children.signal(Role::Hooks(Phase::PostStart), Signal::TERM);
        // Where another command has it, that one's work is cut short.
        self.locked = self.locked || lock::take_over(&self.instance.state, "stop");
        self.stage = Stage::Leaving;
        if self.hooks(Phase::PreStop) {
            self.hooks_until = Some((Instant::now() + self.request.stop, Signal::TERM));
        } else {
            self.stop();
        }
    }

    /// The time to stop is that of `pre_stop` too: one that hangs must not keep the node from its end.
    pub(super) fn cut_hooks_short(&mut self, now: Instant) {
        let hooks = Role::Hooks(Phase::PreStop);
        let Some((_, signal)) = self.hooks_until.filter(|(at, _)| now >= *at) else { return };
        self.hooks_until = None;
        if !self.children.has(hooks) {
            return;
        }
        if signal == Signal::TERM {
            let limit = self.request.stop.as_secs();
            self.say(
                "warning",
                &format!("is stopped without the rest of pre_stop, which has taken {limit} s"),
            );
            self.messages.push("help: a longer time: [stop] timeout in rel/relboot.toml".into());
            self.hooks_until = Some((now + 5 * AGAIN, Signal::KILL));
        }
        self.children.signal(hooks, signal);
    }

    /// Begins the process that stops the node.
    pub(super) fn stop(&mut self) {
        self.stage = Stage::Stopping;
        self.notify.extend(self.request.stop + MARGIN);
        let left = self.request.stop.saturating_sub(self.asked.map_or(Duration::ZERO, |it| it.elapsed()));
        // Before it has left its pid nobody else can find it.
        if !self.has_taken_place() {
            self.again = Some(Instant::now() + Duration::from_millis(5));
            return;
        }
        let mut command = self.programs.helper("stop");
        let left = left.max(LEAST.min(self.request.stop));
        command.arg(format!("--timeout={}", left.as_secs().max(1))).stdout(Stdio::null());
        if self.request.dump {
            command.arg("--dump");
        }
        if !self.request.kill {
            command.arg("--no-kill");
        }
        if self.request.detached() {
            command.stderr(Stdio::null());
        }
        if self.children.spawn(Role::Stop, &mut command).is_err() {
            self.to_vm(Signal::TERM);
            self.again = Some(Instant::now() + AGAIN);
        }
    }

    fn has_taken_place(&self) -> bool {
        Process::noted(&self.instance.state).is_some_and(|process| process.pid == self.vm)
    }

    /// Ends the node at once, and tells why.
    pub(super) fn kill(&mut self, why: &str) {
        if self.lives() {
            if !self.killed {
                self.say("warning", why);
            }
            self.killed = true;
            self.children.signal(Role::Vm, Signal::KILL);
        }
    }

    /// The process that was to stop the node has ended, and the node has not.
    pub(super) fn not_stopped(&mut self) {
        if self.asked.is_some_and(|asked| asked.elapsed() < self.request.stop) {
            self.to_vm(Signal::TERM);
            self.again = Some(Instant::now() + 5 * AGAIN);
        } else if self.request.kill {
            self.kill("is killed: it has not stopped in time");
        } else if self.locked {
            // What is to become of it is for others to say.
            lock::give_up(&self.instance.state);
            self.locked = false;
        }
    }

    /// The VM has ended.
    pub(super) fn gone(&mut self, end: WaitStatus) {
        let gracefully = (self.asked.is_some() || self.stops > 0) && !self.killed;
        self.status = match code(end) {
            // Our signal, from before the VM knew what to do on it.
            143 if gracefully => 0,
            0 => self.status,
            other => other,
        };
        for role in [Role::Wait, Role::Ping] {
            self.children.signal(role, Signal::KILL);
        }
        self.children.signal(Role::Hooks(Phase::PostStart), Signal::TERM);
        // What was done to it on purpose has been told.
        if self.status != 0 && self.asked.is_none() && self.stops == 0 && !self.killed {
            self.tell_death(end);
        }
        self.part();
    }

    /// Goes on once all that were to stop the VM have ended, and nobody sends signals all around.
    pub(super) fn part(&mut self) {
        let stops = self.children.has(Role::Stop) || self.children.has(Role::Hooks(Phase::PreStop));
        if !stops && self.goodbye_at.is_none() {
            self.say_goodbye();
        }
    }

    /// The VM, and what has stopped it, are gone.
    pub(super) fn say_goodbye(&mut self) {
        if self.stage >= Stage::Gone {
            return;
        }
        self.stage = Stage::Gone;
        self.notify.send("STOPPING=1\nSTATUS=stopped");
        self.notify.extend(MARGIN);
        // Another one runs in its place, or it never began.
        let nothing_was = self.asked.is_none() && !self.has_taken_place();
        let others_do = self.stops > 0 || lock::is_being_stopped(&self.instance.state);
        if !nothing_was && !others_do {
            self.locked = self.locked || lock::take_over(&self.instance.state, "stop");
            if self.hooks(Phase::PostStop) {
                return;
            }
        }
        self.stage = Stage::Over;
    }
}
