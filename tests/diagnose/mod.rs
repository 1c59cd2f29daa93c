//! Why a start fails, as `start` tells it: each cause is brought about in a real release. Nothing here is a pasted log.

mod applications;
mod distribution;
mod elixir;
mod modules;
mod programs;
mod resources;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::instance::Instance;
use crate::support::process::Output;

/// A file that is another one, or is not there, until this is dropped. Files of a release are links to ones that
/// all tests use: they are moved, not written to.
#[derive(Debug)]
struct Changed {
    path: PathBuf,
    kept: PathBuf,
}

impl Changed {
    /// Takes it away.
    fn gone(path: PathBuf) -> Self {
        // A directory of lib/ would still be found there.
        let kept = match path.is_dir() {
            true => path.parent().and_then(Path::parent).expect("it lies in lib/").join("kept"),
            false => path.with_extension("kept"),
        };
        fs::rename(&path, &kept).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        Self { path, kept }
    }

    /// Puts other content there, with the same mode.
    fn to(path: PathBuf, content: &[u8]) -> Self {
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        let changed = Self::gone(path);
        fs::write(&changed.path, content).expect("the directory is the test's own");
        fs::set_permissions(&changed.path, fs::Permissions::from_mode(mode)).expect("it is the test's own");
        changed
    }
}

impl Drop for Changed {
    fn drop(&mut self) {
        // A test that fails shows its own reason.
        let _ = fs::rename(&self.kept, &self.path);
    }
}

/// With these lines behind those of vm.args.
fn with_flags(instance: &Instance, lines: &str) -> Changed {
    let path = instance.path().join("releases/0.1.0/vm.args");
    let text = fs::read_to_string(&path).expect("the release has it");
    Changed::to(path, format!("{text}\n{lines}\n").as_bytes())
}

/// The only entry of a directory of the release whose name begins like this.
fn beginning(directory: &Path, name: &str) -> PathBuf {
    let entries = fs::read_dir(directory).expect("the release has it").flatten();
    let found = entries.map(|entry| entry.path());
    let is = |path: &PathBuf| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name));
    found.into_iter().find(is).unwrap_or_else(|| panic!("no {name}"))
}

/// The start fails, and this is what it says of it: the cause has `words`, the row of the documentation is `id`.
#[track_caller]
fn dies_of(instance: &Instance, id: &str, words: &str) -> String {
    told(instance, &instance.run(&["start"]), id, words)
}

#[track_caller]
fn told(instance: &Instance, output: &Output, id: &str, words: &str) -> String {
    let stderr = instance.neutral(&output.stderr);
    assert_eq!((output.status, output.stdout.as_str()), (1, ""), "{id}: {stderr}");
    let (_, end) =
        stderr.split_once("error: demo 0.1.0 ended while it was starting: ").unwrap_or_else(|| {
            panic!("{id} was not recognised: {stderr}");
        });
    let (cause, help) = end.split_once("\nhelp: ").expect("a help line follows");
    assert!(!cause.contains('\n') && cause.contains(words), "{id}: {words}: {stderr}");
    let dump = "; its crash dump is ROOT/tmp/demo/log/erl_crash.dump";
    assert!(
        help.replace(dump, "").ends_with(&format!(" (docs/troubleshooting.md: {id})\n")),
        "{id}: {stderr}"
    );
    assert_eq!(instance.vms(), [0; 0]);
    stderr
}

/// The identifiers in the code are the rows of the documentation, no more and no less.
#[test]
fn each_cause_has_its_row_in_the_documentation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for entry in fs::read_dir(root.join("src/helper/diagnose")).unwrap().flatten() {
        code += &fs::read_to_string(entry.path()).unwrap();
    }
    // The first argument is on the same line or the next.
    let ids: BTreeSet<&str> = code
        .split("Diagnosis::new(")
        .skip(1)
        .filter_map(|after| after.trim_start().strip_prefix('"')?.split('"').next())
        .collect();
    let page = fs::read_to_string(root.join("docs/troubleshooting.md")).unwrap();
    let rows: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), ids);
    assert!(rows.is_sorted() && rows.len() == ids.len() && ids.len() >= 25, "{rows:?}");
}
