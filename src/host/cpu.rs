//! How many processors a node may use: those of the affinity mask, and the quota of the control
//! groups. A node on a release of OTP that misreads quotas needs this in `+S`.

use std::path::Path;

use serde::Serialize;

use super::Roots;
use super::cgroup::Groups;
use super::read::{self, Ranges, first_line};

/// The processors.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cpu {
    /// Logical processors that are online.
    pub online: usize,
    /// Logical processors that this process may run on (affinity, cpusets).
    pub affinity: usize,
    /// The share of processor time that the control groups grant, in processors: 0.5 is half of
    /// one. The least over all parent groups; `None` without a quota.
    pub quota: Option<f64>,
    /// How many schedulers fit: the lesser of `affinity` and `quota` rounded up, at least 1.
    pub count: usize,
}

impl Cpu {
    pub(super) fn collect(roots: &Roots, groups: &Groups, status: &str) -> Self {
        let online =
            first_line(&roots.sys.join("devices/system/cpu/online")).as_deref().and_then(Ranges::parse);
        let affinity = affinity(roots, online.as_ref(), status);
        let online = online.map_or(affinity, |online| online.count().max(affinity));
        let quota = quota(groups);
        Self { online, affinity, quota, count: count(affinity, quota) }
    }
}

/// How many processors of the mask are online: the kernel's list also has those that could be added some day.
fn affinity(roots: &Roots, online: Option<&Ranges>, status: &str) -> usize {
    let allowed = read::value(status, "Cpus_allowed_list").and_then(Ranges::parse);
    let count = match (allowed, online) {
        (Some(allowed), Some(online)) => allowed.intersection(online).count(),
        _ if roots.are_the_hosts() => asked(),
        (Some(allowed), None) => allowed.count(),
        (None, online) => online.map_or(0, Ranges::count),
    };
    count.max(1)
}

/// By the system call, which counts those that are online.
fn asked() -> usize {
    // The mask of rustix holds 1024 processors; on a greater host the call fails.
    let mask = rustix::thread::sched_getaffinity(None).ok().map(|set| set.count() as usize);
    let other = || std::thread::available_parallelism().map_or(1, usize::from);
    mask.filter(|count| *count > 0).unwrap_or_else(other)
}

fn count(affinity: usize, quota: Option<f64>) -> usize {
    // `as` saturates, and a quota is positive and finite.
    quota.map_or(affinity, |quota| affinity.min(quota.ceil() as usize)).max(1)
}

fn quota(groups: &Groups) -> Option<f64> {
    let quotas = groups.v2(cpu_max).into_iter().chain(groups.v1("cpu", cfs_quota));
    quotas.reduce(f64::min)
}

/// v2: `cpu.max` holds `QUOTA PERIOD` in microseconds, or `max PERIOD`.
fn cpu_max(group: &Path) -> Option<f64> {
    let line = first_line(&group.join("cpu.max"))?;
    let mut words = line.split_ascii_whitespace();
    ratio(words.next()?, words.next().unwrap_or("100000"))
}

/// v1: two files in microseconds, -1 for no quota.
fn cfs_quota(group: &Path) -> Option<f64> {
    let quota = first_line(&group.join("cpu.cfs_quota_us"))?;
    ratio(&quota, &first_line(&group.join("cpu.cfs_period_us"))?)
}

fn ratio(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (u32, u32) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0 && period > 0).then(|| f64::from(quota) / f64::from(period))
}

#[cfg(test)]
mod tests {
    use super::{Cpu, count};
    use crate::host::cgroup::Groups;
    use crate::host::cgroup::trees::{V1, V2, tree};

    fn quota(parts: &[&[(&str, &str)]]) -> Option<f64> {
        let (_dir, roots) = tree(parts);
        let cpu = Cpu::collect(&roots, &Groups::read(&roots), "");
        assert_eq!(cpu.quota, super::quota(&Groups::read(&roots)));
        cpu.quota
    }

