//! A node that has died: what is known of the cause, for the user.

use rustix::process::WaitStatus;

use super::{Stage, Stages};
use crate::helper::diagnose::{self, End, Evidence, safe};

impl Stages {
    /// Tells why, where that is known. What it said itself, its user has seen.
    pub(super) fn tell_death(&mut self, end: WaitStatus) {
        let end = match (end.exit_status(), end.terminating_signal()) {
            // In the background the command that waits tells of an end that the log explains.
            (Some(_), _) if self.request.detached() => return,
            (Some(status), _) => Some(End::Status(status)),
            (None, signal) => signal.map(End::Signal),
        };
        let evidence = Evidence::of_foreground(&self.instance, self.kills, end);
        let found = diagnose::death(&self.instance, &evidence);
        let dump = evidence.dump.map(|dump| {
            let program = crate::helper::client::program();
            format!("its crash dump is {}: {program} logs --crash", safe(&dump.display().to_string()))
        });
        // In the background it is another one that waits for it to be up.
        let when = if self.stage < Stage::Up && !self.request.detached() {
            "ended while it was starting"
        } else {
            "has ended"
        };
        match (found, dump) {
            (Some(found), dump) => {
                self.say("error", &format!("{when}: {}", found.cause));
                let help = [Some(found.help()), dump].into_iter().flatten().collect::<Vec<_>>().join("; ");
                self.messages.push(format!("help: {help}"));
            }
            (None, Some(dump)) => {
                self.say("error", when);
                self.messages.push(format!("help: {dump}"));
            }
            (None, None) => {}
        }
    }
}
