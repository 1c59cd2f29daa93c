//! Reading of small files of the kernel's, and of lists in them. What is not there or makes no sense is `None`.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// More than this is read of no file of the kernel's: a router's tables have a line for each route of the internet.
const MOST: u64 = 4 << 20;

/// A file as text, its first 4 MiB; bytes that are no UTF-8 become replacement characters.
pub(super) fn text(path: &Path) -> Option<String> {
    text_up_to(path, MOST)
}

/// The same with another bound. What is cut off may end in the middle of a line.
pub(super) fn text_up_to(path: &Path, most: u64) -> Option<String> {
    // Room for most of them at once: the kernel makes up the text of each read.
    let mut bytes = Vec::with_capacity(4096);
    File::open(path).ok()?.take(most).read_to_end(&mut bytes).ok()?;
    Some(
        String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

/// The first line of a small file, without its white space.
pub(super) fn first_line(path: &Path) -> Option<String> {
    text(path)?.lines().next().map(|line| line.trim().to_owned())
}

/// What follows `KEY:` in lines such as those of `/proc/self/status`, without white space.
pub(super) fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim)
}

/// Numbers in a list such as `0-3,8`, as sorted ranges without overlap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    /// `None` when it holds anything else, or nothing.
    pub(super) fn parse(list: &str) -> Option<Self> {
        let range = |range: &str| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            (first <= last).then_some((first, last))
        };
        let mut ranges: Vec<(u32, u32)> = list.split(',').map(range).collect::<Option<_>>()?;
        ranges.sort_unstable();
        ranges.dedup_by(|next, last| {
            let joined = next.0 <= last.1;
            if joined {
                last.1 = last.1.max(next.1);
            }
            joined
        });
        Some(Self(ranges))
    }

    /// How many numbers there are.
    pub(super) fn count(&self) -> usize {
        let sizes = self.0.iter().map(|(first, last)| u64::from(last - first) + 1);
        usize::try_from(sizes.sum::<u64>()).unwrap_or(usize::MAX)
    }

    /// The numbers that are in both.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let (mut own, mut others) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some((first, last)), Some((other_first, other_last))) = (own.peek(), others.peek()) {
            let (from, to) = (*first.max(other_first), *last.min(other_last));
            if from <= to {
                common.push((from, to));
            }
            if last < other_last {
                own.next()
            } else {
                others.next()
            };
        }
        Self(common)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ranges, first_line, text_up_to, value};

    #[test]
    fn lists_of_numbers() {
        for (list, expected) in [
            ("0", Some(1)),
            ("0-3", Some(4)),
            ("0-1,4,6-7", Some(5)),
            ("2-3,0-2", Some(4)),
            ("0-4294967295,0-4294967295", Some(1 << 32)),
            ("", None),
            ("3-1", None),
            ("a", None),
            ("1,", None),
        ] {
            assert_eq!(Ranges::parse(list).map(|ranges| ranges.count()), expected, "{list:?}");
        }
    }

    #[test]
    fn numbers_of_both_lists() {
        for (one, other, expected) in [
            ("0-127", "0-3", 4),
            ("0,2,4-9", "2-5,8", 4),
            ("0-1", "2-3", 0),
            ("0-1,3-4", "0-4", 4),
            ("5", "0-9", 1),
        ] {
            let (one, other) = (Ranges::parse(one).unwrap(), Ranges::parse(other).unwrap());
            assert_eq!(one.intersection(&other).count(), expected, "{one:?} {other:?}");
            assert_eq!(other.intersection(&one).count(), expected, "{one:?} {other:?}");
        }
    }

    #[test]
    fn files_are_read_to_a_bound_and_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, b" a\xffb \nKEY:\t 1 \n").unwrap();
        assert_eq!(first_line(&path).unwrap(), "a\u{fffd}b");
        assert_eq!(text_up_to(&path, 2).unwrap(), " a");
        assert_eq!(value("AKEY: 2\nKEY:\t 1 \n", "KEY"), Some("1"));
        assert_eq!(first_line(dir.path()), None);
    }
}
