//! The test harness under test: what all other tests rely on. Nothing of relboot's is tested here.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::instance::Instance;
use crate::support::process::{Unfinished, finish, marked, runs, until};
use crate::support::releases::{Raw, mix, rebar3, rebar3_dev};
use crate::support::strace::{Counts, count, maxrss, tally};
use crate::support::tools::{need, required, shells};

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn required_tools_are_those_named() {
    for (require, is) in [
        ("", false),
        ("erl", true),
        ("mix, erl", true),
        ("mix erl,", true),
        ("erlang", false),
        ("all", true),
        ("all-but-shellspec", true),
        ("all-but-erl", false),
    ] {
        assert_eq!(required(require, "erl"), is, "{require:?}");
    }
}

#[test]
fn rebar3_builds_both_versions() {
    let Some(raw) = rebar3() else { return };
    both_versions(raw);
    assert!(raw.v1.join("releases/RELEASES").is_file());
    let vm_args = fs::read_to_string(raw.v1.join("releases/0.1.0/vm.args")).unwrap();
    assert!(vm_args.contains("-sname demo\n"), "the template's own: {vm_args}");
}

#[test]
fn mix_builds_both_versions() {
    let Some(raw) = mix() else { return };
    both_versions(raw);
    assert!(raw.v1.join("releases/0.1.0/runtime.exs").is_file());
    assert!(raw.v1.join("releases/0.1.0/consolidated/Elixir.Demo.Kind.beam").is_file());
    assert!(!raw.v1.join("releases/RELEASES").exists());
}

fn both_versions(raw: &Raw) {
    let has = |tree: &Path, file: &str| tree.join(file).exists();
    let erts = |tree: &Path| {
        let mut names = fs::read_dir(tree).unwrap().map(|entry| entry.unwrap().file_name());
        names.any(|name| name.to_string_lossy().starts_with("erts-"))
    };
    assert!(has(&raw.v1, "bin/demo") && has(&raw.v1, "releases/0.1.0/start.boot") && erts(&raw.v1));
    assert!(!has(&raw.v1, "releases/0.2.0") && !has(&raw.v1, "lib/demo-0.2.0"));
    for file in ["releases/0.1.0/start.boot", "releases/0.2.0/start.boot", "releases/0.2.0/relup"] {
        assert!(has(&raw.v2, file), "{file}");
    }
    assert!(has(&raw.v2, "lib/demo-0.1.0") && has(&raw.v2, "lib/demo-0.2.0/ebin/demo.appup"));
    let start = fs::read_to_string(raw.v2.join("releases/start_erl.data")).unwrap();
    assert!(start.trim().ends_with(" 0.2.0"), "{start}");
}

#[test]
fn a_development_release_is_links_without_erts() {
    let Some(raw) = rebar3_dev() else { return };
    let instance = Instance::of(raw).plain();
    let target = fs::read_link(instance.path().join("releases/0.1.0/vm.args")).unwrap();
    assert!(target.starts_with(instance.base()), "into its own copy of the project: {target:?}");
    assert!(instance.path().join("lib/demo-0.1.0/ebin/demo.app").is_file());
    let names = fs::read_dir(instance.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.filter(|name| name.to_string_lossy().starts_with("erts")).count(), 0);
}

#[test]
fn a_rebar3_release_is_upgraded_while_it_runs() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).at("plain/demo").plain();
    instance.start();
    upgrade(&instance, "demo_server");
}

#[test]
fn a_mix_release_is_upgraded_while_it_runs() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).at("plain/demo").env("PORT", "4711").plain();
    let root = instance.path().display();
    let releases = format!(
        ":ok = :release_handler.create_RELEASES('{root}', '{root}/releases', '{root}/releases/0.1.0/demo.rel', [])"
    );
    instance.run(&["eval", &releases]).ok();
    instance.start();
    let port = instance.erl("binary_to_list(application:get_env(demo, port, <<>>))");
    assert_eq!(port.as_deref(), Some("\"4711\""), "config/runtime.exs was read at boot");
    upgrade(&instance, "'Elixir.Demo.Counter'");
}

