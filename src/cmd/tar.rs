//! `relboot tar`: packs one version of a release with its kit.

use std::fs;
use std::io::{BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::terminal::Progress;
use super::{describe, release, terminal};
use crate::cli::Tar;
use crate::error::{Failure, Status};
use crate::kit::{KitError, tarball};
use crate::release::Release;

pub(super) fn run(options: &Tar) -> Result<Status, Failure> {
    let release = release(options.release_dir.as_deref(), "tar")?;
    let default = || PathBuf::from(format!("{}-{}.tar.gz", release.name, release.vsn));
    let output = options.output.clone().unwrap_or_else(default);
    let mut members = tarball::members(&release)?;
    members.leave_out(&output);
    cookies(&release);
    write(&members, &output)?;
    let size = fs::metadata(&output).map_or(0, |meta| meta.len());
    let size = format!("{:.1} MB", size as f64 / 1e6);
    let what = describe(&release);
    terminal::print(&format!("packed {what}: {}, {} files, {size}\n", output.display(), members.count()))?;
    Ok(Status::Done)
}

/// Warns of cookies: all who have a package would have the cookie of all its installs.
fn cookies(release: &Release) {
    let help = "help: RELEASE_COOKIE or RELEASE_COOKIE_FILE gives an install its cookie, or it makes its own";
    if release.root.join(tarball::COOKIE).exists() {
        terminal::note(&format!(
            "warning: {} is left out: a cookie does not belong into a package\n{help}",
            tarball::COOKIE
        ));
    }
    // The one that a start takes.
    let names =
        ["vm.args.j2", "vm.args.src", "vm.args"].map(|name| format!("{}/{name}", release.version_dir()));
    if let Some(path) = names.iter().find(|path| release.root.join(path).exists()) {
        let text = fs::read(release.root.join(path)).unwrap_or_default();
        for (line, text) in String::from_utf8_lossy(&text).lines().enumerate() {
            let cookie = text.trim_start().strip_prefix("-setcookie").unwrap_or_default();
            if cookie.starts_with([' ', '\t']) && !cookie.contains("{{") && !cookie.contains("${") {
                terminal::note(&format!("warning: {path}:{}: the package holds a cookie\n{help}", line + 1));
            }
        }
    }
}

/// By temporary file and rename: an interrupted run leaves no half archive to be deployed.
fn write(members: &tarball::Members, output: &Path) -> Result<(), KitError> {
    let io = |error| KitError::Io(output.into(), error);
    let dir = output.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".relboot-").tempfile_in(dir).map_err(io)?;
    let mut progress = Progress::new(format!("packing {}", output.display()), members.count());
    let mut writer = BufWriter::new(&mut file);
    members.pack(&mut writer, |done| progress.step(done))?;
    writer.flush().map_err(io)?;
    drop(writer);
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644)).map_err(io)?;
    file.persist(output).map(drop).map_err(|error| io(error.error))
}
