//! `prepare`: what a node starts with on this host. Renders vm.args, resolves name and cookie, writes the
//! state directory, prints `NAME=value` lines for the core to evaluate. Its parts are one file each; `guest`
//! and `remote` are what VMs beside the node start with, which leave the node's files alone.

mod assign;
mod check;
mod compose;
mod cookie;
mod credentials;
mod epmd;
mod erts;
mod explain;
mod files;
mod guest;
mod outlook;
mod place;
mod remote;
mod request;
mod scratch;
mod sizing;
mod source;
mod substitute;
mod sysconfig;
mod version;

pub(super) use files::{cannot as cannot_write, trust, trust_log};
pub(super) use guest::applications;
pub(super) use outlook::{Outlook, erts_bin, look};
pub(super) use remote::run as remote;
pub(super) use version::Rendered;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::env::{self, Instance};
use super::record::{self, Record};
use super::{crash, lock, print, supervise, tell};
use crate::error::{Failure, Status};
use crate::host::{Facts, Otp};
use crate::names::NodeName;
use crate::vmargs::sizing::open_files;
use crate::vmargs::{Args, Distribution, Identity, Wishes, identify};
use assign::Assignments;
use request::{Mode, Request, What};

/// Every answer holds this: the core tells by it that the helper ran at all.
const PREPARED: &str = "_boot_erts_prepared=yes\n";

pub(super) fn run(arguments: Vec<OsString>) -> Result<Status, Failure> {
    // The core evaluates the answer then, and tells by it that this is no helper of another machine.
    let mut options = arguments.iter().take_while(|argument| *argument != "--");
    let evaluated = options.any(|argument| argument.to_string_lossy().starts_with("--mode"));
    let request = match Request::parse(arguments) {
        Err(failure) if evaluated => {
            print(PREPARED)?;
            return Err(failure);
        }
        parsed => parsed?,
    };
    match request.what {
        What::Print => {
            print(&Plan::make(&request)?.args.to_shown_text())?;
            return Ok(Status::Done);
        }
        What::Explain(json) => {
            let plan = Plan::make(&request)?;
            print(&explain::explain(&plan, json, request.ansi))?;
            return Ok(Status::Done);
        }
        What::Diff => return explain::diff(&Plan::make(&request)?),
        What::Start(_) | What::Guest(_) => {}
    }
    let prepared = match request.what {
        What::Guest(guest) => guest::prepare(&request, guest),
        _ => prepare(&request),
    };
    match prepared {
        Ok(lines) => print(&(PREPARED.to_owned() + &lines))?,
        Err(failure) => {
            print(PREPARED)?;
            return Err(failure);
        }
    }
    Ok(Status::Done)
}

/// The runtime system that a start would use, if there is any.
pub(super) fn otp(root: &Path, vsn: &str) -> Option<Otp> {
    erts::locate(root, vsn).ok().map(|erts| erts.otp())
}

fn prepare(request: &Request) -> Result<String, Failure> {
    let instance = Instance::from_env()?;
    // Where there is no state directory yet, a start that is refused is to leave none behind.
    let fresh = !instance.state.exists();
    if !fresh {
        lock::take_if_asked(&instance)?;
    }
    if let Some(lines) = running(&instance, request.mode())? {
        return Ok(lines);
    }
    let mut plan = Plan::make(request)?;
    if fresh {
        lock::take_if_asked(&instance)?;
        // Another start may have been quicker.
        if let Some(lines) = running(&instance, request.mode())? {
            return Ok(lines);
        }
    }
    let asks_epmd = plan.identity.node.is_some() && plan.identity.dist_port.is_none();
    if asks_epmd && plan.whole.get("-start_epmd").is_empty() && epmd::ensure(&plan.erts.bin) {
        // erlexec would start a shell and an epmd to find out the same.
        plan.args.push_front("-start_epmd", &["false"]);
    }
    let extra = plan.args.take_extra();
    plan.write(request)?;
    let mut lines = plan.exports();
    lines.extra(&extra);
    Ok(lines.into_text())
}

