//! Kits planned, written, compared and packed on small made releases.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::compare::{Action, compare};
use super::overlay::OverlayFile;
use super::{KitError, Parts, Plan, Planned, Rule, emit, files, tarball};
use crate::config::Config;
use crate::release::Release;
use crate::release::elf::tests::program;
use crate::release::tests::{relx, write};

/// A release in a directory of its own.
struct Made {
    dir: tempfile::TempDir,
}

impl Made {
    fn new() -> Self {
        let made = Self { dir: tempfile::tempdir().unwrap() };
        relx(made.root(), "0.1.0");
        made
    }

    fn root(&self) -> &Path {
        self.dir.path()
    }

    fn release(&self) -> Release {
        Release::open(self.root()).unwrap()
    }

    fn kit(&self, parts: &Parts) -> Vec<Planned> {
        let release = self.release();
        let plan = Plan::new(&release, &Config::default(), parts.template.is_some());
        files(&release, &plan, parts)
    }

    fn generate(&self, parts: &Parts, force: bool) -> Result<usize, KitError> {
        let (release, kit) = (self.release(), self.kit(parts));
        let comparison = compare(&release, &kit)?;
        emit::write(self.root(), &comparison, force)?;
        Ok(comparison.changes.len())
    }

    fn refused(&self) -> Vec<(String, &'static str)> {
        match self.generate(&parts(), false).unwrap_err() {
            KitError::Refused(files) => files,
            other => panic!("{other}"),
        }
    }

    fn stamps(&self) -> BTreeMap<String, (i64, i64)> {
        let kit = self.kit(&parts());
        let stamp = |file: &Planned| {
            let meta = fs::symlink_metadata(self.root().join(&file.path)).unwrap();
            (file.path.clone(), (meta.mtime_nsec(), i64::try_from(meta.ino()).unwrap()))
        };
        kit.iter().map(stamp).collect()
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        tarball::members(&self.release()).unwrap().pack(&mut bytes, |_| {}).unwrap();
        bytes
    }
}

fn parts() -> Parts {
    Parts { helper: program(62, 1), ..Parts::default() }
}

fn overlay(path: &str, text: &str, mode: u32) -> OverlayFile {
    OverlayFile { path: path.into(), bytes: text.into(), mode }
}

/// The plan for a plain release `demo`.
pub(crate) fn plan() -> Plan {
    Plan::new(&Made::new().release(), &Config::default(), false)
}

#[test]
fn a_plan_is_the_same_each_time_and_sorted() {
    let made = Made::new();
    let (first, second) = (made.kit(&parts()), made.kit(&parts()));
    assert_eq!(first, second);
    assert!(first.is_sorted_by_key(|file| &file.path));
    let find = |path: &str| first.iter().find(|file| file.path == path).unwrap();
    assert_eq!((find("bin/demo").mode, find("bin/demo").rule), (0o755, Rule::Entry));
    assert_eq!(find("releases/0.1.0/boot/settings.sh").mode, 0o644);
    assert_eq!(find("releases/0.1.0/boot/relboot-helper").mode, 0o755);
    assert_eq!(find("releases/0.1.0/boot/manifest.toml").rule, Rule::Manifest);
    assert_eq!(find("releases/RELEASES").rule, Rule::Record);
    assert_eq!(find("releases/start_erl.data").rule, Rule::Once);
}

#[test]
fn the_project_shadows_and_adds() {
    let made = Made::new();
    let parts = Parts {
        overlay: vec![overlay("plugins/x/pre_start", "#!/usr/bin/perl\n", 0o755)],
        template: Some(b"-sname demo\n".into()),
        ..parts()
    };
    made.generate(&parts, false).unwrap();
    let hook = fs::metadata(made.root().join("releases/0.1.0/boot/plugins/x/pre_start")).unwrap();
    assert_eq!(hook.permissions().mode() & 0o777, 0o755);
    assert_eq!(made.read("releases/0.1.0/vm.args.j2"), "-sname demo\n");
    assert!(made.read("releases/0.1.0/boot/settings.sh").contains("_boot_template=vm.args.j2\n"));
    assert!(made.read("releases/0.1.0/boot/manifest.toml").contains("boot/plugins/x/pre_start"));
}

#[test]
fn twice_writes_nothing_the_second_time() {
    let made = Made::new();
    assert!(made.generate(&parts(), false).unwrap() > 4);
    let before = made.stamps();
    assert_eq!(made.generate(&parts(), false).unwrap(), 0);
    assert_eq!(before, made.stamps());
    assert_eq!(made.read("releases/start_erl.data"), "13.1.5 0.1.0");
}

