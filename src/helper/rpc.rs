//! `rpc`: evaluates what the user says on the running node.

use std::ffi::OsString;

use super::client::{Output, open, program};
use super::env::Instance;
use super::{options, print, tell};
use crate::error::{Failure, Message, Status};
use crate::node::{self, Evaluated};

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let mut elixir = false;
    let mut limit = None;
    let mut source: Option<String> = None;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("default-elixir" | "elixir") => elixir = true,
            lexopt::Arg::Long("erlang") => elixir = false,
            lexopt::Arg::Long("timeout") => limit = Some(options::seconds(&mut parser)?),
            lexopt::Arg::Value(value) if source.is_none() => source = Some(options::utf8(value)?),
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    let source = source.ok_or_else(|| {
        Message::new(Status::Usage, "rpc needs an expression")
            .with_help(format!("{} rpc 'node().', or in Elixir: {0} rpc 'node()'", program()))
    })?;
    let mut connection = open(&Instance::from_env()?, limit.unwrap_or(options::CLIENT_LIMIT))?;
    // Connecting has a limit, the expression has one only when it is given one.
    connection.set_limit(limit);
    let evaluated = if elixir {
        node::elixir(&mut connection, &source, &mut Output::new())?
    } else {
        node::erlang(&mut connection, &source, &[], &mut Output::new())?
    };
    match evaluated {
        Evaluated::Value { text } => {
            print(&format!("{text}\n"))?;
            Ok(Status::Done)
        }
        Evaluated::Failed { text } => {
            tell(&format!("error: {}", text.trim_end()));
            Ok(Status::Raised)
        }
    }
}
