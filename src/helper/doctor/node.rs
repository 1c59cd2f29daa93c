//! Whether the node can have its name, port and cookie; and how it is when it runs.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use super::Finding;
use crate::helper::diagnose::Holder;
use crate::helper::env::Instance;
use crate::helper::prepare::Outlook;
use crate::helper::process::Process;
use crate::helper::record::{self, Record};
use crate::helper::{client, sockets};
use crate::names::NodeName;
use crate::node::{Cookie, NodeError, Target, os_pid, port, registered};

/// How long epmd and the node may take.
const LIMIT: Duration = Duration::from_secs(3);
/// Shorter ones can be tried out.
const COOKIE: usize = 16;

/// The checks before a start.
pub(super) fn planned(instance: &Instance, outlook: &Outlook) -> Vec<Finding> {
    let Some(node) = &outlook.node else {
        return vec![Finding::warning(
            "node.name",
            "the node has no name: commands can't ask it",
            "-sname NAME in vm.args, or RELEASE_NODE",
        )];
    };
    let runs = Process::recorded(&instance.state);
    let mut all = vec![host(node)];
    if outlook.asks_epmd {
        let target = Target {
            name: node.clone(),
            cookie: Cookie::new(""),
            addresses: vec![Ipv4Addr::LOCALHOST.into()],
            epmd_port: Record::epmd_port_here(),
            dist_port: None,
        };
        let answer = registered(&target, LIMIT);
        all.push(epmd(outlook, &target, answer.as_ref().err()));
        all.push(name(&target, answer.is_ok(), runs));
    }
    all.extend(outlook.dist_port.map(|port| fixed(port, runs)));
    all.push(cookie(instance, outlook));
    all
}

fn host(node: &NodeName) -> Finding {
    const ID: &str = "node.host";
    let host = node.host();
    let servers = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    if record::is_known(host) {
        Finding::ok(ID, format!("{node}: the host is known here"))
    } else if servers.lines().any(|line| line.trim_start().starts_with("nameserver")) {
        Finding::ok(ID, format!("{node}: the host is known to the name service, or not at all"))
    } else {
        Finding::warning(
            ID,
            format!("{node}: no file tells an address of {host}, and there is no name service"),
            format!("a line \"127.0.1.1 {host}\" in /etc/hosts"),
        )
    }
}

fn epmd(outlook: &Outlook, target: &Target, error: Option<&NodeError>) -> Finding {
    const ID: &str = "node.epmd";
    let port = target.epmd_port;
    match error {
        None | Some(NodeError::NotRegistered { .. }) => {
            Finding::ok(ID, format!("epmd answers on port {port}"))
        }
        Some(NodeError::EpmdRefused { .. }) if outlook.bin.join("epmd").is_file() => {
            Finding::ok(ID, format!("none runs on port {port}: a start brings one"))
        }
        Some(NodeError::EpmdRefused { .. }) => Finding::error(
            ID,
            format!("none runs on port {port}, and the release has none"),
            "start epmd -daemon before the node, or use a fixed port: -start_epmd false -erl_epmd_port PORT in vm.args",
        ),
        Some(error) => Finding::error(
            ID,
            error.to_string(),
            format!("ss -ltnp 'sport = :{port}' tells who listens there; ERL_EPMD_PORT chooses another"),
        ),
    }
}

fn name(target: &Target, taken: bool, runs: Option<Process>) -> Finding {
    const ID: &str = "node.name";
    match (taken, runs) {
        (false, _) => Finding::ok(ID, format!("{} is free", target.name.alive())),
        (true, Some(process)) => {
            Finding::ok(ID, format!("{} is this node's (pid {})", target.name.alive(), process.pid))
        }
        (true, None) => {
            let who = port(target, LIMIT).and_then(Holder::of);
            let who = who.map_or_else(|| "another process".to_owned(), |holder| holder.to_string());
            Finding::error(
                ID,
                format!("the name {} is taken by {who}", target.name.alive()),
                "stop that node, or give this one another name: RELEASE_NODE",
            )
        }
    }
}

fn fixed(port: u16, runs: Option<Process>) -> Finding {
    const ID: &str = "node.port";
    match TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)) {
        Ok(_) => Finding::ok(ID, format!("{port} is free")),
        Err(_)
            if runs.is_some_and(|process| {
                sockets::listening(process.pid).iter().any(|at| at.port() == port)
            }) =>
        {
            Finding::ok(ID, format!("{port} is this node's"))
        }
        Err(error) => {
            let who = Holder::of(port).map(|holder| format!(" by {holder}")).unwrap_or_default();
            Finding::error(
                ID,
                format!("the node can't listen on port {port}, which is taken{who}: {error}"),
                "stop that program, or choose another port in vm.args",
            )
        }
    }
}

fn cookie(instance: &Instance, outlook: &Outlook) -> Finding {
    const ID: &str = "node.cookie";
    let found = &outlook.cookie;
    let from = match &found.file {
        Some(file) => format!("from {}", file.display()),
        None if found.made => "made for this instance by the first start".to_owned(),
        None => "from the environment or vm.args".to_owned(),
    };
    let fix = "head -c 32 /dev/urandom | base64 | tr -d /+= makes one; RELEASE_COOKIE, RELEASE_COOKIE_FILE or releases/COOKIE hold it";
    let (text, length) = (found.secret.expose(), found.secret.expose().len());
    if text == instance.name || text.bytes().all(|byte| text.as_bytes()[0] == byte) {
        return Finding::warning(ID, format!("{from}: anybody could guess it"), fix);
    }
    if length < COOKIE {
        return Finding::warning(ID, format!("{from}: {length} characters are few"), fix);
    }
    if let Some(file) =
        found.file.as_ref().filter(|file| fs::metadata(file).is_ok_and(|meta| meta.mode() & 0o007 != 0))
    {
        let fix = format!("chmod 600 {}", shell_escape::unix::escape(file.to_string_lossy()));
        return Finding::warning(ID, format!("{from}, which everybody can read"), fix);
    }
    Finding::ok(ID, from)
}

/// The checks of a node that runs.
pub(super) fn running(instance: &Instance) -> Vec<Finding> {
    let Some(process) = Process::recorded(&instance.state) else {
        return vec![Finding::ok("run.node", "not running")];
    };
    let record = match Record::read(instance) {
        Ok(Some(record)) => record,
        Ok(None) => {
            return vec![Finding::warning("run.node", "it left no record", "stop and start it again")];
        }
        Err(failure) => return vec![Finding::failure("run.node", &failure)],
    };
    let node = if record.node.is_none() {
        Finding::ok("run.node", format!("runs (pid {}), without a name to ask it by", process.pid))
    } else {
        match client::open_quietly(instance, LIMIT).and_then(|mut node| Ok(os_pid(&mut node)?)) {
            Ok(pid) => Finding::ok("run.node", format!("runs (pid {pid}) and answers")),
            Err(failure) => Finding::failure("run.node", &failure),
        }
    };
    let version = match instance.permanent_vsn() {
        Some(next) if next != record.vsn => Finding::warning(
            "run.version",
            format!("it was started as {}; the next start boots {next}", record.vsn),
            "\"versions\" tells what runs; stop and start it for the other one",
        ),
        _ => Finding::ok("run.version", record.vsn.clone()),
    };
    let root = match record.elsewhere(instance) {
        Some(root) => Finding::warning(
            "run.root",
            format!("it was started from {}", root.display()),
            "use that release's script, or stop it and start it from here",
        ),
        None => Finding::ok("run.root", "started from this release"),
    };
    vec![node, version, root]
}
