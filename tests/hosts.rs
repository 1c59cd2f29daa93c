//! The table of hosts: what sizing makes of made trees of /proc, /sys and /etc, through the real helper. A snapshot
//! for each holds the flags of name and sizing and nothing else: read it against the rules.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::process::{Output, finish};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// A host: what differs from a plain one.
#[derive(Clone, Copy)]
struct Host {
    name: &'static str,
    otp: u32,
    /// Online; and the list of those allowed, all when empty.
    cpus: usize,
    allowed: &'static str,
    memory: u64,
    /// Files below the root besides those.
    files: &'static [(&'static str, &'static str)],
    /// Soft and hard, as in /proc/self/limits.
    nofile: (&'static str, &'static str),
    hostname: &'static str,
    hosts: &'static str,
    vm_args: &'static str,
    env: &'static [(&'static str, &'static str)],
    flags: &'static str,
}

/// Bare metal of today.
const PLAIN: Host = Host {
    name: "",
    otp: 25,
    cpus: 8,
    allowed: "",
    memory: 16 * GIB,
    files: &[],
    nofile: ("1024", "524288"),
    hostname: "web1",
    hosts: "127.0.0.1 localhost\n10.0.0.1 web1.example.com web1\n",
    vm_args: "",
    env: &[],
    flags: "",
};

const V2: (&str, &str) =
    ("proc/self/mountinfo", "30 23 0:28 / /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n");
const V2_AT: (&str, &str) = ("proc/self/cgroup", "0::/a/b\n");
const V1: (&str, &str) = (
    "proc/self/mountinfo",
    "33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
     34 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
);
const V1_AT: (&str, &str) = ("proc/self/cgroup", "4:memory:/a\n3:cpu,cpuacct:/a\n");
const V1_PERIOD: (&str, &str) = ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
const V1_HALF: (&str, &str) = ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "50000\n");
const V1_256M: (&str, &str) = ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "268435456\n");
const DOCKER: (&str, &str) = (".dockerenv", "");
const POD: (&str, &str) = ("run/secrets/kubernetes.io/serviceaccount/token", "x");
const RESOLV: (&str, &str) = ("etc/resolv.conf", "search shop.svc.cluster.local svc.cluster.local\n");
const POD_HOSTS: &str = "127.0.0.1 localhost\n10.1.2.3 web-7d9f\n";

const fn quota(text: &'static str) -> (&'static str, &'static str) {
    ("sys/fs/cgroup/a/b/cpu.max", text)
}

const fn limit(text: &'static str) -> (&'static str, &'static str) {
    ("sys/fs/cgroup/a/b/memory.max", text)
}

/// First and last port of outgoing connections.
const fn clients(text: &'static str) -> (&'static str, &'static str) {
    ("proc/sys/net/ipv4/ip_local_port_range", text)
}

