//! The release that rebar3 makes: its own template plus a gen_server with state, appup and relup.
//! It must not replace what the template writes, only add to it: users start from the template.

use std::path::{Path, PathBuf};

use super::{Kind, Raw, cache, edit, forget, step, write};
use crate::support::instance::copy::copy_tree;

const SERVER_1: &str = include_str!("../../fixtures/rebar3/v1/demo_server.erl");
const SERVER_2: &str = include_str!("../../fixtures/rebar3/v2/demo_server.erl");
const APPUP: &str = include_str!("../../fixtures/rebar3/v2/demo.appup");

/// Both versions by `rebar3 as prod release`, and the relup.
pub(super) fn prod() -> Raw {
    let versions = versions();
    let inputs = [SERVER_1, SERVER_2, APPUP, include_str!("rebar3.rs"), include_str!("mod.rs"), &versions];
    let dir = cache::built("rebar3", &inputs, |dir| {
        let (project, home) = (new(dir), dir.join("home"));
        step(&project, &home, &["rebar3", "as", "prod", "release"]);
        copy_tree(&project.join("_build/prod/rel/demo"), &dir.join("v1"));
        second(&project);
        step(&project, &home, &["rebar3", "as", "prod", "release"]);
        step(&project, &home, &["rebar3", "as", "prod", "relup", "-n", "demo", "-v", "0.2.0", "-u", "0.1.0"]);
        copy_tree(&project.join("_build/prod/rel/demo"), &dir.join("v2"));
    });
    raw(Kind::Rebar3, &dir, dir.join("v1"), dir.join("v2"))
}

/// 0.1.0 by `rebar3 release`.
pub(super) fn dev() -> Raw {
    let versions = versions();
    let inputs = [SERVER_1, include_str!("rebar3.rs"), include_str!("mod.rs"), &versions];
    let dir = cache::built("rebar3-dev", &inputs, |dir| {
        let project = new(dir);
        step(&project, &dir.join("home"), &["rebar3", "release"]);
    });
    let tree = dir.join("demo/_build/default/rel/demo");
    raw(Kind::Rebar3Dev, &dir, tree.clone(), tree)
}

fn raw(kind: Kind, dir: &Path, v1: PathBuf, v2: PathBuf) -> Raw {
    Raw { kind, name: "demo".into(), project: dir.join("demo"), v1, v2 }
}

/// A new project at 0.1.0 below `dir`, with the server in it.
fn new(dir: &Path) -> PathBuf {
    step(dir, &dir.join("home"), &["rebar3", "new", "release", "name=demo"]);
    let project = dir.join("demo");
    let src = project.join("apps/demo/src");
    write(src.join("demo_server.erl"), SERVER_1);
    let child = "ChildSpecs = [#{id => demo_server, start => {demo_server, start_link, []}}]";
    edit(src.join("demo_sup.erl"), "ChildSpecs = []", child);
    project
}

/// Turns the project into 0.2.0.
fn second(project: &Path) {
    let app = project.join("apps/demo");
    write(app.join("src/demo_server.erl"), SERVER_2);
    // ebin/ is the only place that rebar3 takes an appup from.
    write(app.join("ebin/demo.appup"), APPUP);
    for file in [app.join("src/demo.app.src"), project.join("rebar.config")] {
        edit(file, "\"0.1.0\"", "\"0.2.0\"");
    }
    forget(&project.join("_build/prod/lib/demo"));
}

/// What of the machine goes into such a release.
fn versions() -> String {
    let home = cache::home();
    step(&home, &home, &["rebar3", "version"])
}
