//! What the host decides, with the facts that only the helper can look at: the log directory, free ports, what
//! else sets the ports.

use std::net::{Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;

use super::request::Request;
use super::sysconfig::Config;
use super::warn;
use crate::error::Failure;
use crate::helper::env::{self, Instance};
use crate::host::{Directory, Facts, Otp, client_ports};
use crate::vmargs::sizing::{self, Chosen, Decision, Given, Listening, PORTS, VARIABLES, long_name};
use crate::vmargs::{Args, Identity};

/// Decisions, and where the name comes from.
pub(super) struct Sized {
    pub decisions: Vec<Decision>,
    pub name: Name,
    /// Whether it is on at all.
    pub auto: bool,
}

/// What decides on the name's kind.
pub(super) struct Name {
    /// Who wrote it: a place, or `None` when nobody did.
    pub yours: Option<String>,
    /// Whether the host would have a long one.
    pub long: bool,
    /// The fact that this rests on.
    pub fact: String,
}

impl Name {
    /// `args`: the user's, before the name was taken out.
    pub(super) fn of(args: &Args, auto: bool, facts: &Facts) -> Self {
        let in_file = || {
            let mut uses = ["-name", "-sname"].into_iter().flat_map(|flag| args.occurrences(flag));
            uses.next().map(|first| first.place.to_string())
        };
        let in_environment = ["RELEASE_NODE", "RELEASE_DISTRIBUTION"].into_iter();
        let mut yours = in_environment.filter(|name| env::var(name).is_some()).map(str::to_owned);
        let yours = yours.next().or_else(in_file);
        let hosts = std::fs::read(env::roots().etc.join("hosts")).unwrap_or_default();
        let (long, fact) = long_name(facts, is_in(&facts.host.fqdn, &String::from_utf8_lossy(&hosts)));
        Self { long: auto && yours.is_none() && long, yours, fact }
    }
}

/// Whether a line of /etc/hosts gives `name` an address.
fn is_in(name: &str, hosts: &str) -> bool {
    let lines = hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(|line| line.split_ascii_whitespace().skip(1)).any(|word| word.eq_ignore_ascii_case(name))
}

/// What decisions are made from.
pub(super) struct Parts<'a> {
    pub request: &'a Request,
    pub instance: &'a Instance,
    pub facts: &'a Facts,
    pub otp: &'a Otp,
    pub args: &'a Args,
    pub identity: &'a Identity,
    pub config: Option<&'a Config>,
    pub name: Name,
}

/// Nothing when sizing is off.
pub(super) fn decide(parts: &Parts<'_>) -> Result<Sized, Failure> {
    let Parts { request, facts, otp, .. } = parts;
    let name = Name { fact: parts.name.fact.clone(), yours: parts.name.yours.clone(), ..parts.name };
    if !request.sizing {
        return Ok(Sized { decisions: Vec::new(), name, auto: false });
    }
    let mut written = parts.args.clone().with_variables(&env::var)?;
    if let Some(options) = env::var("ELIXIR_ERL_OPTIONS").filter(|_| request.kind == "mix") {
        written.append(Args::from_words(&options, "ELIXIR_ERL_OPTIONS")?);
    }
    let variables: Vec<&str> = VARIABLES.into_iter().filter(|name| env::var(name).is_some()).collect();
    let log = Directory::look(&parts.instance.log);
    let listening = listening(parts, &written);
    let clients = client_ports(&env::roots(), &PORTS);
    let given = Given {
        facts,
        otp,
        written: &written,
        variables: &variables,
        log: &log,
        listening: &listening,
        clients,
    };
    let decisions = sizing::decide(&given, &request.overrides);
    in_step(&decisions, facts);
    Ok(Sized { decisions, name, auto: true })
}

/// Warns of more ports than the node can have files for.
fn in_step(decisions: &[Decision], facts: &Facts) {
    let ports = decisions.iter().find(|it| it.rule.key == "+Q" && it.chosen != Chosen::Auto);
    let wanted = ports.and_then(|it| it.value.as_ref()?.parse::<u64>().ok());
    if let (Some(wanted), Some(hard)) = (wanted, facts.limits.nofile_hard)
        && wanted > hard
    {
        warn(&format!("+Q allows {wanted} ports, but the node can open {hard} files only (ulimit -H -n)"));
    }
}

fn listening(parts: &Parts<'_>, written: &Args) -> Listening {
    let says = |flag: &str| written.get(flag).into_iter().flatten().next_back();
    if parts.identity.node.is_none() && says("-name").or_else(|| says("-sname")).is_none() {
        return Listening::Left(sizing::NOT_DISTRIBUTED);
    }
    if says("-dist_listen").is_some_and(|word| word == "false") {
        return Listening::Left("-dist_listen false");
    }
    if says("-erl_epmd_port").is_some() || env::var("ERL_DIST_PORT").is_some() {
        return Listening::Left("the node has a port of its own");
    }
    if says("-epmd_module").is_some() || says("-proto_dist").is_some_and(|word| !word.starts_with("inet")) {
        return Listening::Left("a module of yours knows the port");
    }
    let directory = parts.instance.version_dir();
    let in_file = |path: &Path| std::fs::read_to_string(path).is_ok_and(|text| text.contains("dist_listen"));
    if parts.config.is_some_and(Config::may_set_ports) || in_file(&directory.join("runtime.exs")) {
        return Listening::Left("your configuration may set the ports");
    }
    let six = says("-proto_dist").is_some_and(|word| word.starts_with("inet6"));
    // As OTP listens: with SO_REUSEADDR, on all addresses.
    let free = |port: u16| {
        let listener = if six {
            TcpListener::bind((Ipv6Addr::UNSPECIFIED, port))
        } else {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, port))
        };
        listener.is_ok()
    };
    if PORTS.into_iter().any(free) { Listening::Free } else { Listening::Taken }
}
