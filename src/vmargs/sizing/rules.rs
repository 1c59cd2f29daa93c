//! The rules: one for each flag that the host can decide. Figures that they rest on were measured on OTP 23, 25,
//! 27 and 29.

use super::overrides::WAITS;
use super::{Given, Listening, PORTS, Takes};
use crate::vmargs::Occurrence;

/// One flag, and how its value follows from the host.
pub struct Rule {
    /// The flag, the variable, or what else is decided: the key in `[vm.flags]`.
    pub key: &'static str,
    /// What its value may be.
    pub takes: Takes,
    /// The rule in words.
    pub text: &'static str,
    /// The value, `None` to leave it to the VM, and the fact.
    pub(super) choose: fn(&Given<'_>) -> (Option<String>, String),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.key)
    }
}

/// The most that OTP lets processes and ports be.
const TABLE: u64 = 134_217_727;

/// All rules, in the order in which they are shown.
pub static RULES: &[Rule] = &[
    Rule {
        key: "+S",
        takes: Takes::Schedulers,
        text: "as many schedulers as the processors granted, where they are fewer than those online: the VM makes a thread for each one online, 0.7 MB each, and OTP 23 to 25 misread quotas",
        choose: schedulers,
    },
    Rule {
        key: "+SDcpu",
        takes: Takes::Schedulers,
        text: "left to the VM: as many as +S",
        choose: |given| (None, format!("cpu.count = {}", given.facts.cpu.count)),
    },
    Rule {
        key: "+SDio",
        takes: Takes::Number(1, 1024),
        text: "left to the VM: its 10 threads sleep, and cost less than 1 MB together",
        choose: |given| (None, memory_text(given)),
    },
    Rule { key: "+sbwt", takes: Takes::Wait, text: WAIT, choose: busy_wait },
    Rule { key: "+sbwtdcpu", takes: Takes::Wait, text: WAIT, choose: busy_wait },
    Rule { key: "+sbwtdio", takes: Takes::Wait, text: WAIT, choose: busy_wait },
    Rule {
        key: "nofile",
        takes: Takes::Files,
        text: "open files up to 65536, or +Q if that is more, as far as the hard limit allows; above 1048576 down to that: a VM goes through all that it might have open when it starts a port program",
        choose: open_files,
    },
    Rule {
        key: "+Q",
        takes: Takes::Number(1024, TABLE),
        text: "the VM has a slot of 12 bytes for each file it may open; limited where they took more than 1 % of the memory",
        choose: ports,
    },
    Rule {
        key: "+P",
        takes: Takes::Number(1024, TABLE),
        text: "as many processes as fit into the memory at 2.6 KB each, at least 65536, at most 1048576; a slot of 12 bytes for each is taken at the start. Below OTP 27 more than its 262144 from 4 GiB on",
        choose: processes,
    },
    Rule {
        key: "+hmax",
        takes: Takes::Number(0, 1 << 59),
        text: "a process whose heap (in words of 8 bytes) outgrows half of a memory limit is ended and logged, before the kernel ends the node: while it is collected it takes half as much again",
        choose: heap,
    },
    Rule {
        key: "+hmaxib",
        takes: Takes::Truth,
        text: "left to the VM: true, from OTP 27 on, counts a binary once for each reference to it, so that +hmax ends a process that holds a thousand lines of one file of 10 MB",
        choose: |given| (None, otp_text(given)),
    },
    Rule {
        key: "+zdbbl",
        takes: Takes::Number(1, 2_097_151),
        text: "what may wait for one other node, in KB: a thousandth of the memory, 1024 to 131072, if the node is distributed",
        choose: distribution_buffer,
    },
    Rule {
        key: "ERL_CRASH_DUMP_BYTES",
        takes: Takes::Number(0, i64::MAX as u64),
        text: "a crash dump takes a quarter of the space in the log directory at most, and no more than the memory",
        choose: dump_bytes,
    },
    Rule {
        key: "ERL_CRASH_DUMP_SECONDS",
        takes: Takes::Number(0, 86_400),
        text: "no crash dump where the log directory can't be written to",
        choose: |given| {
            let text = format!("log directory writable = {}", given.log.writable);
            ((!given.log.writable).then(|| "0".into()), text)
        },
    },
    Rule {
        key: "inet_dist_listen",
        takes: Takes::Ports,
        text: "one of 20 ports for other nodes, so that a firewall can name them",
        choose: listen,
    },
];

const WAIT: &str = "no busy waiting where processors are shared: under a quota of less than all, in a container, or with fewer than all of them";

