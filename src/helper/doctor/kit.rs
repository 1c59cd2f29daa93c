//! The kit's own files, and the plugins, which run with the user's rights.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::Finding;
use crate::helper::env::{self, Instance};
use crate::helper::hook_check;

/// Whether each file is as it was generated.
pub(super) fn files(instance: &Instance) -> Finding {
    const ID: &str = "kit.files";
    const FIX: &str = "relboot generate --check shows what differs, relboot generate writes it again";
    let path = instance.version_dir().join("boot/manifest.toml");
    let Ok(text) = fs::read_to_string(&path) else {
        return Finding::warning(
            ID,
            format!("there is no {}", path.display()),
            "write the kit again: relboot generate",
        );
    };
    let entries = entries(&text);
    let wrong: Vec<String> = entries.iter().filter_map(|entry| entry.fault(&instance.root)).collect();
    match wrong.as_slice() {
        [] => Finding::ok(ID, format!("{} files are as they were generated", entries.len())),
        // Without them it does not run.
        _ if wrong.iter().any(|fault| fault.ends_with("is missing")) => {
            Finding::error(ID, wrong.join(", "), FIX)
        }
        _ => Finding::warning(ID, wrong.join(", "), FIX),
    }
}

/// A `[[file]]` of the manifest.
#[derive(Debug, Default, PartialEq, Eq)]
struct Entry {
    path: String,
    sha256: String,
    mode: String,
}

impl Entry {
    fn fault(&self, root: &Path) -> Option<String> {
        let path = root.join(&self.path);
        let Ok(bytes) = fs::read(&path) else { return Some(format!("{} is missing", self.path)) };
        let hash = Sha256::digest(&bytes).iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes all");
            text
        });
        if hash != self.sha256 {
            return Some(format!("{} was changed", self.path));
        }
        let executable = |mode: u32| mode & 0o100 != 0;
        let wanted = u32::from_str_radix(&self.mode, 8).ok()?;
        let mode = fs::metadata(&path).ok()?.permissions().mode();
        (executable(mode) != executable(wanted))
            .then(|| format!("{} has the mode {:04o}", self.path, mode & 0o7777))
    }
}

/// The manifest is what the generator writes: one key in a line.
fn entries(text: &str) -> Vec<Entry> {
    let mut found = Vec::new();
    for line in text.lines() {
        if line == "[[file]]" {
            found.push(Entry::default());
        }
        let (Some(entry), Some((key, value))) = (found.last_mut(), line.split_once(" = ")) else { continue };
        match key {
            "path" => entry.path = string(value),
            "sha256" => entry.sha256 = string(value),
            "mode" => entry.mode = string(value),
            _ => {}
        }
    }
    found
}

/// A string of TOML, as far as paths have them.
fn string(text: &str) -> String {
    if let Some(plain) = text.strip_prefix('\'') {
        return plain.trim_end_matches('\'').to_owned();
    }
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    inner.replace("\\\"", "\"").replace("\\t", "\t").replace("\\\\", "\\")
}

/// Whether somebody else could put code into a plugin.
pub(super) fn plugins(instance: &Instance) -> Finding {
    const ID: &str = "kit.plugins";
    let mut places = vec![instance.root.join("plugins"), instance.version_dir().join("boot/plugins")];
    let more = env::var("BOOT_PLUGINS_PATH").unwrap_or_default();
    places.extend(more.split(':').filter(|place| !place.is_empty()).map(PathBuf::from));
    let mut paths: Vec<PathBuf> = places.iter().filter(|place| place.is_dir()).cloned().collect();
    let list = |directory: &PathBuf| -> Vec<PathBuf> {
        fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let plugins: Vec<PathBuf> = places.iter().flat_map(list).filter(|path| path.is_dir()).collect();
    paths.extend(plugins.iter().flat_map(list));
    paths.extend(plugins.iter().cloned());
    match paths.iter().find(|path| hook_check::is_open(path)) {
        Some(path) => Finding::error(
            ID,
            format!("{} can be written by others than its owner: no command uses its hooks", path.display()),
            format!("chmod go-w {}", shell_escape::unix::escape(path.to_string_lossy())),
        ),
        None => Finding::ok(ID, format!("{} plugins, none that others can write", plugins.len())),
    }
}

/// Whether everybody can write it.
pub(super) fn for_all(path: &Path) -> bool {
    let meta = fs::symlink_metadata(path);
    meta.is_ok_and(|meta| !meta.is_symlink() && meta.permissions().mode() & 0o002 != 0)
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn a_manifest_is_read_as_it_is_written() {
        let text = "# x\nrelboot = \"1\"\n\n[[file]]\npath = \"bin/demo\"\nsha256 = \"73\"\nmode = \"0755\"\n\n[[file]]\npath = 'releases/1/boot/b \"q\"'\nsha256 = \"74\"\nmode = \"0644\"\n";
        let found = entries(text);
        assert_eq!((found.len(), found[0].path.as_str(), found[0].mode.as_str()), (2, "bin/demo", "0755"));
        assert_eq!((found[1].path.as_str(), found[1].sha256.as_str()), ("releases/1/boot/b \"q\"", "74"));
        assert_eq!(entries(""), []);
    }
}
