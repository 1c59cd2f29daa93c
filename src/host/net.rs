//! The addresses of this host: those of its interfaces, and those it uses on the way out.
//!
//! On the host itself the kernel is asked (getifaddrs, and the source address of a socket that is never used).
//! On another file tree, and where netlink is forbidden (systemd's `RestrictAddressFamilies`), the tables in
//! `/proc/net` tell nearly as much.

mod clients;
mod files;
mod live;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::Roots;
pub use clients::client_ports;
use files::Tables;

/// Addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Net {
    /// The address that this host uses towards its IPv4 default route; `None` without one.
    pub ipv4: Option<Ipv4Addr>,
    /// The same for IPv6, never a link-local one.
    pub ipv6: Option<Ipv6Addr>,
    /// The interface of the default route, IPv4's first.
    pub route: Option<String>,
    /// Each interface that is up, by name.
    pub interfaces: BTreeMap<String, Interface>,
}

/// The addresses of one interface, in the order of the kernel; of the IPv6 ones those that last come
/// first, then temporary, tentative and deprecated ones, then link-local ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// IPv4.
    pub ipv4: Vec<Ipv4Addr>,
    /// IPv6.
    pub ipv6: Vec<Ipv6Addr>,
}

type Interfaces = BTreeMap<String, Interface>;

impl Net {
    pub(super) fn collect(roots: &Roots) -> Self {
        let tables = Tables::read(roots);
        let own = roots.are_the_hosts();
        let mut interfaces = own.then(live::interfaces).flatten().unwrap_or_else(|| tables.interfaces(roots));
        for interface in interfaces.values_mut() {
            interface.ipv6.retain(|address| !tables.failed(*address));
            interface.ipv6.sort_by_cached_key(|address| tables.rank(*address));
        }
        let ipv4 = own.then(live::source_v4).flatten().or_else(|| tables.source_v4(&interfaces));
        let ipv6 = own.then(live::source_v6).flatten().or_else(|| tables.source_v6(&interfaces));
        let ipv6 = ipv6.map(|address| tables.lasting(address, &interfaces));
        let route = tables.route().or_else(|| carrier(&interfaces, ipv4, ipv6));
        Self { ipv4, ipv6, route, interfaces }
    }
}

/// The interface that has the address, for default routes that stand in other tables than the main one.
fn carrier(interfaces: &Interfaces, ipv4: Option<Ipv4Addr>, ipv6: Option<Ipv6Addr>) -> Option<String> {
    let with = |has: &dyn Fn(&Interface) -> bool| {
        interfaces.iter().find(|(_, interface)| has(interface)).map(|(name, _)| name.clone())
    };
    let v4 = ipv4.and_then(|address| with(&|interface| interface.ipv4.contains(&address)));
    v4.or_else(|| ipv6.and_then(|address| with(&|interface| interface.ipv6.contains(&address))))
}

#[cfg(test)]
mod tests;
