//! What is done when: a node boots, its `post_start` hooks run, it is up, it is stopped with its hooks around, it has
//! ended. Begins children and takes note of their ends; waits for nothing.

mod asking;
mod dying;
mod ending;
#[cfg(test)]
mod tests;
mod waiting;

use std::io::PipeReader;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Signal, WaitStatus, getpid, kill_process};

use super::super::diagnose;
use super::super::env::Instance;
use super::super::lock;
use super::channel::Work;
use super::notify::{self, Notify};
use super::request::Request;
use super::spawn::{Children, Phase, Programs, Role, code};
use super::watchdog::Watchdog;

/// What a service manager grants on top of what we grant the node: for hooks, and for the way to KILL.
const MARGIN: Duration = Duration::from_secs(30);
/// A second signal that comes sooner is the first one's echo: systemd sends SIGHUP after SIGTERM, terminals both.
const ECHO: Duration = Duration::from_millis(500);
/// How long a node that hangs may take for a crash dump.
const DUMP: Duration = Duration::from_secs(5);
/// systemd sends SIGABRT to all processes of the service, and again to those that have come meanwhile: hooks would
/// die of it.
const BARKS: Duration = Duration::from_millis(300);
/// Before something that did not work is tried again.
const AGAIN: Duration = Duration::from_millis(200);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Booting,
    /// The hooks of `post_start`.
    Readying,
    Up,
    /// The hooks of `pre_stop`.
    Leaving,
    Stopping,
    /// The VM has ended: the hooks of `post_stop`.
    Gone,
    Over,
}

/// The node, and how far it is.
pub(super) struct Stages {
    pub request: Request,
    pub instance: Instance,
    pub children: Children,
    /// To be told to the user.
    pub messages: Vec<String>,
    /// Of a process just begun that tells how far the node is.
    pub progress: Option<PipeReader>,
    programs: Programs,
    notify: Notify,
    watchdog: Option<Watchdog>,
    stage: Stage,
    /// Its pid, also when it has ended.
    vm: i32,
    /// When the first signal to stop came.
    asked: Option<Instant>,
    /// When what did not work, or not yet, is tried again.
    again: Option<Instant>,
    /// When a node that hangs is killed.
    kill_at: Option<Instant>,
    /// When the hooks of `pre_stop` get this signal, unless they have ended.
    hooks_until: Option<(Instant, Signal)>,
    /// When it is told to have ended.
    goodbye_at: Option<Instant>,
    killed: bool,
    /// How many processes the kernel had killed for their memory, at the start.
    kills: Option<u64>,
    /// Whether what the start alone needed is still to be given back.
    settling: bool,
    /// Commands at work that stop it, and that make it boot again or become another version.
    stops: usize,
    reloads: usize,
    /// Whether the process that waits for the node is asked how far it is.
    tells: bool,
    post_failed: bool,
    /// Whether the lock is ours.
    locked: bool,
    status: i32,
}

impl Stages {
    pub(super) fn new(request: Request, instance: Instance) -> Self {
        let detached = request.detached();
        let manager = if detached { None } else { notify::watchdog() };
        Self {
            programs: Programs::new(&instance),
            notify: if detached { Notify::to_nobody() } else { Notify::from_env() },
            watchdog: Watchdog::new(request.watchdog, manager, Instant::now()),
            request,
            instance,
            children: Children::default(),
            messages: Vec::new(),
            progress: None,
            stage: Stage::Booting,
            asked: None,
            again: None,
            kill_at: None,
            hooks_until: None,
            goodbye_at: None,
            killed: false,
            kills: None,
            settling: true,
            stops: 0,
            reloads: 0,
            tells: true,
            vm: 0,
            post_failed: false,
            locked: false,
            status: 0,
        }
    }

    /// The command that becomes the VM.
    pub(super) fn vm(&self) -> Command {
        // In the background the lock stays with the command that waits.
        self.programs.vm(!self.request.detached(), &self.request.program, &self.request.arguments)
    }

    /// The node's end, as the status to end with and whether a hook has failed, once all is done.
    pub(super) fn end(&self) -> Option<(i32, bool)> {
        (self.stage == Stage::Over).then_some((self.status, self.post_failed))
    }

    /// The hooks of the command itself.
    pub(super) fn after(&self, status: i32, failed: bool) -> Option<Command> {
        if self.request.detached() { None } else { self.programs.after(status, failed) }
    }

    /// The VM is about to be started.
    pub(super) fn booting(&mut self) {
        self.notify.status("starting");
        self.tells = self.notify.has_listener();
        self.notify.extend(self.request.start + MARGIN);
        // In the background the command waits that has started it. Before there is a VM: should this process be killed
        // while it boots, somebody is to know.
        if !self.request.detached() {
            self.wait(self.request.start);
        }
    }

    pub(super) fn vm_is_there(&mut self) {
        self.vm = self.children.pid(Role::Vm).map_or(0, |pid| pid.as_raw_nonzero().get());
        // Only now, as it takes its time; none has grown large by then.
        self.kills = diagnose::memory_kills();
    }

    pub(super) fn signal(&mut self, signal: Signal) {
        match signal {
            Signal::TERM | Signal::INT | Signal::QUIT | Signal::HUP => self.asked_to_stop(signal),
            Signal::USR1 | Signal::USR2 => self.to_vm(signal),
            // The manager's watchdog has lost its patience.
            Signal::ABORT => {
                self.goodbye_at = Some(Instant::now() + BARKS);
                self.kill("told to end at once (SIGABRT)");
            }
            Signal::TSTP => {
                self.children.signal(Role::Vm, Signal::STOP);
                let _ = kill_process(getpid(), Signal::STOP);
                self.resume();
            }
            Signal::CONT => self.resume(),
            _ => {}
        }
    }

