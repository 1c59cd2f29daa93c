//! The terminal's input for a VM that must not read the terminal itself: it is in a process group of its own, so that
//! ctrl-C does not reach it.

use std::io::{self, PipeReader, PipeWriter};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags};
use rustix::io::{Errno, ioctl_fionbio, read, write};
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{isatty, tcgetpgrp};

/// Between two looks at a terminal where somebody types for another program.
const PAUSE: Duration = Duration::from_secs(1);

/// From the terminal to the VM.
pub(super) struct Input {
    /// The terminal, opened anew: what is typed may be gone before it is read, as ctrl-C throws it away, and then a
    /// read of standard input, which is not ours alone to change, would block. None where it can't be opened.
    own: Option<OwnedFd>,
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
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let own = rustix::fs::open("/proc/self/fd/0", flags, Mode::empty()).ok();
        Ok(Some((Self { own, to, pending: Vec::new(), pause: None }, from)))
    }

    /// What to poll for now.
    pub(super) fn wants(&self) -> PollFd<'_> {
        if !self.pending.is_empty() {
            return PollFd::new(&self.to, PollFlags::OUT);
        }
        // Of the other end only its closing is asked for.
        match self.pause {
            Some(_) => PollFd::new(&self.to, PollFlags::empty()),
            None => PollFd::from_borrowed_fd(self.terminal(), PollFlags::IN),
        }
    }

    fn terminal(&self) -> BorrowedFd<'_> {
        match &self.own {
            Some(own) => own.as_fd(),
            None => stdin(),
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
            match read(self.terminal(), &mut bytes) {
                Ok(0) => return false,
                Ok(length) => self.pending.extend(&bytes[..length]),
                Err(Errno::INTR | Errno::AGAIN) => return true,
                // In the background since we looked.
                Err(Errno::IO) if tcgetpgrp(stdin()).is_ok() => {
                    self.pause = Some(Instant::now() + PAUSE);
                    return true;
                }
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
