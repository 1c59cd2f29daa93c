//! What is shown of a log: its lines without run_erl's own, and nothing that a terminal would obey but colours.
//! Works on pieces of a stream, and holds no more than one line.

use std::mem::take;

/// A longer line goes on in pieces.
const LONGEST: usize = 64 * 1024;

/// How lines are shown.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::helper) struct Style {
    /// All bytes as they are.
    pub raw: bool,
    /// A terminal shows them.
    pub terminal: bool,
}

/// Takes pieces, gives lines.
#[derive(Debug, Default)]
pub(in crate::helper) struct Filter {
    style: Style,
    /// Lines that are still to be left out.
    skip: u64,
    /// Lines so far, those left out too.
    lines: u64,
    line: Vec<u8>,
    /// Whether the line has begun in an earlier piece.
    goes_on: bool,
    /// An empty line and "=====", which belong to a heading if one follows.
    held: Vec<Vec<u8>>,
    /// Whether the line before was the heading that "=====" closes.
    headed: bool,
}

impl Filter {
    /// One that leaves out the first `skip` lines.
    pub(in crate::helper) fn new(style: Style, skip: u64) -> Self {
        Self { style, skip, ..Self::default() }
    }

    /// How many lines there were, run_erl's left out.
    pub(in crate::helper) fn lines(&self) -> u64 {
        self.lines
    }

    /// Takes a piece; what is to be shown is added to `out`.
    pub(in crate::helper) fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while let Some(at) = bytes.iter().position(|byte| *byte == b'\n') {
            self.line.extend(&bytes[..at]);
            self.end_line(out);
            bytes = &bytes[at + 1..];
        }
        self.line.extend(bytes);
        if self.line.len() > LONGEST {
            self.go_on(out);
        }
    }

    /// Shows what there is of a line whose end may be long in coming, such as a prompt.
    pub(in crate::helper) fn flush(&mut self, out: &mut Vec<u8>) {
        let Some(last) = self.line.last() else { return };
        // A heading, or what the next bytes belong to.
        let heading = !self.goes_on && self.line[0] == b'=';
        let sequence = self.line.iter().rev().take(16).any(|byte| *byte == b'\x1b');
        if !heading && !sequence && last.is_ascii() && *last != b'\r' {
            self.go_on(out);
        }
    }

    fn go_on(&mut self, out: &mut Vec<u8>) {
        self.release(out);
        let line = take(&mut self.line);
        self.show(&line, !self.goes_on, out);
        self.goes_on = true;
    }

    /// The last line, which may have no end, and what was held back.
    pub(in crate::helper) fn finish(&mut self, out: &mut Vec<u8>) {
        if !self.line.is_empty() || self.goes_on {
            self.end_line(out);
        }
        self.release(out);
    }

    fn end_line(&mut self, out: &mut Vec<u8>) {
        let mut line = take(&mut self.line);
        while !self.style.raw && line.last() == Some(&b'\r') {
            line.pop();
        }
        if self.style.raw || self.goes_on {
            self.whole(&line, out);
            return;
        }
        let headed = take(&mut self.headed);
        match line.as_slice() {
            b"=====" if headed => {}
            _ if line.starts_with(b"===== LOGGING STARTED ") || line.starts_with(b"===== ALIVE ") => {
                self.held.clear();
                self.headed = line.starts_with(b"===== L");
            }
            b"=====" if self.held.iter().all(Vec::is_empty) => self.held.push(line),
            b"" | b"=====" => {
                self.release(out);
                self.held.push(line);
            }
            _ => {
                self.release(out);
                self.whole(&line, out);
            }
        }
    }

    fn release(&mut self, out: &mut Vec<u8>) {
        for line in take(&mut self.held) {
            self.whole(&line, out);
        }
    }

    fn whole(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let goes_on = take(&mut self.goes_on);
        self.show(line, !goes_on, out);
        if self.lines > self.skip {
            out.push(b'\n');
        }
    }

    fn show(&mut self, line: &[u8], begins: bool, out: &mut Vec<u8>) {
        self.lines += u64::from(begins);
        if self.lines <= self.skip {
        } else if self.style.terminal && !self.style.raw {
            harmless(&String::from_utf8_lossy(line), out);
        } else {
            out.extend(line);
        }
    }
}

