//! Reads a crash dump as a stream: gigabytes of it in a few hundred kilobytes. Anything may stand in it; what is no
//! line of a dump is passed over. Source: "How to Interpret the Erlang Crash Dumps" in the ERTS user's guide.

use std::io::{self, BufRead, Read};

use serde::Serialize;

/// The most bytes of a line that count: slogans can be long, binaries in heaps have no end.
const LONGEST: u64 = 4096;
/// How many processes are told of.
const TOP: usize = 5;
/// How many frames of a stack.
const FRAMES: usize = 12;
/// How many schedulers and kinds of memory a dump may have before it is taken for nonsense.
const MOST: usize = 4096;

/// What a dump tells.
#[derive(Debug, Default, Serialize)]
pub(super) struct Dump {
    /// As the VM wrote it, in local time.
    pub when: Option<String>,
    /// Why the VM ended.
    pub slogan: Option<String>,
    /// The line that `erlang:system_info(system_version)` gives.
    pub system: Option<String>,
    /// Modules with native code, that could be the cause.
    pub taints: Option<String>,
    /// The thread that wrote it.
    pub thread: Option<String>,
    /// How many atoms there were.
    pub atoms: Option<u64>,
    /// Bytes of each kind, in the dump's order.
    #[serde(skip)]
    pub memory: Vec<(String, u64)>,
    /// How many there were, as far as the dump goes.
    pub processes: u64,
    pub ports: u64,
    pub ets_tables: u64,
    pub timers: u64,
    /// What ran on the schedulers at the end.
    pub running: Vec<Running>,
    /// The processes with the most memory, and those with the longest queues.
    pub largest: Vec<Process>,
    pub queues: Vec<Process>,
    /// Whether it has an end.
    pub complete: bool,
}

/// A process that ran.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Running {
    pub scheduler: String,
    pub pid: String,
    /// Its registered name.
    pub name: Option<String>,
    pub state: Option<String>,
    /// The functions that it was in, innermost first.
    pub stack: Vec<String>,
}

/// A process.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Process {
    pub pid: String,
    pub name: Option<String>,
    pub state: Option<String>,
    /// Its first function.
    pub spawned_as: Option<String>,
    /// The function that it was in.
    pub function: Option<String>,
    /// Bytes.
    pub memory: u64,
    /// Messages.
    pub queue: u64,
}

/// Where in the dump a line stands.
#[derive(Debug, Default)]
enum Section {
    #[default]
    Other,
    Head,
    Memory,
    Scheduler(Running),
    Process(Process),
}

/// Reads it all; `None` when this is no crash dump.
pub(super) fn read(mut input: impl BufRead) -> io::Result<Option<Dump>> {
    let mut line = Vec::new();
    let mut dump = Dump::default();
    let mut section = Section::Head;
    next(&mut input, &mut line)?;
    if !line.starts_with(b"=erl_crash_dump:") {
        return Ok(None);
    }
    while next(&mut input, &mut line)? {
        if line.first() != Some(&b'=') {
            if !matches!(section, Section::Other) {
                dump.line(&mut section, &String::from_utf8_lossy(&line));
            }
            continue;
        }
        dump.close(std::mem::take(&mut section));
        let text = String::from_utf8_lossy(&line);
        let (tag, id) = text[1..].split_once(':').unwrap_or((&text[1..], ""));
        section = dump.open(tag, id);
    }
    dump.close(section);
    for process in dump.largest.iter().chain(&dump.queues) {
        for running in dump.running.iter_mut().filter(|running| running.pid == process.pid) {
            running.name.clone_from(&process.name);
        }
    }
    Ok(Some(dump))
}

