//! Triple-quoted strings, of OTP 27 and later.

use super::Fault;
use super::quoted::unclosed;
use super::scan::{Scanner, is_space};

impl Scanner<'_> {
    /// The content; three or more quotes are ahead. Not `verbatim`: with escapes.
    pub(super) fn triple(&mut self, verbatim: bool) -> Result<String, Fault> {
        let start = self.position();
        let quotes = self.take_while(|c| c == '"').len();
        self.take_while(|c| c != '\n' && is_space(c));
        match self.peek() {
            Some('\n') => {
                self.take();
            }
            None => return Err(unclosed(start)),
            Some(_) => {
                let message = "text behind the opening quotes, which has to begin on the next line";
                return Err(Fault::at(self.position(), message));
            }
        }
        let mut lines = Vec::new();
        loop {
            let at = self.position();
            if let Some(indent) = self.closing_quotes(quotes) {
                return finish(&lines, indent);
            }
            let mut line = String::new();
            loop {
                self.legal()?;
                match self.peek() {
                    None => return Err(unclosed(start)),
                    Some('\n') => {
                        self.take();
                        break;
                    }
                    Some('\\') if !verbatim => {
                        let escaped_end = self.second() == Some('\n');
                        let value = self.escape(start)?;
                        if escaped_end {
                            break;
                        }
                        line.push(value);
                    }
                    Some(_) => line.extend(self.take()),
                }
            }
            lines.push((at, line));
        }
    }

    /// White space and the closing quotes, when they are ahead: gives the white space.
    fn closing_quotes(&mut self, quotes: usize) -> Option<&str> {
        let rest = self.rest();
        let text = rest.trim_start_matches(|c| c != '\n' && is_space(c));
        if text.bytes().take(quotes).filter(|byte| *byte == b'"').count() < quotes {
            return None;
        }
        let indent = &rest[..rest.len() - text.len()];
        for _ in 0..indent.chars().count() + quotes {
            self.take();
        }
        Some(indent)
    }
}

/// The lines without the indentation of the last.
fn finish(lines: &[(super::Position, String)], indent: &str) -> Result<String, Fault> {
    let mut text = String::new();
    for (index, (at, line)) in lines.iter().enumerate() {
        let last = index + 1 == lines.len();
        let line = if last { line.strip_suffix('\r').unwrap_or(line) } else { line };
        match line.strip_prefix(indent) {
            Some(rest) => text.push_str(rest),
            None if line.is_empty() || (line == "\r" && !last) => text.push_str(line),
            None => return Err(Fault::at(*at, "a line that is indented less than the closing quotes")),
        }
        if !last {
            text.push('\n');
        }
    }
    Ok(text)
}
