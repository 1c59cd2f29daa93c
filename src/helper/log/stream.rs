//! The files of a log as one text, read from any place of it. Never holds more than a block.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::filter::{Filter, Style};

const BLOCK: usize = 64 * 1024;

/// How much of the end is looked at first for the last lines.
const FIRST_LOOK: u64 = 64 * 1024;

/// What run_erl writes where it opens a file; where that is not the file's first line, the node was started.
const HEADING: &[u8] = b"\n===== LOGGING STARTED ";

/// How such a file begins.
const FIRST: &[u8] = b"\n=====\n===== LOGGING STARTED ";

/// How much of a file's start is run_erl's own: what comes after it goes on with the line that the file before ended
/// in.
pub(in crate::helper) fn own_heading(start: &[u8]) -> usize {
    const CLOSED: &[u8] = b"\n=====\n";
    let closed = start.strip_prefix(FIRST).and_then(|rest| find(&rest[..rest.len().min(200)], CLOSED));
    closed.map_or(0, |at| FIRST.len() + at + CLOSED.len())
}

/// Open files, so that what is removed meanwhile can still be read.
#[derive(Debug)]
pub(in crate::helper) struct Stream {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    file: File,
    length: u64,
}

/// How far it was read: for who follows.
#[derive(Clone, Debug)]
pub(in crate::helper) struct Mark {
    /// The last file's inode.
    pub inode: u64,
    /// How much of it was read.
    pub at: u64,
}