/// Text for a terminal: of escape sequences only those for colours, other control characters as `^X`.
pub(in crate::helper) fn harmless(text: &str, out: &mut Vec<u8>) {
    let mut rest = text;
    let mut coloured = false;
    while let Some(c) = rest.chars().next() {
        if let Some(sequence) = colour(rest) {
            out.extend(sequence.as_bytes());
            coloured = true;
            rest = &rest[sequence.len()..];
            continue;
        }
        match c {
            '\t' => out.push(b'\t'),
            '\0'..='\x1f' => out.extend([b'^', c as u8 + b'@']),
            '\x7f' => out.extend(b"^?"),
            '\u{80}'..='\u{9f}' => out.extend("\u{fffd}".as_bytes()),
            c => out.extend(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = &rest[c.len_utf8()..];
    }
    if coloured {
        out.extend(b"\x1b[0m");
    }
}

/// The sequence at the start of the text that chooses a colour.
fn colour(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\x1b[")?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    (end < 32 && parameters[end..].starts_with('m')).then(|| &text[..end + 3])
}

#[cfg(test)]
mod tests {
    use super::{Filter, LONGEST, Style, harmless};

    /// The same, whatever the pieces are.
    fn shown(style: Style, skip: u64, text: &str) -> (String, u64) {
        let through = |size: usize| {
            let (mut filter, mut out) = (Filter::new(style, skip), Vec::new());
            text.as_bytes().chunks(size).for_each(|piece| filter.feed(piece, &mut out));
            filter.finish(&mut out);
            (String::from_utf8(out).unwrap(), filter.lines())
        };
        let whole = through(text.len().max(1));
        assert_eq!(through(1), whole);
        assert_eq!(through(7), whole);
        whole
    }

    #[test]
    fn headings_are_left_out_and_nothing_else() {
        let log = "\n=====\n===== LOGGING STARTED Sun Nov 22 08:13:19 UTC 2026\n=====\na\r\n\r\n\nb\n\n===== ALIVE Sun\n=====\n\n=====\nc";
        let (text, lines) = shown(Style::default(), 0, log);
        assert_eq!(text, "a\n\n\nb\n=====\n\n=====\nc\n");
        assert_eq!(lines, 8);
        assert_eq!(shown(Style { raw: true, terminal: true }, 0, log).0, format!("{log}\n"));
        assert_eq!(shown(Style::default(), 6, log), ("=====\nc\n".into(), 8));
        assert_eq!(shown(Style::default(), 0, ""), (String::new(), 0));
    }

    #[test]
    fn a_line_may_be_longer_than_memory() {
        let log = format!("{}\nend", "x".repeat(LONGEST * 3));
        let (mut filter, mut out) = (Filter::new(Style::default(), 0), Vec::new());
        for piece in log.as_bytes().chunks(1000) {
            filter.feed(piece, &mut out);
            assert!(filter.line.len() <= LONGEST + 1000);
        }
        filter.finish(&mut out);
        assert_eq!((out.len(), filter.lines()), (log.len() + 1, 2));
        let mut filter = Filter::new(Style::default(), 1);
        let mut out = Vec::new();
        log.as_bytes().chunks(1000).for_each(|piece| filter.feed(piece, &mut out));
        filter.finish(&mut out);
        assert_eq!(out, b"end\n");
    }

    #[test]
    fn a_prompt_is_shown_before_its_line_has_an_end() {
        let mut filter = Filter::default();
        let mut out = Vec::new();
        let mut shown = |piece: &str| {
            filter.feed(piece.as_bytes(), &mut out);
            filter.flush(&mut out);
            String::from_utf8(std::mem::take(&mut out)).unwrap()
        };
        assert_eq!(shown("1> "), "1> ");
        assert_eq!(shown("ok\r"), "");
        assert_eq!(shown("\n===="), "ok\n");
        assert_eq!(shown("= ALIVE Sun\nx"), "x");
        assert_eq!(shown("\n"), "\n");
        assert_eq!(filter.lines(), 2);
    }

    #[test]
    fn a_terminal_gets_colours_and_no_commands() {
        let shown = |text: &str| {
            let mut out = Vec::new();
            harmless(text, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown("a\tä\x07\x1b]0;x\x07\x7f\u{9b}2J"), "a\tä^G^[]0;x^G^?\u{fffd}2J");
        assert_eq!(shown("\x1b[1;31mred\x1b[2Jx"), "\x1b[1;31mred^[[2Jx\x1b[0m");
        assert_eq!(shown("\x1b[31"), "^[[31");
    }
}
