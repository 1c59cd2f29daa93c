//! The state directory: where it is, who may write there, what is left there; cookies that come by file.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::instance::Instance;
use crate::support::process::until;
use crate::support::releases::{mix, rebar3};
use crate::support::terminal::terminal;
use crate::support::tools::need;

#[test]
fn a_directory_for_the_run_comes_before_the_release() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    let run = instance.base().join("run");
    fs::create_dir_all(run.join("demo")).unwrap();
    instance.set("XDG_RUNTIME_DIR", run.to_str().unwrap());
    instance.run(&["start"]).ok();
    assert!(run.join("demo/demo/vm.args").is_file() && !instance.path().join("tmp").exists());
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    // Of a node that has died, in a place that is looked at before.
    let before = instance.base().join("before");
    fs::create_dir_all(before.join("demo")).unwrap();
    fs::copy(run.join("demo/demo/node"), before.join("demo/node")).unwrap();
    fs::write(before.join("demo/pid"), "99999999 1\n").unwrap();
    instance.set("RELEASE_TMP", before.to_str().unwrap());
    assert_eq!(instance.said(&["start"]), "0\n! demo is already running (pid N)\n");
    // A place that comes before has one of an earlier node, whose number another process has now.
    let old = instance.base().join("old/demo");
    fs::create_dir_all(&old).unwrap();
    fs::copy(run.join("demo/demo/node"), old.join("node")).unwrap();
    fs::write(old.join("pid"), format!("{} 1\n", std::process::id())).unwrap();
    instance.set("RUNTIME_DIRECTORY", instance.base().join("old").to_str().unwrap());
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    instance.run(&["stop"]).ok();
    assert!(!run.join("demo/demo/node").exists());
}

#[test]
fn a_directory_that_others_can_change_is_refused() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let state = instance.path().join("tmp/demo");
    fs::create_dir_all(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).unwrap();
    let output = instance.run(&["start"]);
    assert!(
        output.status == 1 && output.stderr.contains("can be written by others\nhelp: chmod go-w '"),
        "{output}"
    );
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0, "nothing was written");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    if chown(&state, Some(12345), None).is_err() {
        crate::support::tools::skipped("no chown");
        return;
    }
    let output = instance.run(&["start"]);
    assert!(
        output.status == 1 && output.stderr.contains("belongs to user 12345, not to 0\nhelp: start "),
        "{output}"
    );
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0, "nothing was written");
}

#[test]
fn what_another_user_can_move_is_neither_used_nor_swept() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    let base = instance.base().to_path_buf();
    instance.set("TMPDIR", base.to_str().unwrap());
    fs::write(instance.path().join("releases/0.1.0/sys.config.j2"), "[{demo, [{key, \"hush\"}]}].\n")
        .unwrap();
    let (state, theirs) = (instance.path().join("tmp/demo"), base.join("theirs"));
    fs::create_dir_all(&state).unwrap();
    fs::create_dir(&theirs).unwrap();
    fs::write(theirs.join("passwd"), "").unwrap();
    symlink(&theirs, state.join("scratch")).unwrap();
    if chown(&state, Some(12345), None).is_err() {
        crate::support::tools::skipped("no chown");
        return;
    }
    let shown = "application:load(demo), io:format(\"~p\", [application:get_env(demo, key)]).";
    assert_eq!(instance.said(&["eval", shown]), "0\n{ok,\"hush\"}");
    let left = |directory: &Path| fs::read_dir(directory).unwrap().count();
    assert_eq!((left(&theirs), left(&state)), (1, 1), "nothing was written or removed");
    let own = base.join("relboot-0");
    assert_eq!(fs::metadata(own).unwrap().permissions().mode() & 0o777, 0o700);
    // A link of theirs, to a directory of ours.
    fs::remove_dir_all(&state).unwrap();
    symlink(&base, &state).unwrap();
    lchown(&state, Some(12345), None).unwrap();
    let output = instance.run(&["start"]);
    assert!(output.status == 1 && output.stderr.contains("tmp/demo is a link of user 12345\n"), "{output}");
}

