//! The ports that the kernel hands out to outgoing connections.

use std::ops::RangeInclusive;

use crate::host::Roots;
use crate::host::read::{Ranges, first_line};

/// The range that `/proc/sys/net/ipv4` names, for IPv6 too, when some of `ports` are in it and are not reserved.
#[must_use]
pub fn client_ports(roots: &Roots, ports: &RangeInclusive<u16>) -> Option<(u16, u16)> {
    let read = |name: &str| first_line(&roots.proc.join("sys/net/ipv4").join(name));
    let line = read("ip_local_port_range")?;
    let mut numbers = line.split_ascii_whitespace().map(str::parse);
    let (Some(Ok(first)), Some(Ok(last))) = (numbers.next(), numbers.next()) else { return None };
    let shared = (*ports.start()).max(first)..=(*ports.end()).min(last);
    let shared = Ranges::parse(&format!("{}-{}", shared.start(), shared.end()))?;
    let reserved = read("ip_local_reserved_ports").and_then(|list| Ranges::parse(&list));
    let spared = reserved.map_or(0, |reserved| reserved.intersection(&shared).count());
    (spared < shared.count()).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::client_ports;
    use crate::host::Roots;

    #[test]
    fn ports_that_clients_may_get() {
        let dir = tempfile::tempdir().unwrap();
        let below = dir.path().join("proc/sys/net/ipv4");
        std::fs::create_dir_all(&below).unwrap();
        let seen = || client_ports(&Roots::under(dir.path()), &(4380..=4399));
        assert_eq!(seen(), None);
        for (range, reserved, expected) in [
            ("32768\t60999\n", "\n", None),
            ("1024\t65535\n", "\n", Some((1024, 65535))),
            ("4399 60999", "", Some((4399, 60999))),
            ("1024 4380", "4000-4381", None),
            ("1024 4379", "", None),
            ("4400 60999", "", None),
            ("1024 65535", "4380-4399\n", None),
            ("1024 65535", "4370-4390,4391-5000,8080\n", None),
            ("1024 65535", "4381-4399\n", Some((1024, 65535))),
            ("1024 65535", "nonsense", Some((1024, 65535))),
            ("1024", "", None),
            ("x y", "", None),
            ("70000 -3", "", None),
            ("60000 1024", "", None),
        ] {
            std::fs::write(below.join("ip_local_port_range"), range).unwrap();
            std::fs::write(below.join("ip_local_reserved_ports"), reserved).unwrap();
            assert_eq!(seen(), expected, "{range:?} {reserved:?}");
        }
    }
}
