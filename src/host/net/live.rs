//! What the kernel says of the network that this process is in.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use nix::net::if_::InterfaceFlags;

use super::Interfaces;

/// Each interface that is up; `None` when netlink is out of reach.
pub(super) fn interfaces() -> Option<Interfaces> {
    let mut interfaces = Interfaces::new();
    let up = nix::ifaddrs::getifaddrs().ok()?.filter(|entry| entry.flags.contains(InterfaceFlags::IFF_UP));
    for entry in up {
        // An address with a label of its own has one such as "eth0:1" here.
        let name = entry.interface_name.split(':').next().unwrap_or_default();
        let interface = interfaces.entry(name.to_owned()).or_default();
        let Some(address) = entry.address else { continue };
        if let Some(address) = address.as_sockaddr_in() {
            interface.ipv4.push(address.ip());
        } else if let Some(address) = address.as_sockaddr_in6() {
            interface.ipv6.push(address.ip());
        }
    }
    Some(interfaces)
}

/// The source address towards the rest of the world. Connecting a datagram socket sends nothing: the kernel
/// looks up the route, by all its rules. The destination is of the range for documentation (RFC 5737), which
/// nobody has.
pub(super) fn source_v4() -> Option<Ipv4Addr> {
    let address = source((Ipv4Addr::UNSPECIFIED, 0).into(), (Ipv4Addr::new(198, 51, 100, 1), 9).into())?;
    match address {
        IpAddr::V4(address) if !address.is_loopback() && !address.is_unspecified() => Some(address),
        _ => None,
    }
}

/// The same for IPv6 (RFC 3849).
pub(super) fn source_v6() -> Option<Ipv6Addr> {
    let destination = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    match source((Ipv6Addr::UNSPECIFIED, 0).into(), (destination, 9).into())? {
        IpAddr::V6(address) if super::files::is_global(address) => Some(address),
        _ => None,
    }
}

fn source(own: std::net::SocketAddr, destination: std::net::SocketAddr) -> Option<IpAddr> {
    let socket = UdpSocket::bind(own).ok()?;
    socket.connect(destination).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
