//! What `facts` says of networks: of such as the kernel makes for a test alone.

use serde_json::{Value, json};

use super::{facts, may_unshare};
use crate::support::made::Made;

/// The facts `net` in a network of its own, made by lines of sh.
#[track_caller]
pub(super) fn network(made: &Made, script: &str) -> Value {
    let script = format!("set -e; {script}\nexec \"$@\"");
    facts(made, &["unshare", "--net", "sh", "-c", &script, "sh"])["net"].clone()
}

/// `add NAME` makes an interface that leads nowhere; eth0 is one that is up.
pub(super) const ETH0: &str =
    "add() { ip link add \"$1\" type dummy 2>/dev/null || ip link add \"$1\" type ifb; }
    add eth0; ip link set eth0 addrgenmode none; ip link set eth0 up";

#[test]
fn complaint_21_a_pod_is_known_by_its_address() {
    let made = Made::new("");
    if !may_unshare("--net") {
        return;
    }
    // As Kubernetes' network plug-ins do it: an address for itself, a gateway that is on no network.
    let pod = format!(
        "{ETH0}; ip addr add 10.1.2.3/32 dev eth0; ip route add 169.254.1.1 dev eth0; ip route add default via 169.254.1.1 dev eth0"
    );
    let net = network(&made, &pod);
    assert_eq!(
        (&net["ipv4"], &net["route"], &net["ipv6"]),
        (&json!("10.1.2.3"), &json!("eth0"), &json!(null))
    );
    assert_eq!(net["interfaces"], json!({ "eth0": { "ipv4": ["10.1.2.3"], "ipv6": [] } }));

    // Several addresses, one with a label, one that the route asks for; an interface that is down.
    let several = format!(
        "{ETH0}; ip addr add 10.0.0.9/24 dev eth0; ip addr add 10.0.0.5/24 dev eth0 label eth0:1; ip link set lo up
        add eth1; ip addr add 10.9.9.9/24 dev eth1; ip addr add 192.168.7.1/32 dev lo
        ip route add default via 10.0.0.1 dev eth0 src 192.168.7.1"
    );
    let net = network(&made, &several);
    assert_eq!((&net["ipv4"], &net["route"]), (&json!("192.168.7.1"), &json!("eth0")), "{net}");
    assert_eq!(net["interfaces"]["eth0"]["ipv4"], json!(["10.0.0.9", "10.0.0.5"]), "{net}");
    assert_eq!(net["interfaces"]["lo"]["ipv4"], json!(["127.0.0.1", "192.168.7.1"]), "{net}");
    assert_eq!(net["interfaces"].as_object().unwrap().len(), 2, "{net}");
}

#[test]
fn hosts_with_ipv6_only_and_without_any_network() {
    let made = Made::new("");
    if !may_unshare("--net") {
        return;
    }
    let ipv6 = format!(
        "{ETH0}; ip addr add fe80::5/64 dev eth0 nodad; ip addr add 2001:db8:7::5/64 dev eth0 nodad
        ip route add default via fe80::1 dev eth0"
    );
    let net = network(&made, &ipv6);
    assert_eq!((&net["ipv4"], &net["ipv6"]), (&json!(null), &json!("2001:db8:7::5")), "{net}");
    assert_eq!(net["route"], json!("eth0"));
    assert_eq!(net["interfaces"]["eth0"], json!({ "ipv4": [], "ipv6": ["2001:db8:7::5", "fe80::5"] }));

    // The kernel prefers a temporary address on the way out; a node is to be found tomorrow, too.
    let private = format!(
        "{ETH0}; echo 2 2>/dev/null >/proc/sys/net/ipv6/conf/eth0/use_tempaddr || :
        ip addr add fe80::5/64 dev eth0 nodad; ip addr add 2001:db8:7::5/64 dev eth0 nodad mngtmpaddr
        ip route add default via fe80::1 dev eth0"
    );
    let net = network(&made, &private);
    assert_eq!(net["ipv6"], json!("2001:db8:7::5"), "{net}");
    assert_eq!(net["interfaces"]["eth0"]["ipv6"][0], net["ipv6"], "{net}");

    let nothing = json!({ "ipv4": null, "ipv6": null, "route": null, "interfaces": {} });
    assert_eq!(network(&made, ""), nothing);
    let lonely = network(&made, &format!("{ETH0}; ip link set lo up; ip addr add 10.0.0.9/24 dev eth0"));
    assert_eq!((&lonely["ipv4"], &lonely["route"]), (&json!(null), &json!(null)), "{lonely}");
    assert_eq!(lonely["interfaces"]["eth0"]["ipv4"], json!(["10.0.0.9"]), "{lonely}");
    // A default route in another table than the main one.
    let policy = format!(
        "{ETH0}; ip addr add 10.0.0.9/24 dev eth0; ip route add default via 10.0.0.1 table 7; ip rule add table 7"
    );
    let net = network(&made, &policy);
    assert_eq!((&net["ipv4"], &net["route"]), (&json!("10.0.0.9"), &json!("eth0")), "{net}");
}
