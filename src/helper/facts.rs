//! `facts`: what a start would know of the host, for people and for programs. Writes nothing, starts nothing.

mod page;

use std::ffi::OsString;

use serde::Serialize;

use super::env::{self, Instance};
use super::{colours, options, prepare, print};
use crate::error::{Failure, Message, Status};
use crate::host::{Cpu, Directory, Facts, Host, Limits, Memory, Net, System, User};

/// All of it, in the order in which it is shown. The names are those that templates use.
#[derive(Serialize)]
struct Known {
    release: Release,
    otp: Runtime,
    host: Host,
    cpu: Cpu,
    memory: Memory,
    limits: Limits,
    net: Net,
    system: System,
    user: User,
    dirs: Directories,
    /// Names alone: values may be secret.
    env: Vec<String>,
}

#[derive(Serialize)]
struct Release {
    name: String,
    vsn: String,
    root: String,
}

/// The runtime system that a start would use; `None` where there is none.
#[derive(Serialize)]
struct Runtime {
    release: Option<u32>,
    erts: Option<String>,
}

#[derive(Serialize)]
struct Directories {
    state: Directory,
    log: Directory,
}

impl Known {
    fn collect(instance: &Instance, erts: &str) -> Self {
        let Facts { host, cpu, memory, limits, net, system, user } = Facts::collect(&env::roots());
        let otp = prepare::otp(&instance.root, erts).unwrap_or_default();
        Self {
            release: Release {
                name: instance.name.clone(),
                vsn: instance.vsn.clone(),
                root: instance.root.to_string_lossy().into_owned(),
            },
            otp: Runtime { release: otp.release, erts: Some(otp.erts).filter(|erts| !erts.is_empty()) },
            host,
            cpu,
            memory,
            limits,
            net,
            system,
            user,
            dirs: Directories {
                state: Directory::look(&instance.state),
                log: Directory::look(&instance.log),
            },
            env: names(),
        }
    }
}

/// What some shells add of themselves, each its own choice of these.
const OF_SHELLS: [&str; 5] = ["_", "A__z", "OLDPWD", "PWD", "SHLVL"];

/// The variables that a template would see, without the core's and the shell's own.
fn names() -> Vec<String> {
    let own = |name: &String| name.starts_with("_boot_") || OF_SHELLS.contains(&name.as_str());
    let names = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| !own(name)).collect();
    names.sort_unstable();
    names
}

/// `facts [--json] --erts VERSION`.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let (mut json, mut erts) = (false, String::new());
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("json") => json = true,
            lexopt::Arg::Long("erts") => erts = options::text(&mut parser)?,
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    let known = Known::collect(&Instance::from_env()?, &erts);
    if json {
        let text = serde_json::to_string(&known).map_err(|error| {
            Message::new(Status::Failed, format!("a fact can't be written as JSON: {error}"))
        })?;
        print(&(text + "\n"))?;
    } else {
        print(&page::draw(&known, colours()))?;
    }
    Ok(Status::Done)
}
