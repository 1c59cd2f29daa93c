//! Every command there is, with a cookie, a variable of vm.args and a parameter of sys.config that are secrets: all
//! processes of the machine are looked at while it runs, and what it says and leaves behind. Where secrets come from
//! is `secrets` and `cookie`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::delivery::{Packed, write};
use crate::support::instance::Instance;
use crate::support::process::{Output, command_lines, until};
use crate::support::releases::{Kind, Raw, mix, rebar3};
use crate::support::running::Running;
use crate::support::terminal::terminal;
use crate::support::tools::need;

/// Each of the three secrets begins with it.
const MARK: &str = "swordfish_7";

const VM_ARGS: &str =
    "-sname demo\n-setcookie {{ secret('NODE_COOKIE') }}\n-env TOKEN {{ secret('API_TOKEN') | arg }}\n";

const SYS_CONFIG: &str = "[{demo, [{password, {{ secret('DB_PASSWORD') | erl_binary }}}]}].\n";

const PROJECT: [(&str, &str); 2] = [("rel/vm.args.j2", VM_ARGS), ("rel/sys.config.j2", SYS_CONFIG)];

/// What the node and the VMs beside it have of them, in a form that may be seen.
const HASH: &str = "begin application:load(demo), \
    erlang:phash2({os:getenv(\"TOKEN\"), application:get_env(demo, password)}) end";

/// A release with the secrets: from a directory of credentials, a file that a variable names, a variable.
fn with_secrets(raw: &'static Raw) -> Instance {
    let mut instance = Instance::of(raw).plain();
    for (file, text) in PROJECT {
        write(&instance.base().join(file), text);
    }
    write(&instance.base().join("credentials/NODE_COOKIE"), &format!("{MARK}_cookie\n"));
    write(&instance.base().join("token"), &format!("{MARK} \"token\"\n"));
    let path = |name: &str| instance.base().join(name).to_str().expect("a path in UTF-8").to_owned();
    let (credentials, token) = (path("credentials"), path("token"));
    instance.set("CREDENTIALS_DIRECTORY", &credentials);
    instance.set("API_TOKEN_FILE", &token);
    instance.set("DB_PASSWORD", &format!("{MARK} password"));
    instance.set("NO_COLOR", "1");
    instance.generate(&[]).ok();
    instance
}

/// Says that there is nothing more to look at, whether the test went well or not.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Looks at all processes as long as `work` takes.
fn watched(seen: &Seen<'_>, work: impl FnOnce()) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let (mut rounds, mut found) = (0, Vec::new());
            while found.is_empty() && !done.load(Ordering::Relaxed) {
                found = command_lines(MARK);
                rounds += 1;
                // A process of the VM lives for longer; the commands need the processor, too.
                std::thread::sleep(Duration::from_millis(2));
            }
            (rounds, found, seen.now())
        });
        let end = End(&done);
        work();
        drop(end);
        let (rounds, found, during) = watch.join().unwrap();
        assert_eq!(found, [""; 0], "during {during}");
        assert!(rounds > 100, "looked only {rounds} times");
    });
}

/// The commands that were run, the last one last.
struct Seen<'a> {
    instance: &'a Instance,
    commands: Mutex<Vec<String>>,
}

impl Seen<'_> {
    fn note(&self, args: &[&str]) {
        self.commands.lock().unwrap().push(args[0].to_owned());
    }

    fn now(&self) -> String {
        self.commands.lock().unwrap().last().cloned().unwrap_or_default()
    }

    /// Runs a command, which has to end with `status`.
    #[track_caller]
    fn run(&self, status: i32, args: &[&str]) -> String {
        self.note(args);
        said(args, status, self.instance.run(args))
    }

    /// Runs a command on a terminal, with somebody who types.
    #[track_caller]
    fn typed(&self, args: &[&str], steps: &[(&str, &str)]) {
        self.note(args);
        let mut command = terminal(self.instance, steps);
        said(args, 0, self.instance.finish(command.args(args), ""));
    }

    /// A command that goes on, until it has said `text`; how it ends by `signal`.
    #[track_caller]
    fn interrupted(&self, args: &[&str], text: &str, signal: Signal) -> i32 {
        self.note(args);
        let mut command: Command = self.instance.command(&self.instance.entry());
        let mut running = Running::new(command.args(args), &self.instance.base().join("out"));
        if text.is_empty() {
            let answers = || self.instance.run(&["ping"]).status == 0;
            until("it answers", Duration::from_secs(30), answers);
        } else {
            running.until_says(text);
        }
        running.signal(signal);
        let status = running.end();
        assert!(!running.text().contains(MARK), "{args:?}: {}", running.text());
        status
    }
}

/// The standard output of a command that did what it should and said no secret.
#[track_caller]
fn said(args: &[&str], status: i32, output: Output) -> String {
    assert_eq!(output.status, status, "{args:?}: {output}");
    assert!(!output.to_string().contains(MARK), "{args:?}: {output}");
    output.stdout
}