#[rustfmt::skip]
const HOSTS: &[Host] = &[
    // Bare metal and virtual machines: nothing shared, nothing limited.
    Host { name: "plain-25", ..PLAIN },
    Host { name: "plain-21", otp: 21, ..PLAIN },
    Host { name: "plain-23", otp: 23, ..PLAIN },
    Host { name: "plain-24", otp: 24, ..PLAIN },
    Host { name: "plain-26", otp: 26, ..PLAIN },
    Host { name: "plain-27", otp: 27, ..PLAIN },
    Host { name: "plain-28", otp: 28, ..PLAIN },
    Host { name: "plain-29", otp: 29, ..PLAIN },
    Host { name: "one-core-512m-25", cpus: 1, memory: 512 * MIB, ..PLAIN },
    Host { name: "one-core-512m-27", otp: 27, cpus: 1, memory: 512 * MIB, ..PLAIN },
    Host { name: "pi-128m", otp: 27, cpus: 4, memory: 128 * MIB, ..PLAIN },
    Host { name: "two-core-2g-27", otp: 27, cpus: 2, memory: 2 * GIB, ..PLAIN },
    Host { name: "two-core-4g-25", cpus: 2, memory: 3900 * MIB, ..PLAIN },
    Host { name: "big-256g", cpus: 64, memory: 256 * GIB, ..PLAIN },
    Host { name: "huge-2000-cores", otp: 27, cpus: 2000, memory: 4096 * GIB, ..PLAIN },
    // Affinity.
    Host { name: "affinity-2-of-8", allowed: "2-3", ..PLAIN },
    Host { name: "affinity-of-cpus-that-are-offline", cpus: 4, allowed: "0-127", ..PLAIN },
    Host { name: "affinity-1200-of-2000", cpus: 2000, allowed: "0-1199", ..PLAIN },
    // Quotas.
    Host { name: "v2-quota-half", files: &[V2, V2_AT, quota("50000 100000")], ..PLAIN },
    Host { name: "v2-quota-1.5-otp-23", otp: 23, files: &[V2, V2_AT, quota("150000 100000")], ..PLAIN },
    Host { name: "v2-quota-1.5-otp-29", otp: 29, files: &[V2, V2_AT, quota("150000 100000")], ..PLAIN },
    Host { name: "v2-quota-16-of-8", files: &[V2, V2_AT, quota("1600000 100000")], ..PLAIN },
    Host { name: "v2-quota-none", files: &[V2, V2_AT, quota("max 100000")], ..PLAIN },
    Host { name: "v2-quota-nested", files: &[V2, V2_AT, quota("400000 100000"), ("sys/fs/cgroup/a/cpu.max", "100000 50000")], ..PLAIN },
    Host { name: "v1-quota-half-256m", files: &[V1, V1_AT, V1_HALF, V1_PERIOD, V1_256M], ..PLAIN },
    Host { name: "v1-quota-half-256m-otp-27", otp: 27, files: &[V1, V1_AT, V1_HALF, V1_PERIOD, V1_256M], ..PLAIN },
    Host { name: "v1-affinity-and-quota", allowed: "0", files: &[V1, V1_AT, ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "300000\n"), V1_PERIOD], ..PLAIN },
    // Memory limits.
    Host { name: "v2-memory-512m", files: &[V2, V2_AT, limit("536870912")], ..PLAIN },
    Host { name: "v2-memory-1g-otp-27", otp: 27, files: &[V2, V2_AT, limit("1073741824")], ..PLAIN },
    Host { name: "v2-memory-above-the-hosts", files: &[V2, V2_AT, limit("1099511627776")], ..PLAIN },
    Host { name: "v2-memory-nested", files: &[V2, V2_AT, limit("max"), ("sys/fs/cgroup/a/memory.max", "2147483648")], ..PLAIN },
    Host { name: "v2-memory-16m", files: &[V2, V2_AT, limit("16777216")], ..PLAIN },
    // Open files.
    Host { name: "nofile-256", nofile: ("256", "256"), ..PLAIN },
    Host { name: "nofile-4096-hard", nofile: ("1024", "4096"), ..PLAIN },
    Host { name: "nofile-1m", nofile: ("1048576", "1048576"), ..PLAIN },
    Host { name: "nofile-1m-256m-memory", memory: 256 * MIB, nofile: ("1048576", "1048576"), ..PLAIN },
    Host { name: "nofile-unlimited", nofile: ("unlimited", "unlimited"), ..PLAIN },
    Host { name: "nofile-docker-1g", nofile: ("1073741816", "1073741816"), files: &[DOCKER], ..PLAIN },
    Host { name: "nofile-for-what-vm-args-says", vm_args: "+Q 200000\n", ..PLAIN },
    Host { name: "nofile-too-few-for-what-vm-args-says", nofile: ("1024", "4096"), vm_args: "+Q 200000\n", ..PLAIN },
    // Names.
    Host { name: "name-none", hostname: "(none)", hosts: "127.0.0.1 localhost\n", ..PLAIN },
    Host { name: "name-short-only", hosts: "127.0.0.1 localhost web1\n", ..PLAIN },
    Host { name: "name-by-resolv-conf-only", hosts: "127.0.0.1 localhost\n", files: &[RESOLV], ..PLAIN },
    Host { name: "name-full-by-kernel", hostname: "web1.example.com", ..PLAIN },
    Host { name: "name-in-vm-args", vm_args: "-sname other\n", ..PLAIN },
    Host { name: "name-in-environment", env: &[("RELEASE_NODE", "other@10.0.0.9")], ..PLAIN },
    Host { name: "name-ipv6-only", hosts: "::1 localhost\n2001:db8::1 web1.example.com web1\n", vm_args: "-proto_dist inet6_tcp\n", ..PLAIN },
    Host { name: "not-distributed", env: &[("RELEASE_DISTRIBUTION", "none")], ..PLAIN },
    // Containers.
    Host { name: "docker-without-limits", otp: 27, files: &[DOCKER], ..PLAIN },
    Host { name: "pod-small", otp: 27, hostname: "web-7d9f", hosts: POD_HOSTS, files: &[POD, RESOLV, V2, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/cpu.max", "25000 100000"), ("sys/fs/cgroup/memory.max", "134217728")], nofile: ("1048576", "1048576"), cpus: 96, memory: 384 * GIB, ..PLAIN },
    Host { name: "pod-big", otp: 29, hostname: "web-7d9f", hosts: POD_HOSTS, files: &[POD, RESOLV, V2, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/cpu.max", "1600000 100000"), ("sys/fs/cgroup/memory.max", "68719476736")], nofile: ("1048576", "1048576"), cpus: 96, memory: 384 * GIB, ..PLAIN },
    // Ports that the kernel hands out to clients.
    Host { name: "clients-get-ports-from-32768", files: &[clients("32768 60999")], ..PLAIN },
    Host { name: "clients-get-the-nodes-ports", files: &[clients("1024 65535")], ..PLAIN },
    Host { name: "clients-get-one-of-the-nodes-ports", files: &[clients("4399 60999")], ..PLAIN },
    Host { name: "clients-get-all-but-the-nodes-ports", files: &[clients("1024 65535"), ("proc/sys/net/ipv4/ip_local_reserved_ports", "80,4380-4399,8080\n")], ..PLAIN },
    // What the user wrote, overrides, and nothing to go by.
    Host { name: "yours-wins", otp: 27, files: &[V2, V2_AT, quota("50000 100000"), limit("536870912")], vm_args: "+S 4:4\n+sbwt long\n+P70000\n+hmax 0\n+zdbbl 2048\n-kernel inet_dist_listen_min 9100 inet_dist_listen_max 9105\n-env ERL_CRASH_DUMP_BYTES 5\n", ..PLAIN },
    Host { name: "yours-in-the-environment", files: &[V2, V2_AT, quota("50000 100000")], nofile: ("unlimited", "unlimited"), env: &[("ERL_FLAGS", "+sbwtnone +S 3:3"), ("ERL_MAX_PORTS", "5000"), ("ERL_CRASH_DUMP_BYTES", "7")], ..PLAIN },
    Host { name: "overrides", files: &[V2, V2_AT, quota("50000 100000")], flags: "+P=500000\n+sbwt=long\n+zdbbl=default\ninet_dist_listen=9100-9105\nnofile=2048", ..PLAIN },
    Host { name: "no-epmd", vm_args: "-start_epmd false -erl_epmd_port 9500\n", ..PLAIN },
    Host { name: "dist-listen-false", vm_args: "-dist_listen false\n", ..PLAIN },
    Host { name: "nonsense-everywhere", memory: 0, nofile: ("x", "y"), allowed: "9-1,\u{7f}", files: &[V2, V2_AT, quota("-5 0"), limit("-1")], ..PLAIN },
];

/// The version of erts of an OTP.
fn erts(otp: u32) -> &'static str {
    match otp {
        21 => "10.3.5",
        23 => "11.2",
        24 => "12.3",
        25 => "13.1.5",
        26 => "14.2",
        27 => "15.2",
        28 => "16.0",
        29 => "17.0",
        other => panic!("no erts for {other}"),
    }
}

/// Writes the host's files and a release of nothing but what `prepare` looks at.
fn make(host: &Host, base: &Path) {
    let write = |path: &str, text: &str| {
        let path = base.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let online = format!("0-{}\n", host.cpus - 1);
    let allowed = if host.allowed.is_empty() { online.trim() } else { host.allowed };
    write("host/sys/devices/system/cpu/online", &online);
    write("host/proc/self/status", &format!("Cpus_allowed_list:\t{allowed}\n"));
    write("host/proc/meminfo", &format!("MemTotal: {} kB\n", host.memory / 1024));
    write(
        "host/proc/self/limits",
        &format!("Max open files            {} {} files\n", host.nofile.0, host.nofile.1),
    );
    write("host/proc/sys/kernel/hostname", &format!("{}\n", host.hostname));
    write("host/etc/hosts", host.hosts);
    for (path, text) in host.files {
        write(&format!("host/{path}"), text);
    }
    write(&format!("root/erts-{}/bin/erlexec", erts(host.otp)), "");
    write("root/releases/1/start.boot", "");
    write("root/releases/1/vm.args", host.vm_args);
}

/// `prepare` on the made host.
fn helper(host: &Host, base: &Path, what: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relboot-helper"));
    let (root, state) = (base.join("root"), base.join("state"));
    command.args(["prepare", what, "--kind", "relx", "--sizing", "auto", "--erts", erts(host.otp)]);
    command.args(["--flags", host.flags]).env_clear();
    command.env("BOOT_HOST_ROOT", base.join("host")).env("RELEASE_ROOT", root);
    command.env("RELEASE_NAME", "demo").env("RELEASE_VSN", "1").env("HOME", base);
    command.env("BOOT_STATE_DIR", &state).env("BOOT_LOG_DIR", state.join("log"));
    command.envs(host.env.iter().copied());
    finish(&mut command, "", std::time::Duration::from_secs(30)).unwrap()
}

/// The flags of name and sizing, then what differs in the export of open files, what is to be known of the ports, messages.
fn sized(host: &Host) -> String {
    let base = tempfile::tempdir().unwrap();
    make(host, base.path());
    let run = |what: &str| helper(host, base.path(), what);
    let printed = run("--print");
    assert_eq!(printed.status, 0, "{}: {printed}", host.name);
    let other = ["-mode ", "-boot", "-env HOME", "--"];
    let lines = printed.stdout.lines().filter(|line| !other.iter().any(|start| line.starts_with(start)));
    let by_variable = host.env.iter().any(|(name, _)| *name == "ERL_CRASH_DUMP_BYTES");
    assert_eq!(printed.stdout.contains("-env ERL_CRASH_DUMP_BYTES "), !by_variable, "{}", host.name);
    // Its value is of the space on this machine's disk, no fact of the made host.
    let own = |line: &&str| !line.starts_with("-env ERL_CRASH_DUMP_BYTES") || host.vm_args.contains(line);
    let mut text: String = lines.filter(own).map(|line| format!("{line}\n")).collect();
    let explained = run("--explain");
    let nofile = explained.stdout.lines().find(|line| line.starts_with("nofile"));
    let words: Vec<&str> = nofile.unwrap().split_whitespace().take(3).collect();
    text.push_str(&if words[1] == "left" { "nofile as it is\n".into() } else { words.join(" ") + "\n" });
    let ports = explained.stdout.lines().find(|line| line.contains("outgoing connections"));
    ports
        .and_then(|line| line.split("; ").nth(1))
        .into_iter()
        .for_each(|fact| text.push_str(&format!("# {fact}\n")));
    printed.stderr.lines().for_each(|line| text.push_str(&format!("! {line}\n")));
    text
}

#[test]
fn a_table_of_hosts() {
    assert!(HOSTS.len() >= 40);
    for host in HOSTS {
        insta::with_settings!({ snapshot_path => "snapshots/hosts", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(host.name, sized(host));
        });
    }
}

/// The half processor and the 256 MiB of the guide: what `vmargs --explain` says there.
pub(crate) fn of_the_guide() -> String {
    let host = Host {
        memory: 256 * MIB,
        nofile: ("65536", "65536"),
        hosts: "",
        files: &[V1, V1_AT, V1_HALF, V1_PERIOD],
        vm_args: "-setcookie demo_cookie\n\n+sbwt long\n",
        flags: "+P=500000",
        ..PLAIN
    };
    let base = tempfile::tempdir().unwrap();
    make(&host, base.path());
    let output = helper(&host, base.path(), "--explain");
    assert_eq!(output.status, 0, "{output}");
    output.stdout.replace("releases/1/", "releases/0.1.0/")
}
