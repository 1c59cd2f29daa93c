//! The host's names, by the same rules as `erl -name` and without a name service.

use std::path::Path;

use serde::Serialize;

use super::{Roots, read};

/// What the host is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Host {
    /// The node name of the system up to the first dot.
    pub name: String,
    /// The name with its domain; the same as `name` when no domain is known.
    pub fqdn: String,
    /// What follows the first dot of `fqdn`.
    pub domain: Option<String>,
}

impl Host {
    /// Asks the kernel, then the files below `etc`.
    #[must_use]
    pub fn collect(roots: &Roots) -> Self {
        Self::from_files(&nodename(roots), &roots.etc)
    }

    /// The names of a host that calls itself `nodename` and has these files in `etc`.
    fn from_files(nodename: &str, etc: &Path) -> Self {
        let nodename = nodename.trim_matches('.');
        let name = nodename.split('.').next().unwrap_or(nodename);
        let fqdn = if name == nodename { qualify(name, etc) } else { Some(nodename.to_owned()) };
        let domain = fqdn.as_ref().and_then(|fqdn| fqdn.split_once('.')).map(|(_, domain)| domain.to_owned());
        Self { name: name.to_owned(), fqdn: fqdn.unwrap_or_else(|| name.to_owned()), domain }
    }
}

/// What the system calls itself, by the kernel; `localhost` when nobody gave it a name.
fn nodename(roots: &Roots) -> String {
    let kernel = || read::first_line(&roots.proc.join("sys/kernel/hostname"));
    let other = || {
        if roots.are_the_hosts() {
            Some(rustix::system::uname().nodename().to_string_lossy().into_owned())
        } else {
            read::first_line(&roots.etc.join("hostname"))
        }
    };
    let given = |name: &String| !name.trim_matches('.').is_empty() && name != "(none)";
    kernel().filter(given).or_else(|| other().filter(given)).unwrap_or_else(|| "localhost".to_owned())
}

/// The full name of a host that calls itself `name`.
fn qualify(name: &str, etc: &Path) -> Option<String> {
    let text = |file| Some(String::from_utf8_lossy(&std::fs::read(etc.join(file)).ok()?).into_owned());
    text("hosts").and_then(|hosts| canonical_in_hosts(name, &hosts)).or_else(|| {
        let domain = domain_in_resolv_conf(&text("resolv.conf")?)?;
        Some(format!("{name}.{domain}"))
    })
}

/// The canonical (first) name, with a dot, of the first line that has this host's name, as
/// `hostname -f` gives it.
///
/// Lines whose canonical name is a `localhost` are passed over: `localhost.localdomain` is no
/// name that another host could use.
fn canonical_in_hosts(name: &str, hosts: &str) -> Option<String> {
    hosts.lines().find_map(|line| {
        let line = line.split('#').next().unwrap_or_default();
        let mut names = line.split_ascii_whitespace().skip(1);
        let canonical = names.next()?.trim_end_matches('.');
        let (first, _domain) = canonical.split_once('.')?;
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        let usable = !first.is_empty() && !first.eq_ignore_ascii_case("localhost");
        (usable && (same(first) || names.any(same))).then(|| canonical.to_owned())
    })
}

/// The domain of the last `domain` or `search` line, as the resolver reads them.
fn domain_in_resolv_conf(conf: &str) -> Option<String> {
    conf.lines()
        .filter_map(|line| {
            let mut words = line.split_ascii_whitespace();
            matches!(words.next()?, "domain" | "search").then(|| words.next())?
        })
        .next_back()
        .map(|domain| domain.trim_matches('.'))
        .filter(|domain| !domain.is_empty())
        .map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::Host;
    use crate::host::cgroup::trees::tree;

    fn fqdn(nodename: &str, hosts: &str, resolv: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("hosts"), hosts).unwrap();
        std::fs::write(dir.path().join("resolv.conf"), resolv).unwrap();
        let host = Host::from_files(nodename, dir.path());
        assert_eq!(host.domain.as_deref(), host.fqdn.split_once('.').map(|(_, domain)| domain));
        host.fqdn
    }

    #[test]
    fn a_node_name_with_a_dot_is_the_fqdn() {
        assert_eq!(fqdn("web1.example.org", "10.0.0.1 web1.other web1", "search third"), "web1.example.org");
    }

    #[test]
    fn hosts_comes_before_resolv_conf() {
        let hosts = "# 10.9.9.9 vm.comment vm\n127.0.0.1 localhost\n10.1.2.3\tVM.pods.local.  vm # ours\n";
        assert_eq!(fqdn("vm", hosts, "search other"), "VM.pods.local");
        assert_eq!(fqdn("vm", "127.0.1.1 vm\n10.0.0.1 vm.lan vm", ""), "vm.lan");
        assert_eq!(fqdn("vm", "10.0.0.1 web.example.org vm", "search x"), "web.example.org");
    }

    #[test]
    fn localhost_lines_and_other_hosts_say_nothing() {
        let hosts = "127.0.0.1 localhost.localdomain localhost vm\n10.0.0.2 vm2.lan vm2\n";
        assert_eq!(fqdn("vm", hosts, "search a.example b.example\n"), "vm.a.example");
    }

    #[test]
    fn the_last_line_of_resolv_conf_wins() {
        assert_eq!(fqdn("vm", "", "domain one\nnameserver 10.0.0.1\nsearch two. x\n"), "vm.two");
        assert_eq!(fqdn("vm", "", "search .\n"), "vm");
        assert_eq!(fqdn("vm", "", "search\n#search x\n"), "vm");
    }

    #[test]
    fn the_kernel_names_the_system() {
        let kernel = |name| ("proc/sys/kernel/hostname", name);
        for (files, expected) in [
            (vec![kernel("web1.example.org\n"), ("etc/hostname", "other\n")], "web1.example.org"),
            (
                vec![kernel("(none)\n"), ("etc/hostname", "web2\n"), ("etc/resolv.conf", "search lan\n")],
                "web2.lan",
            ),
            (vec![kernel("\n")], "localhost"),
            (vec![], "localhost"),
        ] {
            let (_dir, roots) = tree(&[&files]);
            assert_eq!(Host::collect(&roots).fqdn, expected, "{files:?}");
        }
    }

    #[test]
    fn without_any_domain_the_name_stands_alone() {
        let host = Host::from_files("vm", std::path::Path::new("/nonexistent"));
        assert_eq!(host, Host { name: "vm".into(), fqdn: "vm".into(), domain: None });
    }
}
