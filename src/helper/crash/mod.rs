//! Crash dumps: where they go and how many are kept, and what one tells (`logs --crash`).

mod keep;
mod page;
mod read;

pub(super) use keep::{NAME, SECONDS, put_aside};

use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;

use super::env::{self, Instance};
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
        let text = format!("cannot read {}: {error}", path.display());
        Message::new(Status::Failed, text).with_help("run this as the user of the node, or as root")
    };
    let input = File::open(&path).map_err(cannot)?;
    let size = input.metadata().map_err(cannot)?.len();
    let Some(dump) = read::read(BufReader::with_capacity(BLOCK, input)).map_err(cannot)? else {
        let (what, help) = if size == 0 {
            ("empty", "a VM may be about to write it: try again; or there was no room on the disk")
        } else {
            ("no crash dump of the VM", "name another file, or none for the newest")
        };
        let text = format!("{} is {what}", path.display());
        return Err(Message::new(Status::Failed, text).with_help(help).into());
    };
    if json {
        print(&page::json(&path, size, &dump)?)?;
    } else {
        print(&page::draw(&path, size, &dump, colours()))?;
    }
    Ok(Status::Done)
}
