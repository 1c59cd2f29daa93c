//! `doctor`: checks that need no failure, each with a verdict and what to do. Writes nothing and boots no VM.

mod elf;
mod host;
mod kit;
mod node;
mod page;
mod release;
mod runtime;

use std::ffi::OsString;

use serde::Serialize;

use super::env::Instance;
use super::told::overheard;
use super::{colours, options, prepare, print};
use crate::error::{Failure, Message, Status};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// It works, or may.
    Warning,
    /// The node can't start, or can't work.
    Error,
}

/// What one check has found.
#[derive(Debug, Serialize)]
struct Finding {
    id: &'static str,
    verdict: Verdict,
    what: String,
    /// What to do.
    fix: Option<String>,
}

impl Finding {
    fn ok(id: &'static str, what: impl Into<String>) -> Self {
        Self { id, verdict: Verdict::Ok, what: what.into(), fix: None }
    }

    fn warning(id: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { id, verdict: Verdict::Warning, what: what.into(), fix: Some(fix.into()) }
    }

    fn error(id: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { id, verdict: Verdict::Error, what: what.into(), fix: Some(fix.into()) }
    }

    fn failure(id: &'static str, failure: &Failure) -> Self {
        Self { id, verdict: Verdict::Error, what: failure.to_string(), fix: failure.help() }
    }
}

/// `doctor [--json] --kind KIND --erts VERSION -- OPTIONS`, with the options of `prepare`.
pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let (mut json, mut kind, mut erts, mut rest) = (false, String::new(), String::new(), Vec::new());
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("json") => json = true,
            lexopt::Arg::Long("kind") => kind = options::text(&mut parser)?,
            lexopt::Arg::Long("erts") => erts = options::text(&mut parser)?,
            // What the core adds, behind what the user has typed.
            lexopt::Arg::Long("prepare") => {
                rest = parser.raw_args().map_err(|error| options::usage(&error))?.collect();
                if rest.iter().any(|word| word == "--prepare") {
                    return Err(Message::new(Status::Usage, "invalid option '--prepare'").into());
                }
            }
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    let findings = examine(&Instance::from_env()?, &kind, &erts, rest);
    if json {
        let text = serde_json::to_string(&findings).map_err(|error| {
            Message::new(Status::Failed, format!("a finding can't be written as JSON: {error}"))
        })?;
        print(&(text + "\n"))?;
    } else {
        print(&page::draw(&findings, colours()))?;
    }
    let bad = findings.iter().any(|finding| finding.verdict == Verdict::Error);
    Ok(if bad { Status::Failed } else { Status::Done })
}

fn examine(instance: &Instance, kind: &str, erts: &str, rest: Vec<OsString>) -> Vec<Finding> {
    let mut all = vec![kit::files(instance), kit::plugins(instance)];
    let (found, _) = overheard(|| prepare::erts_bin(&instance.root, erts));
    all.extend(runtime::examine(instance, found));
    all.extend([release::boot(instance), release::applications(instance), release::owner(instance)]);
    let (outlook, told) = overheard(|| prepare::look(rest));
    all.push(release::rendered(outlook.as_ref(), &told));
    if let Ok(outlook) = &outlook {
        all.extend(node::planned(instance, outlook));
    }
    all.extend(host::directories(instance));
    all.extend(host::examine(instance, kind));
    all.extend(node::running(instance));
    all
}
