//! What a node in the background has written: the files erlang.log.1, 2, ... in the log directory.

mod files;
mod filter;
mod stream;

pub(super) use files::ordered;
pub(super) use filter::{Filter, Style, harmless};
pub(super) use stream::{Mark, Stream, inode, own_heading};

use std::path::PathBuf;

use super::env::Instance;

/// Of a long log: the VM says the reason first when it refuses a flag (its whole usage follows), last when
/// an application fails.
const HEAD: usize = 5;
const TAIL: usize = 20;
/// Of one whose reason is not known: all of it but for what nobody would read.
const WHOLE_HEAD: usize = 100;
const WHOLE_TAIL: usize = 400;

/// The file that is being written.
pub(super) fn newest(instance: &Instance) -> Option<PathBuf> {
    ordered(&instance.log).pop()
}

/// The most bytes of it: a node that fails in a loop may fill all its files.
const MOST: u64 = 1 << 20;

/// The log since this start, over all the files that it went to.
pub(super) fn of_this_start(instance: &Instance) -> String {
    let mut out = Vec::new();
    let mut read = || -> std::io::Result<()> {
        let mut stream = Stream::open(&ordered(&instance.log))?;
        let from = stream.last_start()?.max(stream.length().saturating_sub(MOST));
        let mut filter = Filter::default();
        stream.read(from, false, |block| {
            filter.feed(block, &mut out);
            Ok(())
        })?;
        filter.finish(&mut out);
        Ok(())
    };
    // What can't be read can't be told either.
    let _ = read();
    decoded(&out)
}

/// As text: what is no UTF-8 is latin1, in which a VM on its way down writes reasons, whatever the locale.
fn decoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        // The ones below are controls.
        let letter = |byte: &u8| if *byte < 0xa0 { char::REPLACEMENT_CHARACTER } else { char::from(*byte) };
        text.extend(chunk.invalid().iter().map(letter));
    }
    text
}

/// The lines of a log when they are few, else where it begins and ends: less of it where its reason is known.
pub(super) fn told_lines(log: &str, recognised: bool) -> Vec<String> {
    // "=====" closes run_erl's own heading.
    let lines = log.lines().map(str::trim_end).filter(|line| !line.is_empty() && *line != "=====");
    let mut lines: Vec<String> = lines.map(Into::into).collect();
    let (head, tail) = if recognised { (HEAD, TAIL) } else { (WHOLE_HEAD, WHOLE_TAIL) };
    if lines.len() > head + tail + 1 {
        let left_out = head..lines.len() - tail;
        let note = format!("... {} lines ...", left_out.len());
        lines.splice(left_out, [note]);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{decoded, told_lines};

    #[test]
    fn what_is_no_utf_8_is_latin1() {
        assert_eq!(decoded(b"gr\xf6\xdfe \xc3\xb6 \x9b"), "gr\u{f6}\u{df}e \u{f6} \u{fffd}");
    }

    #[test]
    fn a_long_log_is_told_by_its_ends() {
        let log = |n: usize| (1..=n).map(|i| format!("{i}\r\n\n")).collect::<String>();
        assert_eq!(told_lines(&format!("=====\n{}", log(2)), true), ["1", "2"]);
        assert_eq!(told_lines(&log(26), true).len(), 26);
        let told = told_lines(&log(100), true);
        assert_eq!(told[4..7], ["5", "... 75 lines ...", "81"]);
        assert_eq!(told_lines(&log(100), false).len(), 100);
        assert_eq!(told_lines(&log(1000), false).len(), 501);
        assert_eq!((told.len(), told.last().unwrap().as_str()), (26, "100"));
    }
}
