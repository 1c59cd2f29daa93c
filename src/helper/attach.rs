//! `attach --to-erl FILE`: takes this process's place with `to_erl` on the pipes of a node in background.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::env::Instance;
use super::process::Process;
use super::record::Record;
use super::{client, options, tell};
use crate::error::{Failure, Message, Status};

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let to_erl = parse(arguments)?;
    let instance = Instance::from_env()?;
    // Another user's node is not one that does not run.
    Record::read(&instance)?;
    let process = Process::recorded(&instance.state).ok_or_else(|| client::not_running(&instance))?;
    let remote = format!("{} remote", client::program());
    let cannot = |text: String, help: &str| Message::new(Status::Unreachable, text).with_help(help);
    if process.parent("run_erl").is_none() {
        let text = format!(
            "{} (pid {}) has no pipes: it was not started by \"start\" behind run_erl",
            instance.name, process.pid
        );
        return Err(cannot(text, &remote).into());
    }
    if !to_erl.is_file() {
        return Err(cannot(format!("{} is not there", to_erl.display()), &remote).into());
    }
    if !std::io::stdin().is_terminal() {
        let help = format!("{} rpc EXPRESSION is for programs", client::program());
        return Err(cannot("attach needs a terminal on standard input".into(), &help).into());
    }
    tell(
        "attached to the node's own terminal; leave it with ctrl-D: ctrl-C, or q() in its shell, would stop the node",
    );
    // The last slash makes it a directory to look for pipes in.
    let error = Command::new(&to_erl).arg(instance.state.join("pipe/")).exec();
    Err(cannot(format!("cannot run {}: {error}", to_erl.display()), &remote).into())
}

fn parse(arguments: Vec<OsString>) -> Result<PathBuf, Failure> {
    let mut to_erl = PathBuf::new();
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("to-erl") => {
                to_erl = parser.value().map_err(|error| options::usage(&error))?.into()
            }
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    Ok(to_erl)
}
