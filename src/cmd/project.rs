//! The project that a release was built from: its configuration, template and `rel/boot/`. Reads only.

use std::fs;
use std::path::{Path, PathBuf};

use super::shown;
use crate::config::{Config, ProjectPath};
use crate::error::{Failure, Message, Status};
use crate::kit::overlay::{self, OverlayFile};

/// What the project says.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) config: Config,
    pub(super) template: Option<Vec<u8>>,
    pub(super) config_template: Option<Vec<u8>>,
    pub(super) overlay: Vec<OverlayFile>,
}

impl Project {
    /// Reads the project of the release in `release_dir`, or the one that `config` names.
    ///
    /// # Errors
    /// When the configuration is wrong, or a file that it names is missing.
    pub(super) fn open(release_dir: &Path, config: Option<&Path>) -> Result<Self, Failure> {
        let here = std::env::current_dir()
            .map_err(|error| Message::new(Status::Failed, format!("the current directory: {error}")))?;
        let (root, path) = match config {
            Some(file) => (root_of_config(&here.join(file), &here), here.join(file)),
            None => {
                let root = root_of_release(&here.join(release_dir), &here);
                (root.clone(), root.join("rel/relboot.toml"))
            }
        };
        let found = Config::load(&path, &shown(&path))?;
        if found.is_none() && config.is_some() {
            let message = format!("{}: no such file", shown(&path));
            return Err(Message::new(Status::Usage, message).with_help("relboot init writes one").into());
        }
        let config = found.unwrap_or_default();
        let template = read_template(&root, config.vm.template.as_ref(), "rel/vm.args.j2", "vm")?;
        let config_template =
            read_template(&root, config.config.template.as_ref(), "rel/sys.config.j2", "config")?;
        let overlay = overlay::read(&root.join("rel/boot"))?;
        Ok(Self { config, template, config_template, overlay })
    }
}

/// The part before the last `_build`, else the current directory.
fn root_of_release(dir: &Path, here: &Path) -> PathBuf {
    dir.ancestors()
        .find(|path| path.file_name().is_some_and(|name| name == "_build"))
        .and_then(Path::parent)
        .map_or_else(|| here.into(), Into::into)
}

/// The directory above `rel/` when the file is in one, else the current directory.
fn root_of_config(file: &Path, here: &Path) -> PathBuf {
    let dir = file.parent().filter(|dir| dir.file_name().is_some_and(|name| name == "rel"));
    dir.and_then(Path::parent).map_or_else(|| here.into(), Into::into)
}

/// The template that is `named` in its section of the configuration, or the usual one when that is there.
fn read_template(
    root: &Path,
    named: Option<&ProjectPath>,
    usual: &str,
    section: &str,
) -> Result<Option<Vec<u8>>, Failure> {
    let path = root.join(named.map_or(Path::new(usual), |path| path.as_path()));
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => Ok(None),
        Err(error) => Err(Message::new(Status::Failed, format!("{}: {error}", shown(&path)))
            .with_help(format!("[{section}] template in relboot.toml names it, relative to the project"))
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Project, root_of_config, root_of_release};
    use crate::release::tests::write;

    #[test]
    fn the_root_is_above_build_or_rel() {
        let here = Path::new("/here");
        let of = |dir| root_of_release(Path::new(dir), here).display().to_string();
        assert_eq!(of("/p/_build/prod/rel/demo"), "/p");
        assert_eq!(of("/p/_build/x/_build/prod/rel/demo/"), "/p/_build/x");
        assert_eq!(of("/opt/demo"), "/here");
        assert_eq!(root_of_config(Path::new("/p/rel/relboot.toml"), here), Path::new("/p"));
        assert_eq!(root_of_config(Path::new("/p/etc/relboot.toml"), here), here);
    }

    #[test]
    fn reads_what_the_project_has() {
        let dir = tempfile::tempdir().unwrap();
        let release = dir.path().join("_build/prod/rel/demo");
        let project = Project::open(&release, None).unwrap();
        assert_eq!((project.template, project.config_template, project.overlay), (None, None, vec![]));
        write(dir.path(), "rel/sys.config.j2", "[].\n");
        write(dir.path(), "rel/vm.args.j2", "-sname a\n");
        write(dir.path(), "rel/boot/env.sh", "A=1\n");
        let project = Project::open(&release, None).unwrap();
        assert_eq!(project.template.unwrap(), b"-sname a\n");
        assert_eq!(project.config_template.unwrap(), b"[].\n");
        assert_eq!(project.overlay[0].path, "env.sh");
        write(dir.path(), "rel/relboot.toml", "[vm]\ntemplate = \"rel/none.j2\"\n");
        let error = Project::open(&release, None).unwrap_err();
        assert!(error.to_string().contains("rel/none.j2: No such file"), "{error}");
        assert!(Project::open(&release, Some(&dir.path().join("rel/none.toml"))).is_err());
    }
}