    #[test]
    fn v2_takes_the_least_over_the_parents() {
        let own = ("sys/fs/cgroup/a/b/cpu.max", "200000 100000\n");
        assert_eq!(quota(&[&V2, &[own]]), Some(2.0));
        assert_eq!(quota(&[&V2, &[own, ("sys/fs/cgroup/a/cpu.max", "75000 50000\n")]]), Some(1.5));
        assert_eq!(quota(&[&V2, &[own, ("sys/fs/cgroup/a/cpu.max", "max 100000\n")]]), Some(2.0));
        assert_eq!(quota(&[&V2, &[("sys/fs/cgroup/a/b/cpu.max", "max 100000\n")]]), None);
    }

    #[test]
    fn v1_takes_the_least_over_the_parents() {
        let own = "sys/fs/cgroup/cpu,cpuacct/a/b";
        let parent = "sys/fs/cgroup/cpu,cpuacct/a";
        let files = |quota, parent_quota| {
            [
                (format!("{own}/cpu.cfs_quota_us"), quota),
                (format!("{own}/cpu.cfs_period_us"), "100000\n"),
                (format!("{parent}/cpu.cfs_quota_us"), parent_quota),
                (format!("{parent}/cpu.cfs_period_us"), "100000\n"),
            ]
        };
        for (own, parent, expected) in [
            ("150000\n", "50000\n", Some(0.5)),
            ("150000\n", "-1\n", Some(1.5)),
            ("-1\n", "400000\n", Some(4.0)),
            ("-1\n", "-1\n", None),
        ] {
            let made = files(own, parent);
            let made: Vec<(&str, &str)> = made.iter().map(|(path, text)| (path.as_str(), *text)).collect();
            assert_eq!(quota(&[&V1, &made]), expected, "{own} {parent}");
        }
    }

    #[test]
    fn malformed_files_are_no_quota() {
        for text in ["", "\n", "x y\n", "0 100000\n", "100000 0\n", "-1 100000\n", "99999999999 1\n"] {
            assert_eq!(quota(&[&V2, &[("sys/fs/cgroup/a/b/cpu.max", text)]]), None, "{text:?}");
        }
        assert_eq!(quota(&[]), None);
    }

    #[test]
    fn the_count_is_rounded_up_and_at_least_one() {
        for (affinity, quota, expected) in
            [(8, None, 8), (8, Some(0.3), 1), (8, Some(1.5), 2), (2, Some(16.0), 2), (0, None, 1)]
        {
            assert_eq!(count(affinity, quota), expected, "{affinity} {quota:?}");
        }
    }

    #[test]
    fn the_mask_counts_where_processors_are_online() {
        let online = |list| ("sys/devices/system/cpu/online", list);
        let allowed = |list| ("proc/self/status", list);
        for (files, expected) in [
            (vec![online("0-7\n"), allowed("Name:\tx\nCpus_allowed_list:\t0-1,4\n")], (8, 3)),
            // Room for 128 processors, as virtual machines have it.
            (vec![online("0-3\n"), allowed("Cpus_allowed_list:\t0-127\n")], (4, 4)),
            (vec![online("0-3\n"), allowed("Cpus_allowed_list:\tx\n")], (4, 4)),
            (vec![online("0-3\n")], (4, 4)),
            (vec![allowed("Cpus_allowed_list:\t0-1\n")], (2, 2)),
            (vec![online("9-0\n"), allowed("")], (1, 1)),
        ] {
            let (_dir, roots) = tree(&[&files]);
            let cpu = crate::host::Facts::collect(&roots).cpu;
            assert_eq!((cpu.online, cpu.affinity), expected, "{files:?}");
        }
    }

    #[test]
    fn this_machine_is_read_as_the_system_call_tells() {
        let cpu = crate::host::Facts::collect(&crate::host::Roots::default()).cpu;
        assert_eq!(cpu.affinity, super::asked());
    }
}
