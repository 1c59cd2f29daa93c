//! What an ELF file is for: its processor, and whether it needs a dynamic loader.
//! Reads headers only. Source: the System V ABI, chapters 4 and 5.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A processor, by the number that ELF gives it (`e_machine`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Machine(u16);

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            3 => "x86",
            20 => "powerpc",
            21 => "powerpc64",
            22 => "s390x",
            40 => "arm",
            62 => "x86_64",
            183 => "aarch64",
            243 => "riscv64",
            258 => "loongarch64",
            other => return write!(f, "ELF machine {other}"),
        };
        f.write_str(name)
    }
}

/// What the headers of an ELF file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elf {
    /// The processor.
    pub machine: Machine,
    /// Whether the kernel has to load an interpreter (`PT_INTERP`): the file is not static.
    pub needs_loader: bool,
}

/// The program headers follow the file header in every file that a linker makes.
const HEAD: u64 = 64 * 1024;

impl Elf {
    /// Reads the headers of the file at `path`; `None` when it is no ELF file.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut head = Vec::new();
        File::open(path)?.take(HEAD).read_to_end(&mut head)?;
        Ok(Self::parse(&head))
    }

    /// The headers in `bytes`; `None` when these are no ELF file's.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.get(..4)? != b"\x7fELF" {
            return None;
        }
        let fields = Fields { bytes, wide: *bytes.get(4)? == 2, little: *bytes.get(5)? == 1 };
        let machine = Machine(fields.half(18)?);
        Some(Self { machine, needs_loader: fields.has_interpreter().unwrap_or(false) })
    }
}

struct Fields<'a> {
    bytes: &'a [u8],
    wide: bool,
    little: bool,
}

impl Fields<'_> {
    fn number(&self, at: usize, size: usize) -> Option<u64> {
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, shift) } else { bytes.iter().fold(0, shift) })
    }

    fn half(&self, at: usize) -> Option<u16> {
        u16::try_from(self.number(at, 2)?).ok()
    }

    fn has_interpreter(&self) -> Option<bool> {
        const PT_INTERP: u64 = 3;
        let (table, size, count) = if self.wide {
            (self.number(0x20, 8)?, self.half(0x36)?, self.half(0x38)?)
        } else {
            (self.number(0x1c, 4)?, self.half(0x2a)?, self.half(0x2c)?)
        };
        let table = usize::try_from(table).ok()?;
        Some((0..usize::from(count)).any(|index| {
            let at = table.saturating_add(index * usize::from(size));
            self.number(at, 4) == Some(PT_INTERP)
        }))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Elf, Machine};

    /// The headers of a 64-bit little-endian program with one program header.
    pub(crate) fn program(machine: u8, segment: u8) -> Vec<u8> {
        let mut bytes = vec![0; 64 + 56];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18] = machine;
        bytes[0x20] = 64;
        bytes[0x36] = 56;
        bytes[0x38] = 1;
        bytes[64] = segment;
        bytes
    }

    #[test]
    fn tells_processor_and_loader() {
        assert_eq!(Elf::parse(&program(62, 1)), Some(Elf { machine: Machine(62), needs_loader: false }));
        assert_eq!(Elf::parse(&program(183, 3)), Some(Elf { machine: Machine(183), needs_loader: true }));
        assert_eq!(Machine(183).to_string(), "aarch64");
        assert_eq!(Machine(9999).to_string(), "ELF machine 9999");
    }

    #[test]
    fn reads_the_other_byte_order_and_width() {
        let mut bytes = vec![0; 52 + 32];
        bytes[..6].copy_from_slice(b"\x7fELF\x01\x02");
        bytes[19] = 20;
        bytes[0x1f] = 52;
        bytes[0x2b] = 32;
        bytes[0x2d] = 1;
        bytes[55] = 3;
        assert_eq!(Elf::parse(&bytes), Some(Elf { machine: Machine(20), needs_loader: true }));
    }

    #[test]
    fn other_files_are_none() {
        for bytes in [&b""[..], b"#!/bin/sh\n", b"\x7fELF", &program(62, 1)[..19]] {
            assert_eq!(Elf::parse(bytes), None);
        }
    }
}
