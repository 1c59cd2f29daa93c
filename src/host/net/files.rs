//! The tables in `/proc/net`, with lines that make no sense passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Interface, Interfaces};
use crate::host::Roots;
use crate::host::read;

/// The default route comes first in the kernel's own order; a router has a million others behind it.
const MOST: u64 = 256 << 10;

const RTF_UP: u32 = 0x1;
const RTF_REJECT: u32 = 0x200;
const IFA_F_TEMPORARY: u32 = 0x01;
const IFA_F_OPTIMISTIC: u32 = 0x04;
const IFA_F_DADFAILED: u32 = 0x08;
const IFA_F_DEPRECATED: u32 = 0x20;
const IFA_F_TENTATIVE: u32 = 0x40;

/// What is in them.
pub(super) struct Tables {
    routes: Vec<Route>,
    /// The interface of the IPv6 default route.
    default_v6: Option<String>,
    inet6: Vec<Inet6>,
    /// The flags of each address in `inet6`.
    flags: BTreeMap<Ipv6Addr, u32>,
}

/// A line of `/proc/net/route`.
struct Route {
    interface: String,
    destination: u32,
    gateway: u32,
    mask: u32,
    metric: u32,
}

/// A line of `/proc/net/if_inet6`.
struct Inet6 {
    address: Ipv6Addr,
    flags: u32,
    interface: String,
}

impl Tables {
    pub(super) fn read(roots: &Roots) -> Self {
        let text = |file| read::text_up_to(&roots.proc.join("net").join(file), MOST).unwrap_or_default();
        let default_v6 = text("ipv6_route")
            .lines()
            .filter_map(default_v6)
            .min_by_key(|(metric, _)| *metric)
            .map(|(_, interface)| interface);
        let routes = text("route").lines().filter_map(Route::parse).collect();
        let inet6: Vec<Inet6> = text("if_inet6").lines().filter_map(Inet6::parse).collect();
        let flags = inet6.iter().map(|entry| (entry.address, entry.flags)).collect();
        Self { routes, default_v6, inet6, flags }
    }

    /// The interface of the default route.
    pub(super) fn route(&self) -> Option<String> {
        self.default_v4().map(|route| route.interface.clone()).or_else(|| self.default_v6.clone())
    }

    fn default_v4(&self) -> Option<&Route> {
        let defaults = self.routes.iter().filter(|route| route.destination == 0 && route.mask == 0);
        defaults.min_by_key(|route| route.metric)
    }

    /// An address of the default route's interface: one of the gateway's network when there is any.
    pub(super) fn source_v4(&self, interfaces: &Interfaces) -> Option<Ipv4Addr> {
        let default = self.default_v4()?;
        let addresses = &interfaces.get(&default.interface)?.ipv4;
        let near = |address: &&Ipv4Addr| {
            self.routes
                .iter()
                .any(|route| route.is_near(u32::from(**address)) && route.is_near(default.gateway))
        };
        addresses.iter().find(near).or_else(|| addresses.first()).copied()
    }

    pub(super) fn source_v6(&self, interfaces: &Interfaces) -> Option<Ipv6Addr> {
        let addresses = &interfaces.get(self.default_v6.as_ref()?)?.ipv6;
        addresses.first().copied().filter(|address| is_global(*address))
    }

    /// Whether another host has the address too.
    pub(super) fn failed(&self, address: Ipv6Addr) -> bool {
        self.flags(address) & IFA_F_DADFAILED != 0
    }

    /// The lesser the better the address is to be known by.
    pub(super) fn rank(&self, address: Ipv6Addr) -> (bool, bool, bool) {
        let flags = self.flags(address);
        let unsettled = flags & IFA_F_TENTATIVE != 0 && flags & IFA_F_OPTIMISTIC == 0;
        let leaving = unsettled || flags & IFA_F_DEPRECATED != 0;
        (address.is_unicast_link_local(), leaving, flags & IFA_F_TEMPORARY != 0)
    }

    /// Of the same interface and network as a temporary address, one that lasts: privacy is not what a node that
    /// others are to find wants of its address.
    pub(super) fn lasting(&self, address: Ipv6Addr, interfaces: &Interfaces) -> Ipv6Addr {
        let temporary = |address: Ipv6Addr| self.flags(address) & IFA_F_TEMPORARY != 0;
        let network = |address: Ipv6Addr| u128::from(address) >> 64;
        let mut beside = interfaces.values().filter(|interface| interface.ipv6.contains(&address));
        let other = beside.next().filter(|_| temporary(address)).and_then(|interface| {
            let mut same = interface.ipv6.iter().filter(|other| network(**other) == network(address));
            same.find(|other| !temporary(**other))
        });
        other.copied().unwrap_or(address)
    }

    fn flags(&self, address: Ipv6Addr) -> u32 {
        self.flags.get(&address).copied().unwrap_or(0)
    }

