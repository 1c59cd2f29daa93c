//! The cookie is in no process's arguments, in no log and in no file that others can read: looked for in all
//! processes of the instance, again and again, while the commands run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::delivery::Packed;
use crate::support::instance::Instance;
use crate::support::process::command_lines;
use crate::support::releases::{mix, rebar3};
use crate::support::terminal::terminal;
use crate::support::tools::need;

const COOKIE: &str = "THE_SECRET_COOKIE";

/// Runs commands, and looks all the while.
fn watched(instance: &Instance, commands: &[&[&str]]) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let (mut rounds, mut found) = (0, Vec::new());
            while found.is_empty() && !done.load(Ordering::Relaxed) {
                found = command_lines(COOKIE);
                rounds += 1;
            }
            (rounds, found)
        });
        for args in commands {
            let output = instance.run(args);
            let failed =
                output.status != 0 || output.stderr.contains(COOKIE) || output.stdout.contains(COOKIE);
            done.fetch_or(failed, Ordering::Relaxed);
            assert!(!failed, "{args:?}: {output}");
            assert_eq!(command_lines(COOKIE), [""; 0], "after {args:?}");
        }
        done.store(true, Ordering::Relaxed);
        let (rounds, found) = watch.join().unwrap();
        assert!(rounds > 10, "looked only {rounds} times");
        assert_eq!(found, [""; 0]);
    });
}

/// What the tests do with a running node, each source of the cookie the same.
fn use_it(instance: &Instance, get_cookie: &str) {
    watched(
        instance,
        &[&["start"], &["ping"], &["pid"], &["status"], &["rpc", "1"], &["versions"], &["vmargs"]],
    );
    let script = instance.base().join("wait.escript");
    fs::write(&script, "#!/usr/bin/env escript\nmain(_) -> timer:sleep(100).\n").unwrap();
    watched(
        instance,
        &[&["eval", "--erlang", "timer:sleep(100)."], &["escript", script.to_str().unwrap()], &["restart"]],
    );
    remote_shell(instance);
    let cookie = instance.run(&["rpc", "--erlang", get_cookie]).ok();
    assert_eq!(cookie.trim(), format!("'{COOKIE}'"), "the node really uses it");
    let home = instance.base().join("home");
    let said = instance.run(&["rpc", "--erlang", "os:getenv(\"HOME\")."]).ok();
    assert_eq!(said, format!("{:?}\n", home.to_str().unwrap()));
    private(&instance.path().join("tmp/demo"));
}

/// Looks while a remote shell is open, from the command line to the prompt.
fn remote_shell(instance: &Instance) {
    if !need(&["python3"]) {
        return;
    }
    let mut command = terminal(instance, &[("1>", "shown\r"), ("shown", "\x07"), ("-->", "q\r")]);
    let mut child = command.args(["remote", "--erl"]).stdout(Stdio::null()).spawn().unwrap();
    let (mut rounds, mut found) = (0, Vec::new());
    while child.try_wait().unwrap().is_none() {
        found.extend(command_lines(COOKIE));
        rounds += 1;
    }
    let status = child.wait().unwrap();
    assert_eq!(found, [""; 0]);
    assert!(rounds > 10 && status.success(), "{rounds} {status:?}");
}

/// Nobody else may look into the state directory; the cookie is its owner's to read only.
fn private(state: &Path) {
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777;
    let mut found = Vec::new();
    let mut left = vec![state.to_owned()];
    while let Some(dir) = left.pop() {
        assert_eq!(mode(&dir), 0o700, "{}", dir.display());
        for path in fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                left.push(path);
                continue;
            }
            if let "vm.args" | "node" | ".erlang.cookie" | "sys.config" = name.as_str() {
                let wanted = if name == ".erlang.cookie" { 0o400 } else { 0o600 };
                assert_eq!(mode(&path), wanted, "{}", path.display());
            }
            let bytes = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
            if String::from_utf8_lossy(&bytes).contains(COOKIE) {
                found.push(name);
            }
        }
    }
    assert_eq!(found, [".erlang.cookie"], "in no log, no vm.args");
}

#[test]
fn complaint_25_from_setcookie_in_vm_args() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let file = instance.path().join("releases/0.1.0/vm.args");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("-setcookie demo_cookie"), "{text}");
    fs::write(&file, text.replace("demo_cookie", COOKIE)).unwrap();
    use_it(&instance, "erlang:get_cookie().");
    Packed::new(raw, &[]).deliver(&instance);
    watched(&instance, &[&["upgrade", "0.2.0"], &["downgrade", "0.1.0"], &["stop"]]);
}

#[test]
fn from_the_environment() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).env("RELEASE_COOKIE", COOKIE).kit();
    use_it(&instance, "erlang:get_cookie().");
    watched(&instance, &[&["stop"]]);
}

#[test]
fn from_the_release() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).kit();
    fs::write(instance.path().join("releases/COOKIE"), COOKIE).unwrap();
    use_it(&instance, "erlang:get_cookie().");
    watched(&instance, &[&["stop"]]);
}