/// A running node's files are what its clients live by: they stay.
fn running(instance: &Instance, mode: Mode) -> Result<Option<String>, Failure> {
    let process = place::holder(instance, mode)?;
    Ok(process.map(|process| format!("_boot_erts_running={}\n", process.pid)))
}

/// Makes the state directory, or refuses one that is not this user's alone.
pub(super) fn make_state(state: &Path) -> Result<(), Failure> {
    files::make_private(state)?;
    trust(state)
}

/// Writes a file of the state directory.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    files::write(path, text.as_bytes(), 0o600)
}

/// All that is decided before anything is written.
struct Plan {
    instance: Instance,
    kind: String,
    args: Args,
    /// With what the VM itself takes from the environment.
    whole: Args,
    identity: Identity,
    cookie: cookie::Found,
    erts: erts::Erts,
    config: Option<sysconfig::Config>,
    vm_args: Option<PathBuf>,
    facts: Facts,
    sizing: sizing::Sized,
    crash_dumps: usize,
}

impl Plan {
    fn make(request: &Request) -> Result<Self, Failure> {
        let instance = Instance::from_env()?;
        let erts = erts::locate(&instance.root, &request.erts)?;
        let facts = Facts::collect(&env::roots());
        let otp = erts.otp();
        let vm_args = source::find(&instance, &request.template)?;
        let mut args = match &vm_args {
            Some(path) => source::read(&instance, path, &facts, &otp)?,
            None => Args::default(),
        };
        let findings = check::flags(&args, request, &otp)?;
        let name = sizing::Name::of(&args, request.sizing, &facts);
        let wishes = wishes(&instance, request, vm_args.is_none(), &name)?;
        let identified = identify(&mut args, &wishes, &facts.host);
        let mut identity = check::settle(findings, identified, &args, request)?;
        if let Some(node) = identity.node.as_ref().filter(|node| identity.long && lacks_domain(node)) {
            warn(&format!(
                "{node} is a long name without a domain: other nodes will refuse to connect to it"
            ));
        }
        let cookie = cookie::find(&instance, identity.cookie.as_ref())?;
        let config = sysconfig::find(&instance, &request.kind, &facts, &otp)?;
        let sizing = sizing::decide(&sizing::Parts {
            request,
            instance: &instance,
            facts: &facts,
            otp: &otp,
            args: &args,
            identity: &identity,
            config: config.as_ref(),
            name,
        })?;
        compose::compose(
            &mut args,
            &compose::Parts {
                instance: &instance,
                request,
                erts: &erts,
                identity: &identity,
                config: config.as_ref(),
                sizing: &sizing.decisions,
            },
        )?;
        let whole = args.clone().with_variables(&env::var)?;
        identity.spoken_to_by(&whole)?;
        Ok(Self {
            instance,
            kind: request.kind.clone(),
            args,
            whole,
            identity,
            cookie,
            erts,
            config,
            vm_args,
            facts,
            sizing,
            crash_dumps: request.crash_dumps,
        })
    }

    fn write(&self, request: &Request) -> Result<(), Failure> {
        let state = &self.instance.state;
        make_state(state)?;
        files::sweep(state);
        scratch::sweep(state);
        files::make_private(&self.instance.log)?;
        trust_log(&self.instance.log)?;
        if request.mode() == Mode::Background {
            files::can_log(&self.instance.log)?;
        }
        if let Err(error) = crash::put_aside(&self.instance.log, self.crash_dumps) {
            warn(&format!("cannot put aside an old crash dump in {}: {error}", self.instance.log.display()));
        }
        files::make_private(&state.join("pipe"))?;
        files::make_private(&state.join("cookie"))?;
        files::write(&record::cookie_file(state), self.cookie.secret.expose().as_bytes(), 0o400)?;
        files::write(&state.join("vm.args"), self.args.to_text().as_bytes(), 0o600)?;
        let copy = state.join("sys.config");
        match &self.config {
            Some(config) if config.is_copied() => config.write()?,
            Some(config) if config.is_at(&copy) => {}
            // An earlier start's, maybe with secrets that this one has no use for.
            _ => files::remove(&copy)?,
        }
        files::remove(&state.join("pid"))?;
        // Of a supervisor that was killed; one of this start makes its own.
        files::remove(&state.join(supervise::SOCKET))?;
        let record = Record {
            node: self.identity.node.clone(),
            vsn: self.instance.vsn.clone(),
            epmd_port: Record::epmd_port_here(),
            dist_port: self.identity.dist_port,
            proto: self.identity.proto_dist.clone(),
            root: Some(self.instance.root.clone()),
            log: Some(self.instance.log.clone()),
            bindir: Some(self.erts.bin.clone()),
            flags: record::client_flags(|flag| self.whole.get(flag)),
        };
        files::write(&record::file(state), record.to_text().as_bytes(), 0o600)
    }

