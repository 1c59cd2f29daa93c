//! Where this process stands in the control groups, v1 and v2: the directories that bound it.
//! Knows nothing of what the files in them mean.

use std::path::{Component, Path, PathBuf};

use super::{Roots, read};

/// Each hierarchy that this process is in, with its directories from the process's own group up
/// to the mount point.
#[derive(Debug, Default)]
pub(super) struct Groups {
    hierarchies: Vec<Hierarchy>,
}

/// How many processes of this process's own group the kernel has killed for want of memory; `None` where no group
/// tells.
#[must_use]
pub fn memory_kills(roots: &Roots) -> Option<u64> {
    let groups = Groups::read(roots);
    let kills = |file: &'static str| {
        move |group: &Path| {
            let text = read::text(&group.join(file))?;
            text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
        }
    };
    let v2 = groups.v2(kills("memory.events")).into_iter().next();
    v2.or_else(|| groups.own_v1("memory", kills("memory.oom_control")))
}

#[derive(Debug)]
struct Hierarchy {
    /// The v1 controllers; `None` for v2.
    controllers: Option<Vec<String>>,
    directories: Vec<PathBuf>,
}

impl Groups {
    /// Reads `/proc/self/cgroup` and `/proc/self/mountinfo`; lines that make no sense are passed over.
    pub(super) fn read(roots: &Roots) -> Self {
        let text = |file| read::text(&roots.proc.join(file)).unwrap_or_default();
        let (cgroup, mountinfo) = (text("self/cgroup"), text("self/mountinfo"));
        let mounts: Vec<Mount> = mountinfo.lines().filter_map(Mount::parse).collect();
        let hierarchies = cgroup.lines().filter_map(|line| Hierarchy::find(line, &mounts, roots)).collect();
        Self { hierarchies }
    }

    /// What `read` makes of each directory that bounds this process in the v2 hierarchy.
    pub(super) fn v2<T>(&self, read: impl Fn(&Path) -> Option<T>) -> Vec<T> {
        self.select(|controllers| controllers.is_none(), read)
    }

    /// The same in the v1 hierarchy of `controller`.
    pub(super) fn v1<T>(&self, controller: &str, read: impl Fn(&Path) -> Option<T>) -> Vec<T> {
        let wanted =
            |names: Option<&Vec<String>>| names.is_some_and(|names| names.iter().any(|n| n == controller));
        self.select(wanted, read)
    }

    /// The same of this process's own group alone.
    pub(super) fn own_v1<T>(&self, controller: &str, read: impl Fn(&Path) -> Option<T>) -> Option<T> {
        read(&self.v1(controller, |path| Some(path.to_path_buf())).into_iter().next()?)
    }

    fn select<T>(
        &self,
        wanted: impl Fn(Option<&Vec<String>>) -> bool,
        read: impl Fn(&Path) -> Option<T>,
    ) -> Vec<T> {
        self.hierarchies
            .iter()
            .filter(|hierarchy| wanted(hierarchy.controllers.as_ref()))
            .flat_map(|hierarchy| hierarchy.directories.iter())
            .filter_map(|directory| read(directory))
            .collect()
    }
}

impl Hierarchy {
    /// From one line of `/proc/self/cgroup`, `ID:CONTROLLERS:PATH`.
    fn find(line: &str, mounts: &[Mount], roots: &Roots) -> Option<Self> {
        let mut fields = line.splitn(3, ':');
        let (_id, names, path) = (fields.next()?, fields.next()?, fields.next()?);
        let controllers: Option<Vec<String>> =
            (!names.is_empty()).then(|| names.split(',').map(ToOwned::to_owned).collect());
        // The last one: mounts hide those before them. One that shows the group itself is better still.
        let carriers = mounts.iter().filter(|mount| mount.carries(controllers.as_deref()));
        let mount = carriers.max_by_key(|mount| Path::new(path).starts_with(&mount.root))?;
        Some(Self { directories: mount.directories(Path::new(path), &roots.mounts), controllers })
    }
}

/// A control group mount, from a line of mountinfo.
#[derive(Debug)]
struct Mount {
    root: PathBuf,
    point: PathBuf,
    /// The options of the super block (the controllers, in v1); `None` for v2.
    options: Option<Vec<String>>,
}

impl Mount {
    /// `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER_OPTIONS`
    fn parse(line: &str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut fields = before.split(' ').skip(3);
        let (root, point) = (unescape(fields.next()?), unescape(fields.next()?));
        let mut fields = after.split(' ');
        let options = match fields.next()? {
            "cgroup2" => None,
            "cgroup" => Some(fields.nth(1)?.split(',').map(ToOwned::to_owned).collect()),
            _ => return None,
        };
        Some(Self { root, point, options })
    }

    fn carries(&self, controllers: Option<&[String]>) -> bool {
        match (&self.options, controllers) {
            (None, None) => true,
            (Some(options), Some(names)) => names.iter().all(|name| options.contains(name)),
            _ => false,
        }
    }

