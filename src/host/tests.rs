//! This machine, no machine, and machines with nonsense in their files.

use super::cgroup::trees::{V1, V2, tree};
use super::{Facts, Limits, Net, Roots, System, User, Variables};

#[test]
fn this_machine_has_plausible_facts() {
    let facts = Facts::collect(&Roots::default());
    assert!(!facts.host.name.is_empty() && !facts.host.name.contains('.'), "{:?}", facts.host);
    assert_eq!(facts.host.fqdn.contains('.'), facts.host.domain.is_some(), "{:?}", facts.host);
    assert!(facts.cpu.count >= 1 && facts.cpu.count <= facts.cpu.affinity, "{:?}", facts.cpu);
    assert!(facts.cpu.affinity <= facts.cpu.online, "{:?}", facts.cpu);
    let memory = &facts.memory;
    let total = memory.total.expect("a Linux host has /proc/meminfo");
    assert!(total > 64 << 20, "{memory:?}");
    assert!(memory.available.is_some_and(|bytes| bytes <= total), "{memory:?}");
    assert!(memory.limit.is_some_and(|bytes| bytes <= total), "{memory:?}");
}

#[test]
fn an_empty_tree_still_gives_facts() {
    let dir = tempfile::tempdir().unwrap();
    let facts = Facts::collect(&Roots::under(dir.path()));
    assert!(facts.cpu.count >= 1);
    assert_eq!(facts.cpu.quota, None);
    assert_eq!(facts.memory.limit, None);
    assert_eq!(facts.host.name, "localhost");
    assert_eq!((facts.limits, facts.net), (Limits::default(), Net::default()));
    assert_eq!((facts.system, facts.user), (System::default(), User::default()));
}

#[test]
fn facts_are_json_with_the_names_of_templates() {
    let json = serde_json::to_value(Facts::collect(&Roots::default())).unwrap();
    for name in ["/host/fqdn", "/host/domain", "/cpu/count", "/cpu/quota", "/memory/limit"] {
        assert!(json.pointer(name).is_some(), "{name}");
    }
}

/// Files as the kernel writes them.
const FILES: &[(&str, &str)] = &[
    ("proc/self/status", "Name:\tx\nPid:\t7\nPPid:\t1\nUid:\t0\t0\t0\t0\nCpus_allowed_list:\t0-3,8\n"),
    (
        "proc/self/limits",
        "Max processes    unlimited    96365    processes\nMax open files   1024   4096   files\n",
    ),
    ("proc/meminfo", "MemTotal:       8388608 kB\nMemAvailable:    4194304 kB\n"),
    ("proc/sys/kernel/hostname", "web1.example.org\n"),
    ("proc/1/comm", "systemd\n"),
    ("proc/1/environ", "A=b\0container=lxc\0"),
    (
        "proc/net/route",
        "eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\neth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0\n",
    ),
    (
        "proc/net/fib_trie",
        "Main:\n  |-- 192.0.2.2\n     /32 host LOCAL\n  |-- 127.0.0.1\n     /32 host LOCAL\n",
    ),
    ("proc/net/if_inet6", "fe8000000000000000fc00fffe000001 04 40 20 80     eth0\n"),
    (
        "proc/net/ipv6_route",
        "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
         fd000000000000000000000000000001 00000400 00000002 00000000 00000003     eth0\n",
    ),
    ("proc/net/dev", "Inter-| Receive\n  eth0: 1 2\n    lo: 1\n"),
    ("sys/class/net/eth0/flags", "0x1003\n"),
    ("sys/devices/system/cpu/online", "0-7\n"),
    ("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n"),
    ("sys/fs/cgroup/a/b/memory.max", "536870912\n"),
    ("sys/fs/cgroup/a/pids.max", "100\n"),
    ("sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", "536870912\n"),
    ("sys/fs/cgroup/memory/a/b/memory.stat", "hierarchical_memory_limit 1\n"),
    ("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "50000\n"),
    ("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n"),
    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
    ("etc/hosts", "10.0.0.1 web1.example.org web1\n"),
    ("etc/resolv.conf", "search example.org\n"),
];

/// Numbers as if by chance, the same each time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    /// The text with a few places changed.
    fn spoil(&mut self, text: &[u8]) -> Vec<u8> {
        const PIECES: [&[u8]; 12] = [
            b"\n",
            b" ",
            b"-",
            b":",
            b"-1",
            b"0",
            b"18446744073709551615",
            b"\xff",
            b"/",
            b"..",
            b"\0",
            b",",
        ];
        let mut text = text.to_vec();
        for _ in 0..=self.below(3) {
            let (from, to) = (self.below(text.len() + 1), self.below(text.len() + 1));
            match self.below(4) {
                0 => drop(text.drain(from.min(to)..from.max(to))),
                1 => text.truncate(from),
                2 => text.extend_from_within(from.min(to)..from.max(to)),
                _ => drop(text.splice(from..from, PIECES[self.below(PIECES.len())].iter().copied())),
            }
        }
        text
    }
}

#[test]
fn nonsense_in_any_file_does_no_harm() {
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for hierarchy in [&V1, &V2] {
        let (dir, roots) = tree(&[hierarchy, FILES]);
        let roots = roots.with(Variables { home: Some("/h".into()), ..Variables::default() });
        let files: Vec<_> = hierarchy.iter().chain(FILES).collect();
        for _ in 0..500 {
            let (path, text) = files[chance.below(files.len())];
            std::fs::write(dir.path().join(path), chance.spoil(text.as_bytes())).unwrap();
            let facts = Facts::collect(&roots);
            let Facts { host, cpu, memory, .. } = &facts;
            assert!(cpu.count >= 1 && cpu.count <= cpu.affinity && cpu.affinity <= cpu.online, "{cpu:?}");
            assert!(cpu.quota.is_none_or(|quota| quota.is_finite() && quota > 0.0), "{cpu:?}");
            assert!(memory.limit.is_none_or(|limit| limit > 0), "{memory:?}");
            assert!(!host.name.is_empty() && !host.fqdn.is_empty(), "{host:?}");
            serde_json::to_string(&facts).unwrap();
        }
    }
}
