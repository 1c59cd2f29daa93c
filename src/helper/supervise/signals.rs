//! The signals that reach the supervisor, as something to poll. What whoever started it had ignored stays so.

use std::fs;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;

/// Those that are handled, in the order in which they are told.
const HANDLED: [Signal; 10] = [
    Signal::CONT,
    Signal::TSTP,
    Signal::CHILD,
    Signal::USR1,
    Signal::USR2,
    Signal::ABORT,
    Signal::TERM,
    Signal::INT,
    Signal::QUIT,
    Signal::HUP,
];

/// Those that nohup, or a shell that has put us into the background, may have told us to ignore.
const RESPECTED: [Signal; 4] = [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TSTP];

/// Handlers for as long as the process lives.
pub(super) struct Signals {
    /// Has something to read when a signal has come.
    pub wake: UnixStream,
    seen: Vec<(Signal, Arc<AtomicBool>)>,
}

impl Signals {
    pub(super) fn install() -> io::Result<Self> {
        let (wake, write) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let ignored = Ignored::read();
        let mut seen = Vec::new();
        for signal in HANDLED {
            let number = signal.as_raw();
            if RESPECTED.contains(&signal) && ignored.contains(signal) {
                continue;
            }
            // In this order: who is woken finds the flag.
            let flag = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(number, Arc::clone(&flag))?;
            signal_hook::low_level::pipe::register(number, write.try_clone()?)?;
            seen.push((signal, flag));
        }
        Ok(Self { wake, seen })
    }

    /// Those that have come since the last call.
    pub(super) fn take(&mut self) -> Vec<Signal> {
        let mut bytes = [0; 64];
        while self.wake.read(&mut bytes).is_ok_and(|n| n == bytes.len()) {}
        let came = self.seen.iter().filter(|(_, flag)| flag.swap(false, Ordering::AcqRel));
        came.map(|(signal, _)| *signal).collect()
    }
}

/// The signals that whoever started this process had ignored, as nohup does with HUP. To be read before any is handled.
pub(in crate::helper) struct Ignored(u64);

impl Ignored {
    pub(in crate::helper) fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        Self(mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default())
    }

    pub(in crate::helper) fn contains(&self, signal: Signal) -> bool {
        self.0 & (1 << (signal.as_raw() - 1)) != 0
    }
}
