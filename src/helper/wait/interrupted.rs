//! A start that is broken off: the node goes on, and who broke it off is told so. It does not go on without the
//! supervisor that it was started by.

use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use rustix::process::{Signal as Sent, getppid, set_parent_process_death_signal};

use super::progress::{Line, Progress};
use crate::helper::client;
use crate::helper::env::Instance;
use crate::helper::process::Process;
use crate::helper::supervise::Ignored;
use crate::helper::tell;

/// Between two signals to a node that has lost its supervisor.
const AGAIN: Duration = Duration::from_secs(1);

/// From now on HUP, INT and TERM end this process with a word about the node; the first two not where they are ignored,
/// as under nohup. To be called once all its children
/// are there: these would not hear the signals. `ward`: the supervisor, and its node.
pub(super) fn watch(instance: &Instance, progress: &Progress, ward: Option<(i32, Process)>) {
    // One that is ignored and blocked would be heard all the same.
    let heard = [(Sent::HUP, Signal::SIGHUP), (Sent::INT, Signal::SIGINT), (Sent::TERM, Signal::SIGTERM)];
    let ignored = Ignored::read();
    let heard = heard.into_iter().filter(|(sent, _)| *sent == Sent::TERM || !ignored.contains(*sent));
    let signals: SigSet = heard.map(|(_, signal)| signal).collect();
    // Without it a signal ends this process just so.
    if signals.thread_block().is_err() {
        return;
    }
    if let Some((supervisor, vm)) = ward {
        // The signals of this thread are those of the threads it starts: TERM waits until one takes it.
        let _ = set_parent_process_death_signal(Some(Sent::TERM));
        if is_gone(supervisor) {
            end(vm);
        }
    }
    let (name, line) = (instance.name.clone(), progress.line());
    std::thread::spawn(move || {
        if let Ok(signal) = signals.wait() {
            if let Some((supervisor, vm)) = ward
                && is_gone(supervisor)
            {
                end(vm);
                std::process::exit(128 + signal as i32);
            }
            goes_on(&name, &line);
            std::process::exit(128 + signal as i32);
        }
    });
}

fn goes_on(name: &str, line: &Arc<Line>) {
    line.wipe();
    tell(&format!("{name} goes on booting; {} stop ends it", client::program()));
}

/// Before this process ends, and with it who watches: a node may boot to its end and miss that its supervisor was killed.
pub(super) fn see_off(ward: Option<(i32, Process)>) {
    if let Some((_, vm)) = ward.filter(|(supervisor, _)| is_gone(*supervisor)) {
        end(vm);
    }
}

fn is_gone(supervisor: i32) -> bool {
    getppid().is_none_or(|pid| pid.as_raw_nonzero().get() != supervisor)
}

/// The kernel has sent the VM a SIGTERM already, which one that is still booting loses.
fn end(vm: Process) {
    let Some(handle) = vm.open() else { return };
    while handle.signal(Sent::TERM).is_ok() && !handle.wait(AGAIN) {}
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::{getppid, see_off};
    use crate::helper::process::Process;

    #[test]
    fn a_node_is_seen_off_that_has_lost_its_supervisor() {
        let mut node = Command::new("sleep").arg("60").spawn().unwrap();
        let vm = Process::now(node.id().cast_signed()).unwrap();
        let supervisor = getppid().unwrap().as_raw_nonzero().get();
        see_off(None);
        see_off(Some((supervisor, vm)));
        assert!(node.try_wait().unwrap().is_none() && vm.is_alive(), "it has its supervisor");
        see_off(Some((supervisor + 1, vm)));
        assert_eq!(node.wait().unwrap().signal(), Some(15));
    }
}
