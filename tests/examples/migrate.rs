//! hooks-examples/migrate: on both kinds of releases, before a start and before an upgrade; with the webhook
//! beside it, to share one node's life.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{GOES_ON, install, run_with, stopped_short};
use crate::support::http::Server;
use crate::support::instance::Instance;
use crate::support::releases::{Raw, mix, rebar3};
use crate::support::tools::{find, need};

/// A `curl` that writes down its arguments before it becomes the real one.
fn watched_curl(instance: &Instance) -> (String, PathBuf) {
    let (dir, log) = (instance.base().join("tools"), instance.base().join("curl.log"));
    let real = find("curl").expect("the test asked for it");
    fs::create_dir(&dir).unwrap();
    let text =
        format!("#!/bin/sh\nprintf '%s\\n' \"$*\" >>\"{}\"\nexec {} \"$@\"\n", log.display(), real.display());
    fs::write(dir.join("curl"), text).unwrap();
    fs::set_permissions(dir.join("curl"), fs::Permissions::from_mode(0o755)).unwrap();
    (format!("{}:{}", dir.display(), std::env::var("PATH").unwrap()), log)
}

/// The tarball of 0.2.0 with its kit, where `upgrade` looks for it.
fn bring_version_2(raw: &'static Raw, instance: &Instance) {
    let second = Instance::of(raw).version_2().kit();
    let tar = instance.path().join("releases/demo-0.2.0.tar.gz");
    let mut command = second.command(Path::new(env!("CARGO_BIN_EXE_relboot")));
    second.finish(command.arg("tar").arg(second.path()).arg("--output").arg(tar), "").ok();
}

/// A release with both plugins, 0.2.0's tarball, and all that watches them.
struct Watched {
    instance: Instance,
    server: Server,
    /// What the migrations leave.
    proof: PathBuf,
    /// The arguments that curl was called with.
    argv: PathBuf,
}

impl Watched {
    fn new(raw: &'static Raw) -> Self {
        let mut instance = Instance::of(raw).kit();
        install(&instance, "notify-webhook");
        install(&instance, "migrate");
        bring_version_2(raw, &instance);
        let server = Server::start();
        let (path, argv) = watched_curl(&instance);
        let (token, proof) = (instance.base().join("token"), instance.base().join("proof"));
        fs::write(&token, "s3cret \"t\\\n").unwrap();
        instance.set("PATH", &path);
        instance.set("WEBHOOK_URL", &format!("http://127.0.0.1:{}/hook-key", server.port));
        instance.set("WEBHOOK_TOKEN_FILE", token.to_str().unwrap());
        instance.set("PROOF", proof.to_str().unwrap());
        let note = "ok = file:write_file(os:getenv(\"PROOF\"), [atom_to_list(demo_server:version()), \" \", \
                    os:getenv(\"RELEASE_VSN\"), \" \", atom_to_list(node()), $\\n], [append])";
        instance.set("MIGRATE_EVAL", note);
        Self { instance, server, proof, argv }
    }

    /// Compares the next post; gives its `previous`.
    #[track_caller]
    fn told(&self, event: &str, version: &str, command: &str, status: i32) -> Value {
        let mut got = self.server.next();
        assert_eq!(got["authorization"], "Bearer s3cret \"t\\");
        let body = got["body"].as_object_mut().unwrap();
        let time = body.remove("time").unwrap();
        assert!(time.as_str().unwrap().len() == 20 && time.as_str().unwrap().ends_with('Z'), "{time}");
        assert!(body.remove("host").unwrap().as_str().is_some_and(|host| !host.is_empty()));
        body.remove("node").unwrap();
        let previous = body.remove("previous").unwrap_or_default();
        let wanted = json!({ "event": event, "name": "demo", "version": version, "command": command, "status": status });
        assert_eq!(got["body"], wanted);
        previous
    }

    /// The version of the code that runs.
    fn runs(&self) -> Option<String> {
        self.instance.erl("demo_server:version()")
    }
}

#[test]
fn a_release_with_migrations_and_a_webhook_is_started_upgraded_and_stopped() {
    let Some(raw) = rebar3() else { return };
    if !need(&["curl", "python3"]) {
        return;
    }
    let mut watched = Watched::new(raw);
    starts_once(&watched);
    refuses_upgrades(&mut watched);

    let upgraded = watched.instance.run(&["upgrade", "--timeout", "60", "0.2.0"]);
    assert!(upgraded.status == 0 && !upgraded.stdout.contains("migrating"), "{upgraded}");
    assert_eq!(watched.told("upgrade", "0.2.0", "upgrade", 0), "0.1.0");
    let proofs = fs::read_to_string(&watched.proof).unwrap();
    assert!(proofs.ends_with("\nv2 0.2.0 nonode@nohost\n"), "by the new version's code: {proofs}");
    assert_eq!(watched.runs().as_deref(), Some("v2"));

    watched.instance.run(&["stop"]).ok();
    watched.told("stop", "0.2.0", "stop", 0);
    let argv = fs::read_to_string(&watched.argv).unwrap();
    assert!(argv.lines().count() == 6 && !argv.contains("s3cret") && !argv.contains("hook-key"), "{argv}");
}

