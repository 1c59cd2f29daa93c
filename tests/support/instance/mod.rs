//! An instance: a release of its own at a hostile path, with an epmd and a HOME of its own.
//! It must not write to the cached release it was copied from, nor leave anything behind.

pub(crate) mod copy;
mod guard;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use self::guard::Guard;
use crate::support::process::{Output, Unfinished, finish, marked, runs, signal, until};
use crate::support::releases::{Kind, Raw};
use crate::support::tools::closed_to_others;

/// Where a release lies unless a test says otherwise: what shell scripts stumble over.
const HOSTILE: &str = "it's a \"$HOME\" dir/demo";

/// How long a command may take: longer than its own limits, on a machine that has much else to do.
const LIMIT: Duration = Duration::from_secs(120);

/// An instance to be.
#[derive(Debug)]
pub(crate) struct Builder {
    raw: &'static Raw,
    tree: PathBuf,
    place: String,
    own_files: bool,
    above: PathBuf,
    env: Vec<(String, String)>,
}

impl Builder {
    /// Takes the tree that holds both versions and the relup.
    pub(crate) fn version_2(mut self) -> Self {
        self.tree = self.raw.v2.clone();
        self
    }

    /// Puts the release at this path below the instance's directory: scripts other than a kit's do not
    /// all survive the default one.
    pub(crate) fn at(mut self, place: &str) -> Self {
        self.place = place.into();
        self
    }

    /// Copies lib/ and erts-* too instead of hard-linking: for tests that change their modes or
    /// contents.
    pub(crate) fn own_files(mut self) -> Self {
        self.own_files = true;
        self
    }

    /// Puts the instance where other users can get to it: target/tmp may be in somebody's home.
    pub(crate) fn open(mut self) -> Self {
        if closed_to_others().is_some() {
            self.above = std::env::temp_dir();
            // It may be another file system.
            self.own_files = true;
        }
        self
    }

    /// Sets a variable for all commands.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// The release with the scripts of its tool.
    pub(crate) fn plain(self) -> Instance {
        Instance::new(self)
    }

    /// The release with a kit, by `relboot generate`.
    #[track_caller]
    pub(crate) fn kit(self) -> Instance {
        let mut instance = Instance::new(self);
        instance.generate(&[]).ok();
        instance.kit = true;
        instance
    }
}

/// A copy of a release in a directory of its own. Dropped, its processes are killed and the directory
/// is removed; so too when the test process dies.
#[derive(Debug)]
pub(crate) struct Instance {
    raw: &'static Raw,
    base: PathBuf,
    root: PathBuf,
    env: BTreeMap<String, OsString>,
    kit: bool,
    guard: Guard,
}

impl Instance {
    /// An instance of a release, at 0.1.0.
    pub(crate) fn of(raw: &'static Raw) -> Builder {
        // On the file system of the cache, for the sake of the hard links.
        let above = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        Builder { raw, tree: raw.v1.clone(), place: HOSTILE.into(), own_files: false, above, env: Vec::new() }
    }

    fn new(from: Builder) -> Self {
        let base = tempfile::Builder::new().prefix("instance-").tempdir_in(&from.above);
        // From here on it is the guard that removes it.
        let base = base.expect("it can be written to").keep();
        let guard = Guard::new(&base);
        let root = base.join(&from.place);
        std::fs::create_dir_all(base.join("home")).expect("the directory is new");
        if from.own_files {
            copy::copy_tree(&from.tree, &root);
        } else {
            copy::copy_release(&from.tree, &root);
        }
        if from.raw.kind == Kind::Rebar3Dev {
            // Its sys.config, vm.args and beams are links into the project.
            let project = base.join("project");
            copy::copy_tree(&from.raw.project, &project);
            copy::retarget(&root, &from.raw.project, &project);
        }
        let mut env = clean(&base, &guard);
        env.extend(from.env.into_iter().map(|(name, value)| (name, value.into())));
        Self { raw: from.raw, base, root, env, kit: false, guard }
    }

    /// Runs `relboot generate` on this release, with further arguments.
    pub(crate) fn generate(&self, args: &[&str]) -> Output {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_relboot")));
        self.finish(command.arg("generate").arg(&self.root).args(args), "")
    }

