//! Writing to the two outputs; colour only where a person looks and has not asked for none.

use std::env;
use std::io::{self, IsTerminal, Write};

use crate::error::{Failure, Message, Status};

/// Writes `text` to standard output. A reader that has gone away is no failure.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Message::new(Status::Failed, format!("standard output: {error}")).into())
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error.
pub(super) fn note(text: &str) {
    // Nothing can be told when standard error itself is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// A unified diff, coloured when standard output is a terminal.
pub(super) fn print_diff(diff: &str) -> Result<(), Failure> {
    let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && io::stdout().is_terminal() { print(&coloured(diff)) } else { print(diff) }
}

fn coloured(diff: &str) -> String {
    diff.split_inclusive('\n')
        .map(|line| {
            let colour = match line.as_bytes().first() {
                _ if line.starts_with("---") || line.starts_with("+++") => "1",
                Some(b'-') => "31",
                Some(b'+') => "32",
                Some(b'@') => "36",
                _ => return line.to_owned(),
            };
            format!("\x1b[{colour}m{}\x1b[0m\n", line.trim_end_matches('\n'))
        })
        .collect()
}

/// A line on a terminal that is written over again; silent elsewhere.
pub(super) struct Progress {
    label: String,
    total: usize,
    percent: usize,
    shown: bool,
}

impl Progress {
    pub(super) fn new(label: String, total: usize) -> Self {
        Self { label, total, percent: 0, shown: io::stderr().is_terminal() }
    }

    pub(super) fn step(&mut self, done: usize) {
        let percent = done * 100 / self.total.max(1);
        if self.shown && percent != self.percent {
            self.percent = percent;
            let _ = write!(io::stderr(), "\r{}: {percent} %", self.label);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::coloured;

    #[test]
    fn colours_lines_whole() {
        assert_eq!(coloured("--- a\n+b\n c\n"), "\u{1b}[1m--- a\u{1b}[0m\n\u{1b}[32m+b\u{1b}[0m\n c\n");
    }
}
