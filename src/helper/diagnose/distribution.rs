//! What keeps a node off the distribution: names, epmd, ports, the protocol.

use std::time::Duration;

use super::holder::Holder;
use super::term::safe;
use super::{Diagnosis, Evidence};
use crate::helper::env::Instance;
use crate::helper::record::Record;
use crate::names::NodeName;
use crate::node::port;

/// How long epmd may take to say who has a name.
const EPMD_LIMIT: Duration = Duration::from_secs(1);

/// `Protocol 'inet_tcp': ...`
pub(super) fn protocol(instance: &Instance, evidence: &Evidence) -> Option<Diagnosis> {
    let line = evidence.log.lines().find(|line| line.trim_start().starts_with("Protocol '"))?.trim();
    let (protocol, said) = line.split_once("': ")?;
    let said = said.trim();
    let record = Record::read(instance).ok().flatten();
    if said.contains("seems to be in use") {
        // The VM says no more than that, and so may an application: this node's name tells.
        let is_own = |name: &NodeName| said.split_whitespace().any(|word| word == name.to_string());
        let own = record.as_ref().is_none_or(|record| record.node.as_ref().is_none_or(is_own));
        return own.then(|| name_in_use(said, instance, record.as_ref()));
    }
    let epmd = record.as_ref().map_or_else(Record::epmd_port_here, |record| record.epmd_port);
    if said.contains("not supported") {
        return Some(Diagnosis::new(
            "protocol",
            format!("the distribution {}' can't be used", safe(protocol)),
            "-proto_dist names a module NAME_dist of the release; TLS needs ssl in it, and -ssl_dist_optfile",
        ));
    }
    let error = said.rsplit("error: ").next().unwrap_or(said);
    Some(match error {
        "eaddrinuse" => port_in_use(instance, &evidence.config, record.as_ref()),
        "econnrefused" | "epmd_close" | "timeout" | "ehostunreach" | "enetunreach" => Diagnosis::new(
            "epmd-unreachable",
            format!("epmd does not answer on port {epmd} ({error}), and could not be started"),
            "is erts-*/bin/epmd there and executable, ERL_EPMD_PORT and ERL_EPMD_ADDRESS right, the port open on \
             loopback?",
        ),
        _ if error.contains("garbage_from_epmd") || error.contains("invalid_reg_resp") => {
            let holder = Holder::of(epmd).map(|holder| format!(": it is {holder}")).unwrap_or_default();
            Diagnosis::new(
                "epmd-foreign",
                format!("what listens on port {epmd} is no epmd{holder}"),
                "stop it, or set ERL_EPMD_PORT to another port, for all nodes of this host and their clients",
            )
        }
        _ => Diagnosis::new(
            "distribution",
            format!("the distribution could not be started: {}", safe(said)),
            "look at -name, -sname, -proto_dist and inet_dist_* in vm.args; RELEASE_DISTRIBUTION=none does without",
        ),
    })
}

/// `the name demo@host seems to be in use by another Erlang node`
fn name_in_use(said: &str, instance: &Instance, record: Option<&Record>) -> Diagnosis {
    let name = said.split_whitespace().find(|word| word.contains('@')).unwrap_or_default();
    let holder = record.and_then(|record| Holder::of(port(&record.target(instance).ok()?, EPMD_LIMIT)?));
    let by = holder.map(|holder| format!(" by {holder}")).unwrap_or_default();
    Diagnosis::new(
        "name-in-use",
        format!("the name {} is in use{by}", safe(name)),
        "stop that node, or give this one another name: RELEASE_NODE, or -sname or -name in vm.args",
    )
}

/// The port that was asked for, or the only one of the range whose holder is to be named.
fn port_in_use(instance: &Instance, config: &str, record: Option<&Record>) -> Diagnosis {
    let text = std::fs::read_to_string(instance.state.join("vm.args")).unwrap_or_default();
    let flag = |name: &str| {
        [text.as_str(), config].into_iter().find_map(|text| {
            let at = text.find(name)? + name.len();
            let rest = text[at..].trim_start_matches([' ', '\n', '"', '\'', ',']);
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u16>().ok()
        })
    };
    let min = flag("inet_dist_listen_min").or_else(|| record?.dist_port).or_else(|| flag("-erl_epmd_port"));
    let max = flag("inet_dist_listen_max").or(min);
    let (Some(min), Some(max)) = (min, max) else {
        return Diagnosis::new(
            "dist-port-in-use",
            "the port for the distribution is in use",
            "\"ss -ltnp\" lists who listens where; see inet_dist_listen_min and -erl_epmd_port",
        );
    };
    let by = Holder::of(min).map(|holder| format!(" by {holder}")).unwrap_or_default();
    let text = if min == max {
        format!("the port {min} for the distribution is in use{by}")
    } else {
        format!("all ports for the distribution, {min} to {max}, are in use (the first{by})")
    };
    Diagnosis::new(
        "dist-port-in-use",
        text,
        "stop that, or choose other ports: inet_dist_listen_min and _max of kernel, or -erl_epmd_port in vm.args",
    )
}

/// What net_kernel says when it can make nothing of the node's name.
pub(super) fn name(evidence: &Evidence) -> Option<Diagnosis> {
    let said = evidence.log.lines().find(|line| {
        ["Can't set long node name", "Can't set short node name", "Invalid node name"]
            .iter()
            .any(|text| line.contains(text))
    })?;
    Some(Diagnosis::new(
        "node-name",
        format!("the node can't have its name: {}", safe(said.trim())),
        "write -name NAME@HOST.DOMAIN or -name NAME@ADDRESS, or a short name with -sname",
    ))
}

/// The TLS distribution, whose mistakes come with their own reports.
pub(super) fn tls(evidence: &Evidence) -> Option<Diagnosis> {
    let said = ["{bad_ssl_dist_optfile,", "Failed to read SSL dist"]
        .iter()
        .find_map(|text| evidence.log.lines().find(|line| line.contains(text)))?;
    Some(Diagnosis::new(
        "tls-options",
        format!("the options of the TLS distribution can't be used: {}", safe(said.trim())),
        "-ssl_dist_optfile names a file with a list [{server, [...]}, {client, [...]}]. of paths that this user can read",
    ))
}
