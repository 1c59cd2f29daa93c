//! Which crash dumps are kept: an earlier one is put aside before a start under the time of its writing, and the
//! oldest of those go.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::helper::calendar::civil;

/// The file that the VM writes.
pub(in crate::helper) const NAME: &str = "erl_crash.dump";

/// How long the VM may take to write one: a disk that hangs must not keep the next start waiting.
pub(in crate::helper) const SECONDS: &str = "30";

/// Puts aside what an earlier node has left, and keeps the newest `most` of these.
pub(in crate::helper) fn put_aside(directory: &Path, most: usize) -> io::Result<()> {
    let dump = directory.join(NAME);
    let time = match fs::symlink_metadata(&dump) {
        Ok(meta) if meta.is_file() => meta.mtime(),
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let name = format!("{NAME}.{}", stamp(time));
    let mut aside = aside(directory);
    // Two of the same second: numbers that were freed are not used again, so that names sort by age.
    let taken = |number: &usize| aside.iter().any(|path| path.ends_with(numbered(&name, *number)));
    let number = (0..1000).rev().find(taken).map_or(0, |number| (number + 1).min(999));
    let to = directory.join(numbered(&name, number));
    fs::rename(&dump, &to)?;
    aside.push(to);
    aside.sort();
    for path in aside.iter().rev().skip(most) {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn numbered(name: &str, number: usize) -> String {
    if number == 0 { name.to_owned() } else { format!("{name}-{number:03}") }
}

/// The newest dump of an instance: the VM's own, one put aside, or one at `elsewhere`, where the user wants them.
pub(super) fn newest(directory: &Path, elsewhere: Option<PathBuf>) -> Option<PathBuf> {
    let written = |path: &PathBuf| fs::metadata(path).and_then(|meta| meta.modified());
    let all = aside(directory).into_iter().chain([directory.join(NAME)]).chain(elsewhere);
    let all = all.filter(|path| path.is_file());
    // Of equal times the VM's own, which is the last of them.
    all.max_by_key(|path| written(path).unwrap_or(SystemTime::UNIX_EPOCH))
}

/// Those that were put aside; what people keep under other names is theirs.
fn aside(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_prefix(NAME).and_then(|end| end.strip_prefix('.')).is_some_and(is_stamp)
    };
    entries.map(|entry| entry.path()).filter(ours).collect()
}

/// `2026-11-22T101500Z`.
fn stamp(seconds: i64) -> String {
    let [year, month, day, hour, minute, second] = civil(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}{minute:02}{second:02}Z")
}

fn is_stamp(text: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00T000000Z-000";
    let same = |(byte, shape): (u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape };
    [18, 22].contains(&text.len()) && text.bytes().zip(SHAPE).all(same)
}

#[cfg(test)]
mod tests {
    use super::{NAME, is_stamp, newest, put_aside, stamp};

    #[test]
    fn a_stamp_is_told_from_other_names() {
        for (seconds, text) in [(0, "1970-01-01T000000Z"), (1_795_342_511, "2026-11-22T101511Z")] {
            assert_eq!(stamp(seconds), text);
            assert!(is_stamp(text) && is_stamp(&format!("{text}-001")));
        }
        assert!(
            !is_stamp("2026-11-22") && !is_stamp("1.gz") && !is_stamp("") && !is_stamp("the-one-we-keep-it")
        );
    }

    #[test]
    fn the_newest_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        put_aside(dir.path(), 2).expect("there is nothing to do");
        std::fs::write(dir.path().join("erl_crash.dump.mine"), "").unwrap();
        for text in ["1", "2", "3", "4"] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(newest(dir.path(), None).as_deref(), Some(path.as_path()));
            put_aside(dir.path(), 2).unwrap();
            assert!(!path.exists());
        }
        let mut kept: Vec<String> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        kept.sort();
        assert_eq!(kept, ["", "3", "4"]);
        assert_eq!(std::fs::read_to_string(newest(dir.path(), None).unwrap()).unwrap(), "4");
        let own = dir.path().join("own.dump");
        assert_ne!(newest(dir.path(), Some(own.clone())).as_ref(), Some(&own), "it is not there");
        std::fs::write(&own, "").unwrap();
        assert_eq!(newest(dir.path(), Some(own.clone())), Some(own));
        std::fs::create_dir(&path).unwrap();
        put_aside(dir.path(), 2).expect("a directory there keeps dumps from being written: it is left alone");
    }
}
