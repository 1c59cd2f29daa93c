//! What a VM in the background says, written to `erlang.log.1`, `.2`, ... in turn, in the order that run_erl has made
//! known: the newest one stands before the gap.

use std::fs::{self, File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags};
use rustix::io::ioctl_fionbio;

use super::super::calendar::civil;
use super::super::log;

/// The VM's output and the file that it goes to.
pub(super) struct Pump {
    /// None once nobody is left to say anything; our own words go on.
    from: Option<PipeReader>,
    log: Log,
}

impl Pump {
    /// With the end that the VM writes to.
    pub(super) fn open(directory: &Path, files: u32, bytes: u64) -> io::Result<(Self, PipeWriter)> {
        let (from, to) = io::pipe()?;
        ioctl_fionbio(&from, true)?;
        Ok((Self { from: Some(from), log: Log::open(directory, files, bytes)? }, to))
    }

    /// What to wait for.
    pub(super) fn wants(&self) -> Option<PollFd<'_>> {
        self.from.as_ref().map(|from| PollFd::new(from, PollFlags::IN))
    }

    /// Writes down what has been said.
    pub(super) fn advance(&mut self) {
        let mut bytes = [0; 8192];
        while let Some(from) = &mut self.from {
            match from.read(&mut bytes) {
                Ok(length @ 1..) => self.log.write(&bytes[..length]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Ok(_) | Err(_) => self.from = None,
            }
        }
    }

    /// Adds a line of our own.
    pub(super) fn say(&mut self, text: &str) {
        self.log.write(format!("{text}\n").as_bytes());
    }
}

struct Log {
    directory: PathBuf,
    /// One more than there are files: one of them is free at any time.
    numbers: u32,
    limit: u64,
    number: u32,
    size: u64,
    file: Option<File>,
}

impl Log {
    fn open(directory: &Path, files: u32, limit: u64) -> io::Result<Self> {
        let mut log =
            Self { directory: directory.into(), numbers: files + 1, limit, number: 1, size: 0, file: None };
        let newest = log::ordered(directory).pop();
        let number =
            newest.as_deref().and_then(Path::extension).and_then(|number| number.to_str()?.parse().ok());
        log.number = number.unwrap_or(1);
        let file = log.options().append(true).open(log.path(log.number))?;
        log.size = file.metadata()?.len();
        log.file = Some(file);
        log.write(format!("\n=====\n===== LOGGING STARTED {}\n=====\n", now()).as_bytes());
        Ok(log)
    }

    fn path(&self, number: u32) -> PathBuf {
        self.directory.join(format!("erlang.log.{number}"))
    }

    fn options(&self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.create(true).mode(0o600);
        options
    }

    /// What can't be written, as on a full disk, is lost: the VM must not stand still for it.
    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(self.fitting(bytes));
            if let Some(file) = &mut self.file
                && file.write_all(part).is_ok()
            {
                self.size += part.len() as u64;
            }
            bytes = rest;
        }
    }

    /// How much of it is for one file, the next one if need be: whole lines, where a line is no longer than a file.
    fn fitting(&mut self, bytes: &[u8]) -> usize {
        let room = |size| usize::try_from(self.limit.saturating_sub(size)).unwrap_or(usize::MAX);
        let lines = |room: usize| bytes[..room].iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        let (here, new) = (room(self.size), room(0).max(1));
        if bytes.len() <= here {
            return bytes.len();
        }
        if self.size > 0 {
            if let Some(length) = lines(here) {
                return length;
            }
            if !self.turn() {
                return bytes.len();
            }
        }
        if bytes.len() <= new { bytes.len() } else { lines(new).unwrap_or(new) }
    }

    /// Goes on with the next file, where one can be made.
    fn turn(&mut self) -> bool {
        let next = self.number % self.numbers + 1;
        let _ = fs::remove_file(self.path(next % self.numbers + 1));
        // First: a full disk has room again.
        let _ = fs::remove_file(self.path(next));
        let file = self.options().append(true).open(self.path(next));
        let made = file.is_ok();
        if let Ok(file) = file {
            (self.file, self.number, self.size) = (Some(file), next, 0);
        }
        made
    }
}

/// `2026-11-22 08:13:06 UTC`.
fn now() -> String {
    text(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs().cast_signed()))
}

fn text(seconds: i64) -> String {
    let [year, month, day, hour, minute, second] = civil(seconds);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Log, text};

    #[test]
    fn times_are_told_in_utc() {
        assert_eq!(text(1_795_335_186), "2026-11-22 08:13:06 UTC");
    }

    #[test]
    fn files_are_written_in_turn_with_a_gap_behind_the_newest() {
        let base = tempfile::tempdir().unwrap();
        let names = || {
            let mut all: Vec<_> =
                fs::read_dir(base.path()).unwrap().flatten().map(|it| it.file_name()).collect();
            all.sort();
            all
        };
        let mut log = Log::open(base.path(), 2, 100).unwrap();
        let line = [b'x'; 60];
        log.write(&line);
        assert_eq!(names(), ["erlang.log.1", "erlang.log.2"]);
        log.write(&line);
        assert_eq!((log.number, names()), (3, vec!["erlang.log.2".into(), "erlang.log.3".into()]));
        log.write(&line);
        assert_eq!((log.number, names()), (1, vec!["erlang.log.1".into(), "erlang.log.3".into()]));
        drop(log);
        let again = Log::open(base.path(), 2, 1000).unwrap();
        assert_eq!(again.number, 1, "the newest goes on");
        let all = fs::read_to_string(base.path().join("erlang.log.1")).unwrap();
        assert!(all.starts_with("xxx") && all.contains("\n===== LOGGING STARTED 20"), "{all}");
    }

    #[test]
    fn what_comes_at_once_is_divided_at_the_ends_of_lines() {
        let base = tempfile::tempdir().unwrap();
        let mut log = Log::open(base.path(), 9, 100).unwrap();
        let lines = |from: usize, to: usize| (from..to).map(|n| format!("line {n:03}\n")).collect::<String>();
        log.write(format!("{}{}\n", lines(0, 30), "x".repeat(250)).as_bytes());
        let text = |n: u32| fs::read_to_string(log.path(n)).unwrap();
        assert!(text(1).ends_with(&lines(0, (100 - text(1).find("line").unwrap()) / 9)), "{}", text(1));
        assert!(text(2).starts_with("line 0") && text(2).len() == 99, "{}", text(2));
        let all: String = (1..=log.number).map(text).collect();
        assert!(all.ends_with(&format!("{}{}\n", lines(0, 30), "x".repeat(250))), "{all}");
        assert!((1..=log.number).all(|n| text(n).len() <= 100));
        assert_eq!((text(log.number - 2), text(log.number)), ("x".repeat(100), "x".repeat(50) + "\n"));
    }
}
