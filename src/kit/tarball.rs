//! One version of a release with its kit as a `.tar.gz`, which `release_handler:unpack_release/1`
//! takes and plain `tar -x` installs. Reads the release and writes to the given writer; the same
//! release always gives the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::compare::{is_entry, is_some_kits_entry};
use super::manifest::Manifest;
use super::{KitError, manifest_path, records};
use crate::release::{Release, script};

/// Where a member's content comes from.
#[derive(Debug)]
enum Source {
    Disk(PathBuf, u32),
    Made(String),
}

/// The members of an archive, by their path in it.
#[derive(Debug)]
pub struct Members(BTreeMap<String, Source>);

/// The cookie that mix puts into a release. It stays out of an archive, or all who have one would have the cookie
/// of all the others.
pub const COOKIE: &str = "releases/COOKIE";

/// Collects what belongs to this version of `release` and to nothing else; [`COOKIE`] is left out.
///
/// # Errors
/// When the version has no kit or a changed one, an application is missing, or something can't be read.
pub fn members(release: &Release) -> Result<Members, KitError> {
    check_kit(release)?;
    let mut members = Members(BTreeMap::new());
    let root = &release.root;
    for app in &release.applications {
        members.application(release, &format!("lib/{}", app.dir()))?;
    }
    if release.erts_included {
        let erts = format!("erts-{}", release.erts_vsn);
        members.tree(&root.join(&erts), &erts, &mut Vec::new())?;
    }
    let home = release.version_dir();
    members.tree(&root.join(&home), &home, &mut Vec::new())?;
    if root.join("plugins").is_dir() {
        members.tree(&root.join("plugins"), "plugins", &mut Vec::new())?;
    }
    members.commands(release)?;
    // release_handler looks for it here, by the name that unpack_release is given.
    let rel = format!("releases/{}-{}.rel", release.name, release.vsn);
    members.file(&root.join(&release.rel_file), rel)?;
    members.0.insert("releases/RELEASES".into(), Source::Made(records::releases(release)));
    members.0.insert("releases/start_erl.data".into(), Source::Made(records::start_data(release)));
    Ok(members)
}

/// What is packed has to be what was generated.
fn check_kit(release: &Release) -> Result<(), KitError> {
    let path = release.root.join(manifest_path(release));
    let Some(manifest) = Manifest::read(&path)? else {
        return Err(KitError::NoKit(release.root.join(release.version_dir())));
    };
    let entry = format!("bin/{}", release.name);
    let mut refused = Vec::new();
    for file in &manifest.files {
        let bytes = match fs::read(release.root.join(&file.path)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                refused.push((file.path.clone(), "missing"));
                continue;
            }
            Err(error) => return Err(KitError::Io(release.root.join(&file.path), error)),
        };
        // The entry may be a later version's kit's.
        let same = manifest.matches(&file.path, &bytes) == Some(true)
            || (file.path == entry && is_entry(&bytes) && is_some_kits_entry(&release.root, &entry, &bytes)?);
        if !same {
            refused.push((file.path.clone(), "changed since it was generated"));
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(KitError::ChangedKit(refused)) }
}

impl Members {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    fn file(&mut self, path: &Path, name: String) -> Result<(), KitError> {
        let meta = fs::metadata(path).map_err(|error| KitError::Io(path.into(), error))?;
        if !meta.is_file() {
            return Err(KitError::NotAFile(path.into()));
        }
        let mode = plain_mode(meta.permissions().mode());
        self.0.insert(name, Source::Disk(path.into(), mode));
        Ok(())
    }

    /// An application inside is taken whole. One that is a link leads into a project or a system's
    /// erts (development mode): then what a release tool would copy is taken.
    fn application(&mut self, release: &Release, name: &str) -> Result<(), KitError> {
        let dir = release.root.join(name);
        if !dir.is_dir() {
            // Without erts inside, OTP's own applications are the system's.
            return if release.erts_included { Err(KitError::NoApplication(dir)) } else { Ok(()) };
        }
        if !dir.is_symlink() {
            return self.tree(&dir, name, &mut Vec::new());
        }
        for part in ["ebin", "include", "priv"].into_iter().filter(|part| dir.join(part).is_dir()) {
            self.tree(&dir.join(part), &format!("{name}/{part}"), &mut Vec::new())?;
        }
        Ok(())
    }