#[test]
fn a_changed_file_is_kept_and_nothing_is_written() {
    let made = Made::new();
    made.generate(&parts(), false).unwrap();
    let settings = "releases/0.1.0/boot/settings.sh";
    write(made.root(), settings, "mine\n");
    fs::remove_file(made.root().join("releases/0.1.0/boot/relboot-helper")).unwrap();
    assert_eq!(made.refused(), [(settings.to_owned(), "changed by hand")]);
    assert!(!made.root().join("releases/0.1.0/boot/relboot-helper").exists(), "nothing is written");
    made.generate(&parts(), true).unwrap();
    assert!(made.read(settings).contains("_boot_name=demo"));
}

#[test]
fn a_file_that_no_kit_wrote_is_kept() {
    let made = Made::new();
    write(made.root(), "releases/0.1.0/boot/settings.sh", "theirs\n");
    let file = ("releases/0.1.0/boot/settings.sh".to_owned(), "not written by relboot");
    assert_eq!(made.refused(), [file]);
}

#[test]
fn the_record_of_versions_is_kept_unless_it_misses_this_one() {
    let made = Made::new();
    made.generate(&parts(), false).unwrap();
    let upgraded =
        made.read("releases/RELEASES").replace("permanent}]", "old},{release,\"demo\",\"2\",\"1\",[],old}]");
    write(made.root(), "releases/RELEASES", &upgraded);
    assert_eq!(made.generate(&parts(), false).unwrap(), 0);
    assert_eq!(made.read("releases/RELEASES"), upgraded);
    relx(made.root(), "0.2.0");
    made.generate(&parts(), false).unwrap();
    assert!(made.read("releases/RELEASES").starts_with("%% coding: utf-8\n[{release,\"demo\",\"0.2.0\""));
}

#[test]
fn files_that_the_kit_no_longer_has_are_removed() {
    let made = Made::new();
    let more = Parts { overlay: vec![overlay("commands/x/y.sh", "y\n", 0o644)], ..parts() };
    made.generate(&more, false).unwrap();
    let path = made.root().join("releases/0.1.0/boot/commands/x/y.sh");
    write(made.root(), "releases/0.1.0/boot/commands/x/y.sh", "changed\n");
    assert_eq!(made.refused()[0].1, "changed by hand, and no longer in the kit");
    write(made.root(), "releases/0.1.0/boot/commands/x/y.sh", "y\n");
    made.generate(&parts(), false).unwrap();
    assert!(!path.exists() && !path.parent().unwrap().exists());
}

#[test]
fn a_manifest_can_name_no_file_outside_its_version() {
    let made = Made::new();
    made.generate(&parts(), false).unwrap();
    let manifest = "releases/0.1.0/boot/manifest.toml";
    let sha = super::manifest::sha256(b"d");
    let evil = ["lib/demo-0.1.0/ebin/demo.app", "releases/0.1.0/../../lib/demo-0.1.0/ebin/demo.app"]
        .map(|path| format!("[[file]]\npath = \"{path}\"\nsha256 = \"{sha}\"\nmode = \"0644\"\n"));
    write(made.root(), manifest, format!("{}\n{}", made.read(manifest), evil.join("")));
    made.generate(&parts(), false).unwrap();
    assert_eq!(made.read("lib/demo-0.1.0/ebin/demo.app"), "d");
}

#[test]
fn the_entry_replaces_a_tools_script_but_nobody_elses() {
    let made = Made::new();
    made.generate(&parts(), false).unwrap();
    assert!(made.read("bin/demo").contains(super::ENTRY_MARK));
    let ours = made.read("bin/demo");
    write(made.root(), "bin/demo", format!("{ours}# mine\n"));
    assert_eq!(made.refused(), [("bin/demo".to_owned(), "changed by hand")]);
    write(made.root(), "bin/demo", "#!/bin/sh\nexec erl\n");
    assert_eq!(made.refused(), [("bin/demo".to_owned(), "neither relboot's nor a release tool's")]);
    relx(made.root(), "0.1.0");
    made.generate(&parts(), false).unwrap();
    assert_eq!(made.read("bin/demo"), ours);
}

#[test]
fn an_entry_of_another_versions_kit_is_replaced() {
    let made = Made::new();
    made.generate(&parts(), false).unwrap();
    let older = format!("{}# older\n", made.read("bin/demo"));
    let entry = |sha: String| {
        format!("relboot = \"0.0.9\"\n[[file]]\npath = \"bin/demo\"\nsha256 = \"{sha}\"\nmode = \"0755\"\n")
    };
    write(made.root(), "bin/demo", &older);
    write(made.root(), "releases/0.0.9/boot/manifest.toml", entry(super::manifest::sha256(older.as_bytes())));
    assert_eq!(made.generate(&parts(), false).unwrap(), 1);
}

