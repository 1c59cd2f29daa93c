//! Releases of mix: their run-time configuration, and Elixir itself.

use super::{Changed, beginning, dies_of};
use crate::support::instance::Instance;
use crate::support::releases::mix;

#[test]
fn the_configuration_at_run_time() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).kit();
    let runtime = |text: &str| {
        Changed::to(
            instance.path().join("releases/0.1.0/runtime.exs"),
            format!("import Config\n{text}\n").as_bytes(),
        )
    };
    let raises = runtime("raise \"no way\"");
    dies_of(&instance, "runtime-config", "(Config.Reader) raised (RuntimeError) no way");
    drop(raises);
    let wants = runtime("System.fetch_env!(\"SECRET_KEY_BASE\")");
    dies_of(&instance, "variable-missing", "needs the variable SECRET_KEY_BASE, which is not set");
    drop(wants);
    let broken = runtime("config :demo, [");
    dies_of(&instance, "runtime-config", "raised (TokenMissingError)");
    drop(broken);
    // What "mix release" writes there for Application.compile_env/2.
    let path = instance.path().join("releases/0.1.0/sys.config");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, after) = text.split_once("validate_compile_env => false").expect("it has the entry");
    let bound = format!("{before}validate_compile_env => [{{demo,[port],{{ok,1}}}}]{after}");
    let bound = Changed::to(path, bound.as_bytes());
    dies_of(&instance, "compile-env", "the configuration differs from that at compile time");
    drop(bound);
    let gone = Changed::gone(beginning(&instance.path().join("lib"), "elixir-"));
    dies_of(&instance, "module-missing", "more of the boot script can't be found in the release");
    drop(gone);
    assert_eq!(instance.said(&["start"]), "0\n");
}
