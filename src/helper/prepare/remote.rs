//! `remote`: takes this process's place with a VM that is a shell on the node: hidden, with a name that the node
//! gives it, listening on nothing, its cookie by file. How to reach the node is what the start has left.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::compose::{home, iex, push_words, text};
use super::erts::{self, Erts};
use super::{files, guest, scratch, source};
use crate::error::{Failure, Message, Status};
use crate::helper::env::{self, Instance};
use crate::helper::process::Process;
use crate::helper::record::{self, Record};
use crate::helper::{client, options, tell};
use crate::host::{Host, Roots};
use crate::names::NodeName;
use crate::vmargs::{Args, erlang_string};

/// The flags that say how a node is spoken to: those of the node's own start count.
const OF_THE_CARRIER: [&str; 6] =
    ["-proto_dist", "-ssl_dist_optfile", "-ssl_dist_opt", "-epmd_module", "-start_epmd", "-erl_epmd_port"];

/// IEx up to Elixir 1.14 takes it that a call connects, which it does not from a node with a dynamic name. It is
/// the `-user` of its VM, started before anything else could connect: so it is started here instead.
const CONNECTED_IEX: &str = "net_kernel:connect_node(list_to_atom(lists:last(init:get_plain_arguments()))), \
                             'Elixir.IEx.CLI':start().";

/// The options.
struct Wish {
    kind: String,
    erts: String,
    erlang: bool,
    limit: Duration,
}

pub(in crate::helper) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    let wish = parse(arguments)?;
    let instance = Instance::from_env()?;
    client::open(&instance, wish.limit)?;
    // Where there was no record, there was nothing to open.
    let record = Record::read(&instance)?.ok_or_else(|| client::not_running(&instance))?;
    let Some(node) = &record.node else {
        return Err(client::not_running(&instance));
    };
    if !std::io::stdin().is_terminal() {
        let text = "remote needs a terminal on standard input";
        let help = format!("{} rpc EXPRESSION is for programs", client::program());
        return Err(Message::new(Status::Unreachable, text).with_help(help).into());
    }
    record::is_mine(&instance, "remote")?;
    let erts = match record.bindir.as_deref().and_then(Erts::at) {
        Some(erts) => erts,
        None => erts::locate(&instance.root, &wish.erts)?,
    };
    let iex = wish.kind == "mix" && !wish.erlang && guest::has_application(&instance, "iex");
    let args = compose(&wish, &instance, &erts, iex, &record, node)?;
    note(iex);
    let mut command = Command::new(erts.bin.join("erlexec"));
    command.args(args.to_words()).envs(guest::environment(&instance, &erts)?);
    command.env("ERL_EPMD_PORT", record.epmd_port.to_string());
    command.env("HOME", record::cookie_file(&instance.state).parent().unwrap_or(&instance.state));
    if let Some(directory) = Process::recorded(&instance.state).and_then(|process| process.directory()) {
        // The flags may name files from there.
        command.current_dir(directory);
    }
    if env::var("TERM").is_none() {
        // Without any the VM has no line editing, and no remote shell.
        command.env("TERM", "vt100");
    }
    let error = command.exec();
    let text = format!("cannot run {}: {error}", erts.bin.join("erlexec").display());
    Err(Message::new(Status::Failed, text).with_help("is erts complete?").into())
}

fn parse(arguments: Vec<OsString>) -> Result<Wish, Failure> {
    let mut wish =
        Wish { kind: String::new(), erts: String::new(), erlang: false, limit: options::CLIENT_LIMIT };
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
        match argument {
            lexopt::Arg::Long("kind") => wish.kind = options::text(&mut parser)?,
            lexopt::Arg::Long("erts") => wish.erts = options::text(&mut parser)?,
            lexopt::Arg::Long("erl") => wish.erlang = true,
            lexopt::Arg::Long("timeout") => wish.limit = options::seconds(&mut parser)?,
            other => return Err(options::usage(&other.unexpected())),
        }
    }
    Ok(wish)
}

fn compose(
    wish: &Wish,
    instance: &Instance,
    erts: &Erts,
    iex_shell: bool,
    record: &Record,
    node: &NodeName,
) -> Result<Args, Failure> {
    let mut args = Args::default();
    if iex_shell {
        args.push("-noshell", &[]);
        iex(&mut args, &instance.version_dir());
        if args.get("-user").concat() == ["Elixir.IEx.CLI"] {
            args.take("-user");
            args.push("-noinput", &[]);
            args.push("-eval", &[CONNECTED_IEX]);
        }
    }
    guest::boot(&mut args, instance, erts)?;
    args.push("-mode", &["interactive"]);
    let rest = guest::from_environment(&mut args, wish.kind == "mix")?;
    args.append(remote_vm_args(wish, instance)?);
    args.append(rest);
    // The node's own carrier, whatever the files and variables above say.
    for flag in OF_THE_CARRIER {
        args.take(flag);
    }
    push_words(&mut args, record.flags.iter().map(String::as_str));
    // This one is nobody whom epmd has to know.
    args.push("-start_epmd", &["false"]);
    if let Some(port) = record.dist_port {
        args.push("-erl_epmd_port", &[&port.to_string()]);
    }
    let long = node.is_long();
    args.push(if long { "-name" } else { "-sname" }, &["undefined"]);
    if long && !Host::collect(&Roots::default()).fqdn.contains('.') {
        domain(&mut args, &instance.state)?;
    }
    args.push("-hidden", &[]);
    args.push("-dist_listen", &["false"]);
    // Only the VM itself looks for the cookie there.
    args.push("-env", &["HOME", &home(&instance.state)?]);
    if iex_shell {
        for word in ["--no-halt", "+iex", "--remsh", &node.to_string()] {
            args.push_extra(word);
        }
    } else {
        args.push("-remsh", &[&node.to_string()]);
    }
    Ok(args)
}

/// A VM with a long name that is not given a host needs a domain, and this host has none.
fn domain(args: &mut Args, state: &Path) -> Result<(), Failure> {
    scratch::sweep(state);
    let file = scratch::file(state, std::process::id(), "inetrc")?;
    files::write(&file, b"{domain, \"invalid\"}.\n", 0o600)?;
    args.push("-kernel", &["inetrc", &erlang_string(&text(&file)?)]);
    Ok(())
}

/// The flags that a mix release has for its clients: `RELEASE_REMOTE_VM_ARGS`, or remote.vm.args.
fn remote_vm_args(wish: &Wish, instance: &Instance) -> Result<Args, Failure> {
    let own = instance.version_dir().join("remote.vm.args");
    let wished = env::var("RELEASE_REMOTE_VM_ARGS").map(Into::into);
    let file = wished.unwrap_or_else(|| own.clone());
    if wish.kind != "mix" || (file == own && !own.exists()) {
        return Ok(Args::default());
    }
    let read = source::bounded(&file).map_err(|error| {
        Message::new(Status::Failed, format!("cannot read {}: {error}", file.display()))
            .with_help("RELEASE_REMOTE_VM_ARGS names the file when it is set")
    })?;
    let mut args = Args::parse(&read, &text(&file)?, &mut source::include)?;
    guest::only_of_the_vm(&mut args);
    Ok(args)
}

/// People who leave a remote shell as they leave a local one stop the node.
fn note(iex: bool) {
    tell(if iex {
        "a shell on the running node; leave it with ctrl-C twice: System.stop() would stop the node"
    } else {
        "a shell on the running node; leave it with ctrl-G q, or ctrl-C twice: q() would stop the node"
    });
}
