//! Why a kit can't be made, compared, written or packed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::error::{Report, Status};

/// What stands in the way.
#[derive(Debug)]
pub enum KitError {
    /// Files that a person changed, or that are nobody's known: path and why.
    Refused(Vec<(String, &'static str)>),
    /// Files of a kit that are not what was generated: path and why.
    ChangedKit(Vec<(String, &'static str)>),
    /// A directory on the way to a file is a symbolic link.
    Linked(PathBuf),
    /// Something else is where a file should be.
    NotAFile(PathBuf),
    /// A directory that can't be written to.
    ReadOnly(PathBuf, io::Error),
    /// A `manifest.toml` that is none.
    BadManifest(PathBuf, String),
    /// A file of `rel/boot/` that the generator writes itself.
    Reserved(PathBuf),
    /// A file of `rel/boot/` that would need rendering.
    OverlayTemplate(PathBuf),
    /// A file's name that is not UTF-8.
    BadFileName(PathBuf),
    /// No helper binary in any of these places.
    NoHelper(Vec<PathBuf>),
    /// A helper that is no program for the release's processor: path, what it is, what it should be.
    WrongHelper(PathBuf, String, String),
    /// The version has no kit.
    NoKit(PathBuf),
    /// An application of the release that is not in it.
    NoApplication(PathBuf),
    /// A symbolic link that leads back to its own directory.
    LinkLoop(PathBuf),
    /// The operating system's refusal.
    Io(PathBuf, io::Error),
}

fn listed(files: &[(String, &'static str)]) -> String {
    let list: Vec<_> = files.iter().map(|(path, why)| format!("{path} ({why})")).collect();
    list.join(", ")
}

impl fmt::Display for KitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(files) => {
                write!(f, "not overwritten, and nothing was written: {}", listed(files))
            }
            Self::ChangedKit(files) => write!(f, "the kit is not as generated: {}", listed(files)),
            Self::Linked(path) => {
                write!(f, "{}: a symbolic link; a kit is not written through one", path.display())
            }
            Self::NotAFile(path) => write!(f, "{}: no regular file", path.display()),
            Self::ReadOnly(path, error) => write!(f, "{}: can't be written to: {error}", path.display()),
            Self::BadManifest(path, why) => write!(f, "{}: {why}", path.display()),
            Self::Reserved(path) => write!(f, "{}: relboot writes this file itself", path.display()),
            Self::OverlayTemplate(path) => {
                write!(
                    f,
                    "{}: templates in rel/boot/ are not rendered by relboot {}",
                    path.display(),
                    super::VERSION
                )
            }
            Self::BadFileName(path) => write!(f, "{path:?}: the name is not UTF-8"),
            Self::NoHelper(places) => {
                let list: Vec<_> = places.iter().map(|path| path.display().to_string()).collect();
                write!(f, "no {} at {}", super::helper::NAME, list.join(" or "))
            }
            Self::WrongHelper(path, is, wanted) => {
                write!(f, "{}: {is}, but the release is for {wanted}", path.display())
            }
            Self::NoKit(dir) => write!(f, "{}: a version without a kit", dir.display()),
            Self::NoApplication(dir) => {
                write!(f, "{}: no such directory, but the .rel file names it", dir.display())
            }
            Self::LinkLoop(path) => {
                write!(f, "{}: a symbolic link to a directory that holds it", path.display())
            }
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for KitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) | Self::ReadOnly(_, error) => Some(error),
            _ => None,
        }
    }
}

impl Report for KitError {
    fn status(&self) -> Status {
        if matches!(self, Self::NoHelper(_)) { Status::Usage } else { Status::Failed }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::Refused(_) => {
                "keep changes in the project's rel/boot/; relboot generate --force overwrites these files"
            }
            Self::ChangedKit(_) => "keep changes in the project's rel/boot/, then: relboot generate --force",
            Self::Linked(_) => "replace it by a directory",
            Self::NotAFile(_) => "move it away",
            Self::ReadOnly(..) => "generate before the release is installed, or as the owner of its files",
            Self::BadManifest(..) => "remove it, then: relboot generate --force",
            Self::Reserved(_) => "take it out of rel/boot/; rel/relboot.toml holds what can be set",
            Self::OverlayTemplate(_) => "write it as a plain file; settings.sh has the release's values",
            Self::BadFileName(_) => "rename the file",
            Self::NoHelper(_) => "--helper PATH names it",
            Self::WrongHelper(_, _, wanted) => {
                return Some(format!("--helper PATH of one that is built for {wanted}"));
            }
            Self::NoKit(_) => "relboot generate",
            Self::NoApplication(_) | Self::LinkLoop(_) => "build the release again",
            Self::Io(..) => return None,
        };
        Some(text.into())
    }
}
