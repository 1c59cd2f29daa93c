//! What the kernel lets one process have: open files, processes.

use std::path::Path;

use rustix::process::Resource;
use serde::Serialize;

use super::Roots;
use super::cgroup::Groups;
use super::read::{self, first_line};

/// Limits; `None` is no limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Open files that this process may have now (soft).
    pub nofile: Option<u64>,
    /// Open files that it may allow itself (hard).
    pub nofile_hard: Option<u64>,
    /// Processes and threads of this user (soft).
    pub nproc: Option<u64>,
    /// The same (hard).
    pub nproc_hard: Option<u64>,
    /// Processes and threads of the control group: the least over all parent groups.
    pub pids: Option<u64>,
}

impl Limits {
    pub(super) fn collect(roots: &Roots, groups: &Groups) -> Self {
        let text = read::text(&roots.proc.join("self/limits")).unwrap_or_default();
        let pair = |name: &str, resource| {
            let asked = || if roots.are_the_hosts() { asked(resource) } else { (None, None) };
            listed(&text, name).unwrap_or_else(asked)
        };
        let (nofile, nofile_hard) = pair("Max open files", Resource::Nofile);
        let (nproc, nproc_hard) = pair("Max processes", Resource::Nproc);
        let pids = groups.v2(pids_max).into_iter().chain(groups.v1("pids", pids_max)).min();
        Self { nofile, nofile_hard, nproc, nproc_hard, pids }
    }
}

/// A line of `/proc/self/limits`: name, soft limit, hard limit, unit. `None` when it is not there or malformed.
fn listed(text: &str, name: &str) -> Option<(Option<u64>, Option<u64>)> {
    let limit = |word: &str| match word {
        "unlimited" => Some(None),
        number => number.parse().ok().map(Some),
    };
    let mut words = text.lines().find_map(|line| line.strip_prefix(name))?.split_ascii_whitespace();
    Some((limit(words.next()?)?, limit(words.next()?)?))
}

/// The same of this process, without /proc.
fn asked(resource: Resource) -> (Option<u64>, Option<u64>) {
    let limit = rustix::process::getrlimit(resource);
    (limit.current, limit.maximum)
}

/// `max`, or a number.
fn pids_max(group: &Path) -> Option<u64> {
    first_line(&group.join("pids.max"))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use rustix::process::Resource;

    use super::{Limits, asked};
    use crate::host::Roots;
    use crate::host::cgroup::Groups;
    use crate::host::cgroup::trees::{V2, tree};

    fn limits(files: &[(&str, &str)]) -> Limits {
        let (_dir, roots) = tree(&[&V2, files]);
        Limits::collect(&roots, &Groups::read(&roots))
    }

    #[test]
    fn soft_and_hard_limits_are_numbers_or_none() {
        let text = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max processes             unlimited            96365                processes \n\
                    Max open files            1024                 1048576              files     \n\
                    Max nice priority         0                    0                    \n";
        let expected = Limits {
            nofile: Some(1024),
            nofile_hard: Some(1_048_576),
            nproc: None,
            nproc_hard: Some(96365),
            pids: None,
        };
        assert_eq!(limits(&[("proc/self/limits", text)]), expected);
        for text in
            ["", "Max open files", "Max open files x y files", "Max open files 1", "Max open files -1 -1"]
        {
            assert_eq!(limits(&[("proc/self/limits", text)]), Limits::default(), "{text:?}");
        }
    }

    #[test]
    fn the_least_of_the_groups_bounds_processes() {
        let own = ("sys/fs/cgroup/a/b/pids.max", "max\n");
        assert_eq!(limits(&[own]).pids, None);
        assert_eq!(limits(&[own, ("sys/fs/cgroup/a/pids.max", "512\n")]).pids, Some(512));
        let (_dir, roots) = tree(&[&[
            ("proc/self/cgroup", "8:pids:/a\n"),
            ("proc/self/mountinfo", "39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"),
            ("sys/fs/cgroup/pids/a/pids.max", "100\n"),
        ]]);
        assert_eq!(Limits::collect(&roots, &Groups::read(&roots)).pids, Some(100));
    }

    #[test]
    fn this_process_is_listed_as_the_system_call_tells() {
        let roots = Roots::default();
        let limits = Limits::collect(&roots, &Groups::read(&roots));
        assert_eq!((limits.nofile, limits.nofile_hard), asked(Resource::Nofile));
        assert_eq!((limits.nproc, limits.nproc_hard), asked(Resource::Nproc));
    }
}
