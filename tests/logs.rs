//! `logs`: what a node has written is found, whole and in order, wherever it went; what it leaves when it crashes
//! is kept, bounded and told.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::instance::Instance;
use crate::support::process::until;
use crate::support::releases::rebar3;
use crate::support::running::Running;

/// Lines `NAME 0.` to `NAME N.` on the node's terminal.
fn say(instance: &Instance, name: &str, n: u32) {
    let code = format!("[io:format(user, \"{name} ~b.~n\", [N]) || N <- lists:seq(0, {n})]");
    assert!(instance.erl(&code).is_some());
}

/// The numbers of the lines of that name.
fn numbers(text: &str, name: &str) -> Vec<u32> {
    let number =
        |line: &str| line.trim_end().strip_suffix('.')?.rsplit_once(&format!("{name} "))?.1.parse().ok();
    text.lines().filter_map(number).collect()
}

fn dumps(instance: &Instance) -> Vec<String> {
    let log = instance.path().join("tmp/demo/log");
    let names = fs::read_dir(log).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.starts_with("erl_crash")).collect();
    names.sort();
    names
}

fn pid(instance: &Instance) -> u32 {
    instance.vms()[0]
}

#[test]
fn a_node_in_the_background_is_read_over_rotations() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.set("RUN_ERL_LOG_MAXSIZE", "3000");
    let none = instance.run(&["logs"]);
    assert_eq!((none.status, none.stdout.as_str()), (1, ""), "{none}");
    assert!(
        none.stderr.starts_with("error: there is no log in ") && none.stderr.contains("help: "),
        "{none}"
    );
    // What can't be looked into is not empty.
    for args in [["logs"].as_slice(), &["logs", "--crash"]] {
        let mut command = instance.command(&instance.entry());
        let closed = instance.finish(command.args(args).env("BOOT_LOG_DIR", instance.entry()), "");
        assert!(closed.status == 4 && closed.stderr.starts_with("error: cannot read "), "{args:?}: {closed}");
    }
    instance.start();

    say(&instance, "first", 400);
    until("all is written", Duration::from_secs(10), || {
        instance.run(&["logs", "-n", "3"]).stdout.contains("first 400.")
    });
    let all = instance.run(&["logs", "-n", "all"]).ok();
    let found = numbers(&all, "first");
    assert_eq!(found, (found[0]..=400).collect::<Vec<_>>(), "in order, over files");
    assert!(found.len() > 300 && !all.contains("=====") && !all.contains('\r'), "{all}");
    assert!(instance.run(&["logs", "--raw", "-n", "all"]).ok().contains("===== LOGGING STARTED"));
    assert!(all.ends_with(&instance.run(&["logs"]).ok()));
    assert_eq!(instance.run(&["logs"]).ok().lines().count(), 50);
    let piped = instance.finish(
        instance.command("sh".as_ref()).args(["-c", "\"$0\" logs -n all | head -n 1"]).arg(instance.entry()),
        "",
    );
    assert_eq!((piped.status, piped.stderr.as_str(), piped.stdout.lines().count()), (0, "", 1), "{piped}");

    let mut command = instance.command(&instance.entry());
    let mut follow =
        Running::new(command.args(["logs", "--follow", "-n", "1"]), &instance.base().join("out"));
    until("the lines of before", Duration::from_secs(10), || !follow.text().is_empty());
    say(&instance, "second", 400);
    follow.until_says("second 400.");
    // Should it be slower than the writer, files are gone before they are read.
    let found = numbers(&follow.text(), "second");
    assert!(found.is_sorted() && found.len() > 200, "{found:?}");
    say(&instance, "third", 20);
    follow.until_says("third 20.");
    assert_eq!(numbers(&follow.text(), "third"), (0..=20).collect::<Vec<_>>(), "over files");
    follow.signal(Signal::INT);
    assert_eq!(follow.end(), 130);
    assert!(!follow.text().contains("error"), "{}", follow.text());

    instance.run(&["stop"]).ok();
    assert!(instance.run(&["logs"]).ok().contains("third 20."), "of a node that is stopped too");
    // A file that is removed while it is read is read to its end, and what comes after it is found.
    let log = instance.path().join("tmp/demo/log");
    let files = || fs::read_dir(&log).unwrap().flatten().map(|entry| entry.path());
    for file in files() {
        fs::remove_file(file).unwrap();
    }
    fs::write(log.join("erlang.log.3"), "before\n").unwrap();
    let mut command = instance.command(&instance.entry());
    let mut follow = Running::new(command.args(["logs", "-f"]), &instance.base().join("removed"));
    follow.until_says("before\n");
    let mut file = fs::File::options().append(true).open(log.join("erlang.log.3")).unwrap();
    file.write_all(b"held\n").unwrap();
    follow.until_says("held\n");
    fs::remove_file(log.join("erlang.log.3")).unwrap();
    file.write_all(b"last words\n").unwrap();
    fs::write(log.join("erlang.log.1"), "anew\n").unwrap();
    follow.until_says("anew\n");
    assert_eq!(follow.text(), "before\nheld\nlast words\nanew\n");
    follow.signal(Signal::INT);
    follow.end();

    instance.start();
    say(&instance, "fourth", 1);
    until("it is written", Duration::from_secs(10), || {
        let since = instance.run(&["logs", "--since-start"]).ok();
        assert!(!since.contains("third"), "{since}");
        since.contains("fourth 1.")
    });
    for (args, text) in [
        (["logs", "-n", "x"].as_slice(), "--lines takes a number"),
        (&["logs", "--json"], "--json goes with --crash"),
        (&["logs", "--crash", "-f"], "--follow does not go with --crash"),
        (&["logs", "file"], "file"),
    ] {
        let refused = instance.run(args);
        assert!(refused.status == 2 && refused.stderr.contains(text), "{refused}");
    }
}

