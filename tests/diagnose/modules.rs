//! Releases that are not whole.

use std::fs;

use super::{Changed, beginning, dies_of, with_flags};
use crate::support::instance::Instance;
use crate::support::releases::rebar3;

#[test]
fn modules_and_boot_scripts() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let lib = instance.path().join("lib");
    let beam = lib.join("demo-0.1.0/ebin/demo_server.beam");

    let gone = Changed::gone(beam.clone());
    dies_of(&instance, "module-missing", "the module demo_server of the boot script can't be found");
    drop(gone);
    let gone = Changed::gone(beginning(&lib, "stdlib-"));
    dies_of(&instance, "module-missing", "and 6 more");
    drop(gone);
    let broken = Changed::to(beam.clone(), b"garbage");
    dies_of(&instance, "module-damaged", "ROOT/lib/demo-0.1.0/ebin/demo_server.beam is damaged");
    drop(broken);

    let script = instance.path().join("releases/0.1.0/start.boot");
    let whole = fs::read(&script).unwrap();
    let broken = Changed::to(script, &whole[..100]);
    dies_of(&instance, "boot-script-damaged", "the boot script in ROOT/releases/0.1.0 is damaged");
    drop(broken);

    let called = with_flags(&instance, "-run lists nosuch");
    dies_of(&instance, "startup-function", "calls lists:nosuch/0, which does not exist");
    drop(called);
    let called = with_flags(&instance, "-eval error(boom)");
    dies_of(&instance, "startup-function", "has failed: boom");
    drop(called);
    assert_eq!(instance.said(&["start"]), "0\n", "and whole it starts");
}
