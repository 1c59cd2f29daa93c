//! A start that is broken off: the node goes on, and who broke it off is told so.

use std::sync::Arc;

use nix::sys::signal::{SigSet, Signal};

use super::progress::{Line, Progress};
use crate::helper::client;
use crate::helper::env::Instance;
use crate::helper::tell;

/// From now on HUP, INT and TERM end this process with a word about the node. To be called once all its children
/// are there: these would not hear the signals.
pub(super) fn watch(instance: &Instance, progress: &Progress) {
    let mut signals = SigSet::empty();
    signals.extend([Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM]);
    // Without it a signal ends this process just so.
    if signals.thread_block().is_err() {
        return;
    }
    let (name, line) = (instance.name.clone(), progress.line());
    std::thread::spawn(move || {
        if let Ok(signal) = signals.wait() {
            goes_on(&name, &line);
            std::process::exit(128 + signal as i32);
        }
    });
}

fn goes_on(name: &str, line: &Arc<Line>) {
    line.wipe();
    tell(&format!("{name} goes on booting; {} stop ends it", client::program()));
}