    fn resume(&mut self) {
        self.children.signal(Role::Vm, Signal::CONT);
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.rest(Instant::now());
        }
    }

    fn to_vm(&self, signal: Signal) {
        if let Some(pid) = self.children.pid(Role::Vm) {
            let _ = kill_process(pid, signal);
        }
    }

    fn lives(&self) -> bool {
        self.children.has(Role::Vm)
    }

    fn say(&mut self, level: &str, text: &str) {
        self.messages.push(format!("{level}: {} (pid {}) {text}", self.instance.name, self.vm));
    }

    /// Begins the hooks of a phase; false when there are none.
    fn hooks(&mut self, phase: Phase) -> bool {
        if self.request.detached() {
            return false;
        }
        let status = (phase == Phase::PostStop).then_some(self.status);
        let Some(mut command) = self.programs.hooks(phase.name(), status) else { return false };
        command.env(lock::TOKEN, lock::token_of_this());
        match self.children.spawn(Role::Hooks(phase), &mut command) {
            Ok(()) => true,
            Err(error) => {
                self.messages.push(format!("warning: cannot run the hooks of {}: {error}", phase.name()));
                self.post_failed |= phase != Phase::PreStop;
                false
            }
        }
    }

    /// A child has ended.
    pub(super) fn ended(&mut self, role: Role, end: WaitStatus) {
        let status = code(end);
        match role {
            Role::Vm => self.gone(end),
            Role::Wait if self.stage == Stage::Booting => self.waited(status),
            Role::Ping if self.lives() => self.pinged(status == 0),
            Role::Wait | Role::Ping => {}
            Role::Hooks(Phase::PostStart) => {
                // One that we have ended has not failed.
                self.post_failed |= status != 0 && self.stage == Stage::Readying;
                if self.stage == Stage::Readying {
                    self.up();
                }
            }
            Role::Hooks(Phase::PreStop) if self.lives() => self.stop(),
            Role::Stop if self.lives() => self.not_stopped(),
            Role::Hooks(Phase::PreStop) | Role::Stop => self.part(),
            Role::Hooks(Phase::PostStop) => {
                self.post_failed |= status != 0;
                self.stage = Stage::Over;
            }
        }
    }

    fn up(&mut self) {
        self.stage = Stage::Up;
        self.notify.send("READY=1\nSTATUS=running");
        if let Some(watchdog) = &mut self.watchdog {
            watchdog.rest(Instant::now());
        }
        self.ping();
    }

    /// Whether it is up and all is quiet, once each time.
    pub(super) fn settles(&mut self) -> bool {
        let quiet = self.stage == Stage::Up && self.children.is_alone();
        quiet && std::mem::replace(&mut self.settling, false)
    }

    /// A command begins its work on the node.
    pub(super) fn came(&mut self, work: Work) {
        match work {
            Work::Stop => {
                self.stops += 1;
                self.notify.send("STOPPING=1\nSTATUS=stopping");
                self.notify.extend(self.request.stop + MARGIN);
            }
            Work::Reload => {
                self.reloads += 1;
                self.notify.reloading();
                self.notify.extend(self.request.stop + self.request.start + MARGIN);
            }
        }
    }

    /// It has ended its work.
    pub(super) fn left(&mut self, work: Work) {
        match work {
            Work::Stop => self.stops -= 1,
            Work::Reload => {
                self.reloads -= 1;
                if self.reloads == 0 && self.stage == Stage::Up {
                    self.notify.send("READY=1\nSTATUS=running");
                    if let Some(watchdog) = &mut self.watchdog {
                        watchdog.rest(Instant::now());
                    }
                }
            }
        }
    }

    /// When something is to be done though nothing happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let asks = self.watchdog.as_ref().filter(|_| self.lives()).map(Watchdog::next);
        let hooks = self.hooks_until.map(|(at, _)| at);
        [self.again, self.kill_at, hooks, self.goodbye_at, asks].into_iter().flatten().min()
    }

    /// Does what is due.
    pub(super) fn on_time(&mut self) {
        let now = Instant::now();
        self.cut_hooks_short(now);
        let greets = self.goodbye_at.is_some_and(|at| now >= at);
        if greets {
            self.goodbye_at = None;
        }
        if !self.lives() {
            (self.again, self.kill_at) = (None, None);
            if greets {
                self.part();
            }
            return;
        }
        if self.kill_at.is_some_and(|at| now >= at) {
            self.kill_at = None;
            self.kill("hangs: it is killed");
        }
        if self.again.is_some_and(|at| now >= at) {
            self.again = None;
            match self.stage {
                Stage::Booting => self.wait(self.request.start),
                Stage::Stopping => self.stop(),
                _ => {}
            }
        }
        if let Some(watchdog) = self.watchdog.as_mut().filter(|watchdog| now >= watchdog.next()) {
            if self.stage == Stage::Up && self.reloads == 0 {
                self.ping();
            } else {
                // Of what takes long here, each has a limit of its own.
                watchdog.asked(now);
                self.notify.send("WATCHDOG=1");
            }
        }
    }
}
