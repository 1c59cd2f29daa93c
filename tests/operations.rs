//! docs/operations.md under test: its tables are compared with a node that runs, its unit is that of a real service.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::instance::Instance;
use crate::support::process::until;
use crate::support::releases::rebar3;
use crate::support::running::Running;
use crate::support::systemd::Systemd;
use crate::support::tools::{closed_to_others, need};

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The part of the guide below a heading, up to the next one of any rank.
fn section(heading: &str) -> String {
    let guide = read("docs/operations.md");
    let (_, after) =
        guide.split_once(&format!("# {heading}\n")).unwrap_or_else(|| panic!("no section {heading}"));
    after.split("\n#").next().unwrap().into()
}

/// The rows of the tables in `text`, in cells; not those of the head.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let mut rows = Vec::new();
    for table in text.split("\n\n").filter(|block| block.starts_with("| ")) {
        let lines = table.lines().skip(2);
        rows.extend(lines.map(|line| line.trim_matches('|').split('|').map(str::trim).collect()));
    }
    rows
}

/// What stands between backquotes.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The indented blocks of a section, without their indentation.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in text.lines() {
        match (line.strip_prefix("    "), blocks.last_mut().unwrap()) {
            (Some(line), block) => *block += &format!("{line}\n"),
            (None, block) if line.is_empty() && !block.is_empty() => block.push('\n'),
            (None, block) if block.is_empty() => {}
            _ => blocks.push(String::new()),
        }
    }
    blocks.retain(|block| !block.trim().is_empty());
    blocks
}

fn foreground(instance: &Instance) -> Running {
    let mut command = instance.command(&instance.entry());
    Running::new(command.arg("foreground"), &instance.base().join("out"))
}

fn answers(instance: &Instance) {
    until("the node answers", Duration::from_secs(30), || instance.run(&["ping"]).status == 0);
}

/// The files of a directory, each with its mode in octal.
fn listing(dir: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let of = |entry: fs::DirEntry| {
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        (entry.file_name().into_string().unwrap(), format!("{mode:o}"))
    };
    entries.map(of).collect()
}

#[test]
fn the_files_are_those_of_the_tables() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let state = instance.path().join("tmp/demo");
    let text = section("Files");
    let documented: BTreeMap<String, String> =
        rows(&text).iter().map(|row| (code(row[0])[0].into(), row[1].into())).collect();
    let kept: Vec<String> = rows(&text)
        .iter()
        .filter(|row| row[3].starts_with("never") || row[3] == "the next start" || row[3].contains("stay"))
        .map(|row| code(row[0])[0].to_owned())
        .filter(|name| name != "node")
        .collect();
    let mut umask = instance.command(Path::new("sh"));
    umask.args(["-c", "umask 0; exec \"$0\" start"]).arg(instance.entry());
    instance.finish(&mut umask, "").ok();
    let mut there = listing(&state);
    there.extend(listing(&state.join("log")));
    instance.run(&["stop"]).ok();
    let mut left = listing(&state);
    left.extend(listing(&state.join("log")));
    assert_eq!(left.keys().collect::<Vec<_>>(), {
        let mut kept: Vec<_> = kept.iter().collect();
        kept.sort();
        kept
    });
    let mut command = instance.command(Path::new("sh"));
    command.args(["-c", "umask 0; exec \"$0\" foreground"]).arg(instance.entry());
    let mut node = Running::new(&mut command, &instance.base().join("out"));
    answers(&instance);
    there.extend(listing(&state));
    assert_eq!(there, documented);
    node.signal(Signal::TERM);
    assert_eq!(node.end(), 0, "{}", node.text());
    left.extend(listing(&state));
    assert_eq!(left.len(), kept.len(), "{left:?}");
}

#[test]
fn complaint_53_each_signal_does_what_the_table_says() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let text = section("Signals");
    let rows = rows(&text);
    let listed: Vec<_> = rows.iter().flat_map(|row| code(row[0])).collect();
    let source = read("src/helper/supervise/signals.rs");
    let handled = source.split("HANDLED: [Signal; ").nth(1).unwrap().split("];").next().unwrap();
    for signal in handled.split("Signal::").skip(1).map(|it| it.split(',').next().unwrap()) {
        // Of its own children.
        let name = signal.replace("ABORT", "ABRT");
        assert!(name == "CHILD" || listed.contains(&name.as_str()), "{signal} is not in the table");
    }
    let plugin = instance.path().join("plugins/say");
    fs::create_dir_all(&plugin).unwrap();
    fs::write(plugin.join("post_stop"), "echo \"post_stop $BOOT_STATUS\"\n").unwrap();
    for (signal, status, says) in [
        (Signal::INT, 0, "post_stop 0"),
        (Signal::QUIT, 0, "post_stop 0"),
        (Signal::HUP, 0, "post_stop 0"),
        (Signal::USR1, 1, "post_stop 1"),
        (Signal::ABORT, 137, "post_stop 137"),
    ] {
        fs::write(instance.base().join("out"), "").unwrap();
        let mut node = foreground(&instance);
        answers(&instance);
        node.signal(signal);
        assert_eq!(node.end(), status, "{signal:?}: {}", node.text());
        assert!(node.text().contains(says), "{signal:?}: {}", node.text());
        assert_eq!(instance.vms(), [0; 0], "{signal:?}");
    }
    let log = listing(&instance.path().join("tmp/demo/log"));
    assert!(log.keys().any(|name| name.starts_with("erl_crash.dump")), "of USR1: {log:?}");
}

