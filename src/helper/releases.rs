//! `versions`, `unpack`, `install`, `upgrade`, `downgrade`: OTP's release_handler, asked natively. What has to
//! happen as one step on the node is an Erlang expression beside this file.

use std::ffi::OsString;
use std::time::Duration;

use super::client::{self, Output};
use super::env::Instance;
use super::{options, prepare, print};
use crate::error::{Failure, Message, Status};
use crate::node::{self, Connection, Outcome, Term};

/// How long the node may take to unpack and install; it goes on when nobody waits any more.
const LIMIT: Duration = Duration::from_secs(600);

/// `versions [--json]`: what release_handler knows, newest first.
pub(super) fn versions(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let (json, limit) = options::json_and_timeout(arguments)?;
    let mut connection = client::open(&Instance::from_env()?, limit)?;
    let known = evaluate(
        &mut connection,
        "[{V, S} || {_, V, _, S} <- release_handler:which_releases()].",
        &[],
        limit,
    )?;
    let rows: Vec<(String, String)> = known.as_list().unwrap_or_default().iter().filter_map(pair).collect();
    if json {
        let rows: Vec<_> =
            rows.iter().map(|(vsn, it)| serde_json::json!({ "version": vsn, "status": it })).collect();
        print(&format!("{}\n", serde_json::Value::from(rows)))?;
    } else {
        let lines: String = rows.iter().map(|(vsn, status)| format!("{vsn}\t{status}\n")).collect();
        print(&lines)?;
    }
    Ok(Status::Done)
}

/// `unpack VERSION`.
pub(super) fn unpack(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let request = Request::parse(arguments)?;
    let instance = Instance::from_env()?;
    let mut connection = client::open(&instance, options::CLIENT_LIMIT)?;
    unpack_on(&mut connection, &instance, &request)?;
    Ok(Status::Done)
}

/// `install`, `upgrade`, `downgrade`: unpacks when need be, then switches.
pub(super) fn switch(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let request = Request::parse(arguments)?;
    let instance = Instance::from_env()?;
    let mut connection = client::open(&instance, options::CLIENT_LIMIT)?;
    unpack_on(&mut connection, &instance, &request)?;
    // Before anything is changed: what is wrong with it refuses the upgrade.
    let rendered = prepare::Rendered::of_version(&instance, &request.vsn)?;
    let bindings = [
        ("Vsn", Term::string(&request.vsn)),
        ("Permanent", Term::atom(request.permanent.to_string())),
        ("Rendered", Term::string(&rendered.path())),
    ];
    let answer = evaluate(&mut connection, include_str!("releases/switch.expr"), &bindings, request.limit)?;
    let Request { vsn, .. } = &request;
    let name = &instance.name;
    let told = match strs(&words(&answer)).as_slice() {
        ["ok", from, status] if *from == vsn => format!("{name} {vsn} is {status} now"),
        ["ok", from, "current"] => format!("{name}: {from} -> {vsn}, until the next start"),
        ["ok", from, "restarting"] => format!("{name}: {from} -> {vsn}, the VM restarts for it"),
        ["ok", from, status] => format!("{name}: {from} -> {vsn}, {status}"),
        ["already", status] => format!("{name} {vsn} is installed already, and {status}"),
        ["failed", stage, reason] => return Err(switch_failed(vsn, stage, reason)),
        _ => return Err(nonsense(&answer)),
    };
    print(&format!("{told}\n"))?;
    Ok(Status::Done)
}

struct Request {
    vsn: String,
    permanent: bool,
    limit: Duration,
}

impl Request {
    fn parse(arguments: Vec<OsString>) -> Result<Self, Failure> {
        let mut request = Self { vsn: String::new(), permanent: true, limit: LIMIT };
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
            match argument {
                lexopt::Arg::Long("no-permanent") => request.permanent = false,
                lexopt::Arg::Long("timeout") => request.limit = options::seconds(&mut parser)?,
                lexopt::Arg::Value(value) if request.vsn.is_empty() => request.vsn = options::utf8(value)?,
                other => return Err(options::usage(&other.unexpected())),
            }
        }
        // It becomes part of paths on the node.
        let legal = |c: char| c.is_alphanumeric() || "._-+~".contains(c);
        if request.vsn.is_empty() || request.vsn.starts_with('.') || !request.vsn.chars().all(legal) {
            let text = format!("{:?} is no version of a release", request.vsn);
            return Err(Message::new(Status::Usage, text).with_help("name one, as in: upgrade 0.2.0").into());
        }
        Ok(request)
    }
}