#[test]
fn a_rendered_configuration_goes_when_no_start_uses_it_any_more() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let template = instance.path().join("releases/0.1.0/sys.config.j2");
    let copy = instance.path().join("tmp/demo/sys.config");
    fs::write(&template, "[{demo, [{key, \"hush\"}]}].\n").unwrap();
    instance.run(&["start"]).ok();
    instance.run(&["stop"]).ok();
    assert!(copy.is_file());
    fs::remove_file(template).unwrap();
    instance.run(&["start"]).ok();
    assert!(!copy.exists());
    instance.run(&["stop"]).ok();
}

#[test]
fn a_full_file_system_is_told_before_anything_starts() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let place = instance.base().join("small");
    fs::create_dir(&place).unwrap();
    // Its own mount: a page for each file and directory, and no more than five.
    let script = "mount -t tmpfs -o size=20k,mode=700 none \"$1\" || exit 99; printf '%020000d' 0 >\"$1/full\" 2>/dev/null
        BOOT_STATE_DIR=$1/demo \"$2\" start; status=$?; find \"$1\" -type f; exit $status";
    let mut command = instance.command("unshare".as_ref());
    command.args(["-m", "sh", "-c", script, "sh"]).arg(&place).arg(instance.path().join("bin/demo"));
    let output = instance.finish(&mut command, "");
    if output.status == 99 || output.stderr.contains("unshare") {
        crate::support::tools::skipped("no mount");
        return;
    }
    assert!(output.status == 1 && output.stderr.contains("No space left on device"), "{output}");
    assert!(output.stderr.contains("help: make room there, or "), "{output}");
    assert!(!output.stdout.contains(".new.") && !output.stdout.contains("/node"), "{output}");
    assert_eq!(instance.vms(), [0; 0]);
}

#[test]
fn complaint_09_what_a_broken_off_start_has_left_is_removed_by_the_next() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let state = instance.path().join("tmp/demo");
    fs::create_dir_all(state.join("cookie")).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    let left =
        ["vm.args", "cookie/.erlang.cookie"].map(|name| state.join(format!("{name}.new.{}", child.id())));
    let other = state.join(format!("vm.args.new.{}", std::process::id()));
    for file in left.iter().chain([&other]) {
        fs::write(file, "half").unwrap();
    }
    instance.run(&["start"]).ok();
    assert!(
        left.iter().all(|file| !file.exists()) && other.exists(),
        "only those of processes that are gone"
    );
    instance.run(&["stop"]).ok();
}

#[test]
fn a_cookie_comes_by_file() {
    let Some(raw) = mix() else { return };
    let mut instance = Instance::of(raw).kit();
    let file = instance.base().join("secret cookie");
    instance.set("RELEASE_COOKIE_FILE", file.to_str().unwrap());
    let output = instance.run(&["start"]);
    assert!(
        output.stderr.contains("cannot read the cookie in ")
            && output.stderr.contains("help: RELEASE_COOKIE_FILE")
    );
    // As Kubernetes mounts secrets.
    fs::write(&file, "FROM_A_FILE\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    instance.run(&["start"]).ok();
    instance.unset("RELEASE_COOKIE_FILE");
    assert_eq!(
        instance.run(&["rpc", "Node.get_cookie()"]).ok(),
        ":FROM_A_FILE\n",
        "clients need not be told"
    );
    instance.run(&["stop"]).ok();
    instance.set("RELEASE_COOKIE_FILE", file.to_str().unwrap());
    fs::write(&file, "-dashed").unwrap();
    let output = instance.run(&["start"]);
    assert!(output.status == 1 && output.stderr.contains("begins with \"-\""), "{output}");
    assert!(!output.stderr.contains("dashed"), "{output}");
}

#[test]
fn complaint_30_a_package_holds_no_cookie() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).kit();
    let cookie = instance.path().join("releases/COOKIE");
    assert!(cookie.is_file(), "mix has put one there");
    let package = instance.base().join("demo.tar.gz");
    let said = instance.tar(&package);
    assert!(said.stderr.contains("warning: releases/COOKIE is left out"), "{said}");
    let target = instance.base().join("installs");
    let mut made = Vec::new();
    for name in ["one", "two"] {
        let root = target.join(name);
        fs::create_dir_all(&root).unwrap();
        let mut tar = instance.command("tar".as_ref());
        instance.finish(tar.arg("-xzf").arg(&package).arg("-C").arg(&root), "").ok();
        let mut command = instance.command(&root.join("bin/demo"));
        instance.finish(command.args(["start"]).env("RELEASE_NODE", name), "").ok();
        let file = root.join(format!("tmp/{name}/cookie/.erlang.cookie"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o400);
        made.push(fs::read_to_string(&file).unwrap());
        let mut command = instance.command(&root.join("bin/demo"));
        instance.finish(command.args(["stop"]).env("RELEASE_NODE", name), "").ok();
    }
    assert!(made[0] != made[1] && made.iter().all(|cookie| cookie.len() >= 20));
}

