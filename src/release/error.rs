//! Why there is no release to work on.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::consult::Fault;
use crate::error::{Report, Status};
use crate::names::NameError;

/// Why a release can't be opened or found.
#[derive(Debug)]
pub enum ReleaseError {
    /// The directory has no `releases/` in it.
    NotARelease(PathBuf),
    /// Neither `start_erl.data` nor a `.rel` file tells a version.
    NoVersion(PathBuf),
    /// `start_erl.data` does not hold `ERTS_VSN VSN`.
    BadStartData(PathBuf, String),
    /// No `.rel` file describes the version.
    NoRelFile(PathBuf, String),
    /// A `.rel` file that can't be read as one.
    BrokenRel(PathBuf, Fault),
    /// The release's name can't be a command.
    BadName(PathBuf, NameError),
    /// Nothing below `_build/*/rel/`.
    NothingBuilt(PathBuf),
    /// Releases of several names below `_build/*/rel/`, and the subcommand that met them.
    Several(&'static str, Vec<(String, PathBuf)>),
    /// The operating system's refusal.
    Io(PathBuf, io::Error),
}

impl fmt::Display for ReleaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARelease(dir) => write!(f, "{}: no release there (no releases/ in it)", dir.display()),
            Self::NoVersion(dir) => write!(
                f,
                "{}: no version there (neither releases/start_erl.data nor releases/*/NAME.rel)",
                dir.display()
            ),
            Self::BadStartData(path, text) => {
                write!(f, "{}: {text:?} should be ERTS_VSN VSN, as in \"13.1.5 0.1.0\"", path.display())
            }
            Self::NoRelFile(dir, vsn) => {
                write!(f, "{}: no .rel file for version {vsn} in it or above it", dir.display())
            }
            Self::BrokenRel(path, fault) => {
                write!(f, "{}:{}:{}: {}", path.display(), fault.line, fault.column, fault.message)
            }
            Self::BadName(path, error) => write!(f, "{}: {error}", path.display()),
            Self::NothingBuilt(dir) => {
                let dir = if dir.as_os_str().is_empty() { std::path::Path::new(".") } else { dir };
                write!(f, "{}: no release in _build/*/rel/", dir.display())
            }
            Self::Several(_, found) => {
                let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
                write!(f, "_build/ holds several releases: {}", names.join(", "))
            }
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for ReleaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::BadName(_, error) => Some(error),
            Self::Io(_, error) => Some(error),
            _ => None,
        }
    }
}

impl Report for ReleaseError {
    fn status(&self) -> Status {
        match self {
            Self::Several(..) | Self::NothingBuilt(_) | Self::NotARelease(_) => Status::Usage,
            _ => Status::Failed,
        }
    }

    fn help(&self) -> Option<String> {
        Some(match self {
            Self::NotARelease(_) => {
                "name the directory that holds bin/, lib/ and releases/, such as _build/prod/rel/NAME".into()
            }
            Self::NoVersion(_) | Self::NoRelFile(..) => {
                "build the release again: rebar3 release, or mix release --overwrite".into()
            }
            Self::BadName(..) => {
                "it becomes the command bin/NAME: rename the release in rebar.config or mix.exs".into()
            }
            Self::NothingBuilt(_) => {
                "build one (rebar3 release, or MIX_ENV=prod mix release), or name its directory".into()
            }
            Self::Several(command, found) => {
                let lines: Vec<_> =
                    found.iter().map(|(_, path)| format!("relboot {command} {}", path.display())).collect();
                lines.join("  or  ")
            }
            Self::BadStartData(..) | Self::BrokenRel(..) | Self::Io(..) => return None,
        })
    }
}