    /// The interfaces as far as these tables tell: which one has an IPv4 address has to be concluded from
    /// the routes, and is a guess where several could.
    pub(super) fn interfaces(&self, roots: &Roots) -> Interfaces {
        let mut interfaces = up(roots);
        for entry in &self.inet6 {
            interfaces.entry(entry.interface.clone()).or_default().ipv6.push(entry.address);
        }
        let trie = read::text_up_to(&roots.proc.join("net/fib_trie"), MOST).unwrap_or_default();
        for address in local(&trie) {
            if let Some(name) = self.carrier(address, &interfaces) {
                interfaces.entry(name).or_default().ipv4.push(address);
            }
        }
        interfaces
    }

    fn carrier(&self, address: Ipv4Addr, interfaces: &Interfaces) -> Option<String> {
        if address.is_loopback() {
            return Some("lo".to_owned());
        }
        let nearest = self.routes.iter().filter(|route| route.is_near(u32::from(address)));
        let mut others = interfaces.keys().filter(|name| *name != "lo");
        nearest
            .max_by_key(|route| route.mask.count_ones())
            .or_else(|| self.default_v4())
            .map(|route| &route.interface)
            .or_else(|| others.next().filter(|_| others.next().is_none()))
            .cloned()
    }
}

/// Neither link-local nor this host's alone.
pub(super) fn is_global(address: Ipv6Addr) -> bool {
    !(address.is_unicast_link_local() || address.is_loopback() || address.is_unspecified())
}

impl Route {
    /// `INTERFACE DESTINATION GATEWAY FLAGS REFCNT USE METRIC MASK ...`, addresses in the machine's order of bytes.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [interface, destination, gateway, flags, _, _, metric, mask, ..] = fields[..] else {
            return None;
        };
        let hex = |field| u32::from_str_radix(field, 16).ok();
        let address = |field| Some(u32::from_be_bytes(hex(field)?.to_ne_bytes()));
        let flags = hex(flags)?;
        let alive = flags & RTF_UP != 0 && flags & RTF_REJECT == 0;
        alive.then_some(())?;
        Some(Self {
            interface: interface.to_owned(),
            destination: address(destination)?,
            gateway: address(gateway)?,
            mask: address(mask)?,
            metric: metric.parse().ok()?,
        })
    }

    /// Whether the address is of a network that this route reaches without a gateway.
    fn is_near(&self, address: u32) -> bool {
        self.gateway == 0 && self.mask != 0 && address & self.mask == self.destination
    }
}

impl Inet6 {
    /// `ADDRESS INDEX PREFIX SCOPE FLAGS INTERFACE`, numbers in hexadecimal.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split_ascii_whitespace();
        let address = v6(fields.next()?)?;
        let flags = u32::from_str_radix(fields.nth(3)?, 16).ok()?;
        Some(Self { address, flags, interface: fields.next()?.to_owned() })
    }
}

fn v6(digits: &str) -> Option<Ipv6Addr> {
    let plain = digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain.then(|| u128::from_str_radix(digits, 16).ok())?.map(Ipv6Addr::from)
}

/// Metric and interface of a line of `/proc/net/ipv6_route` that is a default route:
/// `DESTINATION PREFIX SOURCE PREFIX HOP METRIC REFCNT USE FLAGS INTERFACE`.
fn default_v6(line: &str) -> Option<(u32, String)> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [destination, "00", _, _, _, metric, _, _, flags, interface] = fields[..] else { return None };
    let hex = |field| u32::from_str_radix(field, 16).ok();
    let flags = hex(flags)?;
    let alive = v6(destination)?.is_unspecified() && flags & RTF_UP != 0 && flags & RTF_REJECT == 0;
    alive.then_some((hex(metric)?, interface.to_owned()))
}

/// The names in `/proc/net/dev` of those that are up by `/sys/class/net/NAME/flags`.
fn up(roots: &Roots) -> Interfaces {
    let names = read::text_up_to(&roots.proc.join("net/dev"), MOST).unwrap_or_default();
    let is_up = |name: &str| {
        let flags = read::first_line(&roots.sys.join("class/net").join(name).join("flags"));
        let flags =
            flags.as_deref().and_then(|flags| u32::from_str_radix(flags.strip_prefix("0x")?, 16).ok());
        flags.is_some_and(|flags| flags & 1 != 0)
    };
    let names = names.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim());
    names
        .filter(|name| !name.is_empty() && !name.contains('/') && is_up(name))
        .map(|name| (name.to_owned(), Interface::default()))
        .collect()
}

/// The addresses of this host in `/proc/net/fib_trie`, once each: a line `|-- ADDRESS` with `/32 host LOCAL` below.
fn local(trie: &str) -> Vec<Ipv4Addr> {
    let (mut found, mut last) = (Vec::new(), None);
    let mut seen = BTreeSet::new();
    for line in trie.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(last.filter(|address: &Ipv4Addr| seen.insert(*address)));
        }
    }
    found
}
