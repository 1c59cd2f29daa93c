//! What this process runs in: a container or not, and below which init system.

use serde::Serialize;

use super::Roots;

/// The surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct System {
    /// `kubernetes`, `docker`, `podman`, `lxc`, `systemd-nspawn`, or `container` for one that does not tell its
    /// name; `None` outside of containers.
    pub container: Option<String>,
    /// `systemd`, `openrc`, `runit`, `s6`, ...: the program of process 1 where it is no known init system;
    /// `None` when it can't be told.
    pub init: Option<String>,
    /// Whether what is started in the place of this process's parent is process 1.
    pub pid1: bool,
}

impl System {
    pub(super) fn collect(_roots: &Roots) -> Self {
        Self::default()
    }
}
