//! Who runs the node: root becomes the user of `[run]`, others are sent away, a release that is another user's can be
//! run, and no settings are read that somebody else could have written. As root only: else one has but one user.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::delivery::write;
use crate::support::instance::Instance;
use crate::support::process::Output;
use crate::support::releases::{Raw, mix, rebar3};
use crate::support::tools::{need, shells, skipped};

/// A user that each Debian has; its group is nogroup.
const USER: &str = "nobody";

/// Whether this is root.
fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        skipped("not root");
    }
    root
}

fn ids() -> (u32, u32) {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|line| line.starts_with("nobody:")).unwrap();
    let fields: Vec<&str> = line.split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}

/// A release that others can get to, with `[run] user` where one is given.
fn release(raw: &'static Raw, user: Option<&str>) -> Instance {
    let instance = Instance::of(raw).open().plain();
    fs::set_permissions(instance.base(), fs::Permissions::from_mode(0o755)).unwrap();
    if let Some(user) = user {
        write(&instance.base().join("rel/relboot.toml"), &format!("[run]\nuser = \"{user}\"\n"));
    }
    instance.generate(&[]).ok();
    instance
}

/// A directory of USER's.
fn own(instance: &Instance, name: &str) -> PathBuf {
    let directory = instance.base().join(name);
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    chown(&directory, Some(ids().0), Some(ids().1)).unwrap();
    directory
}