#[test]
fn links_are_replaced_and_never_written_through() {
    let made = Made::new();
    let script = made.read("bin/demo");
    fs::rename(made.root().join("bin/demo"), made.root().join("bin/demo-0.1.0")).unwrap();
    symlink("demo-0.1.0", made.root().join("bin/demo")).unwrap();
    made.generate(&parts(), false).unwrap();
    assert!(!made.root().join("bin/demo").is_symlink());
    assert_eq!(made.read("bin/demo-0.1.0"), script);

    let elsewhere = tempfile::tempdir().unwrap();
    fs::remove_dir_all(made.root().join("releases/0.1.0/boot")).unwrap();
    symlink(elsewhere.path(), made.root().join("releases/0.1.0/boot")).unwrap();
    assert!(matches!(made.generate(&parts(), true), Err(KitError::Linked(_))));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_file_in_a_directorys_place_stops_before_anything_is_written() {
    let made = Made::new();
    write(made.root(), "releases/0.1.0/boot", "a file");
    assert!(matches!(made.generate(&parts(), true), Err(KitError::NotAFile(_))));
    assert!(made.read("bin/demo").contains("find_erts_dir"));
}

#[test]
fn modes_are_put_right() {
    let made = Made::new();
    made.generate(&parts(), false).unwrap();
    let path = made.root().join("bin/demo");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let (release, kit) = (made.release(), made.kit(&parts()));
    assert_eq!(compare(&release, &kit).unwrap().changes[0].action, Action::Chmod);
    made.generate(&parts(), false).unwrap();
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn an_archive_holds_this_version_alone() {
    let made = Made::new();
    let root = made.root();
    write(root, "bin/demo-0.1.0", "tool");
    write(root, "bin/demo-0.0.5", made.read("bin/demo"));
    write(root, "bin/demo-2fa", "#!/bin/sh\n");
    write(root, "bin/nodetool", "tool");
    write(root, "bin/migrate", "#!/bin/sh\n");
    write(root, "releases/0.0.9/demo.rel", "old");
    write(root, "lib/demo-0.0.9/ebin/demo.app", "old");
    write(root, "releases/RELEASES", "[two versions].");
    write(root, "elsewhere/ebin/kernel.app", "k");
    write(root, "elsewhere/src/kernel.erl", "k");
    fs::remove_dir_all(root.join("lib/kernel-8.5.3")).unwrap();
    symlink("../elsewhere", root.join("lib/kernel-8.5.3")).unwrap();
    made.generate(&parts(), false).unwrap();
    let bytes = made.pack();
    assert_eq!(bytes, made.pack(), "the same release, the same bytes");
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&bytes[..]));
    let mut names = Vec::new();
    let mut records = String::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        assert!(header.entry_type().is_file());
        assert_eq!((header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0, 0, 0));
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        if name == "releases/RELEASES" {
            entry.read_to_string(&mut records).unwrap();
        }
        names.push(name);
    }
    assert!(names.is_sorted());
    names.retain(|name| !name.starts_with("releases/0.1.0/boot/") && !name.starts_with("plugins/"));
    insta::assert_snapshot!(names.join("\n"), @r"
    bin/demo
    bin/demo-2fa
    bin/migrate
    erts-13.1.5/bin/beam.smp
    lib/demo-0.1.0/ebin/demo.app
    lib/kernel-8.5.3/ebin/kernel.app
    releases/0.1.0/demo.rel
    releases/RELEASES
    releases/demo-0.1.0.rel
    releases/start_erl.data
    ");
    assert!(records.contains("{release,\"demo\",\"0.1.0\""), "{records}");
}

#[test]
fn an_archive_needs_a_whole_and_unchanged_kit() {
    let made = Made::new();
    assert!(matches!(tarball::members(&made.release()), Err(KitError::NoKit(_))));
    made.generate(&parts(), false).unwrap();
    write(made.root(), "releases/0.1.0/boot/settings.sh", "mine\n");
    let error = tarball::members(&made.release()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the kit is not as generated: releases/0.1.0/boot/settings.sh (changed since it was generated)"
    );
    made.generate(&parts(), true).unwrap();
    fs::remove_dir_all(made.root().join("lib/demo-0.1.0")).unwrap();
    assert!(matches!(tarball::members(&made.release()), Err(KitError::NoApplication(_))));
}