impl Stream {
    /// Opens the files; one that is gone by now is left out.
    pub(in crate::helper) fn open(paths: &[PathBuf]) -> io::Result<Self> {
        let mut parts = Vec::new();
        for path in paths {
            match File::open(path) {
                Ok(file) => parts.push(Part { length: file.metadata()?.len(), file }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display())));
                }
            }
        }
        Ok(Self { parts })
    }

    /// Its length in bytes.
    pub(in crate::helper) fn length(&self) -> u64 {
        self.parts.iter().map(|part| part.length).sum()
    }

    /// The end of what was there when it was opened.
    pub(in crate::helper) fn mark(&self) -> Option<Mark> {
        let last = self.parts.last()?;
        Some(Mark { inode: last.file.metadata().ok()?.ino(), at: last.length })
    }

    /// Gives all from the byte `from` on to `act`, block by block, until that says that it has enough; `raw` with the
    /// headings of the files.
    pub(in crate::helper) fn read(
        &mut self,
        from: u64,
        raw: bool,
        mut act: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut block = vec![0; BLOCK];
        let mut skip = from;
        for part in &mut self.parts {
            if skip >= part.length {
                skip -= part.length;
                continue;
            }
            part.file.seek(SeekFrom::Start(skip))?;
            let mut left = part.length - skip;
            let mut starts = skip == 0 && !raw;
            skip = 0;
            while left > 0 {
                let most = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
                match part.file.read(&mut block[..most]) {
                    // It was cut off meanwhile.
                    Ok(0) => break,
                    Ok(read) => {
                        let own = if std::mem::take(&mut starts) { own_heading(&block[..read]) } else { 0 };
                        act(&block[own..read])?;
                        left -= read as u64;
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Where the last start of the node begins; the start of it all where that is no longer there.
    pub(in crate::helper) fn last_start(&self) -> io::Result<u64> {
        let mut end = self.length();
        for part in self.parts.iter().rev() {
            end -= part.length;
            let mut alone = Self { parts: vec![part.again()?] };
            if let Some(at) = alone.last_heading()? {
                return Ok(end + at);
            }
        }
        Ok(0)
    }

    /// The last heading in the one file, but that of its first lines.
    fn last_heading(&mut self) -> io::Result<Option<u64>> {
        let mut found = None;
        let mut at = 0_u64;
        let mut tail: Vec<u8> = Vec::new();
        self.read(0, true, |block| {
            let before = tail.len() as u64;
            tail.extend(block);
            let mut from = 0;
            while let Some(hit) = find(&tail[from..], HEADING) {
                let place = at - before + (from + hit) as u64;
                // "\n=====" stands before it at a file's start.
                if place > 6 {
                    found = Some(place + 1);
                }
                from += hit + HEADING.len();
            }
            at += block.len() as u64;
            let keep = tail.len().min(HEADING.len() - 1).min(tail.len() - from);
            tail.drain(..tail.len() - keep);
            Ok(())
        })?;
        Ok(found)
    }

    /// The place from which on there are `lines` lines, and how many lines before them are to be left out.
    pub(in crate::helper) fn last_lines(
        &mut self,
        from: u64,
        lines: u64,
        style: Style,
    ) -> io::Result<(u64, u64)> {
        let end = self.length();
        let mut look = FIRST_LOOK;
        loop {
            let start = end.saturating_sub(look).max(from);
            let mut filter = Filter::new(style, u64::MAX);
            let mut out = Vec::new();
            self.read(start, style.raw, |block| {
                filter.feed(block, &mut out);
                Ok(())
            })?;
            filter.finish(&mut out);
            // The first line may have begun before.
            let cut = u64::from(start > from);
            if filter.lines() >= lines.saturating_add(cut) || start == from {
                return Ok((start, filter.lines().saturating_sub(lines)));
            }
            look = look.saturating_mul(8);
        }
    }
}

impl Part {
    fn again(&self) -> io::Result<Self> {
        Ok(Self { file: self.file.try_clone()?, length: self.length })
    }
}

/// The inode of a path, if it is there.
pub(in crate::helper) fn inode(path: &std::path::Path) -> Option<u64> {
    fs::metadata(path).ok().map(|meta| meta.ino())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = text[from..].iter().position(|byte| *byte == wanted[0]) {
        from += at;
        if text[from..].starts_with(wanted) {
            return Some(from);
        }
        from += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Stream, Style};

    const HEADING: &str = "\n=====\n===== LOGGING STARTED Sun Nov 22 08:13:19 UTC 2026\n=====\n";

    fn files(dir: &std::path::Path, texts: &[String]) -> Vec<PathBuf> {
        let write = |(at, text): (usize, &String)| {
            let path = dir.join(at.to_string());
            std::fs::write(&path, text).unwrap();
            path
        };
        texts.iter().enumerate().map(write).collect()
    }

    fn from(stream: &mut Stream, place: u64) -> String {
        let mut text = Vec::new();
        stream
            .read(place, true, |block| {
                text.extend(block);
                Ok(())
            })
            .unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_last_lines_are_found_over_files() {
        let dir = tempfile::tempdir().unwrap();
        let many = |name: &str| (0..20_000).map(|at| format!("{name}{at}\n")).collect::<String>();
        let paths = files(dir.path(), &[many("a"), HEADING.to_owned() + &many("b"), "end".into()]);
        let mut stream = Stream::open(&paths).unwrap();
        for (lines, first) in [(1, "end"), (3, "b19998"), (20_002, "a19999"), (40_001, "a0"), (99_999, "a0")]
        {
            let (place, skip) = stream.last_lines(0, lines, Style::default()).unwrap();
            let mut filter = super::Filter::new(Style::default(), skip);
            let mut out = Vec::new();
            stream
                .read(place, false, |block| {
                    filter.feed(block, &mut out);
                    Ok(())
                })
                .unwrap();
            filter.finish(&mut out);
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text.lines().next(), Some(first), "{lines}");
            assert_eq!(text.lines().count() as u64, lines.min(40_001));
        }
        // No more is read than it takes.
        let (place, _) = stream.last_lines(0, 10, Style::default()).unwrap();
        assert_eq!(place, stream.length() - super::FIRST_LOOK);
    }

    #[test]
    fn a_start_is_a_heading_that_is_not_a_files_first() {
        let dir = tempfile::tempdir().unwrap();
        let start = |texts: &[String]| {
            let paths = files(dir.path(), texts);
            let mut stream = Stream::open(&paths).unwrap();
            let place = stream.last_start().unwrap();
            from(&mut stream, place)
        };
        let block = "x".repeat(super::BLOCK - 20);
        assert_eq!(start(&[]), "");
        assert_eq!(start(&["a\n".into()]), "a\n");
        let rotated = format!("{HEADING}on\n");
        assert_eq!(start(std::slice::from_ref(&rotated)), rotated);
        assert_eq!(
            start(&[format!("old\n{HEADING}{block}{HEADING}new\n"), rotated.clone()]).lines().count(),
            8
        );
        assert!(start(&[format!("old\n{block}{HEADING}new\n"), rotated]).starts_with("===== LOGGING"));
    }
}