fn starts_once(watched: &Watched) {
    let started = watched.instance.run(&["start"]);
    let said = (started.status, started.stderr.as_str());
    assert_eq!(said, (0, "migrating for demo 0.1.0 (MIGRATE_EVAL)\n"), "{started}");
    assert_eq!(watched.told("start", "0.1.0", "start", 0), Value::Null);
    assert_eq!(fs::read_to_string(&watched.proof).unwrap(), "v1 0.1.0 nonode@nohost\n");

    let again = watched.instance.run(&["start"]);
    let alone = again.stderr.starts_with("demo is already running");
    assert!(again.status == 0 && alone, "no migration: {again}");
    watched.told("start", "0.1.0", "start", 0);
}

fn refuses_upgrades(watched: &mut Watched) {
    let missing = watched.instance.run(&["upgrade", "0.3.0"]);
    assert_eq!(missing.status, 5, "{missing}");
    assert!(missing.stderr.starts_with("error: version 0.3.0 is not there: "), "{missing}");
    watched.told("failed", "0.1.0", "upgrade", 5);

    watched.instance.set("MIGRATE_COMMAND", "echo \"not for $MIGRATE_VSN in $PWD\"; exit 3");
    let refused = watched.instance.run(&["upgrade", "0.2.0"]);
    let root = watched.instance.path().display();
    let said = format!("not for 0.2.0 in {root}\nerror: plugin migrate: pre_upgrade failed with status 3");
    assert!(refused.status == 5 && refused.stderr.contains(&said), "{refused}");
    assert_eq!(refused.stdout, "", "a migration's output is no result");
    watched.told("failed", "0.1.0", "upgrade", 5);
    assert_eq!(watched.runs().as_deref(), Some("v1"));
    watched.instance.unset("MIGRATE_COMMAND");
}

#[test]
fn migrate_evaluates_elixir_with_the_configuration_of_the_release() {
    let Some(raw) = mix() else { return };
    let mut instance = stopped_short(raw, "migrate");
    let proof = instance.base().join("proof");
    instance.set("PROOF", proof.to_str().unwrap());
    instance.set("PORT", "4711");
    let note = "File.write!(System.fetch_env!(\"PROOF\"), inspect({Demo.Counter.version(), \
                Application.get_env(:demo, :port), Demo.Kind.of(1), System.get_env(\"RELEASE_COMMAND\"), \
                Enum.any?(Application.started_applications(), & elem(&1, 0) == :demo)}))";
    let migrate = |text: &str| {
        let output = run_with(&instance, &[("MIGRATE_EVAL", text)], &["start"]);
        assert_eq!((output.status, output.stdout.as_str()), (5, ""), "{output}");
        output.stderr
    };
    let begin = "migrating for demo 0.1.0 (MIGRATE_EVAL)\n";
    let said = migrate(note);
    assert!(said.starts_with(&format!("{begin}{GOES_ON}")), "{said}");
    assert_eq!(fs::read_to_string(&proof).unwrap(), r#"{:v1, "4711", :integer, "eval", false}"#);

    let said = migrate("raise \"database is locked\"");
    assert!(said.starts_with(&format!("{begin}error: ** (RuntimeError) database is locked\n")), "{said}");
    assert!(
        said.contains("error: plugin migrate: pre_start failed with status 9, so start was not done"),
        "{said}"
    );

    // A release whose config providers write the whole configuration and boot once more.
    let config = instance.path().join("releases/0.1.0/sys.config");
    let text = fs::read_to_string(&config).unwrap();
    let text = text.replace("RUNTIME_CONFIG=false", "RUNTIME_CONFIG=true");
    fs::write(
        &config,
        text.replace("reboot_system_after_config => false", "reboot_system_after_config => true"),
    )
    .unwrap();
    let said = migrate(&format!("Application.load(:demo)\n{note}"));
    assert!(said.starts_with(&format!("{begin}{GOES_ON}")), "{said}");
    assert!(fs::read_to_string(&proof).unwrap().starts_with("{:v1, \"4711\","));
    let left = fs::read_dir(instance.path().join("tmp/demo/scratch")).unwrap().count();
    assert!(left <= 1, "the next one removes it: {left}");
    assert!(
        fs::read_to_string(&config).unwrap().contains("RUNTIME_CONFIG=true"),
        "the release's own is as it was"
    );
}
