//! The sys.config of another version than the running one, rendered for an upgrade to it: release_handler reads the
//! new version's file, and would find none, or one without what its template says.

use std::path::PathBuf;

use super::{files, scratch, sysconfig};
use crate::error::{Failure, Message, Status};
use crate::helper::env::{self, Instance};
use crate::helper::record::Record;
use crate::host::{Facts, Otp};

/// The file, for as long as this lives.
pub(in crate::helper) struct Rendered(Option<PathBuf>);

impl Rendered {
    /// Renders sys.config.j2 or sys.config.src of `vsn`; nothing where it has neither.
    pub(in crate::helper) fn of_version(instance: &Instance, vsn: &str) -> Result<Self, Failure> {
        let instance = Instance { vsn: vsn.to_owned(), ..instance.clone() };
        let directory = instance.version_dir();
        if !["sys.config.j2", "sys.config.src"].iter().any(|name| directory.join(name).exists()) {
            return Ok(Self(None));
        }
        // An upgrade without a new VM has the same erts.
        let bin = Record::read(&instance)?.and_then(|record| record.bindir).unwrap_or_default();
        let erts =
            bin.parent().and_then(|erts| erts.file_name()).unwrap_or_default().to_string_lossy().into_owned();
        let otp = Otp::of_erts(erts.strip_prefix("erts-").unwrap_or_default());
        // Only mix releases have it.
        let kind = if directory.join("elixir").is_file() { "mix" } else { "" };
        let facts = Facts::collect(&env::roots());
        let Some(mut config) = sysconfig::of_version(&instance, kind, &facts, &otp)? else {
            return Ok(Self(None));
        };
        // The node reads it: as its own user only.
        files::trust(&instance.state)?;
        scratch::sweep(&instance.state);
        let path = scratch::file(&instance.state, std::process::id(), "config")?;
        if path.to_str().is_none() {
            let text = format!("{} is not UTF-8", path.display());
            return Err(Message::new(Status::Failed, text)
                .with_help("set BOOT_STATE_DIR to a path that is")
                .into());
        }
        config.copied_to(path.clone());
        config.write()?;
        Ok(Self(Some(path)))
    }

    /// Its path, or nothing.
    pub(in crate::helper) fn path(&self) -> String {
        self.0.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

impl Drop for Rendered {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // What can't be removed the next sweep removes.
            let _ = files::remove(path);
        }
    }
}
