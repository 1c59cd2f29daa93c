//! The release that mix makes: its own template plus a GenServer with state, a protocol, runtime
//! configuration, appup and relup. It must not replace what the template writes, only add to it.

use std::path::{Path, PathBuf};

use super::{Kind, Raw, cache, edit, forget, step, write};
use crate::support::instance::copy::copy_tree;

const COUNTER_1: &str = include_str!("../../fixtures/mix/v1/counter.ex");
const COUNTER_2: &str = include_str!("../../fixtures/mix/v2/counter.ex");
const PROTOCOL_1: &str = include_str!("../../fixtures/mix/v1/kind.ex");
const PROTOCOL_2: &str = include_str!("../../fixtures/mix/v2/kind.ex");
const APPUP: &str = include_str!("../../fixtures/mix/v2/demo.appup");
const CONFIG: &str = include_str!("../../fixtures/mix/config.exs");
const RUNTIME: &str = include_str!("../../fixtures/mix/runtime.exs");
const RELUP: &str = include_str!("../../fixtures/mix/relup.erl");

/// Where mix leaves the release, below the project.
const TREE: &str = "_build/prod/rel/demo";

/// Both versions by `mix release`, and the relup by systools.
pub(super) fn prod() -> Raw {
    let versions = versions();
    let inputs = [
        [COUNTER_1, COUNTER_2, PROTOCOL_1, PROTOCOL_2, APPUP, CONFIG, RUNTIME, RELUP].as_slice(),
        &[include_str!("mix.rs"), include_str!("mod.rs"), &versions],
    ];
    let dir = cache::built("mix", &inputs.concat(), |dir| {
        let (project, home) = (new(dir), dir.join("home"));
        step(&project, &home, &["mix", "release"]);
        copy_tree(&project.join(TREE), &dir.join("v1"));
        second(&project);
        step(&project, &home, &["mix", "release"]);
        relup(&project, &home);
        copy_tree(&project.join(TREE), &dir.join("v2"));
    });
    let (v1, v2) = (dir.join("v1"), dir.join("v2"));
    Raw { kind: Kind::Mix, name: "demo".into(), project: dir.join("demo"), v1, v2 }
}

/// 0.1.0 that boots twice.
pub(super) fn rebooting() -> Raw {
    let versions = versions();
    let inputs = [COUNTER_1, PROTOCOL_1, CONFIG, RUNTIME, include_str!("mix.rs"), include_str!("mod.rs")];
    let dir = cache::built("mix-rebooting", &[inputs.as_slice(), &[&versions]].concat(), |dir| {
        let project = new(dir);
        edit(project.join("mix.exs"), "demo: [include", "demo: [reboot_system_after_config: true, include");
        step(&project, &dir.join("home"), &["mix", "release"]);
        copy_tree(&project.join(TREE), &dir.join("v1"));
    });
    let v1 = dir.join("v1");
    Raw { kind: Kind::Mix, name: "demo".into(), project: dir.join("demo"), v2: v1.clone(), v1 }
}

/// A new project at 0.1.0 below `dir`.
fn new(dir: &Path) -> PathBuf {
    step(dir, &dir.join("home"), &["mix", "new", "demo", "--sup"]);
    let project = dir.join("demo");
    let mixfile = project.join("mix.exs");
    edit(mixfile.clone(), "extra_applications: [:logger]", "extra_applications: [:logger, :sasl]");
    // A cookie of its own making would be another one in each build.
    let release =
        "demo: [include_executables_for: [:unix], applications: [sasl: :permanent], cookie: \"demo_cookie\"]";
    edit(mixfile, "deps: deps()\n", &format!("deps: deps(),\n      releases: [{release}]\n"));
    edit(project.join("lib/demo/application.ex"), "children = [\n", "children = [\n      Demo.Counter\n");
    write(project.join("lib/demo/counter.ex"), COUNTER_1);
    write(project.join("lib/demo/kind.ex"), PROTOCOL_1);
    write(project.join("config/config.exs"), CONFIG);
    write(project.join("config/runtime.exs"), RUNTIME);
    project
}

/// Turns the project into 0.2.0.
fn second(project: &Path) {
    edit(project.join("mix.exs"), "version: \"0.1.0\"", "version: \"0.2.0\"");
    write(project.join("lib/demo/counter.ex"), COUNTER_2);
    write(project.join("lib/demo/kind.ex"), PROTOCOL_2);
    forget(&project.join("_build/prod/lib/demo"));
}

/// Puts the appup and the relup into the tree: mix knows of neither.
fn relup(project: &Path, home: &Path) {
    write(project.join(TREE).join("lib/demo-0.2.0/ebin/demo.appup"), APPUP);
    let source = home.join("relup.erl");
    write(source.clone(), RELUP);
    let source = source.to_str().expect("the target directory's path is UTF-8");
    step(home, home, &["erlc", "+deterministic", source]);
    let tree = project.join(TREE);
    let tree = tree.to_str().expect("the target directory's path is UTF-8");
    step(home, home, &["erl", "-noshell", "-pa", ".", "-s", "relup", "main", "-extra", tree]);
}

/// What of the machine goes into such a release.
fn versions() -> String {
    let home = cache::home();
    let erts = "io:put_chars([erlang:system_info(system_version), code:root_dir()]), halt().";
    step(&home, &home, &["erl", "-noshell", "-eval", erts])
        + &step(&home, &home, &["elixir", "--short-version"])
}
