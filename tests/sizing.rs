//! Sizing of real nodes: on limits that the kernel enforces and under a name of its own the VM says of itself what
//! was intended, and `vmargs --explain` and `--diff` say the same. Made hosts are in `hosts`.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, getrlimit};
use serde_json::Value;

use crate::support::cgroup::Limits;
use crate::support::instance::Instance;
use crate::support::made::Made;
use crate::support::releases::rebar3;
use crate::support::tools::shells;

const MIB: u64 = 1 << 20;

/// Gives the host another name, known to its own files where there is a second one.
const NAMED: &str = r#"hostname "$1"
[ -z "$2" ] || { printf '127.0.0.1 %s %s\n' "$2" "$1" >"$3" && mount --bind "$3" /etc/hosts; }
shift 3; ulimit -S -n 512; exec "$@""#;

/// What the VM says of itself.
const ASK: &str = "{[erlang:system_info(I) || I <- [schedulers, schedulers_online, dirty_cpu_schedulers, \
    dirty_cpu_schedulers_online, process_limit, port_limit, dist_buf_busy_limit]], \
    maps:get(size, erlang:system_info(max_heap_size)), node(), \
    [os:getenv(V) || V <- [\"BOOT_MEMORY_LIMIT\", \"BOOT_CPU_COUNT\", \"BOOT_SIZING\"]], \
    element(2, re:run(element(2, file:read_file(\"/proc/self/limits\")), \"open files +([0-9]+)\", [{capture, [1], list}])), \
    element(2, erl_epmd:port_please(\"demo\", \"127.0.0.1\")) div 20}.";

/// A process that grows without end is ended, and not the node by the kernel.
const GROW: &str =
    "{P, R} = spawn_monitor(lists, seq, [1, 1000000000]), receive {'DOWN', R, _, P, Why} -> Why end.";

/// A release whose vm.args names nothing, with sizing.
fn unnamed() -> Option<Instance> {
    let instance = Instance::of(rebar3()?).plain();
    fs::create_dir_all(instance.base().join("rel")).unwrap();
    fs::write(instance.base().join("rel/relboot.toml"), "[vm]\nsizing = \"auto\"\n").unwrap();
    fs::write(instance.path().join("releases/0.1.0/vm.args"), "-setcookie demo_cookie\n").unwrap();
    instance.generate(&[]).ok();
    Some(instance)
}

/// The soft limit of open files that a start raises to.
fn files() -> u64 {
    getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX).min(65_536)
}

/// Starts the node in a group, under a name; what it says of itself.
fn started(instance: &Instance, limits: Limits, name: &str, full: &str) -> Option<String> {
    let group = limits.group()?;
    let mut words = group.in_a_container();
    words.extend(["unshare", "--uts", "--mount", "sh", "-c", NAMED, "sh", name, full].map(str::to_owned));
    words.push(instance.base().join("hosts").display().to_string());
    let mut start = instance.command(Path::new(&words[0]));
    start.args(&words[1..]).arg(instance.entry()).arg("start");
    instance.finish(&mut start, "").ok();
    let said = instance.run(&["rpc", ASK]).ok().replace([' ', '\n'], "");
    if limits.memory == Some(256 * MIB) {
        assert_eq!(instance.run(&["rpc", GROW]).ok(), "killed\n");
    }
    instance.run(&["stop"]).ok();
    Some(said)
}

#[test]
fn complaints_62_65_66_a_small_container_gets_a_small_node() {
    let Some(instance) = unnamed() else { return };
    let limits = Limits { cpu: Some(0.5), memory: Some(256 * MIB) };
    let Some(said) = started(&instance, limits, "web7", "web7.example.org") else { return };
    let expected = format!(
        r#"{{[1,1,1,1,131072,65536,1048576],16777216,'demo@web7.example.org',["268435456","1",false],["{}"],219}}"#,
        files()
    );
    assert_eq!(said, expected);
    // Without a full name in the host's files, and on more than one processor.
    let limits = Limits { cpu: Some(1.5), memory: Some(2048 * MIB) };
    let Some(said) = started(&instance, limits, "web8", "") else { return };
    let count = std::thread::available_parallelism().unwrap().get().min(2);
    assert!(said.starts_with(&format!("{{[{count},{count},{count},{count},")), "{said}");
    assert!(said.contains(",2097152],134217728,demo@web8,"), "{said}");
}

