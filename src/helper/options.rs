//! Small pieces for reading a subcommand's options. No behaviour.

use std::ffi::OsString;
use std::time::Duration;

use super::{client, env};
use crate::error::{Failure, Message, Status};

/// How long a client command tries, unless told otherwise.
pub(super) const CLIENT_LIMIT: Duration = Duration::from_secs(10);

/// Wrong usage, from lexopt.
pub(super) fn usage(error: &lexopt::Error) -> Failure {
    Message::new(Status::Usage, error.to_string()).with_help(help()).into()
}

/// The line that tells how the command is used.
pub(super) fn help() -> String {
    match env::var("BOOT_COMMAND") {
        Some(command) => format!("{} help {command}", client::program()),
        None => "add --help to the command".into(),
    }
}

/// The value of the option just read, as text.
pub(super) fn text(parser: &mut lexopt::Parser) -> Result<String, Failure> {
    let value = parser.value().map_err(|error| usage(&error))?;
    utf8(value)
}

/// The value of the option just read, in whole seconds, 1 at least.
pub(super) fn seconds(parser: &mut lexopt::Parser) -> Result<Duration, Failure> {
    let value = text(parser)?;
    match value.parse::<u64>() {
        Ok(seconds @ 1..=86_400) => Ok(Duration::from_secs(seconds)),
        _ => {
            let text = format!("--timeout takes 1 to 86400 seconds, not {value:?}");
            Err(Message::new(Status::Usage, text).with_help(help()).into())
        }
    }
}

/// The value of the option just read, as a number.
pub(super) fn number(parser: &mut lexopt::Parser) -> Result<usize, Failure> {
    let value = text(parser)?;
    value.parse().map_err(|_| {
        Message::new(Status::Usage, format!("{value:?} is not a number")).with_help(help()).into()
    })
}

/// Text that has to be UTF-8.
pub(super) fn utf8(value: OsString) -> Result<String, Failure> {
    value.into_string().map_err(|value| {
        Message::new(Status::Usage, format!("{} is not UTF-8", value.to_string_lossy())).into()
    })
}

/// A subcommand that takes `--json` and `--timeout SECONDS`: whether it is JSON, and the limit.
pub(super) fn json_and_timeout(arguments: Vec<OsString>) -> Result<(bool, Duration), Failure> {
    let (mut json, mut limit) = (false, CLIENT_LIMIT);
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| usage(&error))? {
        match argument {
            lexopt::Arg::Long("json") => json = true,
            lexopt::Arg::Long("timeout") => limit = seconds(&mut parser)?,
            other => return Err(usage(&other.unexpected())),
        }
    }
    Ok((json, limit))
}

/// A subcommand that takes `--timeout SECONDS` and nothing else.
pub(super) fn only_timeout(arguments: Vec<OsString>, default: Duration) -> Result<Duration, Failure> {
    let mut limit = default;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| usage(&error))? {
        match argument {
            lexopt::Arg::Long("timeout") => limit = seconds(&mut parser)?,
            other => return Err(usage(&other.unexpected())),
        }
    }
    Ok(limit)
}
