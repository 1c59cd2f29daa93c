//! The hot upgrade 0.1.0 -> 0.2.0 -> 0.1.0 as an operator does it: `relboot generate`, `relboot tar`, the tarball
//! copied to releases/, `bin/demo upgrade 0.2.0`.

use std::fs;
use std::path::Path;

use crate::support::delivery::{Packed, write};
use crate::support::instance::Instance;
use crate::support::releases::{Kind, Raw, mix, rebar3};

/// The plugin of the documentation.
const PRE: &str = "#!/bin/sh\necho \"test: pre_upgrade: SOME_VAR=$SOME_VAR\"\n";
const POST: &str = "#!/bin/sh\necho \"test: post_upgrade\"\n";

fn plugin(instance: &Instance) {
    write(&instance.path().join("plugins/test/pre_upgrade"), PRE);
    write(&instance.path().join("plugins/test/post_upgrade"), POST);
}

/// Counts, and says which version counts with which state.
fn count(instance: &Instance, raw: &Raw) -> String {
    let server = if raw.kind == Kind::Mix { "'Elixir.Demo.Counter'" } else { "demo_server" };
    let expression = format!("{{{server}:inc(), {server}:version(), sys:get_state({server})}}.");
    instance.run(&["rpc", "--erlang", &expression]).ok()
}

#[test]
fn a_rebar3_release_is_upgraded_and_downgraded() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    up_and_down(&instance, raw);
}

#[test]
fn a_mix_release_is_upgraded_and_downgraded() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).env("PORT", "s3cret").kit();
    let kind = "try do Demo.Kind.of(:a) rescue e -> e.__struct__ end";
    instance.start();
    assert_eq!(instance.said(&["rpc", kind]), "0\nProtocol.UndefinedError\n");
    up_and_down(&instance, raw);
    assert_eq!(instance.said(&["rpc", kind]), "0\nProtocol.UndefinedError\n");
    assert_eq!(instance.said(&["upgrade", "0.2.0"]), "0\ndemo: 0.1.0 -> 0.2.0, permanent\n");
    assert_eq!(instance.said(&["rpc", kind]), "0\n:atom\n");
    for version in ["0.1.0", "0.2.0"] {
        let dir = instance.path().join("releases").join(version);
        let as_built = fs::read(raw.v2.join("releases").join(version).join("sys.config")).unwrap();
        assert_eq!(fs::read(dir.join("sys.config")).unwrap(), as_built, "{version}");
    }
    // Only the node itself may hold the secret.
    let mut grep = instance.command(Path::new("grep"));
    let found = instance.finish(grep.args(["-rl", "s3cret"]).arg(instance.path()), "");
    assert_eq!((found.status, found.stdout.as_str()), (1, ""));
    assert_eq!(instance.said(&["rpc", "Application.get_env(:demo, :port)"]), "0\n\"s3cret\"\n");
}

fn up_and_down(instance: &Instance, raw: &'static Raw) {
    instance.start();
    let kept = if raw.kind == Kind::Mix { "Application.get_env(:demo, :port)" } else { "1." };
    let (kept, value) = (["rpc", kept], instance.said(&["rpc", kept]));
    assert_eq!(count(instance, raw), "{1,v1,1}\n");
    let pid = instance.run(&["pid"]).ok();
    let packed = Packed::new(raw, &[]);
    packed.deliver(instance);

    assert_eq!(
        instance.said(&["upgrade", "0.2.0"]),
        "0\ndemo 0.2.0 unpacked\ndemo: 0.1.0 -> 0.2.0, permanent\n"
    );
    assert_eq!(count(instance, raw), "{2,v2,{st,2}}\n");
    assert_eq!(instance.run(&["pid"]).ok(), pid, "the same process");
    assert_eq!(instance.said(&kept), value);
    assert_eq!(instance.said(&["versions"]), "0\n0.2.0\tpermanent\n0.1.0\told\n");
    assert_eq!(instance.said(&["version"]), "0\ndemo 0.2.0\n");
    let again = "0\ndemo 0.2.0 is installed already, and permanent\n";
    assert_eq!(instance.said(&["upgrade", "0.2.0"]), again);

    assert_eq!(instance.said(&["downgrade", "0.1.0"]), "0\ndemo: 0.2.0 -> 0.1.0, permanent\n");
    assert_eq!(count(instance, raw), "{3,v1,3}\n");
    assert_eq!(instance.run(&["pid"]).ok(), pid);
    assert_eq!(instance.said(&kept), value);
    assert_eq!(instance.said(&["versions"]), "0\n0.2.0\told\n0.1.0\tpermanent\n");
    assert_eq!(instance.said(&["version"]), "0\ndemo 0.1.0\n");
}

