//! The file `lock` and its line. Knows nothing of who may have it when.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

use crate::helper::process::Process;
use crate::helper::regular;

/// Longer than this none holds the file itself: it takes microseconds, unless a signal has stopped the one who does.
const LOOK: Duration = Duration::from_secs(2);
/// Of the file's line, in bytes; a command's name is the longest part of it.
const LENGTH: usize = 120;

/// What is read of it.
const MOST: u64 = 4096;

/// In the state directory.
pub(super) const FILE: &str = "lock";

/// Who works on an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) process: Process,
    /// The command.
    pub(super) command: String,
}

impl Holder {
    /// The file's line: `PID START COMMAND`.
    pub(super) fn to_line(&self) -> String {
        format!("{} {} {}\n", self.process.pid, self.process.start(), self.command)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let process = Process::named(words.next()?, words.next()?)?;
        // It is told to people, and the file may be another user's.
        let is_name =
            |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        Some(Self { process, command: words.next().filter(is_name)?.to_owned() })
    }

    /// What the commands that it calls have in their environment, so that these need not wait for it.
    pub(super) fn token(&self) -> String {
        format!("{}:{}", self.process.pid, self.process.start())
    }
}

/// The open file, held by a lock of its own for the moment of looking and writing.
pub(super) struct LockFile(File);

impl LockFile {
    pub(super) fn open(state: &Path) -> io::Result<Self> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = rustix::fs::open(state.join(FILE), flags, Mode::RUSR | Mode::WUSR)?;
        regular::check(&file)?;
        let deadline = Instant::now() + LOOK;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self(file.into())),
                Err(Errno::WOULDBLOCK | Errno::INTR) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    pub(super) fn holder(&mut self) -> Option<Holder> {
        let mut text = String::new();
        (&self.0).take(MOST).read_to_string(&mut text).ok()?;
        Holder::parse(&text)
    }

    /// All lines are as long, so that one takes another's place also where no room is left.
    pub(super) fn write(&mut self, line: &str) -> io::Result<()> {
        let line = format!("{:<LENGTH$}\n", line.trim_end());
        self.0.write_all_at(line.as_bytes(), 0)
    }
}
