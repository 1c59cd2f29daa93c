//! Releases of each kind as small made trees; other modules' tests use them too.

use std::fs;
use std::path::Path;

use super::elf::tests::program;
use super::{Kind, Release, ReleaseError};
use crate::error::Report;

/// Writes `text` to `path` below `root`, with its directories.
pub(crate) fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A `.rel` file's text.
pub(crate) fn rel(name: &str, vsn: &str) -> String {
    format!(
        "{{release,{{\"{name}\",\"{vsn}\"}},{{erts,\"13.1.5\"}},[{{kernel,\"8.5.3\"}},{{demo,\"{vsn}\"}}]}}.\n"
    )
}

/// A relx release `demo` of `vsn` with erts for x86_64, no extended start script.
pub(crate) fn relx(root: &Path, vsn: &str) {
    write(root, &format!("releases/{vsn}/demo.rel"), rel("demo", vsn));
    write(root, "releases/start_erl.data", format!("13.1.5 {vsn}"));
    write(root, "bin/demo", "#!/bin/sh\nRELEASE_ROOT_DIR=x\nREL_VSN=1\nfind_erts_dir() {\n:\n}\n");
    write(root, "erts-13.1.5/bin/beam.smp", program(62, 3));
    write(root, "lib/kernel-8.5.3/ebin/kernel.app", "k");
    write(root, &format!("lib/demo-{vsn}/ebin/demo.app"), "d");
}

#[test]
fn a_relx_release() {
    let dir = tempfile::tempdir().unwrap();
    relx(dir.path(), "0.1.0");
    let release = Release::open(dir.path()).unwrap();
    assert_eq!(release.kind, Kind::Relx);
    assert_eq!((release.name.as_str(), release.vsn.as_str()), ("demo", "0.1.0"));
    assert_eq!((release.erts_vsn.as_str(), release.erts_included), ("13.1.5", true));
    assert_eq!(release.machine.unwrap().to_string(), "x86_64");
    assert_eq!(release.rel_file, "releases/0.1.0/demo.rel");
    assert_eq!(release.applications.len(), 2);
    assert!(!release.has_elixir());
}

#[test]
fn the_other_kinds() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "releases/1/demo.rel", rel("demo", "1").replace("kernel", "elixir"));
    let kind = || Release::open(root).unwrap().kind;
    assert_eq!(kind(), Kind::Systools);
    write(root, "releases/1/boot/settings.sh", "_boot_name=demo\n_boot_kind=relx\n");
    assert_eq!(kind(), Kind::Relx, "the kit remembers");
    write(root, "releases/1/elixir", "#!/bin/sh\n");
    write(root, "releases/1/env.sh", "#!/bin/sh\n");
    assert_eq!(kind(), Kind::Mix);
    write(root, "releases/1/libexec/erts.sh", "");
    assert_eq!(kind(), Kind::Distillery);
    let release = Release::open(root).unwrap();
    assert!(release.has_elixir());
    assert_eq!((release.erts_included, release.machine), (false, None));
}

#[test]
fn a_rel_file_above_the_version_and_a_copy_with_the_version_in_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    write(root, "releases/start_erl.data", "13.1.5 2\n");
    write(root, "releases/demo-1.rel", rel("demo", "1"));
    write(root, "releases/demo.rel", rel("demo", "2"));
    assert_eq!(Release::open(root).unwrap().rel_file, "releases/demo.rel");
    write(root, "releases/2/demo-2.rel", rel("demo", "2"));
    assert_eq!(Release::open(root).unwrap().rel_file, "releases/2/demo-2.rel");
}

#[test]
fn without_start_data_the_newest_version() {
    let dir = tempfile::tempdir().unwrap();
    for (vsn, age) in [("1", 1), ("2", 9)] {
        write(dir.path(), &format!("releases/{vsn}/demo.rel"), rel("demo", vsn));
        let file = fs::File::open(dir.path().join(format!("releases/{vsn}/demo.rel"))).unwrap();
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000 - age);
        file.set_modified(time).unwrap();
    }
    assert_eq!(Release::open(dir.path()).unwrap().vsn, "1");
}

#[test]
fn errors_name_file_and_place() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let message = |root: &Path| {
        let error = Release::open(root).unwrap_err();
        error.to_string().replace(root.to_str().unwrap(), "R")
    };
    assert_eq!(message(root), "R: no release there (no releases/ in it)");
    fs::create_dir(root.join("releases")).unwrap();
    assert!(matches!(Release::open(root), Err(ReleaseError::NoVersion(_))));
    write(root, "releases/start_erl.data", "13.1.5\n");
    assert_eq!(
        message(root),
        "R/releases/start_erl.data: \"13.1.5\" should be ERTS_VSN VSN, as in \"13.1.5 0.1.0\""
    );
    write(root, "releases/start_erl.data", "13.1.5 1");
    assert_eq!(message(root), "R/releases/1: no .rel file for version 1 in it or above it");
    write(root, "releases/1/demo.rel", "{release,\n {oops}");
    assert_eq!(message(root), "R/releases/1/demo.rel:2:8: the file ends where \",\" or \"}\" should be");
    write(root, "releases/1/demo.rel", rel("my release", "1"));
    assert!(message(root).contains("\"my release\" is no valid command name"), "{}", message(root));
    assert!(Release::open(root).unwrap_err().help().unwrap().contains("rename"));
}
