//! Generated files, places, cookies.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::support::instance::Instance;
use crate::support::releases::{mix, rebar3};

/// What is below a directory, with modes.
fn tree(dir: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    let mut left = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        for path in fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()) {
            let meta = fs::symlink_metadata(&path).unwrap();
            if meta.is_dir() {
                left.push(path.clone());
            }
            found.push((path, meta.mode() & 0o777));
        }
    }
    found.sort();
    found
}

#[test]
fn complaint_07_only_a_start_renders_whoever_asks_meanwhile() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let file = instance.path().join("tmp/demo/vm.args");
    std::thread::scope(|scope| {
        let start = scope.spawn(|| instance.run(&["start"]));
        while !start.is_finished() {
            let asked = instance.run(&["ping"]);
            assert!([0, 3, 4].contains(&asked.status), "{asked}");
        }
        start.join().unwrap().ok();
    });
    let inode = fs::metadata(&file).unwrap().ino();
    std::thread::scope(|scope| {
        for command in ["ping", "pid", "status", "vmargs", "info", "ping"] {
            let instance = &instance;
            scope.spawn(move || instance.run(&[command]).ok());
        }
    });
    instance.run(&["start"]).ok();
    assert_eq!(
        fs::metadata(&file).unwrap().ino(),
        inode,
        "the running node's file is still the one of its start"
    );
}

#[test]
fn complaint_11_whatever_the_umask_files_are_the_owners() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).env("RELEASE_COOKIE", "demo_cookie").kit();
    let mut command = instance.command(Path::new("sh"));
    command.args(["-c", "umask 0 && exec \"$1\" start", "sh"]).arg(instance.entry());
    instance.finish(&mut command, "").ok();
    let files = tree(&instance.path().join("tmp"));
    for name in [".erlang.cookie", "vm.args", "node"] {
        assert!(files.iter().any(|(path, _)| path.ends_with(name)), "{name}");
    }
    let state = instance.path().join("tmp/demo");
    assert_eq!(fs::metadata(&state).unwrap().permissions().mode() & 0o777, 0o700);
    for (path, mode) in files {
        assert!(mode & 0o077 == 0 || path == instance.path().join("tmp"), "{path:?} {mode:o}");
    }
    let umask = "case file:write_file(\"new\", <<>>) of ok -> {ok, I} = file:read_file_info(\"new\"), element(8, I) band 511 end.";
    assert_eq!(
        instance.said(&["rpc", "--erlang", umask]),
        "0\n438\n",
        "the application has the caller's umask"
    );
}

#[test]
fn complaint_12_the_rendered_file_is_made_anew_and_local_changes_have_a_place() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.run(&["start"]).ok();
    instance.run(&["stop"]).ok();
    let rendered = instance.path().join("tmp/demo/vm.args");
    let text = fs::read_to_string(&rendered).unwrap();
    fs::write(&rendered, "-name of@nobody\n").unwrap();
    instance.run(&["start"]).ok();
    assert_eq!(fs::read_to_string(&rendered).unwrap(), text);
    instance.run(&["stop"]).ok();
    // The operator's own file, with the release's in it.
    let local = instance.base().join("local args");
    let own = instance.path().join("releases/0.1.0/vm.args");
    let quoted = own.to_str().unwrap().replace('\'', "'\"'\"'");
    fs::write(&local, format!("-args_file '{quoted}'\n-local yes\n")).unwrap();
    instance.set("RELEASE_VM_ARGS", local.to_str().unwrap());
    instance.run(&["start"]).ok();
    assert_eq!(instance.run(&["rpc", "init:get_argument(local)."]).ok(), "{ok,[[\"yes\"]]}\n");
    assert_eq!(
        instance.run(&["rpc", "erlang:get_cookie()."]).ok(),
        "demo_cookie\n",
        "from the included file"
    );
}

#[test]
fn complaint_13_vm_args_is_selected_at_run_time_and_clients_follow() {
    let Some(raw) = mix() else { return };
    let mut instance = Instance::of(raw).kit();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let file = instance.base().join("prod.args");
    fs::write(&file, format!("-name other@127.0.0.1\n-start_epmd false\n-erl_epmd_port {port}\n")).unwrap();
    instance.set("RELEASE_VM_ARGS", file.to_str().unwrap());
    instance.run(&["start"]).ok();
    instance.unset("RELEASE_VM_ARGS");
    assert_eq!(instance.run(&["rpc", "Node.self()"]).ok(), ":\"other@127.0.0.1\"\n");
    instance.run(&["stop"]).ok();
}

#[test]
fn complaint_19_the_node_works_where_it_was_started() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let place = instance.base().join("my place");
    fs::create_dir_all(&place).unwrap();
    for args in [["start"].as_slice(), &["rpc", "file:get_cwd()."], &["stop"]] {
        let output =
            instance.finish(instance.command(&instance.entry()).args(args).current_dir(&place), "").ok();
        if args.len() > 1 {
            assert_eq!(output, format!("{{ok,{:?}}}\n", place.to_str().unwrap()));
        }
    }
}

#[test]
fn complaint_20_no_program_of_the_system_is_needed() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    // Neither grep nor sed, awk, ps, hostname: whatever dialect they speak.
    let empty = instance.base().join("empty");
    fs::create_dir_all(&empty).unwrap();
    for args in [["start"].as_slice(), &["ping"], &["rpc", "1."], &["stop"]] {
        let mut command = instance.command(&instance.entry());
        instance.finish(command.args(args).env("PATH", &empty), "").ok();
    }
}

#[test]
fn complaint_27_a_home_that_cannot_be_written_is_no_hindrance() {
    for raw in [rebar3(), mix()].into_iter().flatten() {
        let mut instance = Instance::of(raw).kit();
        instance.set("HOME", "/proc/none");
        for args in [["start"].as_slice(), &["ping"], &["rpc", "--erlang", "node()."], &["stop"]] {
            instance.run(args).ok();
        }
    }
}

#[test]
fn complaint_28_client_commands_leave_nothing() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let before = tree(instance.base());
    for args in [
        ["ping"].as_slice(),
        &["pid"],
        &["status"],
        &["rpc", "1."],
        &["versions"],
        &["stop"],
        &["info"],
        &["vmargs"],
    ] {
        instance.run(args);
        assert_eq!(tree(instance.base()), before, "{args:?}");
    }
}

#[test]
fn complaint_31_no_command_that_describes_shows_a_secret() {
    let Some(raw) = rebar3() else { return };
    let instance =
        Instance::of(raw).env("RELEASE_COOKIE", "HUSH_COOKIE").env("DB_PASSWORD", "HUSH_PASSWORD").kit();
    instance.run(&["start"]).ok();
    for args in [
        ["info"].as_slice(),
        &["vmargs"],
        &["status"],
        &["status", "--json"],
        &["plugins"],
        &["hooks"],
        &["versions"],
    ] {
        let output = instance.run(args);
        assert_eq!(output.status, 0, "{output}");
        assert!(!format!("{output}").contains("HUSH"), "{args:?}: {output}");
    }
}
