//! What this process runs in: a container or not, and below which init system.

use serde::Serialize;

use super::{Roots, read};

/// The surroundings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct System {
    /// `kubernetes`, `docker`, `podman`, `lxc`, `systemd-nspawn`, or `container` for one that does not tell its
    /// name; `None` outside of containers.
    pub container: Option<String>,
    /// `systemd`, `openrc`, `runit`, `s6`, ...: the program of process 1 where it is no known init system;
    /// `None` when it can't be told.
    pub init: Option<String>,
    /// Whether this process, or what is started in the place of its parent, is process 1.
    pub pid1: bool,
}

impl System {
    pub(super) fn collect(roots: &Roots, status: &str) -> Self {
        let pid1 = ["Pid", "PPid"].iter().any(|key| read::value(status, key) == Some("1"));
        Self { container: container(roots), init: init(roots), pid1 }
    }
}

/// What managers of containers call themselves in `container=`, and what we call them.
const MANAGERS: [(&str, &str); 10] = [
    ("docker", "docker"),
    ("podman", "podman"),
    ("lxc", "lxc"),
    ("lxc-libvirt", "lxc"),
    ("systemd-nspawn", "systemd-nspawn"),
    ("kube", "kubernetes"),
    ("rkt", "rkt"),
    ("proot", "proot"),
    ("wsl", "wsl"),
    ("oci", "container"),
];

/// From the surest sign to the least; process 1 and its environment may be out of sight.
fn container(roots: &Roots) -> Option<String> {
    let there = |path: &str| roots.mounts.join(path).exists();
    let pod = roots.variables.kubernetes
        || there("run/secrets/kubernetes.io")
        || there("var/run/secrets/kubernetes.io");
    let by_file = || match () {
        () if pod => Some("kubernetes"),
        () if there("run/.containerenv") => Some("podman"),
        () if there(".dockerenv") => Some("docker"),
        () => None,
    };
    by_file()
        // Anybody may have a variable of that name: only known names count.
        .or_else(|| manager(roots.variables.container.as_deref()?))
        .or_else(|| told(roots).map(|name| manager(&name).unwrap_or("container")))
        .or_else(|| by_groups(roots))
        .map(str::to_owned)
}

/// Our name for a manager of containers.
fn manager(name: &str) -> Option<&'static str> {
    MANAGERS.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
}

/// What process 1 was told by the manager: in its environment, which only root may read, or in a
/// file that it made of that.
fn told(roots: &Roots) -> Option<String> {
    let environment = read::text(&roots.proc.join("1/environ")).unwrap_or_default();
    let variable =
        environment.split('\0').find_map(|entry| entry.strip_prefix("container=")).map(str::to_owned);
    let file = |path: &str| read::first_line(&roots.mounts.join(path));
    variable
        .filter(|name| !name.is_empty())
        .or_else(|| file("run/systemd/container"))
        .or_else(|| file("run/host/container-manager"))
        .filter(|name| !name.is_empty())
}

/// By the path of the control group, where that is not hidden by a name space.
fn by_groups(roots: &Roots) -> Option<&'static str> {
    let groups = read::text(&roots.proc.join("self/cgroup"))?;
    let parts = groups.lines().filter_map(|line| line.splitn(3, ':').nth(2)).flat_map(|path| path.split('/'));
    let scope = |part: &str, start: &str| part.starts_with(start) && part.ends_with(".scope");
    parts
        .filter_map(|part| match part {
            _ if part.starts_with("kubepods") => Some("kubernetes"),
            "docker" => Some("docker"),
            _ if scope(part, "docker-") => Some("docker"),
            _ if scope(part, "libpod-") => Some("podman"),
            "lxc" => Some("lxc"),
            _ if part.starts_with("lxc.payload") => Some("lxc"),
            _ if scope(part, "cri-containerd-") || scope(part, "crio-") => Some("container"),
            _ => None,
        })
        .next()
}

/// Process 1 by its program; one that is called "init" by what it leaves in /run.
fn init(roots: &Roots) -> Option<String> {
    let there = |path: &str| roots.mounts.join(path).exists();
    let marks = || match () {
        () if there("run/systemd/system") => Some("systemd"),
        () if there("run/openrc") => Some("openrc"),
        () if there("run/runit/stopit") || there("run/runit/runsvdir") => Some("runit"),
        () if there("run/s6/services") || there("run/s6-rc") => Some("s6"),
        () => None,
    };
    let program = read::first_line(&roots.proc.join("1/comm")).filter(|program| !program.is_empty());
    let known = match program.as_deref() {
        None | Some("init") => marks(),
        Some("openrc-init") => Some("openrc"),
        Some("runit" | "runit-init" | "runsvdir") => Some("runit"),
        Some("s6-svscan" | "s6-linux-init") => Some("s6"),
        Some(_) => None,
    };
    known.map(str::to_owned).or_else(|| program.as_deref().map(plain))
}

