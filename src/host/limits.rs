//! What the kernel lets one process have: open files, processes.

use serde::Serialize;

use super::Roots;
use super::cgroup::Groups;

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
    pub(super) fn collect(_roots: &Roots, _groups: &Groups) -> Self {
        Self::default()
    }
}
