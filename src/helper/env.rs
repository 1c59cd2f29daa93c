//! What the core exports to the helper, read in one place.

use std::path::PathBuf;

use crate::error::{Failure, Message, Status};
use crate::host::{Roots, Variables};

/// The release and the instance that a subcommand is about.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// `RELEASE_ROOT`.
    pub root: PathBuf,
    /// `RELEASE_NAME`.
    pub name: String,
    /// `RELEASE_VSN`.
    pub vsn: String,
    /// `BOOT_STATE_DIR`.
    pub state: PathBuf,
    /// `BOOT_LOG_DIR`.
    pub log: PathBuf,
}

impl Instance {
    /// # Errors
    /// When the helper was not called by the core.
    pub(super) fn from_env() -> Result<Self, Failure> {
        Ok(Self {
            root: need("RELEASE_ROOT")?.into(),
            name: need("RELEASE_NAME")?,
            vsn: need("RELEASE_VSN")?,
            state: need("BOOT_STATE_DIR")?.into(),
            log: need("BOOT_LOG_DIR")?.into(),
        })
    }

    /// `releases/VSN`.
    pub(super) fn version_dir(&self) -> PathBuf {
        self.root.join("releases").join(&self.vsn)
    }

    /// The version that the next start would boot: `releases/start_erl.data`, `ERTS VERSION`.
    pub(super) fn permanent_vsn(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.root.join("releases/start_erl.data")).ok()?;
        text.split_ascii_whitespace().nth(1).map(str::to_owned)
    }
}

/// Where the host's own files are: below `BOOT_HOST_ROOT` when it is set, for tests and for looking at another
/// host's files.
pub(super) fn roots() -> Roots {
    var("BOOT_HOST_ROOT").map_or_else(Roots::default, Roots::under).with(Variables {
        home: var("HOME"),
        container: var("container"),
        kubernetes: var("KUBERNETES_SERVICE_HOST").is_some(),
    })
}

/// A variable's value when it is set, not empty, and UTF-8.
pub(super) fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn need(name: &str) -> Result<String, Failure> {
    var(name).ok_or_else(|| {
        Message::new(Status::Usage, format!("{name} is not set"))
            .with_help("the helper is called by a release's scripts: bin/NAME help")
            .into()
    })
}