#[test]
fn complaint_50_crash_dumps_are_kept_bounded_and_told() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).plain();
    fs::create_dir_all(instance.base().join("rel")).unwrap();
    fs::write(instance.base().join("rel/relboot.toml"), "[logs]\ncrash_dumps = 1\nfiles = 2\n").unwrap();
    instance.generate(&[]).ok();
    let start = |instance: &Instance| {
        instance.run(&["start"]).ok();
    };
    start(&instance);
    let none = instance.run(&["logs", "--crash"]);
    assert!(none.status == 1 && none.stderr.contains("there is no crash dump in "), "{none}");
    let seconds = instance.erl("os:getenv(\"ERL_CRASH_DUMP_SECONDS\")");
    assert_eq!(seconds.as_deref(), Some("\"30\""));

    let busy = "register(busy, spawn(fun() -> L = lists:seq(1, 200000), receive stop -> L end end)), \
        [busy ! N || N <- lists:seq(1, 77)], W = fun W() -> case process_info(whereis(busy), status) of \
        {status, waiting} -> ok; _ -> timer:sleep(5), W() end end, W(), erlang:halt(\"my slogan\")";
    instance.erl(busy);
    until("it is dead", Duration::from_secs(30), || instance.vms().is_empty());
    let told = instance.run(&["logs", "--crash"]).ok();
    for text in
        ["slogan:       my slogan\n", "memory:  ", "77 messages  <", " busy, waiting in ", "erlang:halt/1"]
    {
        assert!(told.contains(text), "{text}: {told}");
    }
    assert!(!told.contains("cut off") && !told.contains("demo_cookie"), "{told}");
    start(&instance);
    let first = dumps(&instance);
    assert!(first.len() == 1 && first[0].ends_with('Z'), "{first:?}");

    // Cut off by its size, by the node's user.
    instance.run(&["stop"]).ok();
    instance.set("ERL_CRASH_DUMP_BYTES", "100000");
    start(&instance);
    let node = rustix::process::Pid::from_raw(pid(&instance).cast_signed()).unwrap();
    rustix::process::kill_process(node, Signal::USR1).unwrap();
    until("it is dead", Duration::from_secs(30), || instance.vms().is_empty());
    let json: Value = serde_json::from_str(&instance.run(&["logs", "--crash", "--json"]).ok()).unwrap();
    assert_eq!(json["slogan"], "Received SIGUSR1");
    assert_eq!(json["complete"], false);
    assert!(json["memory"]["total"].as_u64() > Some(1_000_000), "{json}");
    let newest = PathBuf::from(json["file"].as_str().unwrap());
    assert_eq!(newest.metadata().unwrap().permissions().mode() & 0o007, 0);
    let old = newest.with_file_name(&first[0]);
    let told = instance.run(&["logs", "--crash", old.to_str().unwrap()]).ok();
    assert!(told.contains("my slogan"), "{told}");
    // The node's place is not for VMs beside it, even when they are called by the node.
    instance.set("ERL_CRASH_DUMP", newest.to_str().unwrap());
    let before = fs::read(&newest).unwrap();
    instance.run(&["eval", "--erlang", "erlang:halt(\"beside\")."]);
    assert!(fs::read(&newest).unwrap() == before && !instance.base().join("erl_crash.dump").exists());
    instance.unset("ERL_CRASH_DUMP");
    start(&instance);
    assert_eq!(dumps(&instance).len(), 1, "one is kept");
    assert!(instance.run(&["logs", "--crash"]).ok().contains("SIGUSR1"));
    let empty = instance.base().join("empty");
    fs::write(&empty, "").unwrap();
    for (file, text, help) in [
        (instance.entry(), "is no crash dump of the VM", "help: name the file of one"),
        (empty, "is empty", "help: the disk was full"),
        (instance.base().join("none"), "No such file", "help: name the file of a dump"),
        (instance.base().into(), "Is a directory", "help: name the file of a dump"),
    ] {
        let refused = instance.run(&["logs", "--crash", file.to_str().unwrap()]);
        assert!(refused.status == 1 && refused.stderr.contains(text), "{refused}");
        assert!(refused.stderr.contains(help), "{refused}");
    }
}

