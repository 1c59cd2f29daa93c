//! The names that a template may use: one table, from which come values, near misses and the table in
//! docs/vm-args.md.

use std::collections::BTreeMap;

use minijinja::value::Value;

use super::Context;
use crate::host::{Interface, Otp};

/// One name of a group.
pub(super) struct Name {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    /// What it is, as the documentation says it.
    #[cfg_attr(not(test), expect(dead_code, reason = "compared with the documentation"))]
    pub(super) about: &'static str,
    value: fn(&Context<'_>) -> Value,
}

const fn name(
    group: &'static str,
    name: &'static str,
    about: &'static str,
    value: fn(&Context<'_>) -> Value,
) -> Name {
    Name { group, name, about, value }
}

/// The group of the environment's variables, which are no part of the table.
pub(super) const ENV: &str = "env";

/// All names but those of the environment, in the order of the documentation.
pub(super) static NAMES: [Name; 32] = [
    name("release", "name", "the release's name", |c| (&c.release.name).into()),
    name("release", "vsn", "its version", |c| (&c.release.vsn).into()),
    name("release", "root", "its directory", |c| (&c.release.root).into()),
    name("release", "erts", "the version of its erts", |c| (&c.release.erts).into()),
    name("otp", "release", "the release of OTP, such as 27", |c| {
        Otp::of_erts(&c.release.erts).release.into()
    }),
    name("otp", "erts", "the version of erts, such as 15.2", |c| (&c.release.erts).into()),
    name("host", "name", "the host's name without its domain", |c| (&c.facts.host.name).into()),
    name("host", "fqdn", "its full name", |c| (&c.facts.host.fqdn).into()),
    name("host", "domain", "its domain", |c| (&c.facts.host.domain).into()),
    name("cpu", "count", "the CPUs to use: the least of the following", |c| c.facts.cpu.count.into()),
    name("cpu", "online", "those that are online", |c| c.facts.cpu.online.into()),
    name("cpu", "affinity", "those that this process may run on", |c| c.facts.cpu.affinity.into()),
    name("cpu", "quota", "the control group's share, such as 0.5", |c| c.facts.cpu.quota.into()),
    name("memory", "total", "the host's memory, in bytes", |c| c.facts.memory.total.into()),
    name("memory", "available", "what is free of it, in bytes", |c| c.facts.memory.available.into()),
    name("memory", "limit", "what the node may use, in bytes: the control group's limit or the total", |c| {
        c.facts.memory.limit.into()
    }),
    name("limits", "nofile", "open files (soft limit)", |c| c.facts.limits.nofile.into()),
    name("limits", "nofile_hard", "open files (hard limit)", |c| c.facts.limits.nofile_hard.into()),
    name("limits", "nproc", "processes of the user (soft limit)", |c| c.facts.limits.nproc.into()),
    name("limits", "nproc_hard", "processes of the user (hard limit)", |c| c.facts.limits.nproc_hard.into()),
    name("limits", "pids", "processes of the control group", |c| c.facts.limits.pids.into()),
    name("net", "ipv4", "the IPv4 address towards the default route", |c| text(c.facts.net.ipv4)),
    name("net", "ipv6", "the IPv6 address towards the default route", |c| text(c.facts.net.ipv6)),
    name("net", "route", "the interface of the default route", |c| (&c.facts.net.route).into()),
    name("net", "interfaces", "the addresses of each interface: `net.interfaces.eth0.ipv4 \\| first`", |c| {
        let interfaces = c.facts.net.interfaces.iter();
        interfaces.map(|(name, it)| (name.clone(), interface(it))).collect::<BTreeMap<_, _>>().into()
    }),
    name("system", "container", "`docker`, `kubernetes`, ...; none outside of containers", |c| {
        (&c.facts.system.container).into()
    }),
    name("system", "init", "`systemd`, `runit`, ...", |c| (&c.facts.system.init).into()),
    name("system", "pid1", "whether the node is process 1", |c| c.facts.system.pid1.into()),
    name("user", "uid", "the number of the user", |c| c.facts.user.uid.into()),
    name("user", "name", "the user's name", |c| (&c.facts.user.name).into()),
    name("user", "home", "the user's home directory", |c| (&c.facts.user.home).into()),
    name(ENV, "NAME", "a variable of the environment, those that `pre_configure` hooks export too", |_| {
        ().into()
    }),
];

/// What the engine gets: the groups, each with its names.
pub(super) fn value(context: &Context<'_>) -> Value {
    let mut groups: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for it in NAMES.iter().filter(|it| it.group != ENV) {
        groups.entry(it.group.into()).or_default().insert(it.name.into(), (it.value)(context));
    }
    let mut top: BTreeMap<String, Value> =
        groups.into_iter().map(|(group, names)| (group, names.into())).collect();
    top.insert(ENV.into(), context.env.variables.clone().into());
    top.into()
}

/// The groups, once each.
pub(super) fn groups() -> Vec<&'static str> {
    let mut groups: Vec<_> = NAMES.iter().map(|it| it.group).collect();
    groups.dedup();
    groups
}

/// Everything that could have been meant by a name, as templates write it.
pub(super) fn all(context: &Context<'_>) -> Vec<String> {
    let mut all: Vec<String> = groups().into_iter().map(str::to_owned).collect();
    let known = NAMES.iter().filter(|it| it.group != ENV);
    all.extend(known.map(|it| format!("{}.{}", it.group, it.name)));
    all.extend(context.env.variables.keys().map(|name| format!("{ENV}.{name}")));
    for (name, it) in &context.facts.net.interfaces {
        all.push(format!("net.interfaces.{name}"));
        for (family, some) in [("ipv4", !it.ipv4.is_empty()), ("ipv6", !it.ipv6.is_empty())] {
            all.extend(some.then(|| format!("net.interfaces.{name}.{family}")));
        }
    }
    all
}

fn interface(it: &Interface) -> Value {
    let list = |addresses: Vec<String>| Value::from(addresses);
    let fields = [
        ("ipv4".to_owned(), list(it.ipv4.iter().map(ToString::to_string).collect())),
        ("ipv6".to_owned(), list(it.ipv6.iter().map(ToString::to_string).collect())),
    ];
    BTreeMap::from(fields).into()
}

/// Addresses are text.
fn text(address: Option<impl std::fmt::Display>) -> Value {
    address.map(|address| address.to_string()).into()
}
