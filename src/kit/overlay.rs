//! The project's `rel/boot/`: files that replace the kit's own or are added to it. Reads only.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{KitError, helper};

/// A file of `rel/boot/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverlayFile {
    /// Relative to `rel/boot/`, and so to `releases/VSN/boot/`.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// `0o755` when it is executable, else `0o644`.
    pub mode: u32,
}

const RESERVED: &[&str] = &["settings.sh", "manifest.toml", helper::NAME];

/// Deeper than any kit; what is deeper is a loop of links.
const DEPTH: usize = 16;

/// All files below `dir`, sorted; none when there is no such directory. Links are followed; names
/// that begin with a dot or end with `~` are a file manager's or an editor's, and are left out.
///
/// # Errors
/// When a file can't be read, can't be a kit's, or is one that the generator writes itself.
pub fn read(dir: &Path) -> Result<Vec<OverlayFile>, KitError> {
    let mut files = Vec::new();
    if dir.is_dir() {
        collect(dir, "", 0, &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(dir: &Path, prefix: &str, depth: usize, files: &mut Vec<OverlayFile>) -> Result<(), KitError> {
    let io = |error| KitError::Io(dir.into(), error);
    if depth > DEPTH {
        return Err(KitError::LinkLoop(dir.into()));
    }
    for entry in fs::read_dir(dir).map_err(io)? {
        let path = entry.map_err(io)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(KitError::BadFileName(path));
        };
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        let relative = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{relative}/"), depth + 1, files)?;
        } else {
            files.push(file(&path, relative)?);
        }
    }
    Ok(())
}

fn file(path: &Path, relative: String) -> Result<OverlayFile, KitError> {
    if RESERVED.contains(&relative.as_str()) {
        return Err(KitError::Reserved(path.into()));
    }
    if relative.ends_with(".j2") {
        return Err(KitError::OverlayTemplate(path.into()));
    }
    let io = |error| KitError::Io(path.into(), error);
    let meta = fs::metadata(path).map_err(io)?;
    if !meta.is_file() {
        return Err(KitError::NotAFile(path.into()));
    }
    let mode = if meta.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 };
    Ok(OverlayFile { path: relative, bytes: fs::read(path).map_err(io)?, mode })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::read;
    use crate::error::Report;
    use crate::release::tests::write;

    #[test]
    fn takes_files_with_their_executable_bit() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(&dir.path().join("none")).unwrap(), []);
        write(dir.path(), "env.sh", "A=1\n");
        write(dir.path(), "plugins/x/pre_start", "#!/usr/bin/perl\n");
        write(dir.path(), "env.sh~", "old");
        write(dir.path(), ".gitkeep", "");
        let hook = dir.path().join("plugins/x/pre_start");
        fs::set_permissions(hook, fs::Permissions::from_mode(0o700)).unwrap();
        let files = read(dir.path()).unwrap();
        let seen: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.mode)).collect();
        assert_eq!(seen, [("env.sh", 0o644), ("plugins/x/pre_start", 0o755)]);
    }

    #[test]
    fn the_generators_own_files_are_refused() {
        for name in ["settings.sh", "manifest.toml", "relboot-helper"] {
            let dir = tempfile::tempdir().unwrap();
            write(dir.path(), name, "");
            let error = read(dir.path()).unwrap_err();
            assert!(error.to_string().ends_with("relboot writes this file itself"), "{error}");
            assert!(error.help().unwrap().contains("rel/boot/"));
            fs::remove_file(dir.path().join(name)).unwrap();
            write(dir.path(), &format!("commands/{name}"), "");
            assert_eq!(read(dir.path()).unwrap().len(), 1, "below a directory the name is free");
        }
    }
}
