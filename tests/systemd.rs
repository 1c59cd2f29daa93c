//! Below a real systemd: the node is a service as any other.

use std::time::Duration;

use crate::support::instance::Instance;
use crate::support::process::until;
use crate::support::releases::rebar3;
use crate::support::systemd::Systemd;

#[test]
fn a_node_is_a_service() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).at("opt/demo").kit();
    instance.set("ERL_EPMD_PORT", "4369");
    let entry = instance.entry();
    let Some(systemd) = Systemd::boot(&instance) else { return };
    let text = format!("[Service]\nType=exec\nExecStart={} foreground\n", entry.display());
    systemd.unit("demo.service", &text);
    systemd.run(&["systemctl", "start", "demo"]).ok();
    let entry = entry.to_str().unwrap();
    until("it answers", Duration::from_secs(60), || systemd.run(&[entry, "ping"]).status == 0);
    systemd.run(&["systemctl", "stop", "demo"]).ok();
    assert_eq!(systemd.property("demo", "Result"), "success");
}
