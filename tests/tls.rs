//! A node that speaks TLS to other nodes: the helper can't, so an `erl` of the release speaks for it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::remote::{erlang, listening};
use crate::support::instance::Instance;
use crate::support::instance::copy::link_tree;
use crate::support::process::{marked, runs, until};
use crate::support::releases::{Raw, mix, rebar3};
use crate::support::running::Running;
use crate::support::terminal::terminal;
use crate::support::tools::need;

/// Adds ssl and what it needs to the release in the current directory: a boot script tls.boot.
const ADD_SSL: &str = "
    {ok, [{release, Name, Erts, Apps}]} = file:consult(\"releases/0.1.0/demo.rel\"),
    Added = [begin
        [Dir] = filelib:wildcard(\"lib/\" ++ A ++ \"-*\"),
        [_, V] = string:split(filename:basename(Dir), \"-\"),
        {list_to_atom(A), V}
    end || A <- [\"asn1\", \"crypto\", \"public_key\", \"ssl\"]],
    Strip = [{element(1, A), element(2, A)} || A <- Apps],
    ok = file:write_file(\"releases/0.1.0/tls.rel\", io_lib:format(\"~p.~n\", [{release, Name, Erts, Strip ++ Added}])),
    {ok, Cwd} = file:get_cwd(),
    ok = systools:make_script(\"releases/0.1.0/tls\",
        [{path, [\"lib/*/ebin\"]}, {variables, [{\"RELEASE_LIB\", filename:join(Cwd, \"lib\")}]}, no_warn_sasl]),
    halt().";

/// A release of rebar3 as [`tls_of`].
fn tls(environment: &[(&str, &str)], flags: &str) -> Option<Instance> {
    tls_of(rebar3()?, environment, flags)
}

/// A release with ssl, a certificate, and TLS in its vm.args; none when a tool is missing.
fn tls_of(raw: &'static Raw, environment: &[(&str, &str)], flags: &str) -> Option<Instance> {
    if !need(&["openssl"]) {
        return None;
    }
    let mut builder = Instance::of(raw).env("RELEASE_BOOT_SCRIPT", "tls");
    for (name, value) in environment {
        builder = builder.env(name, value);
    }
    let instance = builder.kit();
    let mut erl = instance.command(Path::new("erl"));
    erl.args(["-noshell", "-eval", "io:put_chars(code:lib_dir()), halt()."]);
    let otp = PathBuf::from(instance.finish(&mut erl, "").ok());
    for application in ["asn1", "crypto", "public_key", "ssl"] {
        let mut all = fs::read_dir(&otp).unwrap().flatten().map(|entry| entry.path());
        let is_it = |path: &PathBuf| {
            path.file_name().unwrap().to_str().unwrap().starts_with(&format!("{application}-"))
        };
        let from = all.find(is_it).unwrap();
        let to = instance.path().join("lib").join(from.file_name().unwrap());
        if !to.exists() {
            link_tree(&from, &to);
        }
    }
    let mut erl = instance.command(Path::new("erl"));
    instance.finish(erl.current_dir(instance.path()).args(["-noshell", "-eval", ADD_SSL]), "").ok();
    certificate(&instance);
    let vm_args = instance.path().join("releases/0.1.0/vm.args");
    let text = fs::read_to_string(&vm_args).unwrap();
    let conf = instance.base().join("ssl_dist.conf");
    let conf = conf.to_str().unwrap();
    fs::write(vm_args, format!("{text}\n{flags}\n-ssl_dist_optfile \"{conf}\"\n")).unwrap();
    Some(instance)
}

/// Writes an authority, a key with a certificate by it, and `ssl_dist.conf`: both sides show their certificate
/// and check the other's.
fn certificate(instance: &Instance) {
    let openssl = |line: &str| {
        let mut openssl = instance.command(Path::new("openssl"));
        instance.finish(openssl.args(line.split(' ')), "").ok();
    };
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {new} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
    let host = crate::support::said::host();
    openssl(&format!("req {new} -keyout key.pem -out request.pem -subj /CN={host}"));
    openssl("x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out cert.pem");
    conf(instance, "ca.pem");
}

/// The configuration; the client trusts `authority`.
fn conf(instance: &Instance, authority: &str) {
    let at = |file: &str| format!("\"{}\"", instance.base().join(file).display());
    let (key, cert, ca, authority) = (at("key.pem"), at("cert.pem"), at("ca.pem"), at(authority));
    let both = format!("{{certfile, {cert}}}, {{keyfile, {key}}}, {{verify, verify_peer}}");
    let text = format!(
        "[{{server, [{both}, {{cacertfile, {ca}}}, {{fail_if_no_peer_cert, true}}]}},\n \
          {{client, [{both}, {{cacertfile, {authority}}}]}}].\n"
    );
    fs::write(instance.base().join("ssl_dist.conf"), text).unwrap();
}

/// The node's name is of another host than its certificate.
fn trust_any_name(instance: &Instance) {
    let conf = instance.base().join("ssl_dist.conf");
    let text = fs::read_to_string(&conf).unwrap();
    let (server, client) = text.split_once("{client").unwrap();
    fs::write(&conf, format!("{server}{{client{}", client.replace("verify_peer", "verify_none"))).unwrap();
}

#[test]
fn a_tls_node_answers_all_commands() {
    let Some(instance) = tls(&[], "-proto_dist inet_tls") else { return };
    assert_eq!(instance.said(&["start"]), "0\n");
    let vms = instance.vms();
    assert_eq!(vms.len(), 1, "the one that asked has gone");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    let mut elsewhere = instance.command(&instance.entry());
    let pid = instance.finish(elsewhere.arg("pid").current_dir("/"), "").ok();
    assert_eq!(pid, format!("{}\n", vms[0]), "from another directory");

    let call = "io:format(\"gr\\x{fc}n~n\"), io:format(user, \"\", []), {ok, node()}.";
    let host = crate::support::said::host();
    let output = instance.run(&["rpc", call]);
    assert_eq!((output.stdout, output.stderr), (format!("{{ok,demo@{host}}}\n"), "gr\u{fc}n\n".into()));
    let failed = instance.run(&["rpc", "error(oops)."]);
    assert!(failed.status == 9 && failed.stderr.contains("oops"), "{failed}");
    let big = instance.run(&["rpc", "--printed", "io:put_chars(lists:duplicate(3000000, $x)), ok."]).ok();
    assert_eq!(big.len(), 3_000_000);
    let halted = instance.run(&["rpc", "exit(self(), kill), timer:sleep(infinity)."]);
    assert!(halted.status != 0 && halted.stderr.contains("killed"), "{halted}");
    let late = instance.run(&["rpc", "--timeout", "2", "timer:sleep(infinity)."]);
    assert!(late.status == 7, "{late}");

    let json: serde_json::Value = serde_json::from_str(&instance.run(&["status", "--json"]).ok()).unwrap();
    assert_eq!((&json["state"], &json["pid"]), (&"started".into(), &vms[0].into()), "{json}");
    assert_eq!(instance.said(&["versions"]), "0\n0.1.0\tpermanent\n");
    // Nothing of the clients is left: neither on the node nor on the host.
    assert_eq!(instance.run(&["rpc", "length(nodes(hidden))."]).ok(), "1\n");
    until("the clients have gone", Duration::from_secs(10), || instance.vms() == vms);
    no_cookie_in_arguments(&instance);
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert!(!runs(vms[0]));
    assert_eq!(instance.said(&["ping"]), "3\n! error: demo is not running\n! help: ROOT/bin/demo start\n");
}

#[test]
fn a_tls_node_without_epmd_answers_under_a_long_name() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let environment =
        [("RELEASE_NODE", "demo@127.0.0.1"), ("RELEASE_DISTRIBUTION", "name"), ("BOOT_INSTANCE", "demo")];
    let flags = format!("-proto_dist inet_tls -start_epmd false -erl_epmd_port {port}");
    let Some(instance) = tls(&environment, &flags) else { return };
    trust_any_name(&instance);
    assert_eq!(instance.said(&["start"]), "0\n");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.run(&["rpc", "node()."]).stdout, "'demo@127.0.0.1'\n");
    let client = instance.run(&["rpc", "hd(nodes(hidden))."]).ok();
    assert!(
        client.ends_with("@127.0.0.1'\n") && !client.contains("undefined"),
        "a name that the node gave: {client}"
    );
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert_eq!(instance.run(&["ping"]).status, 3);
}

#[test]
fn a_tls_node_by_the_environment_has_shells_restarts_and_reboots() {
    let server_only = "-ssl_dist_opt server_depth 3 server_password hush";
    let Some(mut instance) = tls(&[("ERL_AFLAGS", server_only)], "") else { return };
    instance.set("ERL_FLAGS", "-proto_dist inet_tls");
    instance.start();
    let pid = instance.vms();
    // Those who ask later know nothing of it.
    for name in ["ERL_FLAGS", "ERL_AFLAGS"] {
        instance.unset(name);
    }
    let record = fs::read_to_string(instance.path().join("tmp/demo/node")).unwrap();
    assert!(record.contains("\nproto=inet_tls\n") && !record.contains("hush"), "{record}");
    assert_eq!(instance.said(&["rpc", "demo_server:inc()."]), "0\n1\n");
    assert_eq!(instance.said(&["restart"]), "0\n");
    assert_eq!(instance.said(&["rpc", "demo_server:inc()."]), "0\n1\n");
    assert_eq!(instance.vms(), pid);
    if need(&["python3"]) {
        erlang(&instance, &["remote"], "demo@HOST");
        let shell =
            Running::new(terminal(&instance, &[("1>", "x")]).arg("remote"), &instance.base().join("out"));
        shell.until_says("(demo@");
        let own = instance.vms().into_iter().find(|vm| !pid.contains(vm)).expect("a VM for the shell");
        assert_eq!(listening(own), [""; 0]);
        drop(shell);
        let keys = [("to exit)", "demo_server:version().\r"), ("v1", "\x04")];
        let output = instance.finish(terminal(&instance, &keys).arg("attach"), "");
        assert!(output.status == 0 && output.stdout.contains("leave it with ctrl-D"), "{output}");
    }
    // A new process has the environment of the reboot.
    instance.set("ERL_ZFLAGS", "-proto_dist inet_tls");
    assert_eq!(instance.said(&["reboot"]), "0\n");
    assert_ne!(instance.vms(), pid);
    instance.unset("ERL_ZFLAGS");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
}

#[test]
fn a_mix_release_with_tls_answers() {
    let Some(instance) = mix().and_then(|raw| tls_of(raw, &[], "-proto_dist inet_tls")) else { return };
    instance.start();
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(
        instance.said(&["rpc", "{Demo.Counter.inc(), elem(:init.get_argument(:proto_dist), 0)}"]),
        "0\n{1, :ok}\n"
    );
    let json: serde_json::Value = serde_json::from_str(&instance.run(&["status", "--json"]).ok()).unwrap();
    assert_eq!(json["state"], "started", "{json}");
    if need(&["python3"]) {
        let keys = [(")1>", "{Node.self(), Demo.Counter.inc()}\r"), (")2>", "\x03"), ("(a)bort", "a\r")];
        let output = instance.finish(terminal(&instance, &keys).arg("remote"), "");
        let said = instance.neutral(&output.stdout);
        assert!(output.status == 0 && said.contains("iex(demo@HOST)1>") && said.contains(", 2}"), "{output}");
    }
    assert_eq!(instance.said(&["stop"]), "0\n");
}

#[test]
fn a_tls_node_answers_over_ipv6() {
    if !fs::read_to_string("/proc/net/if_inet6").is_ok_and(|text| !text.is_empty()) {
        crate::support::tools::skipped("no IPv6");
        return;
    }
    let environment = [("RELEASE_NODE", "demo@::1"), ("BOOT_INSTANCE", "demo")];
    let Some(instance) = tls(&environment, "-proto_dist inet6_tls") else { return };
    trust_any_name(&instance);
    instance.start();
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.said(&["rpc", "node()."]), "0\n'demo@::1'\n");
    if need(&["python3"]) {
        erlang(&instance, &["remote"], "'demo@::1'");
    }
    assert_eq!(instance.said(&["stop"]), "0\n");
}

/// While a client asks, neither it nor the node shows the cookie to others.
fn no_cookie_in_arguments(instance: &Instance) {
    let base = instance.base().to_str().unwrap();
    std::thread::scope(|scope| {
        let asks = scope.spawn(|| instance.run(&["rpc", "timer:sleep(1500)."]));
        let mut most = 0;
        while !asks.is_finished() {
            most = most.max(instance.vms().len());
            for pid in marked(base) {
                let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                assert!(!String::from_utf8_lossy(&arguments).contains("demo_cookie"));
            }
        }
        asks.join().unwrap().ok();
        assert!(most >= 2, "the node and its client were seen: {most}");
    });
}

#[test]
fn what_goes_wrong_with_tls_is_told_apart() {
    let Some(instance) = tls(&[], "-proto_dist inet_tls") else { return };
    instance.start();
    let vm = instance.vms()[0];
    let told = |args: &[&str], status: i32, text: &str, help: &str| {
        let output = instance.run(args);
        assert_eq!((output.status, output.stdout.as_str()), (status, ""), "{output}");
        let (error, line) = output.stderr.split_once("\nhelp: ").unwrap_or_default();
        assert!(error.contains(text) && line.contains(help), "{output}");
    };
    // Not the node's certificate, and no certificate at all.
    fs::write(instance.base().join("other.pem"), OTHER_AUTHORITY).unwrap();
    conf(&instance, "other.pem");
    told(&["ping"], 4, "the TLS handshake with node demo@", "-ssl_dist_optfile");
    conf(&instance, "nowhere.pem");
    told(&["ping"], 4, "nowhere.pem", "-ssl_dist_optfile");
    fs::rename(instance.base().join("ssl_dist.conf"), instance.base().join("away.conf")).unwrap();
    told(&["ping"], 4, "can't start its distribution", "the flags are in");
    fs::rename(instance.base().join("away.conf"), instance.base().join("ssl_dist.conf")).unwrap();
    conf(&instance, "ca.pem");

    let cookie = instance.path().join("tmp/demo/cookie/.erlang.cookie");
    let good = fs::read(&cookie).unwrap();
    fs::set_permissions(&cookie, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&cookie, "another_one").unwrap();
    told(&["ping"], 4, "it refused the cookie in", "stop, then start");
    fs::write(&cookie, good).unwrap();

    // A record without how to ask, as of an older kit.
    let record = instance.path().join("tmp/demo/node");
    let lines = fs::read_to_string(&record).unwrap();
    let older: String =
        lines.lines().filter(|line| !line.starts_with("bindir=")).map(|line| format!("{line}\n")).collect();
    fs::write(&record, &older).unwrap();
    told(&["ping"], 4, "did not record how", "stop, then start");
    let older: String =
        older.lines().filter(|line| !line.starts_with("proto=")).map(|line| format!("{line}\n")).collect();
    fs::write(&record, older).unwrap();
    told(&["ping"], 4, "it speaks TLS", "stop, then start");
    fs::write(&record, lines).unwrap();

    fs::rename(instance.path().join("lib"), instance.path().join("moved")).unwrap();
    let output = instance.run(&["ping"]);
    fs::rename(instance.path().join("moved"), instance.path().join("lib")).unwrap();
    assert!(output.status == 4 && output.stderr.contains("the erl to ask it with does not run"), "{output}");

    let stopped = instance.run(&["stop", "--timeout", "30"]);
    assert_eq!(stopped.status, 0, "{stopped}");
    assert!(!runs(vm));
    for text in [None, Some("[{server, "), Some("[{server, [{certfile, 7 7}]}].")] {
        fs::remove_file(instance.base().join("ssl_dist.conf")).unwrap();
        if let Some(text) = text {
            fs::write(instance.base().join("ssl_dist.conf"), text).unwrap();
        }
        let output = instance.run(&["start"]);
        assert!(output.status == 1 && output.stderr.contains("troubleshooting.md: tls-options)"), "{output}");
        fs::write(instance.base().join("ssl_dist.conf"), "").unwrap();
    }
}

/// A certificate that has signed nothing.
const OTHER_AUTHORITY: &str = "-----BEGIN CERTIFICATE-----\n\
    MIIBeTCCAR+gAwIBAgIUFkpzpwgoA83FirK8OtPXqP0a2qEwCgYIKoZIzj0EAwIw\n\
    ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyMjAyMzMyN1oYDzIxMjYxMDI5MDIz\n\
    MzI3WjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n\
    AASa2mLNN+dEYfBR/x0cTBxVtFnc8wBjD88yWEumLAiwemMAy66t1A/hClNOK/zC\n\
    KV3BgsHj04T9LU6rcD3ILW9no1MwUTAdBgNVHQ4EFgQUo87H4VhG0EDM8Xk0MSdE\n\
    DApeipkwHwYDVR0jBBgwFoAUo87H4VhG0EDM8Xk0MSdEDApeipkwDwYDVR0TAQH/\n\
    BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiB2JAkJRURNWh1PDcskYK9VexuqhAGk\n\
    ih9fO7T+ZU/XEAIhAO7rpuUkCI3UxqSAxGx6sgjLyZmH3OV/7NV2SG+c1iS2\n\
    -----END CERTIFICATE-----\n";
