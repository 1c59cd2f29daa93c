//! Which release is meant when none is named: the newest one that the project has built.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::ReleaseError;

struct Found {
    name: String,
    path: PathBuf,
    built: SystemTime,
}

/// The newest release below `START/_build/*/rel/*/`, as a path that begins with `start`.
/// `command` is the subcommand to show in the help.
///
/// # Errors
/// When there is none, or releases of several names.
pub fn discover(start: &Path, command: &'static str) -> Result<PathBuf, ReleaseError> {
    let mut found: Vec<Found> = subdirectories(&start.join("_build"))
        .iter()
        .flat_map(|profile| subdirectories(&profile.join("rel")))
        .filter_map(|path| inspect(&path))
        .collect();
    found.sort_by(|a, b| b.built.cmp(&a.built).then_with(|| a.path.cmp(&b.path)));
    let Some(newest) = found.first() else { return Err(ReleaseError::NothingBuilt(start.into())) };
    if found.iter().all(|release| release.name == newest.name) {
        return Ok(newest.path.clone());
    }
    let mut choice: Vec<(String, PathBuf)> = Vec::new();
    for release in found {
        if choice.iter().all(|(name, _)| *name != release.name) {
            let path = release.path.strip_prefix(start).unwrap_or(&release.path).to_owned();
            choice.push((release.name, path));
        }
    }
    choice.sort();
    Err(ReleaseError::Several(command, choice))
}

fn inspect(path: &Path) -> Option<Found> {
    let releases = path.join("releases");
    let stamp = fs::metadata(releases.join("start_erl.data")).or_else(|_| fs::metadata(&releases)).ok()?;
    let built = stamp.modified().unwrap_or(SystemTime::UNIX_EPOCH);
    Some(Found { name: path.file_name()?.to_string_lossy().into_owned(), path: path.into(), built })
}

fn subdirectories(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::discover;
    use crate::error::Report;

    fn build(root: &Path, path: &str, age: u64) {
        let releases = root.join(path).join("releases");
        fs::create_dir_all(&releases).unwrap();
        let file = fs::File::create(releases.join("start_erl.data")).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age)).unwrap();
    }

    #[test]
    fn takes_the_newest_profile() {
        let dir = tempfile::tempdir().unwrap();
        build(dir.path(), "_build/default/rel/demo", 5);
        build(dir.path(), "_build/prod/rel/demo", 1);
        fs::create_dir_all(dir.path().join("_build/test/rel/empty")).unwrap();
        assert_eq!(discover(dir.path(), "tar").unwrap(), dir.path().join("_build/prod/rel/demo"));
    }

    #[test]
    fn several_names_are_listed_with_what_to_type() {
        let dir = tempfile::tempdir().unwrap();
        build(dir.path(), "_build/prod/rel/web", 5);
        build(dir.path(), "_build/prod/rel/jobs", 1);
        let error = discover(dir.path(), "generate").unwrap_err();
        assert_eq!(error.to_string(), "_build/ holds several releases: jobs, web");
        assert_eq!(
            error.help().unwrap(),
            "relboot generate _build/prod/rel/jobs  or  relboot generate _build/prod/rel/web"
        );
    }

    #[test]
    fn nothing_built_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let error = discover(dir.path(), "generate").unwrap_err();
        assert!(error.to_string().ends_with("no release in _build/*/rel/"), "{error}");
        assert!(error.help().unwrap().contains("rebar3 release"));
    }
}
