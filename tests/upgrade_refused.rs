//! Upgrades that can't be: refused before anything is touched, with the reason. And the first install.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::delivery::Packed;
use crate::support::instance::Instance;
use crate::support::releases::{mix, rebar3};

fn sh(dir: &Path, script: &str) {
    let output = Command::new("sh").args(["-ec", script]).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{script}: {output:?}");
}

#[track_caller]
fn refused(instance: &Instance, args: &[&str], message: &str) {
    let before = instance.fingerprint();
    let output = instance.run(args);
    assert_eq!((output.status, output.stdout.as_str()), (1, ""), "{output}");
    assert!(instance.neutral(&output.stderr).starts_with(message), "{output}");
    assert!(output.stderr.contains("\nhelp: "), "{output}");
    assert_eq!(instance.fingerprint(), before, "{args:?} changed the release");
    assert_eq!(instance.said(&["versions"]), "0\n0.1.0\tpermanent\n");
}

#[test]
fn what_is_no_good_tarball_is_refused_and_nothing_changes() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let in_place = instance.path().join("releases/demo-0.2.0.tar.gz");
    for command in ["unpack", "install", "upgrade", "downgrade"] {
        let missing = "error: version 0.2.0 is not there: no ROOT/releases/demo-0.2.0.tar.gz\n";
        refused(&instance, &[command, "0.2.0"], missing);
    }
    fs::write(&in_place, "not a tarball").unwrap();
    refused(&instance, &["upgrade", "0.2.0"], "error: cannot read ROOT/releases/demo-0.2.0.tar.gz");

    let packed = Packed::new(raw, &[]);
    let (build, tarball) = (&packed.build, &packed.tarball);
    let bytes = fs::read(tarball).unwrap();
    fs::write(&in_place, &bytes[..bytes.len() / 2]).unwrap();
    refused(&instance, &["upgrade", "0.2.0"], "error: cannot read ROOT/releases/demo-0.2.0.tar.gz");

    // One that its tool made: no kit in it.
    let without_kit = "mkdir plain && cd plain && tar -xzf ../demo-0.2.0.tar.gz && rm -r releases/0.2.0/boot && \
         tar -czf ../demo-0.2.0.tar.gz *";
    sh(build.base(), without_kit);
    packed.deliver(&instance);
    let no_kit =
        "error: version 0.2.0 has no kit: ROOT/releases/demo-0.2.0.tar.gz\nhelp: run `relboot generate`";
    refused(&instance, &["upgrade", "0.2.0"], no_kit);
    refused(&instance, &["unpack", "0.2.0"], no_kit);
}

#[test]
fn a_version_with_no_way_to_it_is_refused() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let packed = Packed::new(raw, &[]);
    let (build, tarball) = (&packed.build, &packed.tarball);
    let relup = build.path().join("releases/0.2.0/relup");
    let text = fs::read_to_string(&relup).unwrap().replace("\"0.1.0\"", "\"0.0.9\"");
    fs::write(&relup, text).unwrap();
    build.tar(tarball).ok();
    packed.deliver(&instance);
    assert_eq!(instance.said(&["unpack", "0.2.0"]), "0\ndemo 0.2.0 unpacked\n");
    assert_eq!(instance.said(&["unpack", "0.2.0"]), "0\n", "once is enough");
    assert_eq!(instance.said(&["versions"]), "0\n0.2.0\tunpacked\n0.1.0\tpermanent\n");
    let output = instance.run(&["upgrade", "0.2.0"]);
    assert_eq!(output.status, 1, "{output}");
    let message = "error: 0.2.0 can't be installed in the running node, nothing was changed: ";
    assert!(output.stderr.starts_with(message), "{output}");
    assert!(
        output.stderr.contains("help: its relup says nothing of the version that is running"),
        "{output}"
    );
    assert_eq!(instance.said(&["versions"]), "0\n0.2.0\tunpacked\n0.1.0\tpermanent\n");
    assert_eq!(instance.said(&["rpc", "demo_server:version()."]), "0\nv1\n");
}

#[test]
fn without_permanence_the_next_start_boots_the_old_version() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    Packed::new(raw, &[]).deliver(&instance);
    assert_eq!(
        instance.said(&["install", "--no-permanent", "0.2.0"]),
        "0\ndemo 0.2.0 unpacked\ndemo: 0.1.0 -> 0.2.0, until the next start\n"
    );
    assert_eq!(instance.said(&["versions"]), "0\n0.2.0\tcurrent\n0.1.0\tpermanent\n");
    assert_eq!(instance.said(&["rpc", "demo_server:version()."]), "0\nv2\n");
    assert_eq!(instance.said(&["version"]), "0\ndemo 0.1.0\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert_eq!(instance.said(&["start"]), "0\n");
    assert_eq!(instance.said(&["rpc", "demo_server:version()."]), "0\nv1\n");
    assert_eq!(instance.said(&["upgrade", "0.2.0"]), "0\ndemo: 0.1.0 -> 0.2.0, permanent\n");
}

#[test]
fn a_first_install_is_the_unpacking_of_the_tarball() {
    for raw in [rebar3(), mix()].into_iter().flatten() {
        let packed = Packed::new(raw, &[]);
        let (build, tarball) = (&packed.build, &packed.tarball);
        // Into the place of the release that was built, which is gone: nothing of it may be needed.
        fs::remove_dir_all(build.path()).unwrap();
        fs::create_dir(build.path()).unwrap();
        let mut untar = Command::new("tar");
        let status = untar.arg("-xzf").arg(tarball).arg("-C").arg(build.path()).status().unwrap();
        assert!(status.success());
        assert_eq!(build.said(&["start"]), "0\n");
        assert_eq!(build.said(&["ping"]), "0\npong\n");
        assert_eq!(build.said(&["versions"]), "0\n0.2.0\tpermanent\n");
        assert_eq!(build.said(&["stop"]), "0\n");
    }
}

#[test]
fn a_version_without_a_kit_is_not_packed() {
    let Some(raw) = rebar3() else { return };
    let plain = Instance::of(raw).plain();
    let tarball = plain.base().join("x.tar.gz");
    let said = plain.told(&plain.tar(&tarball));
    assert!(said.starts_with("1\n! error: ") && said.contains("releases/0.1.0"), "{said}");
    assert!(said.contains("! help: ") && said.contains("relboot generate"), "{said}");
    assert!(!tarball.exists());
}
