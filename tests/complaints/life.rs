//! Starting, staying and time limits.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::until;
use crate::support::releases::{mix, rebar3};
use crate::support::running::Running;
use crate::support::tools::need;

/// The crash dumps below a directory.
fn dumps(dir: &Path) -> Vec<String> {
    let mut find = std::process::Command::new("find");
    let output = find.arg(dir).args(["-name", "*crash*dump*"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(Into::into).collect()
}

#[test]
fn complaint_47_without_run_erl_the_log_is_kept_in_bounds() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).own_files().kit();
    let toml = instance.base().join("relboot.toml");
    fs::write(&toml, "[logs]\nfiles = 3\nbytes = 1000\n").unwrap();
    instance.generate(&["--config", toml.to_str().unwrap()]).ok();
    let erts = fs::read_dir(instance.path()).unwrap().map(|entry| entry.unwrap().path());
    let erts = erts.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("erts-"));
    erts.for_each(|erts| fs::remove_file(erts.join("bin/run_erl")).unwrap());
    instance.run(&["start"]).ok();
    let write =
        "[io:format(user, \"line ~4..0w ~s~n\", [N, lists:duplicate(80, $x)]) || N <- lists:seq(1, 100)].";
    instance.run(&["rpc", write]).ok();
    let log = instance.path().join("tmp/demo/log");
    until("the last line is there", Duration::from_secs(10), || {
        instance.run(&["logs", "-n", "1"]).stdout.starts_with("line 0100 ")
    });
    let files: Vec<_> = fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() <= 3, "{files:?}");
    for file in files {
        assert!(fs::metadata(&file).unwrap().len() <= 1000, "{}", file.display());
    }
    instance.run(&["stop"]).ok();
}

#[test]
fn complaint_48_a_second_start_is_told_and_no_command_leaves_a_crash_dump() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let vm = instance.vms();
    let again = instance.run(&["start"]);
    assert_eq!((again.status, again.stderr), (0, format!("demo is already running (pid {})\n", vm[0])));
    let second = instance.run(&["foreground"]);
    assert!(second.status == 1 && second.stderr.contains("already running"), "{second}");
    // Nor do the VMs beside it.
    assert_ne!(instance.run(&["eval", "erlang:halt(\"slogan\")."]).status, 0);
    assert_ne!(instance.run(&["eval", "exit(boom)."]).status, 0);
    assert_eq!(instance.vms(), vm);
    assert_eq!(dumps(instance.base()), [""; 0]);
}

#[test]
fn complaint_59_one_time_limit_is_told_to_all() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let toml = instance.base().join("relboot.toml");
    fs::write(&toml, "[start]\ntimeout = 123\n[stop]\ntimeout = 77\n").unwrap();
    instance.generate(&["--config", toml.to_str().unwrap()]).ok();
    let path = instance.base().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut command = instance.command(&instance.entry());
    command.arg("foreground").env("NOTIFY_SOCKET", &path);
    let mut node = Running::new(&mut command, &instance.base().join("out"));
    let hears = |end: &str| {
        let (mut heard, mut bytes) = (String::new(), [0; 1024]);
        while !heard.contains(end) {
            let length = manager.recv(&mut bytes).unwrap_or_else(|e| panic!("{end}: {e}; heard {heard}"));
            heard += &format!("{}\n", String::from_utf8_lossy(&bytes[..length]));
        }
        heard
    };
    let boot = hears("READY=1");
    assert!(boot.contains("EXTEND_TIMEOUT_USEC=153000000\n"), "123 s, and 30 for hooks: {boot}");
    node.signal(Signal::TERM);
    assert_eq!(node.end(), 0, "{}", node.text());
    let end = hears("STATUS=stopped");
    assert!(end.contains("EXTEND_TIMEOUT_USEC=107000000\n"), "77 s, and 30 for hooks: {end}");
}

#[test]
fn complaint_43_a_start_does_not_take_a_node_that_is_about_to_end_for_one_that_has_booted() {
    let (Some(raw), true) = (mix(), need(&["erlc"])) else { return };
    let instance = Instance::of(raw).kit();
    // "init" goes on booting while the controller of applications ends the others.
    let source =
        "-module('Elixir.Demo.Application').\n-export([start/2]).\nstart(_, _) -> error(no_database).\n";
    let file = instance.base().join("Elixir.Demo.Application.erl");
    fs::write(&file, source).unwrap();
    instance.finish(instance.command(Path::new("erlc")).arg(&file), "").ok();
    let beam = instance.path().join("lib/demo-0.1.0/ebin/Elixir.Demo.Application.beam");
    assert!(beam.is_file());
    fs::rename(instance.base().join("Elixir.Demo.Application.beam"), beam).unwrap();
    for _ in 0..3 {
        let output = instance.run(&["start"]);
        assert_eq!(output.status, 1, "{output}");
        assert!(output.stderr.contains("\nerror: demo 0.1.0 ended while it was starting: "), "{output}");
    }
}
