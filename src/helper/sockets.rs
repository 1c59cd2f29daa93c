//! Where a process of this host listens, and what addresses the host has: read from /proc, for nodes that
//! epmd does not lead to. Asks nobody.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const LISTENS: &str = "0A";

/// The TCP sockets on which the process listens; none when they can't be seen.
pub(super) fn listening(pid: i32) -> Vec<SocketAddr> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let links = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
    let inodes: Vec<String> = links
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    // Its own network namespace, when it has another one, is none that this process could connect in.
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|file| fs::read_to_string(file).unwrap_or_default());
    tables.iter().flat_map(|table| listeners(table, &inodes)).collect()
}

/// `  0: 0100007F:1F90 00000000:0000 0A ... INODE ...`: address and port in hexadecimal, the address in words
/// of this machine's byte order.
fn listeners(table: &str, inodes: &[String]) -> Vec<SocketAddr> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, _, LISTENS, _, _, _, _, _, inode, ..] = fields.as_slice() else { return None };
        if !inodes.iter().any(|known| known == inode) {
            return None;
        }
        let (address, port) = local.split_once(':')?;
        Some(SocketAddr::new(reachable(parse_address(address)?), u16::from_str_radix(port, 16).ok()?))
    };
    table.lines().skip(1).filter_map(line).collect()
}

fn parse_address(text: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(text.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    match text.len() {
        8 => Some(word(0)?.into()),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
            <[u8; 16]>::try_from(words).ok().map(Into::into)
        }
        _ => None,
    }
}

/// Who listens on all addresses can be reached by loopback.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

/// The host's own addresses but for link-local ones, which need an interface's name to connect to.
pub(super) fn own_addresses() -> Vec<IpAddr> {
    let mut found = local_v4(&fs::read_to_string("/proc/net/fib_trie").unwrap_or_default());
    found.extend(local_v6(&fs::read_to_string("/proc/net/if_inet6").unwrap_or_default()));
    found
}

/// `|-- 10.0.0.5`, and below it `/32 host LOCAL`.
fn local_v4(trie: &str) -> Vec<IpAddr> {
    let mut last = None;
    let mut found = Vec::new();
    for line in trie.lines() {
        if let Some((_, address)) = line.split_once("|-- ") {
            last = address.trim().parse::<IpAddr>().ok();
        } else if line.contains("/32 host LOCAL")
            && let Some(address) = last
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

/// `fd000000000000000000000000000005 02 40 00 80 eth0`: the fourth field is the scope, 20 is link-local.
fn local_v6(table: &str) -> Vec<IpAddr> {
    let line = |line: &str| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let number = u128::from_str_radix(fields.first()?, 16).ok()?;
        (*fields.get(3)? != "20").then(|| Ipv6Addr::from(number).into())
    };
    table.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, TcpListener};

    use super::{listening, local_v4, local_v6, own_addresses};

    #[test]
    fn own_listeners_are_found() {
        for address in ["127.0.0.1:0", "127.0.0.3:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
            // A machine may have no IPv6.
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let mut at = listener.local_addr().unwrap();
            let found = listening(std::process::id().cast_signed());
            if at.ip().is_unspecified() {
                at.set_ip(if at.is_ipv4() { [127, 0, 0, 1].into() } else { IpAddr::V6(1.into()) });
            }
            assert!(found.contains(&at), "{at} is not in {found:?}");
        }
        assert_eq!(listening(0), []);
    }

    #[test]
    fn addresses_of_interfaces_are_read() {
        let trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.0\n        /24 link UNICAST\n     |-- 10.0.0.5\n        \
                    /32 host LOCAL\n     |-- 10.0.0.255\n        /32 link BROADCAST\n";
        assert_eq!(local_v4(trie), ["10.0.0.5".parse::<IpAddr>().unwrap()]);
        let table = "fe800000000000000000000000000001 02 40 20 80 eth0\nfd000000000000000000000000000005 02 40 00 80 eth0\n";
        assert_eq!(local_v6(table), ["fd00::5".parse::<IpAddr>().unwrap()]);
        assert!(own_addresses().contains(&[127, 0, 0, 1].into()), "{:?}", own_addresses());
    }
}