    /// The entry and what else is not a tool's: boot files, and commands that the project added.
    fn commands(&mut self, release: &Release) -> Result<(), KitError> {
        let of_version = format!("{}-", release.name);
        for (path, name) in list(&release.root.join("bin"))? {
            let tools = name == "nodetool" || name == "install_upgrade.escript";
            let script_of_version = name
                .strip_prefix(&of_version)
                .is_some_and(|vsn| is_script_of_version(&release.root, &path, vsn));
            if !tools && !script_of_version && path.is_file() {
                self.file(&path, format!("bin/{name}"))?;
            }
        }
        Ok(())
    }

    /// All files below `dir`, links followed; `above` are the directories on the way.
    fn tree(&mut self, dir: &Path, prefix: &str, above: &mut Vec<(u64, u64)>) -> Result<(), KitError> {
        let meta = fs::metadata(dir).map_err(|error| KitError::Io(dir.into(), error))?;
        let identity = (meta.dev(), meta.ino());
        if above.contains(&identity) {
            return Err(KitError::LinkLoop(dir.into()));
        }
        above.push(identity);
        for (path, name) in list(dir)? {
            let member = format!("{prefix}/{name}");
            if path.is_dir() { self.tree(&path, &member, above)? } else { self.file(&path, member)? }
        }
        above.pop();
        Ok(())
    }

    /// Leaves out the file at `path`: the archive itself, when it is made inside the release.
    pub fn leave_out(&mut self, path: &Path) {
        let Ok(path) = fs::canonicalize(path) else { return };
        self.0.retain(|_, source| match source {
            Source::Disk(file, _) => fs::canonicalize(file).map_or(true, |file| file != path),
            Source::Made(_) => true,
        });
    }

    /// Writes the archive; `progress` hears the number of members written so far.
    ///
    /// # Errors
    /// When a file can't be read or `out` can't be written.
    pub fn pack(&self, out: impl Write, mut progress: impl FnMut(usize)) -> Result<(), KitError> {
        let gzip = GzBuilder::new().mtime(0).operating_system(255).write(out, Compression::best());
        let mut archive = Builder::new(gzip);
        for (done, (name, source)) in self.0.iter().enumerate() {
            let io = |error| KitError::Io(name.into(), error);
            match source {
                Source::Disk(path, mode) => {
                    let bytes = fs::read(path).map_err(|error| KitError::Io(path.clone(), error))?;
                    append(&mut archive, name, &bytes, *mode).map_err(io)?;
                }
                Source::Made(text) => append(&mut archive, name, text.as_bytes(), 0o644).map_err(io)?,
            }
            progress(done + 1);
        }
        let end = |error| KitError::Io("the archive".into(), error);
        archive.into_inner().and_then(flate2::write::GzEncoder::finish).map_err(end)?.flush().map_err(end)
    }
}

fn append(archive: &mut Builder<impl Write>, name: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_size(bytes.len() as u64);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    archive.append_data(&mut header, name, bytes)
}

/// The same whatever the umask was; only a file that was its owner's alone stays so.
fn plain_mode(mode: u32) -> u32 {
    let plain = if mode & 0o111 == 0 { 0o644 } else { 0o755 };
    if mode & 0o077 == 0 { plain & 0o700 } else { plain }
}

/// relx leaves a script `NAME-VSN` for each version that it has built, also for those long removed.
fn is_script_of_version(root: &Path, path: &Path, vsn: &str) -> bool {
    let by_a_tool = || fs::read(path).is_ok_and(|text| script::author(&text).is_some());
    root.join("releases").join(vsn).is_dir() || by_a_tool()
}

/// The entries of `dir` with their names, but for what an interrupted write left.
fn list(dir: &Path) -> Result<Vec<(PathBuf, String)>, KitError> {
    let io = |error| KitError::Io(dir.into(), error);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(io)? {
        let path = entry.map_err(io)?.path();
        match path.file_name().and_then(|name| name.to_str()) {
            Some(name) if name.starts_with(".relboot-") => {}
            Some(name) => found.push((path.clone(), name.to_owned())),
            None => return Err(KitError::BadFileName(path)),
        }
    }
    Ok(found)
}
