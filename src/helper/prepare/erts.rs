//! Where the runtime system is: in the release, or the system's own when the release has none.

use std::path::{Path, PathBuf};

use super::warn;
use crate::error::{Failure, Message, Status};
use crate::host::Otp;

/// An installed runtime system.
#[derive(Debug)]
pub(super) struct Erts {
    /// The directory of `erlexec`.
    pub bin: PathBuf,
    /// The directory of OTP's applications, for boot scripts that leave them to the system.
    pub lib: PathBuf,
}

impl Erts {
    /// The one of which this is the directory of `erlexec`.
    pub(super) fn at(bin: &Path) -> Option<Self> {
        is_erts(bin).then(|| Self { bin: bin.into(), lib: bin.join("../../lib") })
    }

    /// Its version, by the name of its directory `erts-VSN`.
    pub(super) fn otp(&self) -> Otp {
        let name = self.bin.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
        Otp::of_erts(name.strip_prefix("erts-").unwrap_or_default())
    }
}

/// Finds the release's erts, else the one of the `erl` in `PATH`.
pub(super) fn locate(root: &Path, vsn: &str) -> Result<Erts, Failure> {
    let bin = root.join(format!("erts-{vsn}")).join("bin");
    if is_erts(&bin) {
        return Ok(Erts { bin, lib: root.join("lib") });
    }
    let system = std::env::var_os("PATH").as_deref().and_then(|path| {
        std::env::split_paths(path).find_map(|directory| directory.join("erl").canonicalize().ok())
    });
    let Some(erl) = system else {
        return Err(Message::new(
            Status::Failed,
            format!("the release has no erts-{vsn}, and there is no erl in PATH"),
        )
        .with_help("build the release with its runtime system (include_erts), or install Erlang")
        .into());
    };
    // ROOT/bin/erl, or ROOT/erts-VSN/bin/erl itself.
    let beside = erl.parent().unwrap_or(Path::new("/"));
    let otp = beside.parent().unwrap_or(Path::new("/"));
    if is_erts(beside) {
        let lib = otp.parent().unwrap_or(Path::new("/")).join("lib");
        return Ok(Erts { bin: beside.into(), lib });
    }
    let bin = otp.join(format!("erts-{vsn}")).join("bin");
    if is_erts(&bin) {
        return Ok(Erts { bin, lib: otp.join("lib") });
    }
    let other = std::fs::read_dir(otp).into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let Some(bin) = other.filter(|bin| is_erts(bin)).max() else {
        let text = format!("the release has no erts-{vsn}, and {} belongs to none", erl.display());
        return Err(Message::new(Status::Failed, text)
            .with_help("build the release with its runtime system (include_erts)")
            .into());
    };
    warn(&format!("the release was built with erts {vsn}; it runs on {}", bin.display()));
    Ok(Erts { bin, lib: otp.join("lib") })
}

fn is_erts(bin: &Path) -> bool {
    bin.join("erlexec").is_file()
}
