//! Networks as files, and this machine's own.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::Net;
use crate::host::Roots;
use crate::host::cgroup::trees::tree;

const HEAD: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
const TRIE: &str = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n";

fn net(files: &[(&str, &str)]) -> Net {
    let (_dir, roots) = tree(&[files]);
    Net::collect(&roots)
}

fn v4(text: &str) -> Option<Ipv4Addr> {
    Some(text.parse().unwrap())
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// A table of routes: interface, destination, gateway, flags, metric, mask.
fn routes(routes: &[(&str, &str, &str, u32, u32, &str)]) -> String {
    let hex = |address: &str| {
        let address: Ipv4Addr = address.parse().unwrap();
        format!("{:08X}", u32::from_ne_bytes(address.octets()))
    };
    let lines = routes.iter().map(|(name, to, gateway, flags, metric, mask)| {
        let (to, gateway, mask) = (hex(to), hex(gateway), hex(mask));
        format!("{name}\t{to}\t{gateway}\t{flags:04X}\t0\t0\t{metric}\t{mask}\t0\t0\t0   \n")
    });
    HEAD.to_owned() + &lines.collect::<String>()
}

/// Local addresses, each twice as in the tables Main and Local.
fn trie(addresses: &[&str]) -> String {
    let part: String = addresses
        .iter()
        .map(|address| format!("           |-- {address}\n              /32 host LOCAL\n"))
        .collect();
    format!("{TRIE}{part}Local:\n{part}           |-- 10.255.255.255\n              /32 link BROADCAST\n")
}

#[test]
fn a_host_with_two_interfaces() {
    let table = routes(&[
        ("wlan0", "0.0.0.0", "192.168.1.1", 3, 600, "0.0.0.0"),
        ("eth0", "0.0.0.0", "10.1.0.1", 3, 100, "0.0.0.0"),
        ("eth0", "10.1.0.0", "0.0.0.0", 1, 0, "255.255.0.0"),
        ("eth0", "10.0.0.0", "0.0.0.0", 1, 0, "255.255.0.0"),
        ("wlan0", "192.168.1.0", "0.0.0.0", 1, 0, "255.255.255.0"),
    ]);
    let found = net(&[
        ("proc/net/route", &table),
        ("proc/net/fib_trie", &trie(&["10.0.0.9", "10.1.2.3", "127.0.0.1", "192.168.1.7"])),
    ]);
    // The address of the gateway's network, not the first.
    assert_eq!((found.ipv4, found.route.as_deref()), (v4("10.1.2.3"), Some("eth0")));
    assert_eq!(found.interfaces.keys().collect::<Vec<_>>(), ["eth0", "lo", "wlan0"]);
    assert_eq!(found.interfaces["eth0"].ipv4, [v4("10.0.0.9"), v4("10.1.2.3")].map(Option::unwrap));
    assert_eq!(found.interfaces["wlan0"].ipv4, [v4("192.168.1.7").unwrap()]);
    assert_eq!(found.interfaces["lo"].ipv4, [Ipv4Addr::LOCALHOST]);
    assert_eq!(found.ipv6, None);
}

#[test]
fn a_pod_with_one_address_for_itself() {
    let table = routes(&[
        ("eth0", "0.0.0.0", "169.254.1.1", 3, 0, "0.0.0.0"),
        ("eth0", "169.254.1.1", "0.0.0.0", 5, 0, "255.255.255.255"),
    ]);
    let found = net(&[("proc/net/route", &table), ("proc/net/fib_trie", &trie(&["10.1.2.3", "127.0.0.1"]))]);
    assert_eq!((found.ipv4, found.route.as_deref()), (v4("10.1.2.3"), Some("eth0")));
    assert_eq!(found.interfaces["eth0"].ipv4, [v4("10.1.2.3").unwrap()]);
}

#[test]
fn a_host_with_ipv6_only() {
    let route6 = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
                  fe800000000000000000000000000001 00000400 00000002 00000000 00000003     eth0\n\
                  00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
                  00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo\n";
    let inet6 = "fe800000000000000000000000000005 02 40 20 80     eth0\n\
                 20010db8000000000000000000000dad 02 40 00 48     eth0\n\
                 20010db80000000000000000000000aa 02 40 00 20     eth0\n\
                 20010db80000000000000000000000bb 02 40 00 01     eth0\n\
                 20010db8000000000000000000000005 02 40 00 80     eth0\n\
                 20010db80000000000000000000000cc 02 40 00 40     eth0\n\
                 00000000000000000000000000000001 01 80 10 80       lo\n";
    let found = net(&[("proc/net/ipv6_route", route6), ("proc/net/if_inet6", inet6)]);
    assert_eq!((found.ipv4, found.ipv6), (None, Some(v6("2001:db8::5"))));
    assert_eq!(found.route.as_deref(), Some("eth0"));
    let expected = ["2001:db8::5", "2001:db8::bb", "2001:db8::aa", "2001:db8::cc", "fe80::5"].map(v6);
    assert_eq!(found.interfaces["eth0"].ipv6, expected);
    assert_eq!(found.interfaces["lo"].ipv6, [Ipv6Addr::LOCALHOST]);
    // What the kernel prefers on the way out may be a temporary one.
    let (_dir, roots) = tree(&[&[("proc/net/if_inet6", inet6)]]);
    let lasting = |address| super::Tables::read(&roots).lasting(v6(address), &found.interfaces);
    assert_eq!(lasting("2001:db8::bb"), v6("2001:db8::5"));
    assert_eq!(lasting("2001:db8::aa"), v6("2001:db8::aa"));
    assert_eq!(lasting("2001:db8:7::9"), v6("2001:db8:7::9"));
    // With link-local addresses only there is none to be known by.
    let lonely = inet6.lines().next().unwrap();
    assert_eq!(net(&[("proc/net/ipv6_route", route6), ("proc/net/if_inet6", lonely)]).ipv6, None);
}

#[test]
fn a_route_that_leads_nowhere_is_none() {
    let table = routes(&[
        ("eth0", "0.0.0.0", "10.0.0.1", 2, 0, "0.0.0.0"),
        ("*", "0.0.0.0", "0.0.0.0", 0x201, 0, "0.0.0.0"),
        ("eth0", "10.0.0.0", "0.0.0.0", 1, 0, "255.0.0.0"),
    ]);
    let found = net(&[("proc/net/route", &table), ("proc/net/fib_trie", &trie(&["10.0.0.2"]))]);
    assert_eq!((found.ipv4, found.route), (None, None));
    assert_eq!(found.interfaces["eth0"].ipv4, [v4("10.0.0.2").unwrap()]);
}

#[test]
fn interfaces_that_are_up_are_there_without_addresses() {
    let dev = "Inter-|   Receive\n face |bytes\n    lo: 1 2\n  eth0: 3 4\n  eth1:5 6\n  ../x: 1\n  eth2: 1\n";
    let found = net(&[
        ("proc/net/dev", dev),
        ("sys/class/net/lo/flags", "0x9\n"),
        ("sys/class/net/eth0/flags", "0x1003\n"),
        ("sys/class/net/eth1/flags", "0x1002\n"),
        // The only one: nobody else can have the address.
        ("proc/net/fib_trie", &trie(&["10.0.0.2"])),
    ]);
    assert_eq!(found.interfaces.keys().collect::<Vec<_>>(), ["eth0", "lo"]);
    assert_eq!(found.interfaces["eth0"].ipv4, [v4("10.0.0.2").unwrap()]);
}

#[test]
fn malformed_tables_are_passed_over() {
    let lines =
        "\n \nx\neth0 0 0 3 0 0 0\neth0 g 0 3 0 0 0 0\n/32 host LOCAL\n|-- x\n/32 host LOCAL\n0 0 0 0 0 0\n";
    let name = "+0000000000000000000000000000001 01 80 10 80 lo\n00 00 00 00 00 00 00 00 00 x\n";
    let files = ["route", "ipv6_route", "if_inet6", "fib_trie", "dev"].map(|file| format!("proc/net/{file}"));
    for text in [lines, name, "\u{fffd}"] {
        let files: Vec<(&str, &str)> = files.iter().map(|file| (file.as_str(), text)).collect();
        assert_eq!(net(&files), Net::default(), "{text:?}");
    }
}

#[test]
fn this_machine_is_known_by_its_files_as_by_the_kernel() {
    let roots = Roots::default();
    let by_kernel = Net::collect(&roots);
    let by_files = super::Tables::read(&roots).interfaces(&roots);
    let mut loopback = by_kernel.interfaces["lo"].clone();
    loopback.ipv6.sort();
    assert_eq!(by_files["lo"], loopback);
    if let Some(address) = by_kernel.ipv4 {
        assert!(
            by_kernel.interfaces.values().any(|interface| interface.ipv4.contains(&address)),
            "{by_kernel:?}"
        );
    }
}
