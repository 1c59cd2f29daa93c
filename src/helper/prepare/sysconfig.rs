//! The sys.config to start with. mix releases whose config providers write a new one get a copy to write to.

use std::path::{Path, PathBuf};

use super::files;
use crate::error::{Failure, Message, Status};
use crate::helper::env::{self, Instance};

/// The mark that mix leaves in a sys.config that its config providers overwrite at boot.
const WRITTEN_AT_BOOT: &str = "RUNTIME_CONFIG=true";

/// A configuration file.
#[derive(Debug)]
pub(super) struct Config {
    /// With its suffix `.config`.
    path: PathBuf,
    /// What goes there before the start; `None`: it is used where it is.
    copy: Option<Vec<u8>>,
    /// Whether it, or a file that it includes, may set the ports of distribution.
    ports: bool,
}

impl Config {
    /// As `-config` and `RELEASE_SYS_CONFIG` have it.
    pub(super) fn without_suffix(&self) -> PathBuf {
        self.path.with_extension("")
    }

    /// Whether it goes to a place of its own before the start.
    pub(super) fn is_copied(&self) -> bool {
        self.copy.is_some()
    }

    /// Has the copy go there instead.
    pub(super) fn copied_to(&mut self, path: PathBuf) {
        self.path = path;
    }

    /// Whether it may set `inet_dist_listen_min` or `dist_listen`: by its text, as what a program makes of it at
    /// boot can't be known here, nor can the files that it includes.
    pub(super) fn may_set_ports(&self) -> bool {
        self.ports
    }

    pub(super) fn write(&self) -> Result<(), Failure> {
        self.copy.as_ref().map_or(Ok(()), |bytes| files::write(&self.path, bytes, 0o600))
    }
}

/// The user's `RELEASE_SYS_CONFIG` or `RELX_CONFIG_PATH`, else releases/VSN/sys.config when there is one.
pub(super) fn find(instance: &Instance) -> Result<Option<Config>, Failure> {
    let own = instance.version_dir().join("sys.config");
    let wished = wished();
    let path = wished.clone().unwrap_or_else(|| own.clone());
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if wished.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            return without(&own);
        }
        Err(error) => {
            return Err(Message::new(Status::Failed, format!("cannot read {}: {error}", path.display()))
                .with_help("RELEASE_SYS_CONFIG names the file, without \".config\", when it is set")
                .into());
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    let ports = ["dist_listen", ".config\""].iter().any(|word| text.contains(word));
    if text.contains(WRITTEN_AT_BOOT) {
        return Ok(Some(Config { path: instance.state.join("sys.config"), ports, copy: Some(bytes) }));
    }
    Ok(Some(Config { path, copy: None, ports }))
}

/// What the user set; what an earlier start exported to a program that now calls us is not that.
fn wished() -> Option<PathBuf> {
    let own = env::var("BOOT_SYS_CONFIG");
    let mix = env::var("RELEASE_SYS_CONFIG").filter(|path| Some(path) != own.as_ref());
    mix.map(|path| PathBuf::from(path + ".config"))
        .or_else(|| env::var("RELX_CONFIG_PATH").map(PathBuf::from))
}

fn without(own: &Path) -> Result<Option<Config>, Failure> {
    let src = own.with_extension("config.src");
    if src.exists() {
        return Err(Message::new(
            Status::Failed,
            format!("{} is a template that relboot does not render yet", src.display()),
        )
        .with_help("build the release with a sys.config that needs no rendering, or set RELX_CONFIG_PATH")
        .into());
    }
    Ok(None)
}
