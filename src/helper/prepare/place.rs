//! Whether a node has the instance's place, and stays: one that is on its way down is waited for, and one that boots
//! is when the start is to return once it has. Changes nothing but a file `pid` that names another process.

use std::time::{Duration, Instant};

use super::request::Mode;
use super::warn;
use crate::error::{Failure, Message, Status};
use crate::helper::client::{self, program};
use crate::helper::env::{self, Instance};
use crate::helper::process::{Handle, Process};
use crate::helper::record::{self, Record};
use crate::helper::{launch, regular, tell};
use crate::node::{Connection, Discard, Outcome};

/// So long a node may neither answer nor end: before it can be reached, and after that, a VM needs about a second.
const SILENCE: Duration = Duration::from_secs(4);
/// How long one question may take.
const ASK: Duration = Duration::from_secs(1);
/// Before another question.
const PAUSE: Duration = Duration::from_millis(50);
/// For an end, where the command has no limit of its own.
const LIMIT: Duration = Duration::from_secs(60);

/// What `init:get_status()` says first.
enum Stage {
    Starting,
    Started,
    Stopping,
}

/// The process that has the place, and keeps it.
///
/// # Errors
/// When a node on its way down, or up, does not get there in time.
pub(super) fn holder(instance: &Instance, mode: Mode) -> Result<Option<Process>, Failure> {
    let known = Process::recorded(&instance.state).or_else(|| launch::adopt(&instance.state));
    let Some((process, handle)) = known.and_then(|process| Some((process, process.open()?))) else {
        return Ok(None);
    };
    match Record::read(instance) {
        Ok(Some(record)) if record.node.is_some() => {}
        // It can't be asked.
        Ok(_) => return Ok(Some(process)),
        Err(failure) if regular::text(&record::file(&instance.state)).is_ok() => {
            warn(&failure.to_string());
            return Ok(Some(process));
        }
        Err(failure) => return Err(failure),
    }
    let stays = Watched { instance, process, handle, limit: limit() }.stays(mode)?;
    Ok(stays.then_some(process))
}

/// As long as the start may take.
fn limit() -> Duration {
    let asked = env::var("_boot_start_limit").and_then(|text| text.parse().ok());
    asked.map_or(LIMIT, Duration::from_secs)
}

struct Watched<'a> {
    instance: &'a Instance,
    process: Process,
    handle: Handle,
    limit: Duration,
}

impl Watched<'_> {
    /// False when it has ended.
    fn stays(&self, mode: Mode) -> Result<bool, Failure> {
        let begun = Instant::now();
        let mut heard = begun;
        let mut told = "";
        loop {
            if self.process.is_stopped() {
                warn(&format!(
                    "{} (pid {}) does not answer: its process is stopped (state T)\nhelp: kill -CONT {}",
                    self.instance.name, self.process.pid, self.process.pid
                ));
                return Ok(true);
            }
            match self.stage() {
                Ok((Stage::Started, _)) => return Ok(true),
                Ok((Stage::Starting, _)) if mode != Mode::Background => return Ok(true),
                Ok((stage, mut connection)) => {
                    let doing = if matches!(stage, Stage::Starting) { "booting" } else { "stopping" };
                    if told != doing {
                        self.tell(doing);
                        told = doing;
                    }
                    let left = Some(self.limit.saturating_sub(begun.elapsed()));
                    match stage {
                        // However that ends, the node is asked again.
                        Stage::Starting => drop(connection.wait_started(left)),
                        _ => connection.wait_ended(left),
                    }
                    heard = Instant::now();
                }
                Err(failure) if heard.elapsed() >= SILENCE && told != "stopping" => {
                    if self.handle.wait(Duration::ZERO) {
                        return Ok(false);
                    }
                    warn(&failure.to_string());
                    return Ok(true);
                }
                Err(_) => {}
            }
            if self.handle.wait(PAUSE) {
                return Ok(false);
            }
            if begun.elapsed() >= self.limit {
                return Err(self.not_in_time(told));
            }
        }
    }

    /// What it does, and the connection it says so over.
    fn stage(&self) -> Result<(Stage, Connection), Failure> {
        let mut connection = client::open_quietly(self.instance, ASK)?;
        let answer = connection.call("init", "get_status", Vec::new(), &mut Discard, Some(ASK))?;
        let Outcome::Return(status) = answer else { return Ok((Stage::Started, connection)) };
        let first = status.as_tuple().and_then(|pair| pair.first()?.as_atom()).unwrap_or_default();
        let stage = match first {
            "starting" => Stage::Starting,
            "stopping" => Stage::Stopping,
            _ => Stage::Started,
        };
        Ok((stage, connection))
    }

    fn tell(&self, doing: &str) {
        let (name, pid, limit) = (&self.instance.name, self.process.pid, self.limit.as_secs());
        tell(&format!("{name} (pid {pid}) is {doing}, waiting up to {limit} s"));
    }

    fn not_in_time(&self, doing: &str) -> Failure {
        let (name, pid, limit) = (&self.instance.name, self.process.pid, self.limit.as_secs());
        let doing = if doing.is_empty() { "silent" } else { doing };
        Message::new(Status::TimedOut, format!("{name} (pid {pid}) is still {doing} after {limit} s"))
            .with_help(format!("to end it at once: {} stop --kill", program()))
            .into()
    }
}