fn unpack_on(connection: &mut Connection, instance: &Instance, request: &Request) -> Result<(), Failure> {
    let bindings = [("Name", Term::string(&instance.name)), ("Vsn", Term::string(&request.vsn))];
    let answer = evaluate(connection, include_str!("releases/unpack.expr"), &bindings, request.limit)?;
    match strs(&words(&answer)).as_slice() {
        ["ok", "known"] => Ok(()),
        ["ok", "unpacked"] => print(&format!("{} {} unpacked\n", instance.name, request.vsn)),
        ["refused", why, detail] => Err(refused(why, detail, &request.vsn)),
        _ => Err(nonsense(&answer)),
    }
}

fn refused(why: &str, detail: &str, vsn: &str) -> Failure {
    let (text, help) = match why {
        "no_kit" => (
            format!("version {vsn} has no kit: {detail}"),
            "run `relboot generate` on that version, then `relboot tar`; nothing was changed",
        ),
        "no_tar" => (
            format!("version {vsn} is not there: no {detail}"),
            "make it with `relboot tar` and copy it there",
        ),
        "no_rel" => {
            (format!("{detail} has no .rel file where release_handler looks"), "make it with `relboot tar`")
        }
        "other_version" => {
            (format!("the tarball of {vsn} holds version {detail}"), "make it again with `relboot tar`")
        }
        "bad_tar" => (format!("cannot read {detail}"), "copy it again"),
        _ => (format!("cannot unpack {vsn}: {detail}"), "what stands in the way is named in it"),
    };
    Message::new(Status::Failed, text).with_help(help).into()
}

fn switch_failed(vsn: &str, stage: &str, reason: &str) -> Failure {
    let text = match stage {
        "check" => format!("{vsn} can't be installed in the running node, nothing was changed: {reason}"),
        "make_permanent" => format!("{vsn} is installed but could not be made permanent: {reason}"),
        _ => format!("installing {vsn} failed: {reason}"),
    };
    // It looks into the relup of the version wished for, then (for a way down) into that of the running one.
    let no_way =
        reason.contains("no_matching_relup") || (reason.contains("enoent") && reason.contains("/relup"));
    let help = if no_way {
        "its relup says nothing of the version that is running: build it from that version, or stop, install, start"
    } else {
        "the node's log may tell more"
    };
    Message::new(Status::Failed, text).with_help(help).into()
}

/// Evaluates on the node; an exception there is an error here.
fn evaluate(
    connection: &mut Connection,
    source: &str,
    bindings: &[(&str, Term)],
    limit: Duration,
) -> Result<Term, Failure> {
    connection.set_limit(Some(limit));
    match node::erlang_term(connection, source, bindings, &mut Output::new())? {
        Outcome::Return(term) => Ok(term),
        Outcome::Exception { class, reason, .. } => {
            let reason = reason.to_string();
            if reason.starts_with("{noproc,") && reason.contains("release_handler") {
                return Err(Message::new(Status::Failed, "the node runs no release_handler")
                    .with_help("add sasl to the release's applications")
                    .into());
            }
            Err(Message::new(Status::Failed, format!("the node raised {class}: {reason}")).into())
        }
    }
}

/// The text of each element of a tuple; empty when it is no tuple of texts.
fn words(term: &Term) -> Vec<String> {
    term.as_tuple().unwrap_or_default().iter().filter_map(Term::as_text).collect()
}

fn strs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

fn pair(term: &Term) -> Option<(String, String)> {
    <[String; 2]>::try_from(words(term)).ok().map(|[vsn, status]| (vsn, status))
}

fn nonsense(answer: &Term) -> Failure {
    Message::new(Status::Failed, format!("the node gave an answer that makes no sense: {answer}")).into()
}
