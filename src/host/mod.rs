//! What the host offers a node: its name, processors, memory, limits, addresses and surroundings, as plain structs.
//!
//! Only files below [`Roots`] and system calls; starts no process, asks no name service (a static
//! binary must not call getaddrinfo) and never fails: what can't be known is `None`.

mod cgroup;
mod cpu;
mod directory;
mod limits;
mod memory;
mod names;
mod net;
mod otp;
mod read;
mod system;
mod user;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use cgroup::memory_kills;
pub use cpu::Cpu;
pub use directory::Directory;
pub use limits::Limits;
pub use memory::Memory;
pub use names::Host;
pub use net::{Interface, Net, client_ports};
pub use otp::Otp;
pub use system::System;
pub use user::User;

/// Where the host's own files are; another place than `/` for tests and for images on disk.
#[derive(Clone, Debug)]
pub struct Roots {
    /// The proc file system: `/proc`.
    pub proc: PathBuf,
    /// The sys file system: `/sys`.
    pub sys: PathBuf,
    /// The configuration directory: `/etc`.
    pub etc: PathBuf,
    /// What the mount points in `/proc/self/mountinfo` are relative to: `/`.
    pub mounts: PathBuf,
    /// What the environment tells of the host.
    pub variables: Variables,
}

/// The variables of the environment that tell of the host. Nothing here reads the environment itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// `HOME`.
    pub home: Option<String>,
    /// `container`, which managers of containers set.
    pub container: Option<String>,
    /// Whether `KUBERNETES_SERVICE_HOST` is set.
    pub kubernetes: bool,
}

impl Roots {
    /// The roots of a whole file tree at `root`, with an empty environment.
    #[must_use]
    pub fn under(root: impl AsRef<Path>) -> Self {
        let root = root.as_ref();
        Self {
            proc: root.join("proc"),
            sys: root.join("sys"),
            etc: root.join("etc"),
            mounts: root.to_path_buf(),
            variables: Variables::default(),
        }
    }

    /// The same files with this environment.
    #[must_use]
    pub fn with(self, variables: Variables) -> Self {
        Self { variables, ..self }
    }

    /// Whether they are those of the host that this process runs on, so that system calls tell the same.
    fn are_the_hosts(&self) -> bool {
        self.mounts == Path::new("/")
    }
}

impl Default for Roots {
    fn default() -> Self {
        Self::under("/")
    }
}

/// All that is known of the host.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// Names.
    pub host: Host,
    /// Processors.
    pub cpu: Cpu,
    /// Memory, in bytes.
    pub memory: Memory,
    /// Limits of the process.
    pub limits: Limits,
    /// Addresses.
    pub net: Net,
    /// Container and init system.
    pub system: System,
    /// The user.
    pub user: User,
}

impl Facts {
    /// Looks at the host: two dozen small files and a few system calls, 0.3 ms.
    #[must_use]
    pub fn collect(roots: &Roots) -> Self {
        let groups = cgroup::Groups::read(roots);
        let status = read::text(&roots.proc.join("self/status")).unwrap_or_default();
        Self {
            host: Host::collect(roots),
            cpu: Cpu::collect(roots, &groups, &status),
            memory: Memory::collect(roots, &groups),
            limits: Limits::collect(roots, &groups),
            net: Net::collect(roots),
            system: System::collect(roots, &status),
            user: User::collect(roots, &status),
        }
    }
}

#[cfg(test)]
mod tests;
