//! Who runs the node.

use serde::Serialize;

use super::{Roots, read};

/// The user of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct User {
    /// The effective user id.
    pub uid: u32,
    /// The name in `/etc/passwd`; `None` for an id without an entry.
    pub name: Option<String>,
    /// `HOME` when it is set, else the directory in `/etc/passwd`.
    pub home: Option<String>,
}

impl User {
    pub(super) fn collect(roots: &Roots, status: &str) -> Self {
        let uid = effective(status)
            .unwrap_or_else(|| if roots.are_the_hosts() { rustix::process::geteuid().as_raw() } else { 0 });
        let passwd = read::text(&roots.etc.join("passwd")).unwrap_or_default();
        let entry = entry(&passwd, uid);
        let home = roots.variables.home.clone().or_else(|| filled(entry.as_ref()?.1));
        Self { uid, name: entry.and_then(|(name, _)| filled(name)), home }
    }
}

/// `Uid:` of `/proc/self/status` has the real, effective, saved and file system's ids.
fn effective(status: &str) -> Option<u32> {
    read::value(status, "Uid")?.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Name and home of the first line `NAME:PASSWORD:UID:GID:GECOS:HOME:SHELL` with this id.
fn entry(passwd: &str, uid: u32) -> Option<(&str, &str)> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let same = fields.nth(1)?.parse() == Ok(uid);
        same.then(|| (name, fields.nth(2).unwrap_or_default()))
    })
}

fn filled(field: &str) -> Option<String> {
    (!field.is_empty()).then(|| field.to_owned())
}

#[cfg(test)]
mod tests {
    use super::User;
    use crate::host::cgroup::trees::tree;
    use crate::host::{Facts, Roots, Variables};

    const STATUS: (&str, &str) = ("proc/self/status", "Name:\tx\nUid:\t0\t1000\t0\t0\n");

    fn user(passwd: &str, home: Option<&str>) -> User {
        let (_dir, roots) = tree(&[&[STATUS, ("etc/passwd", passwd)]]);
        let variables = Variables { home: home.map(str::to_owned), ..Variables::default() };
        Facts::collect(&roots.with(variables)).user
    }

    #[test]
    fn the_effective_user_is_looked_up() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n\nshort:x\ndemo:x:1000:1000::/srv/demo:/bin/sh\nd2:x:1000:1::/d2:\n";
        let expected = User { uid: 1000, name: Some("demo".into()), home: Some("/srv/demo".into()) };
        assert_eq!(user(passwd, None), expected);
        assert_eq!(user(passwd, Some("/elsewhere")).home.as_deref(), Some("/elsewhere"));
    }

    #[test]
    fn a_user_without_an_entry_has_an_id_only() {
        for passwd in ["", "root:x:0:0:root:/root:/bin/sh\n", ":x:1000\n", "\n::1000:\n"] {
            assert_eq!(user(passwd, None), User { uid: 1000, name: None, home: None }, "{passwd:?}");
        }
    }

    #[test]
    fn this_process_runs_as_the_system_call_tells() {
        assert_eq!(Facts::collect(&Roots::default()).user.uid, rustix::process::geteuid().as_raw());
    }
}
