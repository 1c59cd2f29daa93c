//! The generator's subcommands, one file each: they tie configuration, release and kit together
//! and print. Nothing else in the generator prints.

use std::path::{Path, PathBuf};

use crate::cli::{Cli, Command};
use crate::error::{Failure, Status};
use crate::release::{Release, ReleaseError, discover};

mod generate;
mod init;
mod project;
mod tar;
mod terminal;

/// Runs what `cli` asks for.
///
/// # Errors
/// With what the user is to be told.
pub fn run(cli: &Cli) -> Result<Status, Failure> {
    match &cli.command {
        Command::Init(options) => init::run(options),
        Command::Generate(options) => generate::run(options),
        Command::Tar(options) => tar::run(options),
    }
}

/// The release that is named, or the newest built here.
fn release(named: Option<&Path>, command: &'static str) -> Result<Release, ReleaseError> {
    let dir = match named {
        Some(dir) => dir.to_owned(),
        None => discover(Path::new(""), command)?,
    };
    Release::open(&dir)
}

/// The path as a user would type it here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    match path.strip_prefix(&here) {
        Ok(rest) if !rest.as_os_str().is_empty() => rest.display().to_string(),
        _ => path.display().to_string(),
    }
}

/// What kind of release it is, in a few words.
fn describe(release: &Release) -> String {
    let erts = match (release.erts_included, release.machine) {
        (true, Some(machine)) => format!("erts {}, {machine}", release.erts_vsn),
        (true, None) => format!("erts {}", release.erts_vsn),
        (false, _) => format!("erts {} of the system", release.erts_vsn),
    };
    format!("{} {} ({}, {erts})", release.name, release.vsn, release.kind)
}