/// What asks the running node or the files.
fn ask(seen: &Seen<'_>) {
    for args in [
        ["facts"].as_slice(),
        &["facts", "--json"],
        &["vmargs"],
        &["vmargs", "an argument"],
        &["vmargs", "--explain"],
        &["vmargs", "--explain", "--json"],
        &["vmargs", "--diff"],
        &["info"],
        &["hooks"],
        &["plugins"],
        &["help"],
        &["help", "start"],
        &["version"],
        &["ping"],
        &["pid"],
        &["status"],
        &["status", "--json"],
        &["logs", "--lines", "all"],
        &["logs", "--since-start", "--raw"],
        &["doctor"],
        &["doctor", "--json"],
        &["versions"],
    ] {
        seen.run(0, args);
    }
    let file = |name: &str, text: &str| {
        let path = seen.instance.base().join(name);
        write(&path, text);
        path.to_str().expect("a path in UTF-8").to_owned()
    };
    // By a file: an expression stands in the arguments.
    let known = format!("erlang:phash2({{\"{MARK} \\\"token\\\"\", {{ok, <<\"{MARK} password\">>}}}}).");
    let right = seen.run(0, &["rpc", "--erlang", "--file", &file("known.erl", &known)]);
    assert_eq!(seen.run(0, &["rpc", "--erlang", &format!("{HASH}.")]), right, "the node has the secrets");
    let print = format!("io:format(\"~p~n\", [{HASH}]).");
    let script = file("hash.escript", &format!("#!/usr/bin/env escript\nmain(_) -> {print}\n"));
    assert_eq!(seen.run(0, &["eval", "--erlang", &print]), right);
    assert_eq!(seen.run(0, &["escript", &script]), right);
    seen.run(0, &["eval", "--node", "--erlang", "ok."]);
    assert_eq!(seen.interrupted(&["status", "--watch"], "started", Signal::INT), 130);
}

/// What a person types into; the last one with the node stopped.
fn type_into(seen: &Seen<'_>, kind: Kind) {
    let (beside, whole) = match kind {
        Kind::Mix => ([("iex(1)>", "System.halt()\r")], [(")1>", "System.halt()\r")]),
        Kind::Rebar3 | Kind::Rebar3Dev => ([("1>", "halt().\r")], [("1>", "halt().\r")]),
    };
    seen.typed(&["remote", "--erl"], &[("1>", "\x07"), ("-->", "q\r")]);
    if kind == Kind::Mix {
        // Its node in the background has no shell that would answer.
        seen.run(4, &["attach"]);
    } else {
        seen.typed(&["attach"], &[("to exit)", "demo_server:version().\r"), ("v1", "\x04")]);
    }
    seen.typed(&["console_clean"], &beside);
    seen.run(0, &["stop"]);
    seen.typed(&["console"], &whole);
}

/// The files of the release with a secret in them, each its owner's only.
fn private(directory: &Path, found: &mut BTreeSet<PathBuf>) {
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            private(&path, found);
        } else if path.is_file() && String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(MARK) {
            let mode = path.metadata().unwrap().permissions().mode() & 0o077;
            assert_eq!(mode, 0, "{}", path.display());
            found.insert(path.file_name().unwrap().into());
        }
    }
}

/// The names of all commands that a kit has.
fn commands() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("script-templates/boot/commands");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn no_command_shows_one(raw: &'static Raw) {
    let instance = with_secrets(raw);
    let seen = Seen { instance: &instance, commands: Mutex::default() };
    let packed = Packed::new(raw, &PROJECT);
    watched(&seen, || {
        seen.run(0, &["start"]);
        ask(&seen);
        packed.deliver(&instance);
        for args in [
            ["unpack", "0.2.0"].as_slice(),
            &["install", "0.2.0"],
            &["downgrade", "0.1.0"],
            &["upgrade", "0.2.0"],
            &["downgrade", "0.1.0"],
            &["restart"],
            &["reboot"],
        ] {
            seen.run(0, args);
        }
        // While the node runs, its files are all there.
        let mut found = BTreeSet::new();
        private(instance.path(), &mut found);
        let expected = [".erlang.cookie", "sys.config", "vm.args"];
        assert_eq!(found, expected.map(PathBuf::from).into(), "in no log, no record, no file of 0.2.0");
        type_into(&seen, raw.kind);
        assert_eq!(seen.interrupted(&["foreground"], "", Signal::TERM), 0);
        // What the node knew is in its crash dump, and in nothing that is told of it.
        seen.run(0, &["start"]);
        seen.run(0, &["stop", "--kill", "--dump"]);
        for args in [["logs", "--crash"].as_slice(), &["logs", "--crash", "--json"], &["logs"]] {
            seen.run(0, args);
        }
    });
    let watched: BTreeSet<String> = seen.commands.into_inner().unwrap().into_iter().collect();
    assert_eq!(watched, commands(), "each command is watched");
}

#[test]
fn no_command_of_a_rebar3_release_shows_a_secret() {
    let (Some(raw), true) = (rebar3(), need(&["python3"])) else { return };
    no_command_shows_one(raw);
}

#[test]
fn no_command_of_a_mix_release_shows_a_secret() {
    let (Some(raw), true) = (mix(), need(&["python3"])) else { return };
    no_command_shows_one(raw);
}
