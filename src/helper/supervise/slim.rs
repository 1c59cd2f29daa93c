//! Gives back the pages of the program that only its beginning needed: from here on it mostly sleeps.

use std::fs;

use rustix::mm::{Advice, madvise};

/// The program as far as it stands in a file: code and constants. The kernel maps what is used again from its cache.
pub(super) fn program() {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    for (start, length) in unchanged(&maps) {
        // SAFETY: the range is a mapping of this process as the kernel has just told, and none goes away here. It can't
        // be written to, no page of it differs from the file's, and the file holds the same bytes when they are needed
        // again: nobody writes to a program that runs (ETXTBSY).
        #[allow(unsafe_code, reason = "the kernel has no other way to be told")]
        let _ = unsafe { madvise(std::ptr::without_provenance_mut(start), length, Advice::LinuxDontNeed) };
    }
}

/// Start and length of what /proc/PID/smaps shows as a file's, never to be written to, and all as in the file: what was
/// relocated is not, though it is read-only by now. Each is a line `START-END r-xp OFFSET DEVICE INODE PATH`, and
/// numbers below it.
fn unchanged(smaps: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut range = None;
    for line in smaps.lines() {
        match line.split_once(':') {
            Some(("Anonymous" | "Swap", size)) if size.trim() != "0 kB" => range = None,
            Some(("VmFlags", _)) => found.extend(range.take()),
            _ => range = file(line).or(range),
        }
    }
    found
}

fn file(line: &str) -> Option<(usize, usize)> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let (mode, path) = (words.next()?, words.nth(3)?);
    let number = |text| usize::from_str_radix(text, 16).ok();
    let (start, end) = (number(start)?, number(end)?);
    let given = matches!(mode, "r-xp" | "r--p") && path.starts_with('/');
    given.then(|| Some((start, end.checked_sub(start)?)))?
}

#[cfg(test)]
mod tests {
    use super::{program, unchanged};

    #[test]
    fn only_what_a_file_has_is_given_back() {
        let smaps = |mode: &str, path: &str, anonymous: &str, swap: &str| {
            format!(
                "7f00a000-7f00c000 {mode} 00002000 fe:00 1234   {path}\nSize:   8 kB\nRss:   8 kB\n\
                 Anonymous:   {anonymous} kB\nSwap:   {swap} kB\nTHPeligible:   0\nVmFlags: rd mr mw me sd\n"
            )
        };
        let one = vec![(0x7f00_a000, 0x2000)];
        assert_eq!(unchanged(&smaps("r-xp", "/opt/it's a: helper (deleted)", "0", "0")), one);
        assert_eq!(unchanged(&smaps("r--p", "/opt/helper", "0", "0")), one);
        for (mode, path, anonymous, swap) in [
            ("rw-p", "/opt/helper", "0", "0"),
            ("r--p", "/opt/helper", "4", "0"),
            ("r--p", "/opt/helper", "0", "4"),
            ("r-xp", "[vdso]", "0", "0"),
            ("r-xp", "", "0", "0"),
        ] {
            let other = smaps(mode, path, anonymous, swap);
            assert_eq!(unchanged(&other), [], "{other}");
            let both = other + &smaps("r-xp", "/opt/helper", "0", "0");
            assert_eq!(unchanged(&both), one, "{both}");
        }
        assert_eq!(unchanged(""), []);
        // And goes on.
        program();
        assert_eq!(format!("{}", 6 * 7), "42");
    }
}
