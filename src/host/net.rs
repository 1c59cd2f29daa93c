//! The addresses of this host: those of its interfaces, and those it uses on the way out.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde::Serialize;

use super::Roots;

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

/// The addresses of one interface, in the order of the kernel; link-local IPv6 ones last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Interface {
    /// IPv4.
    pub ipv4: Vec<Ipv4Addr>,
    /// IPv6.
    pub ipv6: Vec<Ipv6Addr>,
}

impl Net {
    pub(super) fn collect(_roots: &Roots) -> Self {
        Self::default()
    }
}
