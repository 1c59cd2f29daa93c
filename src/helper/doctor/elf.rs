//! What a program or library asks of the host: its processor, its loader, the libraries that it needs.
//! Reads headers and the dynamic section only. Source: the System V ABI, chapters 4 and 5.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// No table is longer: what is, is no program.
const MOST: u64 = 1 << 20;

/// A file's needs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// `e_machine`.
    pub machine: u16,
    /// The loader, of programs that have one.
    pub loader: Option<PathBuf>,
    libraries: Vec<String>,
    /// `DT_RPATH` and `DT_RUNPATH`.
    paths: Vec<String>,
}

struct Fields {
    file: File,
    wide: bool,
    little: bool,
}

impl Needs {
    /// `None` when it is no ELF file.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let mut start = [0; 20];
        file.read_exact_at(&mut start, 0).ok()?;
        if &start[..4] != b"\x7fELF" {
            return None;
        }
        let fields = Fields { file, wide: start[4] == 2, little: start[5] == 1 };
        fields.needs()
    }

    /// The libraries that are nowhere to be found, over all that these need in turn.
    pub(super) fn missing(path: &Path) -> BTreeSet<String> {
        let cache = fs::read("/etc/ld.so.cache").unwrap_or_default();
        let (mut missing, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut left = vec![path.to_owned()];
        while let Some(path) = left.pop() {
            let Some(needs) = Self::of(&path) else { continue };
            for library in &needs.libraries {
                if !seen.insert(library.clone()) {
                    continue;
                }
                match needs.find(library, &path, &cache) {
                    Some(found) => left.push(found),
                    None => drop(missing.insert(library.clone())),
                }
            }
        }
        missing
    }

    fn find(&self, library: &str, from: &Path, cache: &[u8]) -> Option<PathBuf> {
        let origin = from.canonicalize().ok()?.parent()?.to_string_lossy().into_owned();
        let own = self.paths.iter().flat_map(|paths| paths.split(':'));
        let own = own.map(|path| path.replace("$ORIGIN", &origin).replace("${ORIGIN}", &origin));
        let variable = std::env::var("LD_LIBRARY_PATH").unwrap_or_default();
        let musl = format!("/etc/ld-musl-{}.path", std::env::consts::ARCH);
        let musl = fs::read_to_string(musl).unwrap_or_default();
        let usual = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"].map(String::from);
        let places = own.chain(variable.split(':').map(String::from)).filter(|place| !place.is_empty());
        let places = places.chain(musl.split([':', '\n']).map(String::from)).chain(usual);
        places
            .map(|place| Path::new(&place).join(library))
            .chain(cached(cache, library))
            .find(|path| Self::of(path).is_some_and(|other| other.machine == self.machine))
    }
}

/// The paths that the loader's cache has for a library: texts that end in `/NAME`.
fn cached(cache: &[u8], library: &str) -> Vec<PathBuf> {
    let end = format!("/{library}");
    let texts = cache.split(|byte| *byte == 0).filter(|text| text.ends_with(end.as_bytes()));
    texts.filter_map(|text| std::str::from_utf8(text).ok()).map(PathBuf::from).collect()
}

impl Fields {
    fn number(&self, at: u64, size: usize) -> Option<u64> {
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..size];
        self.file.read_exact_at(bytes, at).ok()?;
        let shift = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.little { bytes.iter().rev().fold(0, shift) } else { bytes.iter().fold(0, shift) })
    }

    /// A field that has another place and size in narrow files.
    fn word(&self, at: u64, wide: u64, narrow: u64) -> Option<u64> {
        if self.wide { self.number(at + wide, 8) } else { self.number(at + narrow, 4) }
    }

    fn text(&self, at: u64) -> Option<String> {
        let mut bytes = vec![0; 4096];
        let read = self.file.read_at(&mut bytes, at).ok()?;
        let end = bytes[..read].iter().position(|byte| *byte == 0)?;
        String::from_utf8(bytes[..end].to_vec()).ok()
    }

    fn needs(&self) -> Option<Needs> {
        let (table, size, count) = (
            self.word(0, 0x20, 0x1c)?,
            self.number(if self.wide { 0x36 } else { 0x2a }, 2)?,
            self.number(if self.wide { 0x38 } else { 0x2c }, 2)?,
        );
        let mut needs = Needs { machine: u16::try_from(self.number(18, 2)?).ok()?, ..Needs::default() };
        let (mut dynamic, mut loads) = (None, Vec::new());
        for index in 0..count {
            let at = table.checked_add(index * size)?;
            // Type, place in the file, address, length in the file.
            let (kind, place) = (self.number(at, 4)?, self.word(at, 8, 4)?);
            let (address, length) = (self.word(at, 16, 8)?, self.word(at, 32, 16)?);
            match kind {
                1 => loads.push((address, place, length)),
                2 => dynamic = Some((place, length.min(MOST))),
                3 => needs.loader = self.text(place).map(PathBuf::from),
                _ => {}
            }
        }
        if let Some((place, length)) = dynamic {
            self.dynamic(&mut needs, place, length, &loads);
        }
        Some(needs)
    }

    fn dynamic(&self, needs: &mut Needs, place: u64, length: u64, loads: &[(u64, u64, u64)]) -> Option<()> {
        let step = if self.wide { 16 } else { 8 };
        let entries: Vec<(u64, u64)> = (0..length / step)
            .map_while(|index| {
                let at = place.checked_add(index * step)?;
                Some((self.word(at, 0, 0)?, self.word(at, 8, 4)?))
            })
            .take_while(|(tag, _)| *tag != 0)
            .collect();
        let (_, address) = entries.iter().find(|(tag, _)| *tag == 5)?;
        let load = loads
            .iter()
            .find(|(start, _, length)| (*start..start.saturating_add(*length)).contains(address))?;
        let strings = (address - load.0).checked_add(load.1)?;
        let text = |offset: &u64| self.text(strings.checked_add(*offset)?);
        for (tag, value) in &entries {
            match tag {
                1 => needs.libraries.extend(text(value)),
                15 | 29 => needs.paths.extend(text(value)),
                _ => {}
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Needs;

    #[test]
    fn a_real_program_has_all_it_needs() {
        let shell = Path::new("/bin/sh").canonicalize().unwrap();
        let needs = Needs::of(&shell).unwrap();
        assert_eq!(needs.machine, Needs::of(Path::new("/proc/self/exe")).unwrap().machine);
        assert!(needs.loader.is_none_or(|loader| loader.exists()));
        assert!(Needs::missing(&shell).is_empty());
    }

    #[test]
    fn a_library_that_is_nowhere_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("program");
        // The same program asks for another C library.
        let mut bytes = std::fs::read(Path::new("/bin/sh")).unwrap();
        let Some(at) = bytes.windows(10).position(|part| part == b"libc.so.6\0") else { return };
        bytes[at..at + 9].copy_from_slice(b"libx.so.6");
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(Needs::missing(&path).into_iter().collect::<Vec<_>>(), ["libx.so.6"]);
        for end in (0..2000).step_by(7) {
            std::fs::write(&path, &bytes[..end]).unwrap();
            Needs::missing(&path);
        }
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        assert_eq!(Needs::of(&path), None);
    }
}