    /// The helper as it was built for the tests.
    pub(crate) fn helper() -> &'static Path {
        Path::new(env!("CARGO_BIN_EXE_relboot-helper"))
    }

    /// The root of the release.
    pub(crate) fn path(&self) -> &Path {
        &self.root
    }

    /// The directory that holds all of the instance: the release, `home/`, what a test adds.
    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// The script `bin/NAME`.
    pub(crate) fn entry(&self) -> PathBuf {
        self.root.join("bin").join(&self.raw.name)
    }

    /// The port and the pid of the instance's epmd.
    pub(crate) fn epmd(&self) -> (u16, u32) {
        (self.guard.port, self.guard.epmd)
    }

    /// Kills the instance's epmd; the port on which nobody listens from now on.
    pub(crate) fn lose_epmd(&self) -> u16 {
        let (port, epmd) = self.epmd();
        signal(epmd, Signal::KILL);
        until("epmd is gone", Duration::from_secs(10), || !runs(epmd));
        port
    }

    /// Sets a variable for all commands from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.into(), value.into());
    }

    /// Takes a variable away, `HOME` for one.
    pub(crate) fn unset(&mut self, name: &str) {
        self.env.remove(name);
    }

    /// A command with the instance's environment, in the instance's directory, to be changed or run by
    /// the caller: through [`Self::finish`], or `strace::count`.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.env).current_dir(&self.base);
        command
    }

    /// Runs `bin/NAME ARGS`.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.finish(self.command(&self.entry()).args(args), "")
    }

    /// Runs `SHELL bin/NAME ARGS`; `shell` as `tools::shells` gives it.
    #[track_caller]
    pub(crate) fn run_in(&self, shell: &[&str], args: &[&str]) -> Output {
        let mut command = self.command(Path::new(shell[0]));
        self.finish(command.args(&shell[1..]).arg(self.entry()).args(args), "")
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it takes longer than two minutes, or leaves its output open.
    #[track_caller]
    pub(crate) fn finish(&self, command: &mut Command, input: &str) -> Output {
        match finish(command, input, LIMIT) {
            Ok(output) => output,
            Err(Unfinished::TimedOut(told)) => panic!("not done after {LIMIT:?}: {command:?}\n{told}"),
            Err(Unfinished::Held) => panic!("it ended, but its output is still open: {command:?}"),
        }
    }

    /// Starts the node in background and waits until it has booted.
    #[track_caller]
    pub(crate) fn start(&self) {
        if self.kit {
            self.run(&["start"]).ok();
            return;
        }
        self.run(&["daemon"]).ok();
        let limit = Duration::from_secs(30);
        // A tool's own script returns at once, and a node answers before its applications run.
        let booted = "element(2, init:get_status())";
        until("the node has booted", limit, || self.erl(booted).is_some_and(|step| step == "started"));
    }

    /// The value of an Erlang expression in the node, by OTP's own `erl_call`; `None` when the node does
    /// not answer. For names as the releases have them: short, cookie `demo_cookie`.
    pub(crate) fn erl(&self, expression: &str) -> Option<String> {
        let mut call = self.command(Path::new("erl_call"));
        call.args(["-sname", &self.raw.name, "-c", "demo_cookie", "-e"]);
        let output = self.finish(&mut call, &format!("{}.\n", expression.trim_end_matches('.')));
        let value = output.stdout.trim().strip_prefix("{ok, ")?.strip_suffix('}')?;
        (output.status == 0).then(|| value.to_string())
    }

    /// The pids of the VMs that run from this instance.
    pub(crate) fn vms(&self) -> Vec<u32> {
        let base = self.base.to_str().expect("the target directory's path is UTF-8");
        let is_vm = |pid: &u32| {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            name.trim_end() == "beam.smp"
        };
        marked(base).into_iter().filter(is_vm).collect()
    }

    /// Brings the code of 0.2.0 and its releases/0.2.0 (with relup) into a release of 0.1.0, as an
    /// unpacked upgrade would, and nothing else: not bin/, not start_erl.data.
    pub(crate) fn add_version_2(&self) {
        let (from, to) = (&self.raw.v2, &self.root);
        copy::link_tree(&from.join("lib/demo-0.2.0"), &to.join("lib/demo-0.2.0"));
        copy::copy_tree(&from.join("releases/0.2.0"), &to.join("releases/0.2.0"));
    }
}

/// The environment of an instance: nothing of the caller's but PATH.
fn clean(base: &Path, guard: &Guard) -> BTreeMap<String, OsString> {
    BTreeMap::from([
        ("PATH".into(), std::env::var_os("PATH").unwrap_or_default()),
        ("HOME".into(), base.join("home").into()),
        ("LANG".into(), "C.UTF-8".into()),
        ("ERL_EPMD_PORT".into(), guard.port.to_string().into()),
        ("ERL_EPMD_ADDRESS".into(), guard.address.clone().into()),
    ])
}