#[test]
fn defaults_of_the_timeouts_are_those_of_the_configuration() {
    let toml = read("src/cmd/init/relboot.toml");
    let text = section("Timeouts");
    let mut seen = 0;
    for row in rows(&text) {
        for key in code(row[1]).into_iter().filter(|it| it.starts_with('[')) {
            let (table, key) = key.split_once(' ').unwrap();
            let of_table = toml.split(&format!("\n{table}\n")).nth(1).unwrap();
            let of_table = of_table.split("\n[").next().unwrap();
            let line = of_table.lines().find_map(|line| line.strip_prefix(&format!("# {key} = ")));
            let default = line.unwrap_or_else(|| panic!("{table} has no {key}"));
            // The one of the watchdog is an example: without the line there is none.
            assert!(row[2] == default || (key == "watchdog" && row[2] == "none"), "{row:?}");
            seen += 1;
        }
    }
    assert!(seen > 4, "{seen}");
}

#[test]
fn variables_and_statuses_are_those_of_the_contract() {
    let contract = read("docs/plugin-api.md");
    let text = section("Environment");
    for row in rows(&text) {
        assert!(contract.contains(&format!("| {} |", row[0])), "{row:?}");
    }
    let text = section("Exit statuses");
    for row in rows(&text) {
        let number = row[0].parse::<u8>().is_ok();
        assert!(!number || contract.contains(&format!("\n| {} |", row[0])), "{row:?}");
    }
}

#[test]
fn run_files_are_scripts_and_the_container_s_commands_exist() {
    for supervisor in ["runit", "s6", "OpenRC"] {
        let text = section(supervisor);
        let block = &blocks(&text)[0];
        assert!(block.starts_with("#!"), "{supervisor}: {block}");
        let output = Command::new("sh").args(["-n", "-c", block]).output().unwrap();
        assert!(output.status.success(), "{supervisor}: {output:?}");
        assert!(block.contains("/opt/demo/bin/demo") && block.contains("foreground"), "{block}");
    }
    let text = section("supervisord");
    assert!(blocks(&text)[0].contains("command=/opt/demo/bin/demo foreground\n"), "{text}");
}

#[test]
fn complaint_58_the_unit_is_that_of_a_service() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).at("opt/demo").kit();
    instance.set("ERL_EPMD_PORT", "4369");
    fs::set_permissions(instance.base(), fs::Permissions::from_mode(0o755)).unwrap();
    let unit = blocks(&section("systemd"))[0]
        .replace("/opt/demo/bin/demo", instance.entry().to_str().unwrap())
        .replace("User=demo", if closed_to_others().is_some() { "User=root" } else { "User=daemon" });
    if need(&["systemd-analyze"]) {
        let file: PathBuf = instance.base().join("demo.service");
        fs::write(&file, &unit).unwrap();
        let mut verify = instance.command(Path::new("systemd-analyze"));
        let output = instance.finish(verify.arg("verify").arg(&file), "");
        // It ends with 0 for keys that it does not know.
        assert!(!output.stderr.contains("demo.service"), "{output}");
    }
    let entry = instance.entry();
    let Some(systemd) = Systemd::boot(&instance) else { return };
    systemd.unit("demo.service", &unit);
    systemd.run(&["systemctl", "start", "demo"]).ok();
    let entry = entry.to_str().unwrap();
    assert_eq!(systemd.property("demo", "StatusText"), "running");
    let ping = ["env", "-u", "BOOT_STATE_DIR", entry, "ping"];
    assert_eq!(systemd.run(&ping).ok(), "pong\n", "typed by root");
    systemd.run(&["systemctl", "reload", "demo"]).ok();
    assert_eq!(systemd.run(&ping).ok(), "pong\n");
    let pid = systemd.run(&[entry, "pid"]).ok();
    systemd.run(&["kill", "-KILL", pid.trim()]).ok();
    until("it runs again", Duration::from_secs(30), || {
        let again = systemd.run(&[entry, "pid"]);
        again.status == 0 && again.stdout != pid
    });
    systemd.run(&["systemctl", "stop", "demo"]).ok();
    assert_eq!(systemd.property("demo", "Result"), "success");
    assert_eq!(systemd.run(&ping).status, 3);
}
