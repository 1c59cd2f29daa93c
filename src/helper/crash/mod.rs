//! Crash dumps: where they go and how many are kept, and what one tells (`logs --crash`).

mod keep;
mod page;
mod read;

pub(super) use keep::{NAME, SECONDS, put_aside};

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::env::{self, Instance};
use super::process::Process;
use super::{colours, print};
use crate::error::{Failure, Message, Status};

const BLOCK: usize = 128 * 1024;

/// Sums up the dump in `file`, or the newest that the instance has.
pub(super) fn run(instance: &Instance, file: Option<PathBuf>, json: bool) -> Result<Status, Failure> {
    let own = || env::var("ERL_CRASH_DUMP").map(PathBuf::from);
    let Some(path) = file.or_else(|| keep::newest(&instance.log, own())) else {
        let text = format!("there is no crash dump in {}", instance.log.display());
        return Err(Message::new(Status::Failed, text)
            .with_help("the node has not crashed, or not with a dump; name a file to look into another")
            .into());
    };
    let cannot = |error: io::Error| {
        let help = match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::IsADirectory => {
                "name the file of a dump, or none for the newest of this instance"
            }
            _ => "run this as the user of the node, or as root",
        };
        Message::new(Status::Failed, format!("cannot read {}: {error}", path.display())).with_help(help)
    };
    let input = File::open(&path).map_err(cannot)?;
    let size = input.metadata().map_err(cannot)?.len();
    // Asked before it is read: what is complete by then is not taken for what is still to come.
    let writer = writer(instance, &path);
    let Some(dump) = read::read(BufReader::with_capacity(BLOCK, input)).map_err(cannot)? else {
        return Err(none(&path, size, writer).into());
    };
    let file = page::Source { path: &path, bytes: size, writer: writer.filter(|_| !dump.complete) };
    if json {
        print(&page::json(&file, &dump)?)?;
    } else {
        print(&page::draw(&file, &dump, colours()))?;
    }
    Ok(Status::Done)
}

/// The node, while it still writes this dump: it has its process until that is done.
fn writer(instance: &Instance, path: &Path) -> Option<i32> {
    let node = Process::recorded(&instance.state)?;
    let path = path.canonicalize().ok()?;
    let mut open = fs::read_dir(format!("/proc/{}/fd", node.pid)).ok()?.flatten();
    open.any(|fd| fs::read_link(fd.path()).is_ok_and(|link| link == path)).then_some(node.pid)
}

/// What it is, when it does not begin as a dump does.
fn none(path: &Path, size: u64, writer: Option<i32>) -> Message {
    let path = path.display();
    let (text, help) = match writer {
        Some(pid) => (
            format!("process {pid} has just begun to write {path}"),
            "ask again in a moment: the node ends when it is done",
        ),
        None if size == 0 => (
            format!("{path} is empty"),
            "the disk was full (df -h), or the VM was killed as it began to write it",
        ),
        None => (
            format!("{path} is no crash dump of the VM"),
            "name the file of one, or none for the newest of this instance",
        ),
    };
    Message::new(Status::Failed, text).with_help(help)
}