/// A name that any process can give itself, without what a terminal or a template could take amiss.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::System;
    use crate::host::cgroup::trees::tree;
    use crate::host::{Facts, Variables};

    fn system(files: &[(&str, &str)], variables: Variables) -> System {
        let (_dir, roots) = tree(&[files]);
        Facts::collect(&roots.with(variables)).system
    }

    fn container(files: &[(&str, &str)]) -> Option<String> {
        system(files, Variables::default()).container
    }

    #[test]
    fn files_tell_the_container() {
        let token = ("run/secrets/kubernetes.io/serviceaccount/token", "x");
        for (files, expected) in [
            (vec![token, (".dockerenv", "")], "kubernetes"),
            (vec![("var/run/secrets/kubernetes.io/serviceaccount/token", "")], "kubernetes"),
            (vec![("run/.containerenv", "")], "podman"),
            (vec![(".dockerenv", "")], "docker"),
            (vec![("proc/1/environ", "A=b\0container=lxc\0")], "lxc"),
            (vec![("proc/1/environ", "container=bottle\x1b[31m\0")], "container"),
            (vec![("run/systemd/container", "systemd-nspawn\n")], "systemd-nspawn"),
            (vec![("run/host/container-manager", "oci\n")], "container"),
            (vec![("proc/self/cgroup", "4:memory:/kubepods.slice/kubepods-pod1.slice/x\n")], "kubernetes"),
            (vec![("proc/self/cgroup", "0::/system.slice/docker-0a1b.scope\n")], "docker"),
            (vec![("proc/self/cgroup", "4:cpu:/docker/0a1b\n")], "docker"),
            (vec![("proc/self/cgroup", "0::/machine.slice/libpod-0a.scope/container\n")], "podman"),
            (vec![("proc/self/cgroup", "0::/lxc.payload.web/x\n")], "lxc"),
        ] {
            assert_eq!(container(&files).as_deref(), Some(expected), "{files:?}");
        }
    }

    #[test]
    fn a_host_that_runs_containers_is_none() {
        for files in [
            vec![],
            vec![("proc/self/cgroup", "0::/system.slice/docker.service\n"), ("run/docker.sock", "")],
            vec![("proc/1/environ", "container=\0XCONTAINER=x\0"), ("run/systemd/container", "\n")],
            vec![("proc/self/cgroup", "::\n0\nx:y\n")],
        ] {
            assert_eq!(container(&files), None, "{files:?}");
        }
    }

    #[test]
    fn the_environment_tells_the_container() {
        let named = |name: &str| Variables { container: Some(name.into()), ..Variables::default() };
        assert_eq!(system(&[], named("podman")).container.as_deref(), Some("podman"));
        assert_eq!(system(&[], named("web")).container, None);
        let pod = Variables { kubernetes: true, ..named("podman") };
        assert_eq!(system(&[], pod).container.as_deref(), Some("kubernetes"));
    }

    #[test]
    fn process_one_tells_the_init_system() {
        let comm = |name| ("proc/1/comm", name);
        let booted = ("run/systemd/system/x", "");
        for (files, expected) in [
            (vec![comm("systemd\n"), booted], Some("systemd")),
            (vec![comm("init\n"), booted], Some("systemd")),
            (vec![comm("init\n"), ("run/openrc/softlevel", "")], Some("openrc")),
            (vec![comm("init\n")], Some("init")),
            (vec![comm("runit\n")], Some("runit")),
            (vec![comm("s6-svscan\n")], Some("s6")),
            // Left in an image by the package, or mounted into it.
            (vec![comm("beam.smp\n"), booted], Some("beam.smp")),
            (vec![comm("a\x1b[1m\n")], Some("a?[1m")),
            (vec![booted], Some("systemd")),
            (vec![], None),
        ] {
            assert_eq!(system(&files, Variables::default()).init.as_deref(), expected, "{files:?}");
        }
    }

    #[test]
    fn process_one_knows_itself() {
        for (status, expected) in
            [("Pid:\t1\nPPid:\t0\n", true), ("Pid:\t7\nPPid:\t1\n", true), ("Pid:\t7\nPPid:\t11\n", false)]
        {
            assert_eq!(
                system(&[("proc/self/status", status)], Variables::default()).pid1,
                expected,
                "{status}"
            );
        }
    }
}