/// A command of the instance as another user, from a directory that this one can't look into.
fn as_user(instance: &Instance, user: &str, args: &[&str]) -> Output {
    let closed = instance.base().join("closed");
    fs::create_dir_all(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = instance.command(Instance::helper());
    command.args(["run-as", user, "--"]).arg(instance.entry()).args(args).current_dir(closed);
    instance.finish(&mut command, "")
}

/// All below a directory that another one than `uid` owns, or that others can look into.
fn foreign(directory: &Path, uid: u32) -> Vec<PathBuf> {
    let mut find = Command::new("find");
    find.arg(directory).args([
        "(",
        "!",
        "-user",
        &uid.to_string(),
        "-o",
        "-perm",
        "/077",
        ")",
        "!",
        "-type",
        "l",
    ]);
    let output = find.output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(PathBuf::from).collect()
}

#[test]
fn root_becomes_the_user_of_the_configuration() {
    let (Some(raw), true) = (rebar3(), root() && need(&["bash"])) else { return };
    let mut instance = release(raw, Some(USER));
    let state = own(&instance, "state").join("demo");
    instance.set("BOOT_STATE_DIR", state.to_str().unwrap());
    instance.set("XDG_RUNTIME_DIR", instance.base().join("home").to_str().unwrap());
    instance.set("KEPT", "it's");
    let plugin = instance.path().join("plugins/who");
    write(
        &plugin.join("pre_start"),
        "for fd in 7 42; do [ ! -e /proc/$$/fd/$fd ] || echo 'root had that open' >&2; done\n\
         echo \"hook: $HOME $USER $LOGNAME $KEPT ${XDG_RUNTIME_DIR:-none}\" >&2\n",
    );
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    // From a directory that he can't look into, by a relative path.
    let closed = instance.path().join("bin");
    let mut command = instance.command(Path::new("bash"));
    command
        .args([
            "-c",
            "umask 0; mkdir -m 700 ../shut; cd ../shut && exec 7</dev/null 42</dev/null ../bin/demo start",
        ])
        .current_dir(closed);
    let output = instance.finish(&mut command, "");
    assert_eq!(output.status, 0, "{output}");
    assert_eq!(output.stderr, "hook: /nonexistent nobody nobody it's none\n");
    let (uid, gid) = ids();
    let vm = instance.vms()[0];
    let meta = fs::metadata(format!("/proc/{vm}")).unwrap();
    assert_eq!((meta.uid(), meta.gid()), (uid, gid));
    let status = fs::read_to_string(format!("/proc/{vm}/status")).unwrap();
    assert!(status.contains(&format!("Groups:\t{gid} \n")), "none of root's: {status}");
    assert_eq!(foreign(&state, uid), Vec::<PathBuf>::new());
    // Clients and writers, called by root or by him, in whatever shell.
    for shell in shells() {
        assert_eq!(instance.run_in(&shell, &["ping"]).stdout, "pong\n", "{shell:?}");
    }
    assert_eq!(as_user(&instance, USER, &["ping"]).stdout, "pong\n");
    // Somebody else is told whom to become, and what he asks can't be told.
    for writer in ["start", "stop", "restart", "foreground", "console", "reboot"] {
        let output = as_user(&instance, "daemon", &[writer]);
        assert_eq!(output.status, 4, "{writer}: {output}");
        let told = format!("error: {writer} is for user nobody, and this is user 1\nhelp: sudo -u nobody ");
        assert!(output.stderr.starts_with(&told), "{writer}: {output}");
    }
    for client in [["ping"].as_slice(), &["attach"], &["logs"], &["logs", "--crash"]] {
        let output = as_user(&instance, "daemon", client);
        assert_eq!((output.status, output.stdout.as_str()), (4, ""), "{client:?}: {output}");
        assert!(output.stderr.contains("or as root"), "{client:?}: {output}");
    }
    instance.run(&["restart"]).ok();
    as_user(&instance, USER, &["stop"]).ok();
    instance.run(&["start"]).ok();
    instance.run(&["stop"]).ok();
    assert_eq!(foreign(&state, uid), Vec::<PathBuf>::new());
    // Without the helper root stays out of it.
    fs::remove_file(instance.path().join("releases/0.1.0/boot/relboot-helper")).unwrap();
    let output = instance.run(&["start"]);
    assert!(
        output.status == 4 && output.stderr.contains("without which root does not become nobody\nhelp: "),
        "{output}"
    );
}

#[test]
fn what_stands_in_the_way_of_that_is_told() {
    let (Some(raw), true) = (rebar3(), root()) else { return };
    let mut instance = release(raw, Some("no-such-user"));
    let output = instance.run(&["start"]);
    assert_eq!(output.status, 1, "{output}");
    assert!(
        output.stderr.starts_with("error: there is no user no-such-user, ")
            && output.stderr.contains("useradd "),
        "{output}"
    );
    assert!(!instance.path().join("tmp").exists());

    write(&instance.base().join("rel/relboot.toml"), "[run]\nuser = \"nobody\"\n");
    instance.generate(&[]).ok();
    // What root has made before: the state directory of an earlier start, a log directory, a log.
    let (tmp, state) = (instance.path().join("tmp"), own(&instance, "state"));
    fs::create_dir_all(tmp.join("demo")).unwrap();
    fs::set_permissions(&tmp, fs::Permissions::from_mode(0o700)).unwrap();
    let output = instance.run(&["start"]);
    let told = format!("help: {} belongs to user 0: give it to ", tmp.display());
    assert!(output.status == 1 && output.stderr.contains(&told), "{output}");
    instance.set("BOOT_STATE_DIR", state.to_str().unwrap());
    let log = instance.base().join("log");
    fs::create_dir(&log).unwrap();
    instance.set("BOOT_LOG_DIR", log.to_str().unwrap());
    let output = instance.run(&["start"]);
    let told = format!("error: cannot write {}: Permission denied", log.display());
    assert!(output.status == 1 && output.stderr.starts_with(&told), "{output}");
    chown(&log, Some(ids().0), None).unwrap();
    fs::write(log.join("erlang.log.1"), "").unwrap();
    let output = instance.run(&["start"]);
    let told = format!("error: cannot write {}/erlang.log.1: Permission denied", log.display());
    assert!(output.status == 1 && output.stderr.starts_with(&told), "{output}");
    assert_eq!(instance.vms(), [0; 0]);
    // Root by another name, and a directory that he can't look into.
    let closed = own(&instance, "closed");
    chown(&closed, Some(0), None).unwrap();
    let run_as = |user: &str| {
        let mut command = instance.command(Instance::helper());
        instance.finish(command.args(["run-as", user, "--", "/bin/pwd"]).current_dir(&closed), "")
    };
    let refused = run_as("root");
    assert!(refused.status == 1 && refused.stderr.contains("is root under another name"), "{refused}");
    assert_eq!(run_as("nobody").ok(), "/\n");
    // A root that may not become anybody.
    if need(&["setpriv"]) {
        let mut command = instance.command(Path::new("setpriv"));
        command.args(["--bounding-set=-setuid,-setgid", "--inh-caps=-setuid,-setgid", "--"]);
        let output = instance.finish(command.arg(instance.entry()).arg("ping"), "");
        assert!(
            output.status == 1 && output.stderr.contains("root needs CAP_SETUID and CAP_SETGID"),
            "{output}"
        );
    }
}

#[test]
fn complaint_45_a_release_of_another_user_runs_where_one_can_write() {
    let (Some(raw), true) = (rebar3(), root()) else { return };
    let mut instance = release(raw, None);
    let run = own(&instance, "run");
    instance.set("XDG_RUNTIME_DIR", run.to_str().unwrap());
    // Nothing but this is writable for him.
    as_user(&instance, USER, &["start"]).ok();
    assert!(run.join("demo/demo/log/erlang.log.1").is_file() && !instance.path().join("tmp").exists());
    assert_eq!(foreign(&run, ids().0), Vec::<PathBuf>::new());
    assert_eq!(as_user(&instance, USER, &["rpc", "demo_server:inc()."]).stdout, "1\n");
    // Root, who sees all, can ask it and stop it.
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    instance.run(&["stop"]).ok();
    instance.unset("XDG_RUNTIME_DIR");
    let output = as_user(&instance, USER, &["start"]);
    assert_eq!(output.status, 1, "{output}");
    assert!(output.stderr.contains("help: ") && output.stderr.contains("BOOT_STATE_DIR"), "{output}");
}

#[test]
fn settings_that_others_can_write_are_not_read() {
    for raw in [rebar3(), mix()].into_iter().flatten() {
        let instance = Instance::of(raw).kit();
        let version = instance.path().join("releases/0.1.0");
        let mut files = vec![version.join("boot/env.sh")];
        if raw.name == "demo" && version.join("env.sh").exists() {
            files.push(version.join("env.sh"));
        }
        for file in files {
            let before = fs::read_to_string(&file).unwrap();
            assert!(before.lines().all(|line| line.is_empty() || line.starts_with('#')), "{before}");
            // As long as it says nothing it may be as it likes.
            fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
            assert_eq!(instance.said(&["version"]), "0\ndemo 0.1.0\n");
            fs::write(&file, format!("{before}echo sourced >&2")).unwrap();
            let refused = |what: &Path, help: bool| {
                for shell in shells() {
                    let output = instance.run_in(&shell, &["version"]);
                    assert_eq!((output.status, output.stdout.as_str()), (5, ""), "{shell:?}: {output}");
                    assert!(!output.stderr.contains("sourced"), "{shell:?}: {output}");
                    let told = format!("error: {} can be written by others than its owner", what.display());
                    assert_eq!(output.stderr.starts_with(&told), help, "{shell:?}: {output}");
                }
            };
            refused(&file, true);
            fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            let above = file.parent().unwrap();
            fs::set_permissions(above, fs::Permissions::from_mode(0o777)).unwrap();
            refused(above, true);
            fs::set_permissions(above, fs::Permissions::from_mode(0o755)).unwrap();
            for shell in shells() {
                let output = instance.run_in(&shell, &["version"]);
                assert_eq!(instance.told(&output), "0\ndemo 0.1.0\n! sourced\n", "{shell:?}");
            }
            fs::write(&file, before).unwrap();
        }
        // Without the helper by find.
        let file = version.join("boot/env.sh");
        fs::write(&file, "echo sourced >&2").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o622)).unwrap();
        fs::remove_file(version.join("boot/relboot-helper")).unwrap();
        let output = instance.run(&["version"]);
        assert!(output.status == 5 && output.stderr.contains("so they are not used: "), "{output}");
    }
}