/// The next line without its end, cut off where it is too long; false at the end.
fn next(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    input.by_ref().take(LONGEST).read_until(b'\n', line)?;
    if line.is_empty() {
        return Ok(false);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() as u64 == LONGEST {
        input.skip_until(b'\n')?;
    }
    Ok(true)
}

impl Dump {
    fn open(&mut self, tag: &str, id: &str) -> Section {
        match tag {
            "memory" => return Section::Memory,
            "proc" => {
                self.processes += 1;
                return Section::Process(Process { pid: id.to_owned(), ..Process::default() });
            }
            "scheduler" | "dirty_cpu_scheduler" | "dirty_io_scheduler" => {
                let scheduler = format!("{tag} {id}").replace('_', " ");
                return Section::Scheduler(Running { scheduler, ..Running::default() });
            }
            "port" => self.ports += 1,
            "ets" => self.ets_tables += 1,
            "timer" => self.timers += 1,
            "end" => self.complete = true,
            _ => {}
        }
        Section::Other
    }

    fn line(&mut self, section: &mut Section, line: &str) {
        let (key, value) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        match section {
            Section::Other => {}
            Section::Head => self.head(line, key, value),
            Section::Memory => {
                if let Ok(bytes) = value.trim().parse()
                    && self.memory.len() < MOST
                {
                    self.memory.push((key.to_owned(), bytes));
                }
            }
            Section::Scheduler(running) => running.line(line, key, value),
            Section::Process(process) => process.line(key, value),
        }
    }

    fn head(&mut self, line: &str, key: &str, value: &str) {
        let value = Some(value.to_owned());
        match key {
            "Slogan" => self.slogan = value,
            "System version" => self.system = value,
            "Taints" => self.taints = value.filter(|taints| !taints.is_empty()),
            "Atoms" => self.atoms = value.and_then(|text| text.trim().parse().ok()),
            "Calling Thread" => self.thread = value,
            _ if self.when.is_none() => self.when = Some(line.to_owned()),
            // A slogan may have more than one line.
            _ if self.system.is_none() => {
                if let Some(slogan) = self.slogan.as_mut().filter(|slogan| slogan.len() < LONGEST as usize) {
                    slogan.push('\n');
                    slogan.push_str(line);
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, section: Section) {
        match section {
            Section::Scheduler(running) if !running.pid.is_empty() && self.running.len() < MOST => {
                self.running.push(running);
            }
            Section::Process(process) => {
                for running in self.running.iter_mut().filter(|running| running.pid == process.pid) {
                    running.name.clone_from(&process.name);
                }
                rank(&mut self.largest, &process, |process| process.memory);
                rank(&mut self.queues, &process, |process| process.queue);
            }
            _ => {}
        }
    }
}

/// Puts it among the greatest; what is 0 is not told.
fn rank(top: &mut Vec<Process>, process: &Process, by: impl Fn(&Process) -> u64) {
    let at = top.partition_point(|other| by(other) >= by(process));
    if at < TOP && by(process) > 0 {
        top.insert(at, process.clone());
        top.truncate(TOP);
    }
}

impl Running {
    fn line(&mut self, line: &str, key: &str, value: &str) {
        match key {
            "Current Process" => self.pid = value.trim().to_owned(),
            "Current Process State" => self.state = Some(value.to_owned()),
            "Current Process Program counter" | "Current Process CP" => self.frame(line),
            _ if line.starts_with("0x") && line.contains("SReturn addr") => self.frame(line),
            _ => {}
        }
    }

    fn frame(&mut self, line: &str) {
        let frame = function(line).filter(|frame| !frame.contains("terminate process normally"));
        if let Some(frame) = frame.filter(|_| self.stack.len() < FRAMES) {
            self.stack.push(frame);
        }
    }
}

impl Process {
    fn line(&mut self, key: &str, value: &str) {
        match key {
            "Name" => self.name = Some(value.to_owned()),
            "State" => self.state = Some(value.to_owned()),
            "Spawned as" => self.spawned_as = Some(value.to_owned()),
            "Program counter" => self.function = function(value),
            "Memory" => self.memory = value.trim().parse().unwrap_or(0),
            "Message queue length" => self.queue = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
}

/// `timer:sleep/1` of `0x00007f26e3bbb8d4 (timer:sleep/1 + 452)`.
fn function(line: &str) -> Option<String> {
    let (_, inner) = line.split_once('(')?;
    let inner = inner.strip_suffix(')').unwrap_or(inner);
    Some(inner.rsplit_once(" + ").map_or(inner, |(function, _)| function).to_owned())
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_dump_is_read_wherever_it_ends() {
        let text = "=erl_crash_dump:0.5\nSun Nov 22 08:17:46 2026\nSlogan: two\nlines: of it\nSystem version: Erlang/OTP 25\nTaints: \nAtoms: 8757\nCalling Thread: scheduler:1\n\
            =scheduler:1\nCurrent Process: <0.9.0>\nCurrent Process State: Running\nCurrent Process Program counter: 0x1 (timer:sleep/1 + 452)\n0x2:SReturn addr 0xE (init:start_it/1 + 1)\n\
            =scheduler:2\nCurrent Process: \n=memory\ntotal: 100\nprocesses: 60\n\
            =proc:<0.9.0>\nName: busy\nMessage queue length: 5\nMemory: 7\nProgram counter: 0x1 (a:b/2 + 1)\n=port:#Port<0.0>\n=proc_heap:<0.9.0>\nMemory: 999\n=end\n";
        let dump = read(text.as_bytes()).unwrap().unwrap();
        assert_eq!(dump.slogan.as_deref(), Some("two\nlines: of it"));
        assert_eq!((dump.atoms, dump.processes, dump.ports, dump.complete), (Some(8757), 1, 1, true));
        assert_eq!(dump.memory, [("total".to_owned(), 100), ("processes".to_owned(), 60)]);
        assert_eq!(dump.running[0].stack, ["timer:sleep/1", "init:start_it/1"]);
        assert_eq!(dump.running[0].name.as_deref(), Some("busy"));
        assert_eq!((dump.largest[0].memory, dump.queues[0].queue, dump.running.len()), (7, 5, 1));
        for end in 0..text.len() - 1 {
            let cut = read(&text.as_bytes()[..end]).unwrap();
            assert!(cut.is_none_or(|dump| !dump.complete) || end == text.len() - 1, "{end}");
        }
    }

    #[test]
    fn what_is_hostile_does_no_harm() {
        assert!(read(&b""[..]).unwrap().is_none());
        assert!(read(&b"\x7fELF"[..]).unwrap().is_none());
        let long = "x".repeat(1 << 20);
        let text = format!(
            "=erl_crash_dump:\n\nSlogan: {long}\n{long}\n{long}\n=scheduler\nCurrent Process: {long}\n=proc:\nMemory: -1\nMemory: 99999999999999999999999\n=memory\n{}=\n=:\n",
            "x: 1\n".repeat(100_000)
        );
        let dump = read(text.as_bytes()).unwrap().unwrap();
        assert!(dump.slogan.unwrap().len() < 20_000 && dump.memory.len() < 5000);
        assert!(dump.largest.is_empty() && !dump.complete);
        let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
        assert!(read([b"=erl_crash_dump:1\n".as_slice(), &bytes].concat().as_slice()).unwrap().is_some());
    }

    #[test]
    fn the_greatest_are_told_in_order() {
        let processes: String = (1..=9).map(|n| format!("=proc:<0.{n}.0>\nMemory: {}\n", n % 7)).collect();
        let dump = read(format!("=erl_crash_dump:1\n{processes}").as_bytes()).unwrap().unwrap();
        let memory: Vec<u64> = dump.largest.iter().map(|process| process.memory).collect();
        assert_eq!((memory, dump.queues.len(), dump.processes), (vec![6, 5, 4, 3, 2], 0, 9));
    }
}
