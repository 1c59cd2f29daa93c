//! The vm.args to start from: which file, and its words as they are on this host.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::credentials::Credentials;
use super::substitute;
use crate::error::{Failure, Message, Status};
use crate::helper::env::{self, Instance};
use crate::host::{Facts, Otp};
use crate::vmargs::{Args, Context, Environment, Error, Release, render, render_args};

/// The vm.args to start from: the user's `RELEASE_VM_ARGS`, the kit's template, or the release's own file.
pub(super) fn find(instance: &Instance, template: &str) -> Result<Option<PathBuf>, Failure> {
    if let Some(path) = env::var("RELEASE_VM_ARGS").or_else(|| env::var("VMARGS_PATH")) {
        return Ok(Some(path.into()));
    }
    let directory = instance.version_dir();
    if !template.is_empty() {
        return Ok(Some(directory.join(template)));
    }
    // As relx does: the file to be rendered comes before what an earlier start made of it.
    let files = [directory.join("vm.args.src"), directory.join("vm.args")];
    Ok(files.into_iter().find(|file| file.exists()))
}

/// Reads it, rendered where it is a template.
pub(super) fn read(instance: &Instance, path: &Path, facts: &Facts, otp: &Otp) -> Result<Args, Failure> {
    let shown = path.strip_prefix(&instance.root).unwrap_or(path).to_string_lossy().into_owned();
    let mut text = bounded(path).map_err(|error| {
        Message::new(Status::Failed, format!("cannot read {}: {error}", path.display()))
            .with_help("RELEASE_VM_ARGS names the file when it is set")
    })?;
    let is = |wanted: &str| path.extension().is_some_and(|extension| extension == wanted);
    if is("j2") {
        return with_context(instance, facts, otp, |context| {
            render_args(&text, &shown, context, &mut include)
        });
    }
    if is("src") || substitute::wanted() {
        text = substitute::file(&text, &shown, '#')?;
    }
    Ok(Args::parse(&text, &shown, &mut include)?)
}

/// The text of a template as it is on this host, with its secrets.
pub(super) fn rendered(
    instance: &Instance,
    text: &str,
    shown: &str,
    facts: &Facts,
    otp: &Otp,
) -> Result<String, Failure> {
    with_context(instance, facts, otp, |context| render(text, shown, context))
}

/// What `act` makes with all that a template can name.
fn with_context<T>(
    instance: &Instance,
    facts: &Facts,
    otp: &Otp,
    act: impl FnOnce(&Context<'_>) -> Result<T, Error>,
) -> Result<T, Failure> {
    let release = Release {
        name: instance.name.clone(),
        vsn: instance.vsn.clone(),
        root: instance.root.to_string_lossy().into_owned(),
        erts: otp.erts.clone(),
    };
    let env: Environment = std::env::vars_os().collect();
    let sources = Arc::new(Credentials::from_env());
    Ok(act(&Context { release: &release, facts, env: &env, sources })?)
}

/// The most bytes of a vm.args, and of a file that it includes.
const LONGEST: u64 = 1 << 20;

/// The text of an `-args_file`: not of a pipe or a device, where a start could hang.
pub(super) fn include(path: &str) -> std::io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is no regular file"));
    }
    bounded(path.as_ref())
}

/// The text of a file, a pipe that the user names too, which may never end.
pub(super) fn bounded(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    if file.take(LONGEST + 1).read_to_string(&mut text)? as u64 > LONGEST {
        return Err(std::io::Error::other("it has more than 1 MiB"));
    }
    Ok(text)
}