#[test]
fn a_node_of_another_install_of_that_name_is_told() {
    let Some(raw) = rebar3() else { return };
    let mut one = Instance::of(raw).kit();
    let mut two = Instance::of(raw).kit();
    let run = one.base().join("run");
    for instance in [&mut one, &mut two] {
        instance.set("RELEASE_TMP", run.to_str().unwrap());
    }
    one.run(&["start"]).ok();
    let output = two.run(&["ping"]);
    let told = format!("warning: this is the demo that was started from {}\n", one.path().display());
    assert_eq!((output.status, output.stderr.as_str()), (0, told.as_str()), "{output}");
    assert_eq!(one.run(&["ping"]).stderr, "");
    one.run(&["stop"]).ok();
}

#[test]
fn no_program_runs_by_the_record_of_another_user() {
    let Some(raw) = rebar3() else { return };
    if !need(&["python3"]) {
        return;
    }
    let instance = Instance::of(raw).kit();
    instance.run(&["start"]).ok();
    if chown(instance.path().join("tmp/demo/node"), Some(12345), None).is_err() {
        crate::support::tools::skipped("no chown");
        return;
    }
    let output = instance.finish(terminal(&instance, &[]).args(["remote"]), "");
    assert_eq!(output.status, 4, "{output}");
    assert!(
        output.stdout.contains("demo runs as user 12345, whose programs remote would run as you"),
        "{output}"
    );
    // To ask it runs nothing.
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    instance.run(&["stop"]).ok();
}

#[test]
fn a_record_that_a_loss_of_power_has_emptied_keeps_nobody_from_stopping_and_starting() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let state = instance.path().join("tmp/demo");
    let empty = |name: &str| fs::write(state.join(name), "").unwrap();
    instance.start();
    empty("node");
    let output = instance.run(&["ping"]);
    let told =
        format!("error: demo runs (pid {}), but {}/node is damaged\n", instance.vms()[0], state.display());
    assert!(output.status == 4 && output.stderr.starts_with(&told), "{output}");
    assert!(instance.run(&["start"]).ok().is_empty());
    instance.run(&["restart", "--full"]).ok();
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    // One that nobody has stopped: of the files that a start writes all are empty.
    let vm = instance.vms()[0];
    kill_process(Pid::from_raw(vm.cast_signed()).unwrap(), Signal::KILL).unwrap();
    let process = format!("/proc/{vm}");
    until("it has ended", Duration::from_secs(20), || !Path::new(&process).exists());
    for name in ["node", "pid", "lock", "vm.args"] {
        empty(name);
    }
    for (command, status) in [("ping", 3), ("status", 3), ("stop", 0), ("start", 0), ("ping", 0), ("stop", 0)]
    {
        let output = instance.run(&[command]);
        assert_eq!(output.status, status, "{command}: {output}");
    }
}
