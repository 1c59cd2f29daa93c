//! What a start leaves in the state directory for the commands that come later: the node's name,
//! ports and cookie, so that nothing is guessed again. Written by `prepare` alone.

use std::fmt::Write;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::advice;
use super::client::program;
use super::env::{self, Instance};
use super::process::Process;
use super::{launch, regular};
use crate::error::{Failure, Message, Report, Status};
use crate::host::{Host, Roots};
use crate::names::NodeName;
use crate::node::{Cookie, Target};

const DEFAULT_EPMD_PORT: u16 = 4369;

/// The node that an instance was last started as.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Its full name; `None` when it was started without distribution.
    pub node: Option<NodeName>,
    /// The version that was started.
    pub vsn: String,
    /// The release that it was started from.
    pub root: Option<PathBuf>,
    /// The directory of its log and its crash dump.
    pub log: Option<PathBuf>,
    /// The port of its epmd.
    pub epmd_port: u16,
    /// The port it listens on when it has no epmd.
    pub dist_port: Option<u16>,
    /// The value of `-proto_dist` when it has one.
    pub proto: Option<String>,
    /// Where its `erlexec` is.
    pub bindir: Option<PathBuf>,
    /// The flags of its distribution that an `erl` needs to connect to it, as words.
    pub flags: Vec<String>,
}

/// The flags that count for a client too.
const CLIENT_FLAGS: [&str; 6] =
    ["-proto_dist", "-ssl_dist_optfile", "-ssl_dist_opt", "-epmd_module", "-pa", "-pz"];

/// The words of the flags that an `erl` needs as well; `occurrences` gives the values of each use of one. Of TLS
/// options those for servers are left out: no client needs them, and a password may be among them.
pub(super) fn client_flags(occurrences: impl Fn(&str) -> Vec<Vec<String>>) -> Vec<String> {
    let mut words = Vec::new();
    for flag in CLIENT_FLAGS {
        for values in occurrences(flag) {
            words.push(flag.to_owned());
            let pairs = values.chunks(if flag == "-ssl_dist_opt" { 2 } else { 1 });
            words.extend(pairs.filter(|pair| !pair[0].starts_with("server_")).flatten().cloned());
        }
    }
    words
}

impl Record {
    /// The port of the epmd that programs started from here use: `ERL_EPMD_PORT`, or 4369.
    pub(super) fn epmd_port_here() -> u16 {
        env::var("ERL_EPMD_PORT").and_then(|port| port.parse().ok()).unwrap_or(DEFAULT_EPMD_PORT)
    }

    /// Lines `key=value`.
    pub(super) fn to_text(&self) -> String {
        let mut text = format!("vsn={}\nepmd_port={}\n", self.vsn, self.epmd_port);
        let mut line = |key, value: Option<String>| {
            if let Some(value) = value {
                writeln!(text, "{key}={value}").expect("writing to a string does not fail");
            }
        };
        line("node", self.node.as_ref().map(ToString::to_string));
        line("dist_port", self.dist_port.map(|port| port.to_string()));
        line("proto", self.proto.clone());
        line("root", self.root.as_deref().map(in_one_line));
        line("log", self.log.as_deref().map(in_one_line));
        line("bindir", self.bindir.as_deref().map(in_one_line));
        for word in &self.flags {
            line("flag", Some(in_one_line(Path::new(word))));
        }
        text
    }

    /// Reads `STATE/node`; `None` when no start has left one, or nothing of it is left and no node runs.
    ///
    /// # Errors
    /// When the file can't be read, or is not one of ours and yet a node runs.
    pub(super) fn read(instance: &Instance) -> Result<Option<Self>, Failure> {
        let path = file(&instance.state);
        match regular::text(&path) {
            Ok(text) => match (parse(&text), launch::running(&instance.state)) {
                (Some(record), _) => Ok(Some(record)),
                (None, Some(process)) => Err(damaged(instance, &path, process)),
                (None, None) => match Process::recorded(&instance.state) {
                    Some(process) => Err(damaged(instance, &path, process)),
                    // Files that a loss of power has emptied: of no node any more.
                    None => Ok(None),
                },
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(cannot_read(&path.display().to_string(), &error)),
        }
    }

    /// Whether this client can't speak with the node itself.
    pub(super) fn is_tls(&self) -> bool {
        self.proto.as_deref().is_some_and(|proto| proto.ends_with("_tls"))
    }

    /// The release it was started from, where that is another one of the same name.
    pub(super) fn elsewhere(&self, instance: &Instance) -> Option<&Path> {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        self.root.as_deref().filter(|root| *root != instance.root && real(root) != real(&instance.root))
    }

    /// How to reach the node.
    ///
    /// # Errors
    /// When it was started without distribution, or its cookie can't be read.
    pub(super) fn target(&self, instance: &Instance) -> Result<Target, Failure> {
        let Some(name) = self.node.clone() else {
            return Err(NoDistribution { name: instance.name.clone() }.into());
        };
        let path = cookie_file(&instance.state);
        let cookie = fs::read(&path)
            .map_err(|error| cannot_read(&format!("the cookie in {}", path.display()), &error))?;
        let addresses = addresses(name.host());
        Ok(Target {
            name,
            cookie: Cookie::new(cookie),
            addresses,
            epmd_port: self.epmd_port,
            dist_port: self.dist_port,
        })
    }
}

/// The instance that the core names, with the log directory that its node was started with: whoever asks about a node
/// may have another environment than who started it.
///
/// # Errors
/// When the helper was not called by the core.
pub(super) fn instance() -> Result<Instance, Failure> {
    let mut instance = Instance::from_env()?;
    if let Ok(Some(Record { log: Some(log), .. })) = Record::read(&instance) {
        instance.log = log;
    }
    Ok(instance)
}

/// Refuses to run programs as a record says that another user wrote: they could be that user's.
///
/// # Errors
/// Also when there is no record.
pub(super) fn is_mine(instance: &Instance, what: &str) -> Result<(), Failure> {
    let path = file(&instance.state);
    let owner = fs::metadata(&path).map_err(|error| cannot_read(&path.display().to_string(), &error))?.uid();
    if owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    let text = format!("{} runs as user {owner}, whose programs {what} would run as you", instance.name);
    Err(Message::new(Status::Unreachable, text)
        .with_help(format!("sudo -u '#{owner}' {} ...", program()))
        .into())
}

fn damaged(instance: &Instance, path: &Path, process: Process) -> Failure {
    let text = format!("{} runs (pid {}), but {} is damaged", instance.name, process.pid, path.display());
    Message::new(Status::Unreachable, text)
        .with_help(format!("{0} stop ends it, and {0} start writes that anew", program()))
        .into()
}

fn cannot_read(what: &str, error: &std::io::Error) -> Failure {
    if let Some(failure) = advice::exhausted(error) {
        return failure;
    }
    let help = match error.kind() {
        std::io::ErrorKind::NotFound => format!("somebody removed it: {} stop, then start", program()),
        _ => "the node belongs to another user: run this as that user or as root".into(),
    };
    Message::new(Status::Unreachable, format!("cannot read {what}: {error}")).with_help(help).into()
}

/// The node was started without a name: it can be stopped by signal, but not asked.
#[derive(Debug)]
pub(super) struct NoDistribution {
    name: String,
}

impl std::fmt::Display for NoDistribution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} was started without distribution, so it can't be asked", self.name)
    }
}