/// Counts in 0.1.0, upgrades the running node to 0.2.0, looks whether the state is kept.
fn upgrade(instance: &Instance, server: &str) {
    let erl = |expression: String| instance.erl(&expression).expect("the node answers").replace(' ', "");
    let seen = format!("{{{server}:inc(), {server}:version(), sys:get_state({server})}}");
    assert_eq!(erl(seen.clone()), "{1,v1,1}");
    let vms = instance.vms();
    assert_eq!(vms.len(), 1, "{vms:?}");

    instance.add_version_2();
    let rel = instance.path().join("releases/0.2.0/demo.rel");
    assert_eq!(
        erl(format!("release_handler:set_unpacked({:?}, [])", rel.display().to_string())),
        "{ok,\"0.2.0\"}"
    );
    assert_eq!(erl("release_handler:install_release(\"0.2.0\")".into()), "{ok,\"0.1.0\",[]}");
    assert_eq!(erl(seen), "{2,v2,{st,2}}");
    assert_eq!(instance.vms(), vms, "the same VM");
}

#[test]
fn what_is_written_to_an_instance_stays_there() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).version_2().plain();
    for file in ["bin/demo", "releases/RELEASES", "releases/0.2.0/vm.args", "lib/demo-0.2.0/ebin/demo.app"] {
        let shared = inode(&raw.v2.join(file)) == inode(&instance.path().join(file));
        assert_eq!(shared, file.starts_with("lib/"), "{file}");
    }
    let own = Instance::of(raw).own_files().plain();
    assert_ne!(
        inode(&raw.v1.join("lib/demo-0.1.0/ebin/demo.app")),
        inode(&own.path().join("lib/demo-0.1.0/ebin/demo.app"))
    );
}

fn inode(file: &Path) -> u64 {
    fs::metadata(file).unwrap().ino()
}

#[test]
fn an_instance_has_a_clean_environment_at_a_hostile_path() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).env("PORT", "1").plain();
    assert!(instance.path().ends_with("it's a \"$HOME\" dir/demo"));
    instance.unset("HOME");
    instance.set("PORT", "2");
    let env = instance.finish(&mut instance.command(Path::new("env")), "").ok();
    let mut names: Vec<_> = env.lines().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ERL_EPMD_ADDRESS", "ERL_EPMD_PORT", "LANG", "PATH", "PORT"]);
    assert!(env.contains("PORT=2\n"));
}

#[test]
fn a_script_runs_in_every_shell() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).plain();
    fs::write(instance.entry(), "printf '%s\\n' \"$1\" >&2; exit 3\n").unwrap();
    for shell in shells() {
        let output = instance.run_in(&shell, &["a 'b' $c"]);
        assert_eq!(
            (output.status, output.stdout.as_str(), output.stderr.as_str()),
            (3, "", "a 'b' $c\n"),
            "{shell:?}"
        );
    }
}

#[test]
fn a_dropped_instance_leaves_nothing() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).at("plain/demo").plain();
    instance.start();
    let (base, vms, (_, epmd)) = (instance.base().to_owned(), instance.vms(), instance.epmd());
    assert!(vms.len() == 1 && runs(vms[0]) && runs(epmd));
    drop(instance);
    let gone = || !runs(vms[0]) && !runs(epmd) && marked(base.to_str().unwrap()).is_empty();
    until("vm and epmd are gone", Duration::from_secs(5), gone);
    assert!(!base.exists());
}

#[test]
fn an_instance_ends_with_a_killed_test_process() {
    let Some(_) = rebar3() else { return };
    let mut other = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "harness_selftest::holds_an_instance"])
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(other.stdout.take().unwrap()));
    let line = lines.by_ref().map(Result::unwrap).find(|line| line.contains("holds ")).unwrap();
    let mut words = line.split("holds ").nth(1).unwrap().splitn(3, ' ');
    let mut pid = || words.next().unwrap().parse::<u32>().unwrap();
    let (vm, epmd) = (pid(), pid());
    let base = Path::new(words.next().unwrap());
    assert!(runs(vm) && runs(epmd) && base.is_dir());
    other.kill().unwrap();
    other.wait().unwrap();
    until("vm, epmd and directory are gone", Duration::from_secs(10), || {
        !runs(vm) && !runs(epmd) && !base.exists()
    });
}

#[test]
#[ignore = "not a test: the process that an_instance_ends_with_a_killed_test_process kills"]
fn holds_an_instance() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).at("plain/demo").plain();
    instance.start();
    println!("holds {} {} {}", instance.vms()[0], instance.epmd().1, instance.base().display());
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn instances_do_not_see_each_other() {
    let Some(raw) = rebar3() else { return };
    let (one, two) = (Instance::of(raw).at("plain/demo").plain(), Instance::of(raw).at("plain/demo").plain());
    one.start();
    assert_eq!(one.erl("node() =/= nonode@nohost").as_deref(), Some("true"));
    assert_eq!(two.erl("node()"), None);
    two.start();
    assert_ne!(one.erl("os:getpid()"), two.erl("os:getpid()"));
    assert_ne!(one.epmd(), two.epmd());
}