    /// From the group's own directory up to the mount point, below `prefix`.
    ///
    /// A path outside of the mount's root (a container that sees its host's path) stands for
    /// the mount point itself.
    fn directories(&self, path: &Path, prefix: &Path) -> Vec<PathBuf> {
        let inside = path.strip_prefix(&self.root).unwrap_or(Path::new(""));
        let plain = inside.components().all(|part| matches!(part, Component::Normal(_)));
        let inside = if plain { inside } else { Path::new("") };
        let top = prefix.join(self.point.strip_prefix("/").unwrap_or(&self.point));
        inside.ancestors().map(|part| top.join(part)).collect()
    }
}

/// A field of mountinfo, where space, tab, newline and backslash stand as `\040` and so on.
fn unescape(field: &str) -> PathBuf {
    let mut text = String::with_capacity(field.len());
    let mut rest = field;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let code = rest.get(at + 1..at + 4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => {
                text.push(char::from(code));
                rest = &rest[at + 4..];
            }
            None => {
                text.push('\\');
                rest = &rest[at + 1..];
            }
        }
    }
    text.push_str(rest);
    text.into()
}

#[cfg(test)]
pub(super) mod trees {
    //! Made file trees for the tests of this folder.

    use crate::host::Roots;

    /// A v2 host: the process in `/a/b`, mounted as a whole.
    pub(in crate::host) const V2: [(&str, &str); 2] = [
        ("proc/self/cgroup", "0::/a/b\n"),
        ("proc/self/mountinfo", "30 23 0:28 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n"),
    ];

    /// A v1 host: `cpu,cpuacct` together and `memory`, both with the process in `/a/b`.
    pub(in crate::host) const V1: [(&str, &str); 2] = [
        ("proc/self/cgroup", "9:name=systemd:/\n4:memory:/a/b\n3:cpu,cpuacct:/a/b\n"),
        (
            "proc/self/mountinfo",
            "33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct\n\
             34 31 0:30 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n",
        ),
    ];

    /// Writes the files; the directory lives as long as the value.
    pub(in crate::host) fn tree(parts: &[&[(&str, &str)]]) -> (tempfile::TempDir, Roots) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in parts.iter().copied().flatten() {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let roots = Roots::under(dir.path());
        (dir, roots)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::trees::{V1, V2, tree};
    use super::{Groups, Mount, unescape};

    fn directories(groups: &[PathBuf], root: &Path) -> Vec<String> {
        groups.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    #[test]
    fn directories_run_from_the_group_up_to_the_mount_point() {
        let (dir, roots) = tree(&[&V2]);
        let found = Groups::read(&roots).v2(|path| Some(path.to_path_buf()));
        let expected = ["sys/fs/cgroup/a/b", "sys/fs/cgroup/a", "sys/fs/cgroup"];
        assert_eq!(directories(&found, dir.path()), expected);

        let (dir, roots) = tree(&[&V1]);
        let groups = Groups::read(&roots);
        let found = groups.v1("cpu", |path| Some(path.to_path_buf()));
        assert_eq!(found[0], dir.path().join("sys/fs/cgroup/cpu,cpuacct/a/b"));
        assert_eq!(groups.v1("pids", |_| Some(())), []);
        assert_eq!(groups.v2(|_| Some(())), []);
    }

    #[test]
    fn the_root_of_a_mount_is_taken_off_the_path() {
        let line = r"30 23 0:28 /docker/x /sys/fs/c\040g rw - cgroup cgroup rw,memory";
        let mount = Mount::parse(line).unwrap();
        let paths = |path| directories(&mount.directories(Path::new(path), Path::new("/")), Path::new("/"));
        assert_eq!(paths("/docker/x/y"), ["sys/fs/c g/y", "sys/fs/c g"]);
        // Another namespace's path: only the mount point can be told.
        assert_eq!(paths("/elsewhere"), ["sys/fs/c g"]);
        assert_eq!(paths("/docker/x/../../z"), ["sys/fs/c g"]);
    }

    #[test]
    fn the_mount_on_top_is_looked_at() {
        let line = |root: &str, point: &str| format!("30 23 0:28 {root} {point} rw - cgroup2 cgroup2 rw\n");
        let found = |mounts: String| {
            let (dir, roots) = tree(&[&[("proc/self/cgroup", "0::/a\n"), ("proc/self/mountinfo", &mounts)]]);
            directories(&Groups::read(&roots).v2(|path| Some(path.to_path_buf())), dir.path())
        };
        assert_eq!(found(line("/..", "/old") + &line("/", "/new")), ["new/a", "new"]);
        assert_eq!(found(line("/", "/old") + &line("/", "/new")), ["new/a", "new"]);
        // One that can't show the group does not count when another does.
        assert_eq!(found(line("/a", "/here") + &line("/elsewhere", "/new")), ["here"]);
    }

    #[test]
    fn malformed_lines_are_passed_over() {
        let bad = "\n::\n0\nx:y\n0::/a";
        let mounts = "\n - \n1 2 3 / - cgroup2\n30 23 0:28 / /sys/fs/cgroup rw - cgroup\nx - cgroup2 c rw";
        let (_dir, roots) = tree(&[&[("proc/self/cgroup", bad), ("proc/self/mountinfo", mounts)]]);
        assert_eq!(Groups::read(&roots).v2(|_| Some(())), []);
    }

    #[test]
    fn escapes_of_mountinfo() {
        assert_eq!(unescape(r"/a\040b\134c\9"), PathBuf::from(r"/a b\c\9"));
    }
}
