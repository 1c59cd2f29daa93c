//! A made release with a real kit and a VM that is a shell script: for what needs no node, and for many runs.
//! What depends on a node's own behaviour must not be tested here: see `instance`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::process::{Output, finish};

/// Where it lies: what shell scripts stumble over.
const PLACE: &str = "it's a \"$HOME\" dir/demo";

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(30);

/// `erlexec`: lives until SIGTERM, or does what `$VM` says.
const VM: &str = r#"#!/bin/sh
read -r pid start <"$BOOT_STATE_DIR/pid"
echo "$pid" >"${BOOT_STATE_DIR%/*}.pid"
stop() {
    [ -z "${VM_SLOW:-}" ] || while [ ! -e "$VM_SLOW" ]; do sleep 0.01; done
    echo "vm: stopped"
    kill "$sleep"
    exit 0
}
trap stop TERM
case ${VM:-run} in
run) ;;
stdin) cat; exit 0 ;;
killed) kill -KILL $$ ;;
*) exit "$VM" ;;
esac
sleep 60 >/dev/null 2>&1 </dev/null &
sleep=$!
echo "vm: up X=${X:-}"
# On SIGINT from a terminal a VM with hooks around it does nothing.
while kill -0 "$sleep" 2>/dev/null; do wait "$sleep"; done
"#;

/// A command of the kit that fails on demand.
const WORK: &str = "# shellcheck shell=sh\n# work: do as told.\n#\n# usage: NAME work\nboot_command() {\n    printf 'work %s\\n' \"$*\"\n    return \"${WORK:-0}\"\n}\n";

/// A release `demo` 0.1.0 in a directory of its own.
#[derive(Debug)]
pub(crate) struct Made {
    base: tempfile::TempDir,
    root: PathBuf,
    env: BTreeMap<String, String>,
    vsn: String,
}

impl Made {
    /// With a kit; `toml` is its `rel/relboot.toml`.
    #[track_caller]
    pub(crate) fn new(toml: &str) -> Self {
        Self::of("0.1.0", toml)
    }

    /// The same, of another version.
    #[track_caller]
    pub(crate) fn of(vsn: &str, toml: &str) -> Self {
        let base = tempfile::tempdir().expect("a temporary directory can be made");
        let path = |below: &str| base.path().join(below).to_str().expect("it is UTF-8").to_owned();
        let env = BTreeMap::from([
            ("PATH".into(), std::env::var("PATH").unwrap_or_default()),
            ("HOME".into(), path("home")),
            // yash drops what it can't decode.
            ("LANG".into(), "C.UTF-8".into()),
            ("RELEASE_TMP".into(), path("tmp")),
        ]);
        let root = base.path().join(PLACE);
        let made = Self { root, env, base, vsn: vsn.into() };
        made.mode("", 0o755);
        // The headers of any program for this machine: the generator looks at nothing else.
        let program = fs::read(env!("CARGO_BIN_EXE_relboot-helper")).expect("it was built for the tests");
        made.write("erts-13.1.5/bin/beam.smp", &program[..4096]);
        made.write("erts-13.1.5/bin/erlexec", VM);
        made.mode("erts-13.1.5/bin/erlexec", 0o755);
        let quoted = format!("\"{}\"", vsn.replace('\\', "\\\\").replace('"', "\\\""));
        let rel = format!(
            "{{release,{{\"demo\",{quoted}}},{{erts,\"13.1.5\"}},[{{kernel,\"8.5.3\"}},{{demo,\"0.1.0\"}}]}}.\n"
        );
        made.write(&format!("releases/{vsn}/demo.rel"), rel);
        made.write(&format!("releases/{vsn}/start.boot"), "");
        made.write(&format!("releases/{vsn}/start_clean.boot"), "");
        made.write(&format!("releases/{vsn}/vm.args"), "+S 1\n");
        made.write("releases/start_erl.data", format!("13.1.5 {vsn}"));
        made.write("lib/kernel-8.5.3/ebin/kernel.app", "");
        made.write("lib/demo-0.1.0/ebin/demo.app", "");
        let config = base_file(&made, "relboot.toml", toml);
        let mut generate = Command::new(env!("CARGO_BIN_EXE_relboot"));
        generate.arg("generate").arg(&made.root).arg("--config").arg(config);
        made.finish(&mut generate, "").ok();
        made.write(&format!("releases/{vsn}/boot/commands/work.sh"), WORK);
        made
    }

    /// The root of the release.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Its version.
    pub(crate) fn vsn(&self) -> &str {
        &self.vsn
    }

    /// The directory that holds all of it.
    pub(crate) fn base(&self) -> &Path {
        self.base.path()
    }

    /// `bin/demo`.
    pub(crate) fn entry(&self) -> PathBuf {
        self.root.join("bin/demo")
    }

    /// The state directory.
    pub(crate) fn state(&self) -> PathBuf {
        self.base().join("tmp/demo")
    }

    /// Sets a variable for all commands from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.into(), value.into());
    }

    /// Writes a file below the root, and the directories above it.
    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.root.join(path);
        let folder = path.parent().expect("a file has a folder");
        fs::create_dir_all(folder).and_then(|()| fs::write(&path, bytes)).unwrap_or_else(|e| {
            panic!("{}: {e}", path.display());
        });
    }

    /// Sets the mode of what is below the root.
    pub(crate) fn mode(&self, path: &str, mode: u32) {
        let path = if path.is_empty() { self.base().to_owned() } else { self.root.join(path) };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is there, and ours");
    }

    /// Writes a hook of a plugin in `plugins/`; one that starts with a foreign shebang is made executable.
    pub(crate) fn hook(&self, plugin: &str, phase: &str, text: &str) -> PathBuf {
        let path = format!("plugins/{plugin}/{phase}");
        self.write(&path, text);
        self.mode(&path, if text.starts_with("#!") { 0o755 } else { 0o644 });
        self.root.join(path)
    }

    /// Removes all plugins.
    pub(crate) fn no_plugins(&self) {
        for entry in fs::read_dir(self.root.join("plugins")).expect("plugins/ is there").flatten() {
            if entry.path().is_dir() {
                fs::remove_dir_all(entry.path()).expect("it is ours");
            }
        }
    }

    /// A program in the environment and the directory of the release's.
    pub(crate) fn program(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.env).current_dir(self.base());
        command
    }

    /// `SHELL bin/demo ARGS`, to be changed or run by the caller.
    pub(crate) fn command(&self, shell: &[&str], args: &[&str]) -> Command {
        let mut command = self.program(shell[0]);
        command.args(&shell[1..]).arg(self.entry()).args(args);
        command
    }

    /// Runs `SHELL bin/demo ARGS`.
    #[track_caller]
    pub(crate) fn run(&self, shell: &[&str], args: &[&str]) -> Output {
        self.finish(&mut self.command(shell, args), "")
    }

    /// Runs a command to its end.
    #[track_caller]
    pub(crate) fn finish(&self, command: &mut Command, input: &str) -> Output {
        finish(command, input, LIMIT).unwrap_or_else(|error| panic!("{error:?}: {command:?}"))
    }
}

fn base_file(made: &Made, name: &str, text: &str) -> PathBuf {
    let path = made.base().join(name);
    fs::write(&path, text).expect("the directory is new");
    path
}

/// What relboot itself says of what went wrong: without the shell's own words.
pub(crate) fn messages(output: &Output) -> Vec<&str> {
    let own = |line: &&str| ["error: ", "warning: "].iter().any(|word| line.starts_with(word));
    output.stderr.lines().filter(own).collect()
}
