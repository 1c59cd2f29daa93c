//! Gives back the pages of the program that only its beginning needed: from here on it mostly sleeps.

use std::fs;

use rustix::mm::{Advice, madvise};

/// The program's code, as far as it stands in a file: the kernel maps what is used again from its cache.
pub(super) fn text() {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for (start, length) in maps.lines().filter_map(code) {
        // SAFETY: the range is a mapping of this process as the kernel has just told, and none goes away here. It can't
        // be written to and is a file's, which holds the same bytes when they are needed again: nobody writes to a
        // program that runs (ETXTBSY).
        #[allow(unsafe_code, reason = "the kernel has no other way to be told")]
        let _ = unsafe { madvise(std::ptr::without_provenance_mut(start), length, Advice::LinuxDontNeed) };
    }
}

/// Start and length of a line of /proc/PID/maps that is code of a file: `START-END r-xp OFFSET DEVICE INODE PATH`.
fn code(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let (mode, path) = (words.next()?, words.nth(3)?);
    let number = |text| usize::from_str_radix(text, 16).ok();
    let (start, end) = (number(start)?, number(end)?);
    (mode == "r-xp" && path.starts_with('/')).then(|| Some((start, end.checked_sub(start)?)))?
}

#[cfg(test)]
mod tests {
    use super::{code, text};

    #[test]
    fn only_what_a_file_has_is_given_back() {
        let line = |mode: &str, path: &str| format!("7f00a000-7f00c000 {mode} 00002000 fe:00 1234   {path}");
        assert_eq!(code(&line("r-xp", "/opt/it's a/helper (deleted)")), Some((0x7f00_a000, 0x2000)));
        for (mode, path) in
            [("r--p", "/opt/helper"), ("rw-p", "/opt/helper"), ("r-xp", "[vdso]"), ("r-xp", "")]
        {
            assert_eq!(code(&line(mode, path)), None, "{mode} {path}");
        }
        assert!(code("").is_none());
        // And goes on.
        text();
        assert_eq!(format!("{}", 6 * 7), "42");
    }
}
