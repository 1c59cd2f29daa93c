//! `manifest.toml`: each file of a kit with its hash and mode, by which changes made by hand are seen.
//! Deterministic; holds no times and no host names.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{KitError, Planned, Rule};

/// The content of a `manifest.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of relboot that wrote the kit.
    pub relboot: String,
    /// The files, sorted by path.
    #[serde(default, rename = "file")]
    pub files: Vec<Entry>,
}

/// One file of a kit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Relative to the release.
    pub path: String,
    /// Lower-case hexadecimal digits.
    pub sha256: String,
    /// Octal digits, as in `0644`.
    pub mode: String,
}

impl Manifest {
    /// The manifest of a kit of `files`.
    #[must_use]
    pub fn of(files: &[Planned]) -> Self {
        let mut entries: Vec<_> = files
            .iter()
            .filter(|file| matches!(file.rule, Rule::Kit | Rule::Entry))
            .map(|file| Entry {
                path: file.path.clone(),
                sha256: sha256(&file.bytes),
                mode: format!("{:04o}", file.mode),
            })
            .collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Self { relboot: super::VERSION.into(), files: entries }
    }

    /// The file's text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let body = toml::to_string(self).expect("texts in two levels are always TOML");
        format!("# The files of this kit as generated: \"relboot generate --check\" compares.\n{body}")
    }

    /// Reads the manifest at `path`; `None` when there is none.
    ///
    /// # Errors
    /// When it is there but can't be read, or is none.
    pub fn read(path: &Path) -> Result<Option<Self>, KitError> {
        match fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text)
                .map(Some)
                .map_err(|error| KitError::BadManifest(path.into(), error.message().replace('\n', ", "))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(error) => Err(KitError::Io(path.into(), error)),
        }
    }

    /// Whether `bytes` are what the kit has at `path`; `None` when it has nothing there.
    #[must_use]
    pub fn matches(&self, path: &str, bytes: &[u8]) -> Option<bool> {
        let entry = self.files.iter().find(|entry| entry.path == path)?;
        Some(entry.sha256 == sha256(bytes))
    }
}

/// The SHA-256 of `bytes` in lower-case hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{Manifest, sha256};
    use crate::kit::{Planned, Rule};

    #[test]
    fn lists_the_kit_sorted_and_reads_back() {
        let file = |path: &str, rule| Planned { path: path.into(), bytes: b"x\n".into(), mode: 0o644, rule };
        let files = [
            file("releases/1/boot/b \"q\"", Rule::Kit),
            file("bin/demo", Rule::Entry),
            file("plugins/README.md", Rule::Once),
        ];
        let manifest = Manifest::of(&files);
        insta::assert_snapshot!(manifest.to_text().replace(crate::kit::VERSION, "VERSION"), @r#"
        # The files of this kit as generated: "relboot generate --check" compares.
        relboot = "VERSION"

        [[file]]
        path = "bin/demo"
        sha256 = "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac"
        mode = "0644"

        [[file]]
        path = 'releases/1/boot/b "q"'
        sha256 = "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac"
        mode = "0644"
        "#);
        assert_eq!(toml::from_str::<Manifest>(&manifest.to_text()).unwrap(), manifest);
        assert_eq!(manifest.matches("bin/demo", b"x\n"), Some(true));
        assert_eq!(manifest.matches("bin/demo", b"y\n"), Some(false));
        assert_eq!(manifest.matches("bin/other", b"x\n"), None);
    }

    #[test]
    fn hashes_are_those_of_sha256sum() {
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
