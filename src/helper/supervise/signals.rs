//! The signals that reach the supervisor, as something to poll. What whoever started it had ignored stays so.

use std::fs;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::Signal;

/// Those that are handled, but the two of job control, in the order in which they are told.
const HANDLED: [Signal; 8] = [
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
    job: Job,
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
        Ok(Self { wake, seen, job: Job::install(&write, &ignored)? })
    }

    /// Those that have come since the last call.
    pub(super) fn take(&mut self) -> Vec<Signal> {
        let mut bytes = [0; 64];
        while self.wake.read(&mut bytes).is_ok_and(|n| n == bytes.len()) {}
        let came = self.seen.iter().filter(|(_, flag)| flag.swap(false, Ordering::AcqRel));
        self.job.take().into_iter().chain(came.map(|(signal, _)| *signal)).collect()
    }
}

/// TSTP and CONT: of two that have come the last one counts, as it does in the kernel.
struct Job(Arc<AtomicUsize>);

impl Job {
    const SIGNALS: [Signal; 2] = [Signal::CONT, Signal::TSTP];

    fn install(write: &UnixStream, ignored: &Ignored) -> io::Result<Self> {
        let last = Arc::new(AtomicUsize::new(0));
        for (at, signal) in Self::SIGNALS.into_iter().enumerate() {
            if RESPECTED.contains(&signal) && ignored.contains(signal) {
                continue;
            }
            signal_hook::flag::register_usize(signal.as_raw(), Arc::clone(&last), at + 1)?;
            signal_hook::low_level::pipe::register(signal.as_raw(), write.try_clone()?)?;
        }
        Ok(Self(last))
    }

    fn take(&self) -> Option<Signal> {
        let last = self.0.swap(0, Ordering::AcqRel);
        Self::SIGNALS.get(last.wrapping_sub(1)).copied()
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

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::{Ignored, Job};

    #[test]
    fn of_a_stop_and_a_going_on_the_last_one_counts() {
        let (mut wake, write) = UnixStream::pair().unwrap();
        wake.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let job = Job::install(&write, &Ignored::read()).unwrap();
        let mut send = |signal| {
            kill_process(getpid(), signal).unwrap();
            wake.read_exact(&mut [0]).unwrap();
        };
        for [first, last] in [[Signal::TSTP, Signal::CONT], [Signal::CONT, Signal::TSTP]] {
            send(first);
            send(last);
            assert_eq!((job.take(), job.take()), (Some(last), None));
        }
    }
}
