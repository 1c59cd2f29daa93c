//! The encoding of a file: UTF-8, or what its first two lines say.

use std::borrow::Cow;

use super::{Fault, Position};

/// The text of a file, whose encoding a comment `coding: latin-1` in its first two lines may name.
///
/// # Errors
/// With the place of the first byte that is no UTF-8.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    if is_latin_1(bytes) {
        return Ok(bytes.iter().copied().map(char::from).collect::<String>().into());
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.into()),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let line = before.rsplit('\n').next().unwrap_or_default();
            let position = Position {
                line: before.matches('\n').count() + 1,
                column: line.chars().count() + 1,
                offset: before.len(),
            };
            Err(Fault::at(position, "bytes that are no UTF-8"))
        }
    }
}

/// As OTP's `epp:read_encoding_from_binary/1` finds it.
fn is_latin_1(bytes: &[u8]) -> bool {
    let lines = bytes.split(|byte| *byte == b'\n').take(2);
    let comments =
        lines.filter_map(|line| line.iter().position(|byte| *byte == b'%').map(|at| &line[at + 1..]));
    for comment in comments {
        let mut rest = comment;
        while let Some(at) = rest.windows(6).position(|window| window == b"coding") {
            rest = &rest[at + 6..];
            let sign = rest.trim_ascii_start_spaces();
            if let Some(name) = sign.strip_prefix(b":").or_else(|| sign.strip_prefix(b"=")) {
                let name = name.trim_ascii_start_spaces();
                let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
                let end = name.iter().position(|byte| !is_part(byte)).unwrap_or(name.len());
                let name = name[..end].to_ascii_lowercase();
                return name == b"latin-1" || name.starts_with(b"latin-1-");
            }
        }
    }
    false
}

trait TrimSpaces {
    fn trim_ascii_start_spaces(&self) -> &Self;
}

impl TrimSpaces for [u8] {
    fn trim_ascii_start_spaces(&self) -> &Self {
        let start = self.iter().position(|byte| *byte != b' ').unwrap_or(self.len());
        &self[start..]
    }
}
