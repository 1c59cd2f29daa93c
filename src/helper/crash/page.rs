//! A crash dump in a screenful, and as JSON.

use std::fmt::Write;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::read::{Dump, Process, Running};
use crate::error::{Failure, Message, Status};
use crate::helper::log::harmless;
use crate::helper::status::size_of;

const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";
/// How many frames of a stack people are shown.
const FRAMES: usize = 5;

/// Where it was read.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub path: &'a Path,
    pub bytes: u64,
    /// The process that still writes it.
    pub writer: Option<i32>,
}

#[derive(Serialize)]
struct Whole<'a> {
    file: String,
    bytes: u64,
    writer: Option<i32>,
    #[serde(flatten)]
    dump: &'a Dump,
    /// By name, in place of the list.
    memory: Map<String, Value>,
}

/// One object, in one line.
pub(super) fn json(file: &Source<'_>, dump: &Dump) -> Result<String, Failure> {
    let memory = dump.memory.iter().map(|(name, bytes)| (name.clone(), Value::from(*bytes))).collect();
    let Source { path, bytes, writer } = *file;
    let whole = Whole { file: path.to_string_lossy().into_owned(), bytes, writer, dump, memory };
    serde_json::to_string(&whole).map(|text| text + "\n").map_err(|error| {
        Message::new(Status::Failed, format!("the dump can't be written as JSON: {error}")).into()
    })
}

struct Page {
    out: String,
    colours: bool,
}

/// For people.
pub(super) fn draw(file: &Source<'_>, dump: &Dump, colours: bool) -> String {
    let mut page = Page { out: String::new(), colours };
    let whole = match file.writer {
        Some(pid) => format!(", process {pid} still writes it: what comes last is missing"),
        None if dump.complete => String::new(),
        None => ", cut off: what comes last is missing".into(),
    };
    page.line("dump", Some(&format!("{} ({}{whole})", file.path.display(), size_of(file.bytes))));
    page.line("when", dump.when.as_deref());
    let slogan = dump.slogan.as_deref().map(|slogan| slogan.replace('\n', "\n              "));
    page.line("slogan", slogan.as_deref());
    page.line("system", dump.system.as_deref());
    page.line("native code", dump.taints.as_deref());
    page.line("written by", dump.thread.as_deref());
    let memory: Vec<_> = dump.memory.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    page.memory(&memory);
    let atoms = dump.atoms.map(|atoms| format!(", {atoms} atoms")).unwrap_or_default();
    let counts = format!(
        "{} processes, {} ports, {} ets tables, {} timers{atoms}",
        dump.processes, dump.ports, dump.ets_tables, dump.timers
    );
    page.line("there were", Some(&counts));
    for running in &dump.running {
        page.running(running);
    }
    page.processes("most memory", &dump.largest, |process| size_of(process.memory));
    page.processes("longest queues", &dump.queues, |process| format!("{} messages", process.queue));
    page.out
}

impl Page {
    fn write(&mut self, text: &str) {
        for line in text.lines() {
            let mut bytes = Vec::new();
            harmless(line, &mut bytes);
            self.out.push_str(&String::from_utf8_lossy(&bytes));
            self.out.push('\n');
        }
    }

    /// A line for what is known.
    fn line(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.write(&format!("{:<14}{value}", format!("{key}:")));
        }
    }

    fn heading(&mut self, text: &str) {
        let (bold, plain) = if self.colours { (BOLD, PLAIN) } else { ("", "") };
        writeln!(self.out, "\n{bold}{text}:{plain}").expect("writing to a string does not fail");
    }

    fn memory(&mut self, all: &[(&str, u64)]) {
        let part = |name: &str| all.iter().find(|(key, _)| *key == name).map(|(_, bytes)| *bytes);
        let Some(total) = part("total") else { return };
        let told = ["processes", "binary", "ets", "atom", "code"];
        let parts: Vec<_> =
            told.iter().filter_map(|name| Some(format!("{name} {}", size_of(part(name)?)))).collect();
        self.line("memory", Some(&format!("{} ({})", size_of(total), parts.join(", "))));
    }

    fn running(&mut self, running: &Running) {
        let Running { scheduler, pid, name, state, stack } = running;
        let name = name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        let state = state.as_ref().map(|state| format!(" ({state})")).unwrap_or_default();
        self.heading(&format!("ran on {}", printable(scheduler)));
        self.write(&format!("  {pid}{name}{state}"));
        for frame in stack.iter().take(FRAMES) {
            self.write(&format!("    {frame}"));
        }
        if stack.len() > FRAMES {
            self.write("    ...");
        }
    }

    fn processes(&mut self, title: &str, all: &[Process], measure: impl Fn(&Process) -> String) {
        if all.is_empty() {
            return;
        }
        self.heading(title);
        for process in all {
            let spawned = process.spawned_as.as_deref().map(|it| format!("spawned as {it}"));
            let name = process.name.clone().or(spawned).unwrap_or_default();
            let state =
                process.state.as_ref().map(|it| format!(", {}", it.to_lowercase())).unwrap_or_default();
            let function = process.function.as_ref().map(|it| format!(" in {it}")).unwrap_or_default();
            self.write(&format!("  {:>14}  {} {name}{state}{function}", measure(process), process.pid));
        }
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
