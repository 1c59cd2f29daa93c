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

    /// By whole lines, as many as there is room for: what was said in a hurry comes in one piece.
    fn write(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let mut length = self.fitting(bytes);
            if length == 0 && self.size > 0 {
                self.turn();
                length = self.fitting(bytes);
            }
            if length == 0 {
                // A line longer than a file, or no other file is to be had.
                length = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            }
            let (piece, rest) = bytes.split_at(length);
            self.put(piece);
            bytes = rest;
        }
    }

    /// How much of it the file has room for, up to the end of a line.
    fn fitting(&self, bytes: &[u8]) -> usize {
        let room = usize::try_from(self.limit.saturating_sub(self.size)).unwrap_or(usize::MAX);
        match bytes.get(..room) {
            Some(start) if room < bytes.len() => {
                start.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
            }
            _ => bytes.len(),
        }
    }

    /// What can't be written, as on a full disk, is lost: the VM must not stand still for it.
    fn put(&mut self, bytes: &[u8]) {
        if let Some(file) = &mut self.file
            && file.write_all(bytes).is_ok()
        {
            self.size += bytes.len() as u64;
        }
    }

    fn turn(&mut self) {
        let next = self.number % self.numbers + 1;
        let _ = fs::remove_file(self.path(next % self.numbers + 1));
        // First: a full disk has room again.
        let _ = fs::remove_file(self.path(next));
        if let Ok(file) = self.options().append(true).open(self.path(next)) {
            (self.file, self.number, self.size) = (Some(file), next, 0);
        }
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
    fn a_piece_longer_than_a_file_goes_to_several() {
        let base = tempfile::tempdir().unwrap();
        let mut log = Log::open(base.path(), 5, 100).unwrap();
        log.write("12345678\n".repeat(30).as_bytes());
        log.write(&[b'x'; 150]);
        let sizes: Vec<u64> =
            super::log::ordered(base.path()).iter().map(|path| fs::metadata(path).unwrap().len()).collect();
        let (last, all) = sizes.split_last().unwrap();
        assert!(all.len() > 2 && all.iter().all(|size| *size <= 100), "{sizes:?}");
        assert_eq!(*last, 150, "a line is not cut");
    }

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
}