#[test]
fn a_program_that_hangs_is_killed_with_its_group() {
    let begin = Instant::now();
    let mark = format!("{}.{:?}", std::process::id(), std::thread::current().id());
    let mut command = sh("echo so far; sleep 61 & sleep 62");
    let result = finish(command.env("MARK", &mark), "", Duration::from_millis(200));
    let Err(Unfinished::TimedOut(told)) = result else { panic!("{result:?}") };
    assert!(["so far\n", "sleep 61\n", "sleep 62\n"].iter().all(|part| told.contains(part)), "{told}");
    assert!(begin.elapsed() < Duration::from_secs(5));
    until("all of the group is gone", Duration::from_secs(5), || marked(&mark).is_empty());
}

#[test]
fn a_daemon_that_keeps_the_output_open_is_found() {
    let result = finish(&mut sh("sleep 63 & exit 0"), "", Duration::from_millis(500));
    assert!(matches!(result, Err(Unfinished::Held)), "{result:?}");
    let output = finish(&mut sh("cat; kill -TERM $$"), "in", Duration::from_secs(5)).unwrap();
    assert_eq!((output.status, output.stdout.as_str()), (143, "in"));
}

#[test]
fn processes_are_counted() {
    if !need(&["strace"]) {
        return;
    }
    let (counts, output) = count(&sh("/bin/true; (:); /bin/true; exit 3"), None);
    assert_eq!((counts, output.status), (Counts { execs: 3, forks: 3 }, 3), "{output}");
    let (counts, _) = count(&sh("/bin/true; exec env true"), Some("env"));
    assert_eq!(counts, Counts { execs: 2, forks: 1 });
    let begin = Instant::now();
    let (counts, output) = count(&sh("sleep 15 >/dev/null 2>&1 & sleep 0.3; exit 4"), None);
    assert_eq!((counts, output.status), (Counts { execs: 3, forks: 2 }, 4), "{output}");
    assert!(begin.elapsed() < Duration::from_secs(10), "it did not wait for what is in background");
}

#[test]
fn a_node_lives_on_after_its_start_was_counted() {
    let Some(raw) = rebar3() else { return };
    if !need(&["strace"]) {
        return;
    }
    let instance = Instance::of(raw).at("plain/demo").plain();
    let (counts, output) = count(instance.command(&instance.entry()).arg("daemon"), Some("beam.smp"));
    output.ok();
    assert!((5..200).contains(&counts.execs) && (5..200).contains(&counts.forks), "{counts:?}");
    until("the node answers", Duration::from_secs(30), || instance.erl("ok").is_some());
}

#[test]
fn split_lines_threads_and_failures_are_told_apart() {
    let log = "\
7 execve(\"/bin/sh\", [\"sh\"], 0x7 /* 3 vars */) = 0
7 vfork( <unfinished ...>
8 execve(\"/usr/local/bin/x\", [\"x\"], 0x7 /* 3 vars */) = -1 ENOENT (No such file or directory)
8 execve(\"/bin/x\", [\"x\", \"= 5\"], 0x7 /* 3 vars */ <unfinished ...>
7 <... vfork resumed>)              = 8
8 <... execve resumed>)             = 0
8 clone3({flags=CLONE_VM|CLONE_THREAD, stack=0x7} => {parent_tid=[9]}, 88) = 9
8 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7) = 10
10 execve(\"/it's a \\\"$HOME\\\" dir/erts/bin/beam.smp\", [\"beam.smp\"], 0x7 /* 3 vars */) = 0
7 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=8, si_uid=0, si_status=0} ---
7 fork()                            = 11
11 +++ exited with 0 +++
";
    assert_eq!(tally(log, None), Counts { execs: 3, forks: 3 });
    assert_eq!(tally(log, Some("beam.smp")), Counts { execs: 2, forks: 2 });
}

#[test]
fn memory_is_measured() {
    if !need(&["busybox"]) {
        return;
    }
    let mut command = Command::new("dd");
    let used = maxrss(command.args(["if=/dev/zero", "of=/dev/null", "bs=32M", "count=1", "status=none"]));
    assert!((32 * 1024..44 * 1024).contains(&used), "{used} KiB");
}
