//! The terminal's input for a VM that must not read the terminal itself: it is in a process group of its own, so that
//! ctrl-C does not reach it.

use std::io::{self, PipeReader, PipeWriter};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::{Errno, ioctl_fionbio, read, write};
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{isatty, tcgetpgrp};

/// Between two looks at a terminal where somebody types for another program.
const PAUSE: Duration = Duration::from_secs(1);

/// From the terminal to the VM.
pub(super) struct Input {
    to: PipeWriter,
    pending: Vec<u8>,
    pause: Option<Instant>,
}

impl Input {
    /// With the end that the VM reads; none where standard input is no terminal: the VM reads that itself.
    pub(super) fn open() -> io::Result<Option<(Self, PipeReader)>> {
        if !isatty(stdin()) {
            return Ok(None);
        }
        let (from, to) = io::pipe()?;
        ioctl_fionbio(&to, true)?;
        Ok(Some((Self { to, pending: Vec::new(), pause: None }, from)))
    }

    /// What to poll for now.
    pub(super) fn wants(&self) -> PollFd<'_> {
        if !self.pending.is_empty() {
            return PollFd::new(&self.to, PollFlags::OUT);
        }
        // Of the other end only its closing is asked for.
        match self.pause {
            Some(_) => PollFd::new(&self.to, PollFlags::empty()),
            None => PollFd::from_borrowed_fd(stdin(), PollFlags::IN),
        }
    }

    /// When to look again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.pause
    }

    /// Moves what there is to move; false when there is nothing to come any more.
    pub(super) fn advance(&mut self, ready: bool) -> bool {
        if self.pause.is_some_and(|until| Instant::now() >= until) {
            self.pause = None;
            return true;
        }
        if !ready {
            return true;
        }
        if self.pending.is_empty() {
            if !tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp()) {
                self.pause = Some(Instant::now() + PAUSE);
                return true;
            }
            let mut bytes = [0; 4096];
            match read(stdin(), &mut bytes) {
                Ok(0) => return false,
                Ok(length) => self.pending.extend(&bytes[..length]),
                Err(Errno::INTR | Errno::AGAIN) => return true,
                Err(_) => return false,
            }
        }
        match write(&self.to, &self.pending) {
            Ok(length) => drop(self.pending.drain(..length)),
            Err(Errno::INTR | Errno::AGAIN) => {}
            // The VM has closed it.
            Err(_) => return false,
        }
        true
    }
}
