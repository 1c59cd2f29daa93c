//! How much memory a node may use: the host's, and the limit of the control groups, which the VM
//! itself does not look at.

use std::path::Path;

use serde::Serialize;

use super::Roots;
use super::cgroup::Groups;
use super::read::{self, first_line};

/// Memory, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// The host's memory.
    pub total: Option<u64>,
    /// What the host could give to new processes without swapping; a control group's limit is
    /// not looked at.
    pub available: Option<u64>,
    /// The lesser of `total` and the control groups' limits (hard limits, and v2's `memory.high`)
    /// over all parent groups.
    pub limit: Option<u64>,
}

impl Memory {
    pub(super) fn collect(roots: &Roots, groups: &Groups) -> Self {
        let text = read::text(&roots.proc.join("meminfo")).unwrap_or_default();
        let total = meminfo(&text, "MemTotal");
        let available = meminfo(&text, "MemAvailable").or_else(|| meminfo(&text, "MemFree"));
        let limit = limits(groups).into_iter().chain(total).min();
        Self { total, available, limit }
    }
}

/// A line `KEY:  NUMBER kB`.
fn meminfo(text: &str, key: &str) -> Option<u64> {
    let kilobytes: u64 = read::value(text, key)?.strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// All the limits in bytes. What v1 writes for "none" is a number above any host's memory, or
/// one that does not fit into 63 bits.
fn limits(groups: &Groups) -> Vec<u64> {
    let mut limits = groups.v2(|group| bytes(&group.join("memory.max")));
    limits.extend(groups.v2(|group| bytes(&group.join("memory.high"))));
    limits.extend(groups.v1("memory", |group| bytes(&group.join("memory.limit_in_bytes"))));
    limits.extend(groups.own_v1("memory", hierarchical));
    limits.retain(|limit| *limit < V1_UNLIMITED);
    limits
}

/// v1's "none" is the greatest 63 bit number, rounded down to a page (64 KiB at most).
const V1_UNLIMITED: u64 = (i64::MAX as u64) & !0xffff;

/// The kernel's own least over the parents, also over those that a container's mount does not show.
fn hierarchical(group: &Path) -> Option<u64> {
    let stat = read::text(&group.join("memory.stat"))?;
    let limit = stat.lines().find_map(|line| line.strip_prefix("hierarchical_memory_limit "))?;
    limit.trim().parse().ok().filter(|limit| *limit > 0)
}

fn bytes(path: &Path) -> Option<u64> {
    // "max" is no number; a limit of 0 could hold no process and can't be meant.
    first_line(path)?.parse().ok().filter(|limit| *limit > 0)
}

#[cfg(test)]
mod tests {
    use super::Memory;
    use crate::host::cgroup::Groups;
    use crate::host::cgroup::trees::{V1, V2, tree};

    const GIB: u64 = 1 << 30;
    const MEMINFO: (&str, &str) =
        ("proc/meminfo", "MemTotal:       8388608 kB\nMemFree:  100 kB\nMemAvailable:    4194304 kB\n");

    fn memory(parts: &[&[(&str, &str)]]) -> Memory {
        let (_dir, roots) = tree(parts);
        Memory::collect(&roots, &Groups::read(&roots))
    }

    #[test]
    fn without_groups_the_limit_is_the_total() {
        let expected = Memory { total: Some(8 * GIB), available: Some(4 * GIB), limit: Some(8 * GIB) };
        assert_eq!(memory(&[&[MEMINFO]]), expected);
    }

    #[test]
    fn v2_takes_the_least_of_max_and_high_over_the_parents() {
        let own = ("sys/fs/cgroup/a/b/memory.max", "2147483648\n");
        let none = ("sys/fs/cgroup/a/b/memory.high", "max\n");
        let limit = |files: &[(&str, &str)]| memory(&[&V2, &[MEMINFO], files]).limit;
        assert_eq!(limit(&[own, none]), Some(2 * GIB));
        assert_eq!(limit(&[own, ("sys/fs/cgroup/a/memory.max", "1073741824\n")]), Some(GIB));
        assert_eq!(limit(&[own, ("sys/fs/cgroup/a/b/memory.high", "536870912\n")]), Some(GIB / 2));
        assert_eq!(limit(&[("sys/fs/cgroup/a/b/memory.max", "max\n"), none]), Some(8 * GIB));
        // More than the host has is no limit.
        assert_eq!(limit(&[("sys/fs/cgroup/a/b/memory.max", "1099511627776\n")]), Some(8 * GIB));
    }

    #[test]
    fn v1_takes_the_least_over_the_parents() {
        let file = "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes";
        let unlimited = (file, "9223372036854771712\n");
        let limit = |files: &[(&str, &str)]| memory(&[&V1, &[MEMINFO], files]).limit;
        assert_eq!(limit(&[(file, "536870912\n")]), Some(GIB / 2));
        assert_eq!(limit(&[unlimited]), Some(8 * GIB));
        let parent = ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1073741824\n");
        assert_eq!(limit(&[unlimited, parent]), Some(GIB));
        assert_eq!(memory(&[&V1, &[unlimited]]).limit, None);
        // A parent that can't be seen from here.
        let stat = ("sys/fs/cgroup/memory/a/b/memory.stat", "cache 0\nhierarchical_memory_limit 268435456\n");
        assert_eq!(limit(&[(file, "536870912\n"), stat]), Some(GIB / 4));
    }

    #[test]
    fn malformed_files_are_unknown() {
        for text in
            ["", "MemTotal 5 kB", "MemTotal: kB", "MemTotal: x kB", "MemTotal: 99999999999999999999 kB"]
        {
            let memory = memory(&[&[("proc/meminfo", text)]]);
            assert_eq!((memory.total, memory.limit), (None, None), "{text:?}");
        }
        for text in ["", "x", "-1", "0", "1 2"] {
            let limit = memory(&[&V2, &[MEMINFO, ("sys/fs/cgroup/a/b/memory.max", text)]]).limit;
            assert_eq!(limit, Some(8 * GIB), "{text:?}");
        }
    }

    #[test]
    fn old_kernels_have_no_available() {
        let text = "MemTotal: 2048 kB\nMemFree: 1024 kB\n";
        assert_eq!(memory(&[&[("proc/meminfo", text)]]).available, Some(1024 * 1024));
    }

    #[test]
    fn this_machine_is_read_as_sysinfo_reads_it() {
        let roots = crate::host::Roots::default();
        let memory = Memory::collect(&roots, &Groups::read(&roots));
        let mut system = sysinfo::System::new().unwrap();
        system.refresh_memory();
        assert_eq!(memory.total, Some(system.total_memory()));
        let limit = system.cgroup_limits().map_or(system.total_memory(), |limits| limits.total_memory);
        assert!(memory.limit.is_some_and(|own| own <= limit), "{memory:?} {limit}");
    }
}