    /// What the core evaluates: quoted assignments, exported.
    fn exports(&self) -> Assignments {
        let state = &self.instance.state;
        let mut lines = Assignments::default();
        let mut export = |name: &str, value: &str| lines.export(name, value);
        let path = |path: &Path| path.to_string_lossy().into_owned();
        export("BINDIR", &path(&self.erts.bin));
        export("ROOTDIR", &path(&self.instance.root));
        export("EMU", "beam");
        export("PROGNAME", "erl");
        export("_boot_launch", "yes");
        export("BOOT_VM_ARGS", &path(&state.join("vm.args")));
        export("BOOT_COOKIE_HOME", &path(&state.join("cookie")));
        if let Some(file) = &self.vm_args {
            export("RELEASE_VM_ARGS", &path(file));
        }
        if let Some(config) = &self.config {
            export("RELEASE_SYS_CONFIG", &path(&config.without_suffix()));
            export("BOOT_SYS_CONFIG", &path(&config.without_suffix()));
        }
        match &self.identity.node {
            Some(node) => {
                export("RELEASE_NODE", &node.to_string());
                export("RELEASE_DISTRIBUTION", if self.identity.long { "name" } else { "sname" });
            }
            None => export("RELEASE_DISTRIBUTION", "none"),
        }
        if self.kind == "mix" {
            // Applications made with mix read it.
            export("RELEASE_COOKIE", self.cookie.secret.expose());
        }
        if env::var("ERL_CRASH_DUMP").is_none() {
            export("ERL_CRASH_DUMP", &path(&self.instance.log.join(crash::NAME)));
        }
        if env::var("ERL_CRASH_DUMP_SECONDS").is_none() {
            export("ERL_CRASH_DUMP_SECONDS", crash::SECONDS);
        }
        let memory = self.facts.memory.limit.or(self.facts.memory.total);
        if let Some(bytes) = memory {
            export("BOOT_MEMORY_LIMIT", &bytes.to_string());
        }
        export("BOOT_CPU_COUNT", &self.facts.cpu.count.to_string());
        if let Some(files) = open_files(&self.sizing.decisions) {
            export("_boot_nofile", &files.to_string());
        }
        lines
    }
}

/// What the user's environment asks for.
fn wishes(
    instance: &Instance,
    request: &Request,
    without_file: bool,
    name: &sizing::Name,
) -> Result<Wishes, Failure> {
    // mix releases are named by default; others are when nothing at all says how they want it.
    let named_by_default = request.kind == "mix" || without_file || request.sizing;
    let distribution = env::var("RELEASE_DISTRIBUTION").map(|text| Distribution::parse(&text)).transpose()?;
    Ok(Wishes {
        node: env::var("RELEASE_NODE"),
        distribution,
        default_long: name.long,
        default_name: named_by_default.then(|| instance.name.clone()),
        cookie: cookie::wished()?,
    })
}

/// "localhost" is what people write for a node that is not to be reached.
fn lacks_domain(node: &NodeName) -> bool {
    !node.is_long() && node.host() != "localhost"
}

/// Warns of something that does not keep the node from starting.
fn warn(text: &str) {
    tell(&format!("warning: {text}"));
}
