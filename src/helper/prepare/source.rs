//! The vm.args to start from: which file, and its words as they are on this host.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::credentials::Credentials;
use crate::error::{Failure, Message, Status};
use crate::helper::env::{self, Instance};
use crate::host::{Facts, Otp};
use crate::vmargs::{Args, Context, Environment, Release, render_args};

/// The vm.args to start from: the user's `RELEASE_VM_ARGS`, the kit's template, or the release's own file.
pub(super) fn find(instance: &Instance, template: &str) -> Result<Option<PathBuf>, Failure> {
    if let Some(path) = env::var("RELEASE_VM_ARGS").or_else(|| env::var("VMARGS_PATH")) {
        return Ok(Some(path.into()));
    }
    let directory = instance.version_dir();
    if !template.is_empty() {
        return Ok(Some(directory.join(template)));
    }
    let plain = directory.join("vm.args");
    if plain.exists() {
        return Ok(Some(plain));
    }
    let src = directory.join("vm.args.src");
    if src.exists() {
        return Err(Message::new(
            Status::Failed,
            format!("{} is a template that relboot does not render yet", src.display()),
        )
        .with_help("turn it into rel/vm.args.j2 (relboot init writes one to start from)")
        .into());
    }
    Ok(None)
}

/// Reads it, rendered where it is a template.
pub(super) fn read(instance: &Instance, path: &Path, facts: &Facts, otp: &Otp) -> Result<Args, Failure> {
    let shown = path.strip_prefix(&instance.root).unwrap_or(path).to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Message::new(Status::Failed, format!("cannot read {}: {error}", path.display()))
            .with_help("RELEASE_VM_ARGS names the file when it is set")
    })?;
    if path.extension().is_some_and(|extension| extension == "j2") {
        let release = Release {
            name: instance.name.clone(),
            vsn: instance.vsn.clone(),
            root: instance.root.to_string_lossy().into_owned(),
            erts: otp.erts.clone(),
        };
        let environment: Environment = std::env::vars_os().collect();
        let sources = Arc::new(Credentials::from_env());
        let context = Context { release: &release, facts, env: &environment, sources };
        return Ok(render_args(&text, &shown, &context, &mut include)?);
    }
    Ok(Args::parse(&text, &shown, &mut include)?)
}

/// The most bytes of a file that vm.args includes.
const LONGEST: u64 = 1 << 20;

/// The text of an `-args_file`: not of a pipe or a device, where a start could hang.
fn include(path: &str) -> std::io::Result<String> {
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    if about.len() > LONGEST {
        return Err(std::io::Error::other("it has more than 1 MiB"));
    }
    std::fs::read_to_string(path)
}