#[test]
fn log_and_dump_are_found_where_the_start_put_them() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.start();
    say(&instance, "before", 1);
    instance.run(&["stop"]).ok();
    let log = instance.base().join("log of its own");
    instance.set("BOOT_LOG_DIR", log.to_str().unwrap());
    instance.start();
    instance.unset("BOOT_LOG_DIR");
    say(&instance, "after", 1);
    until("it is written", Duration::from_secs(10), || {
        let told = instance.run(&["logs"]).ok();
        assert!(!told.contains("before 1."), "of an earlier node: {told}");
        told.contains("after 1.")
    });

    // A dump that takes long is told as what it is. Its writer is held up, and let go when it was seen.
    let many = "length([spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, 20000)])";
    assert_eq!(instance.erl(many).as_deref(), Some("20000"));
    let node = rustix::process::Pid::from_raw(pid(&instance).cast_signed()).unwrap();
    let kill = |signal| rustix::process::kill_process(node, signal).unwrap();
    kill(Signal::USR1);
    let dump = log.join("erl_crash.dump");
    until("it is begun", Duration::from_secs(30), || fs::metadata(&dump).is_ok_and(|it| it.len() > 10_000));
    kill(Signal::STOP);
    let told = instance.run(&["logs", "--crash"]).ok();
    let writes = format!(", process {} still writes it: what comes last is missing)\n", node);
    assert!(told.contains(&writes) && told.contains("Received SIGUSR1"), "{told}");
    fs::rename(&dump, log.join("held")).unwrap();
    fs::write(&dump, "").unwrap();
    assert!(instance.run(&["logs", "--crash"]).stderr.contains(" is empty\n"), "it writes another one");
    fs::rename(log.join("held"), &dump).unwrap();
    kill(Signal::CONT);
    until("it is dead", Duration::from_secs(30), || instance.vms().is_empty());
    let json: Value = serde_json::from_str(&instance.run(&["logs", "--crash", "--json"]).ok()).unwrap();
    assert_eq!((&json["complete"], &json["writer"]), (&Value::Bool(true), &Value::Null));
}

#[test]
fn a_node_in_the_foreground_is_read_where_it_writes() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let answers = || instance.run(&["ping"]).status == 0;
    let mut command = instance.command(&instance.entry());
    let mut node = Running::new(command.arg("foreground"), &instance.base().join("out"));
    until("it answers", Duration::from_secs(30), answers);
    say(&instance, "fore", 3);
    node.until_says("fore 3.");
    assert_eq!(numbers(&instance.run(&["logs"]).ok(), "fore"), [0, 1, 2, 3]);
    // A file that is cut off, as logrotate's copytruncate does it, is read from its new beginning.
    let mut command = instance.command(&instance.entry());
    let mut follow = Running::new(command.args(["logs", "-f", "-n", "1"]), &instance.base().join("followed"));
    follow.until_says("fore 3.");
    fs::File::options().write(true).open(instance.base().join("out")).unwrap().set_len(0).unwrap();
    say(&instance, "cut", 2);
    follow.until_says("cut 2.");
    assert_eq!(numbers(&follow.text(), "cut"), [0, 1, 2], "{}", follow.text());
    follow.signal(Signal::INT);
    follow.end();
    node.signal(Signal::TERM);
    node.end();

    let mut command = instance.command("sh".as_ref());
    command.args(["-c", "\"$0\" foreground | cat >/dev/null"]).arg(instance.entry());
    let mut node = Running::new(command.stderr(Stdio::null()), &instance.base().join("out2"));
    until("it answers", Duration::from_secs(30), answers);
    let told = instance.run(&["logs"]);
    assert_eq!((told.status, told.stdout.as_str()), (4, ""), "{told}");
    assert!(told.stderr.contains("demo runs in the foreground: its output goes to cat (pid "), "{told}");
    instance.run(&["stop"]).ok();
    node.end();
}