/// What the plugin says around the upgrade's own output; both streams in the order of writing.
fn upgrade_with_plugin(instance: &Instance) -> String {
    let mut command = instance.command(Path::new("sh"));
    command.args(["-c", "\"$@\" 2>&1", "sh"]).arg(instance.entry()).args(["upgrade", "0.2.0"]);
    instance.neutral(&instance.finish(&mut command, "").ok())
}

const AROUND: &str = "test: pre_upgrade: SOME_VAR=foobar\ndemo 0.2.0 unpacked\n\
    demo: 0.1.0 -> 0.2.0, permanent\ntest: post_upgrade\n";

#[test]
fn a_plugin_speaks_before_and_after_the_upgrade() {
    for (raw, from_project) in [(rebar3(), true), (mix(), false)] {
        let Some(raw) = raw else { continue };
        let mut instance = Instance::of(raw).plain();
        if from_project {
            write(&instance.base().join("rel/boot/env.sh"), "# shellcheck shell=sh\nSOME_VAR=foobar\n");
        } else {
            instance.set("SOME_VAR", "foobar");
        }
        instance.generate(&[]).ok();
        plugin(&instance);
        instance.run(&["start"]).ok();
        let packed = Packed::new(raw, &[]);
        packed.deliver(&instance);
        assert_eq!(upgrade_with_plugin(&instance), AROUND, "from the project: {from_project}");
    }
}

#[test]
fn the_new_versions_kit_takes_over() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let hook = "echo \"shipped: $BOOT_PHASE of $RELEASE_VSN\"\n";
    let packed = Packed::new(
        raw,
        &[
            ("rel/boot/plugins/shipped/pre_upgrade", hook),
            ("rel/boot/plugins/shipped/post_upgrade", hook),
            (
                "rel/boot/commands/greet.sh",
                "# shellcheck shell=sh\n# greet: hello.\nboot_command() { echo hi; }\n",
            ),
            ("rel/vm.args.j2", "-sname demo\n-setcookie demo_cookie\n-made_for {{ release.vsn }}\n"),
        ],
    );
    packed.deliver(&instance);
    assert_eq!(instance.run(&["greet"]).status, 2);
    assert_eq!(
        instance.said(&["upgrade", "0.2.0"]),
        "0\ndemo 0.2.0 unpacked\ndemo: 0.1.0 -> 0.2.0, permanent\nshipped: post_upgrade of 0.2.0\n"
    );
    assert_eq!(instance.said(&["greet"]), "0\nhi\n", "its scripts");
    let argument = ["rpc", "init:get_argument(made_for)."];
    assert_eq!(instance.said(&argument), "0\nerror\n", "the VM still has its old arguments");
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert_eq!(instance.said(&["start"]), "0\n");
    assert_eq!(instance.said(&argument), "0\n{ok,[[\"0.2.0\"]]}\n", "its vm.args");
    assert_eq!(count(&instance, raw), "{1,v2,{st,1}}\n");
}

#[test]
fn a_failed_pre_upgrade_changes_nothing() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let packed = Packed::new(raw, &[]);
    packed.deliver(&instance);
    plugin(&instance);
    write(&instance.path().join("plugins/zz/pre_upgrade"), "echo \"disk full\" >&2; return 3\n");
    let before = instance.fingerprint();
    let output = instance.run(&["upgrade", "0.2.0"]);
    assert_eq!(output.status, 5, "{output}");
    let message = "error: plugin zz: pre_upgrade failed with status 3, so upgrade was not done";
    assert!(output.stderr.contains(message), "{output}");
    assert_eq!(output.stdout, "test: pre_upgrade: SOME_VAR=\n");
    assert_eq!(instance.fingerprint(), before);
    assert_eq!(count(&instance, raw), "{1,v1,1}\n");
}