#[test]
fn what_differs_from_the_running_node_is_told() {
    let Some(mut instance) = unnamed() else { return };
    assert_eq!(instance.run(&["vmargs", "--diff"]).status, 3);
    instance.set("ERL_FLAGS", "+W w");
    instance.run(&["start"]).ok();
    assert_eq!(instance.said(&["vmargs", "--diff"]), "0\n");
    let file = instance.path().join("releases/0.1.0/vm.args");
    fs::write(&file, "-setcookie demo_cookie\n+P 70000\n-env TOKEN hush\n-demo key new\n").unwrap();
    instance.set("ERL_FLAGS", "+W i");
    let output = instance.run(&["vmargs", "--diff"]);
    let lines: Vec<&str> = output.stdout.lines().filter(|line| !line.starts_with("- +P")).collect();
    assert_eq!(
        (output.status, lines),
        (1, vec!["+ +P 70000", "- +W w", "+ +W i", "+ -demo key new", "+ -env TOKEN <hidden>"])
    );
    let said = "2\n! error: --json goes with --explain\n! help: ROOT/bin/demo vmargs --explain --json\n";
    assert_eq!(instance.said(&["vmargs", "--json"]), said);
    // Sizing can be switched off for one start.
    instance.set("BOOT_SIZING", "off");
    let off = instance.run(&["vmargs", "--diff"]);
    assert!(off.stdout.contains("- -kernel inet_dist_listen_min 4380"), "{off}");
    instance.set("BOOT_SIZING", "perhaps");
    assert_eq!(
        instance.said(&["vmargs"]),
        "2\n! error: BOOT_SIZING is auto or off, not \"perhaps\"\n! help: unset it, or BOOT_SIZING=off\n"
    );
    instance.run(&["stop"]).ok();
}

#[test]
fn each_flag_is_explained_in_every_shell() {
    let toml = "[vm]\nsizing = \"auto\"\n[vm.flags]\n\"+zdbbl\" = false\n\"+SDio\" = 4\n\"+P\" = 300000\n";
    let mut made = Made::new(toml);
    made.set("ERL_AFLAGS", "-myapp secret_free yes -env TOKEN hush");
    made.set("RELEASE_NODE", "demo@127.0.0.1");
    for shell in shells() {
        let output = made.run(&shell, &["vmargs", "--explain"]);
        assert_eq!((output.status, output.stderr.as_str()), (0, ""), "{output}");
        let row = |start: &str| {
            let line = output.stdout.lines().find(|line| line.starts_with(start));
            line.unwrap_or_else(|| panic!("{start}: {output}"))
                .split("  ")
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .collect::<Vec<_>>()
        };
        assert_eq!(row("-name demo@127.0.0.1")[1..], ["yours", "RELEASE_NODE"], "{output}");
        assert_eq!(row("-env TOKEN")[..], ["-env TOKEN <hidden>", "yours", "ERL_AFLAGS"]);
        assert_eq!(row("-mode embedded")[1], "kit");
        assert!(row("+S 1")[1..].concat().starts_with("yoursreleases/0.1.0/vm.args:1; cpu."), "{output}");
        assert!(row("+SDio 4")[1..].concat().starts_with("overriderel/relboot.toml; memory."), "{output}");
        assert!(row("+zdbbl")[1..].concat().starts_with("override"), "{output}");
        assert!(!output.stdout.contains("hush") && !output.stdout.contains('\x1b'), "{output}");
        let json = made.run(&shell, &["vmargs", "--explain", "--json"]);
        let rows: Vec<Value> = serde_json::from_str(&json.ok()).unwrap();
        assert_eq!(rows.len(), output.stdout.lines().count());
        let processes = rows.iter().find(|row| row["flag"] == "+P").unwrap();
        assert_eq!((&processes["by"], &processes["values"]), (&"override".into(), &"300000".into()));
    }
}
