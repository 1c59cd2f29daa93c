//! The files of a log: run_erl writes erlang.log.1 to erlang.log.N in turn, and leaves out the one to be written next.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const STEM: &str = "erlang.log.";

/// The files in the directory, in the order in which they were written.
pub(in crate::helper) fn ordered(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut found: Vec<(u32, SystemTime)> = entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.strip_prefix(STEM)?.parse().ok()?;
            let meta = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((number, meta.modified().unwrap_or(SystemTime::UNIX_EPOCH)))
        })
        .collect();
    sort(&mut found);
    found.into_iter().map(|(number, _)| directory.join(format!("{STEM}{number}"))).collect()
}

/// A single gap in the numbers tells the order, whatever the clock was: the oldest stands behind it. Else it is the
/// time of the last writing.
fn sort(files: &mut [(u32, SystemTime)]) {
    files.sort_unstable();
    let gaps: Vec<usize> = (1..files.len()).filter(|at| files[*at].0 - files[at - 1].0 > 1).collect();
    match gaps[..] {
        [gap] if files[gap].0 - files[gap - 1].0 == 2 => files.rotate_left(gap),
        _ => files.sort_by_key(|(_, written)| *written),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::sort;

    fn sorted(files: &[(u32, u64)]) -> Vec<u32> {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut files: Vec<_> = files.iter().map(|(number, seconds)| (*number, at(*seconds))).collect();
        sort(&mut files);
        files.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn the_gap_tells_where_the_newest_ends() {
        assert_eq!(sorted(&[]), [0; 0]);
        assert_eq!(sorted(&[(1, 5)]), [1]);
        assert_eq!(sorted(&[(2, 1), (1, 1), (3, 1)]), [1, 2, 3], "not full yet");
        // The clock was set back, and the times are of no use.
        assert_eq!(sorted(&[(1, 9), (2, 1), (4, 9), (5, 9)]), [4, 5, 1, 2]);
        assert_eq!(sorted(&[(2, 1), (3, 2), (4, 3), (5, 4)]), [2, 3, 4, 5], "1 is next");
    }

    #[test]
    fn without_one_it_is_the_time() {
        assert_eq!(sorted(&[(1, 9), (2, 1), (3, 2)]), [2, 3, 1]);
        // There were more files once.
        assert_eq!(sorted(&[(1, 9), (2, 10), (4, 8), (5, 2), (9, 3)]), [5, 9, 4, 1, 2]);
    }
}
