//! What `facts` shows to people: a line for each fact that is known, under the name that templates use.

use std::fmt::Write;
use std::path::Path;

use super::Known;
use crate::host::{Cpu, Directory, Interface, Limits, Memory, Net, System};

const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";
/// Where the names of variables are broken into lines.
const WIDTH: usize = 100;

/// A group: its name, and its lines of name and text.
struct Group {
    name: &'static str,
    lines: Vec<(String, String)>,
}

impl Group {
    fn new(name: &'static str) -> Self {
        Self { name, lines: Vec::new() }
    }

    /// A line for what is known.
    fn line(mut self, name: &str, text: Option<impl ToString>) -> Self {
        if let Some(text) = text {
            self.lines.push((printable(name), printable(&text.to_string())));
        }
        self
    }
}

/// All groups, with their values in one column.
pub(super) fn draw(known: &Known, colours: bool) -> String {
    let groups = groups(known);
    let length = |group: &Group, name: &str| group.name.len() + 1 + name.chars().count();
    let lengths = groups.iter().flat_map(|group| group.lines.iter().map(|(name, _)| length(group, name)));
    let column = lengths.max().unwrap_or(0) + 2;
    let (bold, plain) = if colours { (BOLD, PLAIN) } else { ("", "") };
    let mut out = String::new();
    for group in groups.iter().filter(|group| !group.lines.is_empty()) {
        for (name, text) in &group.lines {
            let space = " ".repeat(column - length(group, name));
            writeln!(out, "{}.{bold}{name}{plain}{space}{text}", group.name)
                .expect("writing to a string does not fail");
        }
        out.push('\n');
    }
    out + &variables(&known.env)
}

fn groups(known: &Known) -> Vec<Group> {
    let Known { release, otp, host, user, dirs, .. } = known;
    vec![
        Group::new("release")
            .line("name", Some(&release.name))
            .line("vsn", Some(&release.vsn))
            .line("root", Some(&release.root)),
        Group::new("otp").line("release", otp.release).line("erts", otp.erts.as_ref()),
        Group::new("host")
            .line("name", Some(&host.name))
            .line("fqdn", Some(&host.fqdn))
            .line("domain", host.domain.as_ref()),
        cpu(&known.cpu),
        memory(&known.memory),
        limits(&known.limits),
        net(&known.net),
        system(&known.system),
        Group::new("user")
            .line("uid", Some(user.uid))
            .line("name", user.name.as_ref())
            .line("home", user.home.as_ref()),
        Group::new("dirs")
            .line("state", Some(directory(&dirs.state)))
            .line("log", Some(directory(&dirs.log))),
    ]
}

fn cpu(cpu: &Cpu) -> Group {
    Group::new("cpu")
        .line("online", Some(cpu.online))
        .line("affinity", Some(cpu.affinity))
        .line("quota", cpu.quota.map_or(Some("no limit".to_owned()), |quota| Some(quota.to_string())))
        .line("count", Some(cpu.count))
}

fn memory(memory: &Memory) -> Group {
    Group::new("memory")
        .line("total", memory.total.map(size))
        .line("available", memory.available.map(size))
        .line("limit", memory.limit.map(size))
}

fn limits(limits: &Limits) -> Group {
    let number = |limit: Option<u64>| Some(limit.map_or("no limit".to_owned(), |limit| limit.to_string()));
    Group::new("limits")
        .line("nofile", number(limits.nofile))
        .line("nofile_hard", number(limits.nofile_hard))
        .line("nproc", number(limits.nproc))
        .line("nproc_hard", number(limits.nproc_hard))
        .line("pids", number(limits.pids))
}

fn net(net: &Net) -> Group {
    let all = |interface: &Interface| {
        let v4 = interface.ipv4.iter().map(ToString::to_string);
        let all: Vec<_> = v4.chain(interface.ipv6.iter().map(ToString::to_string)).collect();
        if all.is_empty() { "no address".to_owned() } else { all.join(", ") }
    };
    let group =
        Group::new("net").line("ipv4", net.ipv4).line("ipv6", net.ipv6).line("route", net.route.as_ref());
    net.interfaces.iter().fold(group, |group, (name, interface)| {
        group.line(&format!("interfaces.{name}"), Some(all(interface)))
    })
}

fn system(system: &System) -> Group {
    Group::new("system")
        .line("container", Some(system.container.as_deref().unwrap_or("none")))
        .line("init", system.init.as_ref())
        .line("pid1", Some(system.pid1))
}

fn directory(directory: &Directory) -> String {
    let there = if directory.exists { "" } else { "not there, " };
    let usable = if directory.writable { "writable" } else { "not writable" };
    let free = directory.free.map(|bytes| format!(", {} free", size(bytes))).unwrap_or_default();
    format!("{} ({there}{usable}{free})", display(&directory.path))
}

fn display(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// `env.` before the first, the others below it.
fn variables(names: &[String]) -> String {
    let mut out = String::from("env");
    let mut column = out.len();
    for name in names {
        let name = printable(name);
        let length = name.chars().count() + 1;
        if column + length > WIDTH && column > 3 {
            out.push_str("\n   ");
            column = 3;
        }
        out.push(' ');
        out.push_str(&name);
        column += length;
    }
    out + "\n"
}

/// `1.5 GiB`; what is no round number of units has its first decimal.
fn size(bytes: u64) -> String {
    let mut unit = 1_u64;
    let mut name = "bytes";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if bytes / unit < 1024 {
            break;
        }
        (unit, name) = (unit << 10, larger);
    }
    if bytes.is_multiple_of(unit) {
        format!("{} {name}", bytes / unit)
    } else {
        format!("{:.1} {name}", bytes as f64 / unit as f64)
    }
}

/// Without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{printable, size, variables};

    #[test]
    fn sizes_have_units() {
        for (bytes, expected) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1 << 10, "1 KiB"),
            (512 << 20, "512 MiB"),
            (1536 << 20, "1.5 GiB"),
            (25_275_994_112, "23.5 GiB"),
            (u64::MAX, "16777216.0 TiB"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }

    #[test]
    fn nothing_reaches_the_terminal_as_a_command() {
        assert_eq!(printable("a\x1b[31m\n\u{9b}é"), "a?[31m??é");
    }

    #[test]
    fn names_of_variables_are_broken_into_lines() {
        assert_eq!(variables(&[]), "env\n");
        let names: Vec<String> = (0..20).map(|n| format!("VARIABLE_{n:02}")).collect();
        let text = variables(&names);
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(text.lines().all(|line| line.len() <= 100), "{text}");
        assert!(text.starts_with("env VARIABLE_00 ") && text.contains("\n    VARIABLE_"), "{text}");
    }
}