impl Rule {
    /// Where the user decided it, and the value if there is one.
    pub(super) fn written(&self, given: &Given<'_>) -> Option<(String, Option<String>)> {
        let places = |flag: &str| last(given.written.occurrences(flag));
        if let Some(variable) = given.variables.iter().find(|name| self.is_said_by(name)) {
            return Some(((*variable).to_owned(), None));
        }
        match self.takes {
            Takes::Files => None,
            Takes::Ports => {
                let kernel = given.written.occurrences("-kernel");
                let named = |values: &[String]| values.iter().any(|word| word.contains("inet_dist_listen_m"));
                let found = kernel.into_iter().find(|occurrence| named(&occurrence.values));
                found.map(|occurrence| (occurrence.place.to_string(), None))
            }
            _ if self.key.starts_with("ERL_") => {
                let uses = given.written.occurrences("-env").into_iter();
                let own =
                    last(uses.filter(|it| it.values.first().is_some_and(|key| key == self.key)).collect())?;
                Some((own.place.to_string(), own.values.get(1).cloned()))
            }
            _ => {
                let also = (self.key == "+S").then(|| places("+SP")).flatten();
                let attached = || self.attached(given);
                let own = places(self.key).map(|it| (it.place.to_string(), it.values.first().cloned()));
                own.or_else(attached).or(also.map(|it| (it.place.to_string(), None)))
            }
        }
    }

    fn is_said_by(&self, variable: &str) -> bool {
        self.key == variable || (self.key == "+Q" && variable == "ERL_MAX_PORTS")
    }

    /// `+P70000`, `+sbwtnone`: the value in the word of the flag.
    fn attached(&self, given: &Given<'_>) -> Option<(String, Option<String>)> {
        let is_value = |rest: &str| match self.takes {
            Takes::Wait => WAITS.contains(&rest),
            Takes::Truth => matches!(rest, "true" | "false"),
            _ => rest.starts_with(|c: char| c.is_ascii_digit() || c == ':'),
        };
        given.written.uses().into_iter().rev().find_map(|it| {
            let rest = it.flag.strip_prefix(self.key).filter(|rest| is_value(rest))?;
            Some((it.place.to_string(), Some(rest.to_owned())))
        })
    }
}

fn last(mut uses: Vec<Occurrence>) -> Option<Occurrence> {
    uses.pop()
}

fn schedulers(given: &Given<'_>) -> (Option<String>, String) {
    let cpu = &given.facts.cpu;
    let fact = match cpu.quota {
        Some(quota) => format!("cpu.quota = {quota} of {} online", cpu.online),
        None => format!("cpu.affinity = {} of {} online", cpu.affinity, cpu.online),
    };
    // OTP knows no more than 1024.
    let count = cpu.count.clamp(1, 1024);
    ((count < cpu.online).then(|| format!("{count}:{count}")), fact)
}

fn busy_wait(given: &Given<'_>) -> (Option<String>, String) {
    let cpu = &given.facts.cpu;
    let fact = match (cpu.quota, &given.facts.system.container) {
        (Some(quota), _) => format!("cpu.quota = {quota}"),
        (None, Some(container)) => format!("system.container = {container}"),
        (None, None) => format!("cpu.affinity = {} of {} online", cpu.affinity, cpu.online),
    };
    let part = cpu.quota.is_some_and(|quota| quota < cpu.online as f64);
    let shared = part || given.facts.system.container.is_some() || cpu.affinity < cpu.online;
    (shared.then(|| "none".into()), fact)
}

/// What the VM gets along with at any rate, and what is enough for all but the greatest.
const FILES: u64 = 65_536;
const MOST_FILES: u64 = 1_048_576;

fn open_files(given: &Given<'_>) -> (Option<String>, String) {
    let show = |limit: Option<u64>| limit.map_or("unlimited".into(), |limit| limit.to_string());
    let limits = &given.facts.limits;
    let fact = format!("limits.nofile = {} of {}", show(limits.nofile), show(limits.nofile_hard));
    // Neither known is as if there were no limits: nothing to raise.
    let soft = limits.nofile.unwrap_or(u64::MAX);
    let wanted = raised(given);
    ((wanted != soft).then(|| wanted.to_string()), fact)
}

