//! How many processors a node may use: those of the affinity mask, and the quota of the control
//! groups. A node on a release of OTP that misreads quotas needs this in `+S`.

use std::path::Path;

use serde::Serialize;

use super::Roots;
use super::cgroup::{Groups, first_line};

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
    pub(super) fn collect(roots: &Roots, groups: &Groups) -> Self {
        let affinity = affinity();
        let online = first_line(&roots.sys.join("devices/system/cpu/online"))
            .and_then(|list| count_list(&list))
            .map_or(affinity, |online| online.max(affinity));
        let quota = quota(groups);
        Self { online, affinity, quota, count: count(affinity, quota) }
    }
}

fn affinity() -> usize {
    // The mask of rustix holds 1024 processors; on a greater host the call fails.
    let mask = rustix::thread::sched_getaffinity(None).ok().map(|set| set.count() as usize);
    let other = || std::thread::available_parallelism().map_or(1, usize::from);
    mask.filter(|count| *count > 0).unwrap_or_else(other)
}

fn count(affinity: usize, quota: Option<f64>) -> usize {
    // `as` saturates, and a quota is positive and finite.
    quota.map_or(affinity, |quota| affinity.min(quota.ceil() as usize)).max(1)
}

/// The number of entries in a list such as `0-3,8`.
fn count_list(list: &str) -> Option<usize> {
    list.split(',')
        .map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
            (last.checked_sub(first)?).checked_add(1)
        })
        .sum()
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
    use super::{Cpu, count, count_list};
    use crate::host::cgroup::Groups;
    use crate::host::cgroup::trees::{V1, V2, tree};

    fn quota(parts: &[&[(&str, &str)]]) -> Option<f64> {
        let (_dir, roots) = tree(parts);
        let cpu = Cpu::collect(&roots, &Groups::read(&roots));
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
    fn lists_of_processors() {
        for (list, expected) in
            [("0", Some(1)), ("0-3", Some(4)), ("0-1,4,6-7", Some(5)), ("", None), ("3-1", None), ("a", None)]
        {
            assert_eq!(count_list(list), expected, "{list:?}");
        }
    }
}
