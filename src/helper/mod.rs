//! The helper's subcommands: what the kit's scripts call. Knows nothing of the generator; prints results
//! to standard output and messages to standard error, here and nowhere below.

mod advice;
mod attach;
mod calendar;
mod client;
mod crash;
mod diagnose;
mod doctor;
mod env;
mod facts;
mod hook;
mod hook_check;
mod launch;
mod lock;
mod log;
mod logs;
mod options;
mod prepare;
mod process;
mod proxy;
mod reboot;
mod record;
mod regular;
mod releases;
mod restart;
mod rpc;
mod run_as;
mod sockets;
mod status;
mod stop;
mod supervise;
mod told;
mod wait;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};

use crate::error::{Failure, Message, Status, report};
use told::tell;

/// Runs the subcommand that `arguments` (without the program's name) start with.
#[must_use]
pub fn run(arguments: Vec<OsString>) -> Status {
    match dispatch(arguments) {
        Ok(status) => status,
        Err(failure) => report(failure.as_ref()),
    }
}

/// What changes an instance by itself; "prepare" takes the lock in its own time.
const WRITERS: &[&str] = &["stop", "restart", "unpack", "install", "upgrade", "downgrade"];

fn dispatch(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let mut arguments = arguments.into_iter();
    let name = arguments.next().unwrap_or_default();
    let rest: Vec<OsString> = arguments.collect();
    if name.to_str().is_some_and(|name| WRITERS.contains(&name)) && lock::is_asked() {
        lock::take_if_asked(&env::Instance::from_env()?)?;
    }
    supervise::announce(&name);
    match name.to_str().unwrap_or_default() {
        "prepare" => prepare::run(rest),
        "remote" => prepare::remote(rest),
        "attach" => attach::run(rest),
        "restart" => restart::run(rest),
        "reboot" => reboot::run(rest),
        "ping" => client::ping(rest),
        "pid" => client::pid(rest),
        "rpc" => rpc::run(rest),
        "status" => status::run(rest),
        "facts" => facts::run(rest),
        "logs" => logs::run(rest),
        "doctor" => doctor::run(rest),
        "wait" => wait::run(rest),
        "stop" => stop::run(rest),
        "versions" => releases::versions(rest),
        "unpack" => releases::unpack(rest),
        "install" | "upgrade" | "downgrade" => releases::switch(rest),
        "lock" => lock::run(rest),
        "launch" => match launch::run(rest)? {},
        "run-as" => match run_as::run(rest)? {},
        "supervise" => match supervise::run(rest)? {},
        "hook" => hook::run(rest),
        "hook-check" => hook_check::run(rest),
        "--version" => {
            print(concat!("relboot-helper ", env!("CARGO_PKG_VERSION"), "\n"))?;
            Ok(Status::Done)
        }
        other => Err(Message::new(Status::Usage, format!("relboot-helper has no subcommand {other:?}"))
            .with_help("it is called by a release's scripts: bin/NAME help")
            .into()),
    }
}

/// Writes a result to standard output.
fn print(text: &str) -> Result<(), Failure> {
    let written = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
    written.map_err(|error| Message::new(Status::Failed, format!("cannot write the result: {error}")).into())
}

/// Whether standard output is a terminal that shows colours, and they are wanted.
fn colours() -> bool {
    std::io::stdout().is_terminal()
        && env::var("NO_COLOR").is_none()
        && env::var("TERM").is_some_and(|terminal| terminal != "dumb")
}