impl std::error::Error for NoDistribution {}

impl Report for NoDistribution {
    fn status(&self) -> Status {
        Status::Unreachable
    }

    fn help(&self) -> Option<String> {
        Some("give it a name: -sname or -name in vm.args, or RELEASE_NODE, and start it again".into())
    }
}

/// The record's file.
pub(super) fn file(state: &Path) -> PathBuf {
    state.join("node")
}

/// The file in which the node finds its cookie: the directory is its HOME while it boots.
pub(super) fn cookie_file(state: &Path) -> PathBuf {
    state.join("cookie").join(".erlang.cookie")
}

fn parse(text: &str) -> Option<Record> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    Some(Record {
        node: value("node").map(NodeName::parse).transpose().ok()?,
        vsn: value("vsn")?.into(),
        epmd_port: value("epmd_port")?.parse().ok()?,
        dist_port: value("dist_port").map(str::parse).transpose().ok()?,
        proto: value("proto").map(Into::into),
        root: value("root").map(|text| from_one_line(text).into()),
        log: value("log").map(|text| from_one_line(text).into()),
        bindir: value("bindir").map(|text| from_one_line(text).into()),
        flags: text.lines().filter_map(|line| line.strip_prefix("flag=")).map(from_one_line).collect(),
    })
}

/// Where a node of this host may listen: loopback first, then what its name says. Nothing is looked up
/// but /etc/hosts: the C library's resolver can't be linked statically.
fn addresses(host: &str) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = host.parse().into_iter().collect();
    addresses.extend([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    for address in in_hosts(host) {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// Whether an address of the host can be known without asking a name service.
pub(super) fn is_known(host: &str) -> bool {
    let own = Host::collect(&Roots::default());
    host.parse::<IpAddr>().is_ok()
        || [own.name.as_str(), &own.fqdn, "localhost"].contains(&host)
        || !in_hosts(host).is_empty()
}

fn in_hosts(host: &str) -> Vec<IpAddr> {
    let text = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
    lines
        .filter_map(|mut words| {
            let address = words.next()?.parse().ok()?;
            words.any(|word| word == host).then_some(address)
        })
        .collect()
}

/// A path or word as a line's value: a newline as `\n`.
fn in_one_line(text: &Path) -> String {
    text.to_string_lossy().replace('\\', "\\\\").replace('\n', "\\n")
}

fn from_one_line(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.extend(rest.next().map(|c| if c == 'n' { '\n' } else { c })),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Record, client_flags, parse};
    use crate::names::NodeName;

    #[test]
    fn a_record_reads_back() {
        let record = Record {
            node: NodeName::parse("demo@host").ok(),
            vsn: "0.1.0+x".into(),
            epmd_port: 4370,
            dist_port: None,
            proto: Some("inet6_tcp".into()),
            root: Some("/opt/it's".into()),
            log: Some("/var/log/it's".into()),
            bindir: Some("/a \\n\nb".into()),
            flags: client_flags(|flag| match flag {
                "-ssl_dist_opt" => vec![
                    vec!["client_certfile".into(), "it's a \"path\"\n".into()],
                    vec!["server_password".into(), "hush".into(), "client_depth".into(), "2".into()],
                ],
                "-pa" => vec![vec!["a".into(), "b".into()], vec![]],
                _ => Vec::new(),
            }),
        };
        assert_eq!(record.flags.len(), 10);
        assert!(!record.to_text().contains("hush"), "{record:?}");
        assert_eq!(parse(&record.to_text()), Some(record));
        assert_eq!(parse("node=demo\nvsn=1\nepmd_port=1\n"), None, "no node name");
        assert_eq!(parse(""), None);
    }
}