/// The soft limit that the VM shall have.
fn raised(given: &Given<'_>) -> u64 {
    let limits = &given.facts.limits;
    let (soft, hard) = (limits.nofile.unwrap_or(u64::MAX), limits.nofile_hard.unwrap_or(u64::MAX));
    let written = super::Override::rule("+Q").and_then(|rule| rule.written(given)?.1?.parse().ok());
    let asked = written.unwrap_or(0).clamp(FILES, TABLE);
    if soft > MOST_FILES { asked.max(MOST_FILES).min(soft) } else { soft.max(asked.min(hard)) }
}

fn ports(given: &Given<'_>) -> (Option<String>, String) {
    let files = raised(given);
    let most = memory(given).map_or(262_144, |bytes| floor(bytes / 1024).clamp(FILES, MOST_FILES));
    ((files > most).then(|| most.to_string()), format!("open files = {files}, {}", memory_text(given)))
}

fn processes(given: &Given<'_>) -> (Option<String>, String) {
    let own = if given.otp.release.is_none_or(|release| release >= 27) { 1_048_576 } else { 262_144 };
    let fact = format!("{}, {}", memory_text(given), otp_text(given));
    let Some(bytes) = memory(given) else { return (None, fact) };
    let fit = (bytes / 2_662).checked_next_power_of_two().unwrap_or(u64::MAX).clamp(65_536, 1_048_576);
    let differs = fit < own || (fit > own && bytes >= 4 << 30);
    (differs.then(|| fit.to_string()), fact)
}

fn heap(given: &Given<'_>) -> (Option<String>, String) {
    let memory = &given.facts.memory;
    let limit = memory.limit.filter(|limit| memory.total.is_none_or(|total| *limit < total));
    match limit {
        // Less than a VM takes by itself can't be guarded. With 60 % of 256 MiB a list that grows still ends the node.
        Some(limit) if limit >= 32 << 20 => {
            (Some((limit / 2 / 8).min(1 << 59).to_string()), memory_text(given))
        }
        _ => (None, format!("{}, no limit below the host's", memory_text(given))),
    }
}

fn distribution_buffer(given: &Given<'_>) -> (Option<String>, String) {
    let fact = memory_text(given);
    if matches!(given.listening, Listening::Left(why) if *why == NOT_DISTRIBUTED) {
        return (None, format!("{fact}, {NOT_DISTRIBUTED}"));
    }
    // The nearest power of two: a host of 8 GB shows 7.7.
    let kilobytes = memory(given).map_or(0, |bytes| floor((bytes >> 20) / 3 * 4)).min(131_072);
    ((kilobytes > 1024).then(|| kilobytes.to_string()), fact)
}

/// Why the ports are left alone where no other node can come.
pub const NOT_DISTRIBUTED: &str = "the node is not distributed";

fn dump_bytes(given: &Given<'_>) -> (Option<String>, String) {
    let Some(free) = given.log.free.filter(|_| given.log.writable) else {
        return (None, "the space in the log directory is unknown".into());
    };
    let bytes = floor((free / 4).min(memory(given).unwrap_or(u64::MAX)));
    let fact = format!("log directory free >= {}, {}", size(floor(free)), memory_text(given));
    (Some(bytes.to_string()), fact)
}

fn listen(given: &Given<'_>) -> (Option<String>, String) {
    let (first, last) = (PORTS.start(), PORTS.end());
    // They stay the same on all hosts: a firewall names them. The node takes one that is free.
    let clients = given.clients.map_or(String::new(), |(from, to)| {
        format!("; outgoing connections, which get {from} to {to}, may take them: reserve them")
    });
    match given.listening {
        Listening::Free => {
            (Some(format!("{first}-{last}")), format!("one of {first} to {last} is free{clients}"))
        }
        Listening::Taken => (None, format!("all of {first} to {last} are taken{clients}")),
        Listening::Left(why) => (None, (*why).into()),
    }
}

fn memory(given: &Given<'_>) -> Option<u64> {
    given.facts.memory.limit.or(given.facts.memory.total)
}

fn memory_text(given: &Given<'_>) -> String {
    memory(given).map_or("memory unknown".into(), |bytes| format!("memory.limit = {}", size(bytes)))
}

fn otp_text(given: &Given<'_>) -> String {
    given.otp.release.map_or("otp unknown".into(), |release| format!("otp.release = {release}"))
}

/// The power of two that is not greater; 0 for 0.
fn floor(number: u64) -> u64 {
    if number == 0 { 0 } else { 1 << number.ilog2() }
}

/// As people write it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_048_576 => format!("{bytes} B"),
        1_048_576..10_737_418_240 => format!("{} MiB", bytes >> 20),
        _ => format!("{} GiB", bytes >> 30),
    }
}
