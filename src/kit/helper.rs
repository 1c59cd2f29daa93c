//! The helper binary: where it is, and whether it runs where the release does. Reads only.

use std::fs;
use std::path::{Path, PathBuf};

use super::KitError;
use crate::release::elf::{Elf, Machine};

/// The helper's file name, beside relboot and in a kit.
pub const NAME: &str = "relboot-helper";

/// A helper fit for a release.
#[derive(Debug)]
pub struct Helper {
    /// The program.
    pub bytes: Vec<u8>,
    /// What may go wrong with it all the same.
    pub warning: Option<String>,
}

/// The helper's path: `asked`, else beside the program `exe`, else in `../lib/relboot/`.
///
/// # Errors
/// When it is in none of these places.
pub fn find(asked: Option<&Path>, exe: &Path) -> Result<PathBuf, KitError> {
    let places = match asked {
        Some(path) => vec![path.to_owned()],
        None => {
            let beside = exe.parent().unwrap_or(Path::new(""));
            let prefix = beside.parent().unwrap_or(Path::new(""));
            vec![beside.join(NAME), prefix.join("lib/relboot").join(NAME)]
        }
    };
    places.iter().find(|path| path.is_file()).cloned().ok_or(KitError::NoHelper(places))
}

/// Reads the helper at `path` for a release on `machine`; without one, any program will do.
///
/// # Errors
/// When it can't be read, is no program, or is one for another processor.
pub fn load(path: &Path, machine: Option<Machine>) -> Result<Helper, KitError> {
    let bytes = fs::read(path).map_err(|error| KitError::Io(path.into(), error))?;
    let wanted = machine.map_or("its host's processor".to_owned(), |machine| machine.to_string());
    let Some(elf) = Elf::parse(&bytes) else {
        return Err(KitError::WrongHelper(path.into(), "no ELF program".into(), wanted));
    };
    if machine.is_some_and(|machine| machine != elf.machine) {
        return Err(KitError::WrongHelper(path.into(), format!("a program for {}", elf.machine), wanted));
    }
    let warning = elf
        .needs_loader
        .then(|| format!("{}: not static; it may not run on hosts with another libc", path.display()));
    Ok(Helper { bytes, warning })
}

#[cfg(test)]
mod tests {
    use super::{find, load};
    use crate::error::Report;
    use crate::release::elf::{Elf, tests::program};
    use crate::release::tests::write;

    #[test]
    fn is_looked_for_beside_relboot_and_in_lib() {
        let dir = tempfile::tempdir().unwrap();
        let exe = dir.path().join("bin/relboot");
        let error = find(None, &exe).unwrap_err();
        assert!(error.to_string().contains("bin/relboot-helper or "), "{error}");
        assert_eq!(error.help().unwrap(), "--helper PATH names it");
        write(dir.path(), "lib/relboot/relboot-helper", "x");
        assert_eq!(find(None, &exe).unwrap(), dir.path().join("lib/relboot/relboot-helper"));
        write(dir.path(), "bin/relboot-helper", "x");
        assert_eq!(find(None, &exe).unwrap(), dir.path().join("bin/relboot-helper"));
        assert!(find(Some(&dir.path().join("none")), &exe).is_err());
    }

    #[test]
    fn has_to_be_a_static_program_for_the_releases_processor() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("h");
        let machine = Elf::parse(&program(183, 1)).map(|elf| elf.machine);
        let message =
            |machine| load(&path, machine).unwrap_err().to_string().replace(path.to_str().unwrap(), "H");
        std::fs::write(&path, program(62, 1)).unwrap();
        assert_eq!(message(machine), "H: a program for x86_64, but the release is for aarch64");
        assert!(load(&path, None).unwrap().warning.is_none());
        std::fs::write(&path, program(183, 3)).unwrap();
        assert!(load(&path, machine).unwrap().warning.unwrap().contains("not static"));
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        assert_eq!(message(None), "H: no ELF program, but the release is for its host's processor");
    }
}
