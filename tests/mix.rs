//! What people with mix releases rely on: the RELEASE_ variables, env.sh, runtime.exs, and the restart after
//! configuration.

use std::fs;

use crate::support::instance::Instance;
use crate::support::releases::{mix, mix_rebooting};

/// An Elixir expression that gives variables of the node's environment, each in a line.
fn print(names: &[&str]) -> String {
    format!("for name <- ~w({}), do: IO.puts(\"#{{name}}=#{{System.get_env(name)}}\"); :ok", names.join(" "))
}

#[test]
fn the_release_variables_reach_the_node() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let names = [
        "RELEASE_ROOT",
        "RELEASE_NAME",
        "RELEASE_VSN",
        "RELEASE_COMMAND",
        "RELEASE_PROG",
        "RELEASE_NODE",
        "RELEASE_COOKIE",
        "RELEASE_DISTRIBUTION",
        "RELEASE_MODE",
        "RELEASE_TMP",
        "RELEASE_VM_ARGS",
        "RELEASE_SYS_CONFIG",
        "RELEASE_BOOT_SCRIPT",
    ];
    assert_eq!(
        instance.said(&["rpc", "--printed", &print(&names)]),
        "0\nRELEASE_ROOT=ROOT\nRELEASE_NAME=demo\nRELEASE_VSN=0.1.0\nRELEASE_COMMAND=daemon\nRELEASE_PROG=demo\n\
         RELEASE_NODE=demo@HOST\nRELEASE_COOKIE=demo_cookie\nRELEASE_DISTRIBUTION=sname\nRELEASE_MODE=embedded\n\
         RELEASE_TMP=ROOT/tmp\nRELEASE_VM_ARGS=ROOT/releases/0.1.0/vm.args\n\
         RELEASE_SYS_CONFIG=ROOT/releases/0.1.0/sys\nRELEASE_BOOT_SCRIPT=start\n"
    );
}

#[test]
fn env_sh_is_honoured() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).kit();
    let file = instance.path().join("releases/0.1.0/env.sh");
    let theirs = fs::read_to_string(&file).unwrap();
    let ours = "export PORT=4712\nexport SEEN=\"$RELEASE_COMMAND of $RELEASE_NAME $RELEASE_VSN\"\n\
        export RELEASE_DISTRIBUTION=name\nexport RELEASE_NODE=\"demo@127.0.0.1\"\n";
    fs::write(&file, theirs + ours).unwrap();
    instance.start();
    assert_eq!(instance.said(&["rpc", "node()"]), "0\n:\"demo@127.0.0.1\"\n");
    assert_eq!(instance.said(&["rpc", "--printed", &print(&["SEEN"])]), "0\nSEEN=daemon of demo 0.1.0\n");
    let port = "Application.get_env(:demo, :port)";
    assert_eq!(instance.said(&["rpc", port]), "0\n\"4712\"\n", "runtime.exs has seen it");
    assert_eq!(instance.said(&["stop"]), "0\n");
}

#[test]
fn a_release_may_boot_twice_for_its_configuration() {
    let Some(raw) = mix_rebooting() else { return };
    let mut instance = Instance::of(raw).env("PORT", "4713").kit();
    let file = instance.path().join("releases/0.1.0/sys.config");
    let before = fs::read(&file).unwrap();
    assert!(String::from_utf8_lossy(&before).contains("RUNTIME_CONFIG=true"));
    for port in ["4713", "4714"] {
        instance.set("PORT", port);
        assert_eq!(instance.said(&["start"]), "0\n");
        assert_eq!(instance.said(&["ping"]), "0\npong\n", "start waits for the second boot");
        let said = instance.said(&["rpc", "{Application.get_env(:demo, :port), Demo.Counter.inc()}"]);
        assert_eq!(said, format!("0\n{{\"{port}\", 1}}\n"));
        assert_eq!(instance.said(&["stop"]), "0\n");
    }
    assert_eq!(fs::read(&file).unwrap(), before, "the release's own is left alone");
}
