//! Applications that do not start, and ends that nobody can know the reason of.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use super::{Changed, dies_of};
use crate::support::instance::Instance;
use crate::support::releases::rebar3;
use crate::support::tools::need;

/// With a `demo_app:start/2` of this body.
#[track_caller]
fn with_start(instance: &Instance, body: &str) -> Changed {
    let source = instance.base().join("demo_app.erl");
    let text = format!(
        "-module(demo_app).\n-export([start/2, stop/1, init/1]).\nstop(_) -> ok.\ninit(F) -> F().\n\
         child(F) -> supervisor:start_link({{local, sup}}, ?MODULE, fun() -> {{ok, {{#{{}}, [#{{id => kid, start => \
         {{gen_server, start_link, [?MODULE, F, []]}}}}]}}}} end).\nstart(_, _) ->\n{body}.\n"
    );
    fs::write(&source, text).unwrap();
    instance
        .finish(instance.command(Path::new("erlc")).args(["+nowarn_unused_function"]).arg(&source), "")
        .ok();
    let beam = fs::read(instance.base().join("demo_app.beam")).unwrap();
    Changed::to(instance.path().join("lib/demo-0.1.0/ebin/demo_app.beam"), &beam)
}

#[track_caller]
fn fails(instance: &Instance, body: &str, id: &str, words: &str) -> String {
    let _start = with_start(instance, body);
    dies_of(instance, id, words)
}

#[test]
fn an_application_is_told_with_its_reason() {
    let (Some(raw), true) = (rebar3(), need(&["erlc"])) else { return };
    let instance = Instance::of(raw).kit();
    let of = "the application demo did not start: ";
    let weird = "{error, {weird, reason}}";
    fails(&instance, weird, "application-failed", &format!("{of}{{weird, reason}}"));
    fails(&instance, "weird", "application-failed", &format!("{of}demo_app:start/2 returned weird"));
    let stderr = fails(&instance, "error(boom)", "application-failed", &format!("{of}boom"));
    assert!(
        stderr.contains("\nhelp: it happened in demo_app:start/2 (") && stderr.contains("line 7)"),
        "{stderr}"
    );
    let stopped = "child(fun() -> {stop, \"a\\e[31m\" ++ lists:duplicate(500, $s)} end)";
    let stderr = fails(&instance, stopped, "application-failed", "its child kid failed: \"a\\e[31m");
    assert!(!stderr.contains('\u{1b}'), "{stderr}");
    assert!(
        !stderr.split("error: ").last().unwrap().contains(&"s".repeat(100)),
        "it may be a secret: {stderr}"
    );
    let exception =
        |fields: &str| format!("error(#{{'__exception__' => true, '__struct__' => 'Elixir.{fields}}})");
    let raised = exception("RuntimeError', message => <<\"gr\\x{f6}\"/utf8>>");
    fails(&instance, &raised, "application-failed", &format!("{of}(RuntimeError) gr\u{f6}"));
    let variable = exception("System.EnvError', env => <<\"DATABASE_URL\">>");
    fails(&instance, &variable, "variable-missing", &format!("{of}it needs the variable DATABASE_URL, "));
    fails(&instance, "nosuch:f(1)", "function-missing", &format!("{of}there is no nosuch:f/1"));
    let other = "application:start(nosuch)";
    fails(&instance, other, "application-missing", &format!("{of}nosuch is not in the release"));
    let depends = "application:load({application, dep, [{applications, [sasl2]}, {vsn, \"1\"}]}), application:start(dep)";
    fails(&instance, depends, "application-not-started", &format!("{of}it needs sasl2"));
}

#[test]
fn what_the_host_refuses_an_application() {
    let (Some(raw), true) = (rebar3(), need(&["erlc"])) else { return };
    let instance = Instance::of(raw).kit();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let listen =
        format!("child(fun() -> {{ok, L}} = gen_tcp:listen({port}, [{{ip, {{127,0,0,1}}}}]), {{ok, L}} end)");
    fails(&instance, &listen, "port-in-use", "a port that it listens on is in use");
    let named = format!("{{error, {{listen, [{{port, {port}}}], eaddrinuse}}}}");
    let stderr = fails(&instance, &named, "port-in-use", &format!("the port {port} is in use by "));
    assert!(stderr.contains("(pid N)"), "{stderr}");
    // One that is named elsewhere may be another's: a database's that the application uses.
    let elsewhere = format!("io:format(\"port {port}~n\"), timer:sleep(100), {{error, eaddrinuse}}");
    let guess = format!("it listens on is in use (eaddrinuse): perhaps {port}, where ");
    fails(&instance, &elsewhere, "port-in-use", &guess);
    let open = "{ok, _} = file:open(\"/nonexistent/x\", [write])";
    fails(&instance, open, "file-missing", "there is no such file or directory: enoent");
    let native = "ok = erlang:load_nif(\"/nonexistent/n\", 0)";
    fails(&instance, native, "native-library", "native code can't be loaded: ");
    let without = "io:format(\"Failed to load NIF library: no x.so, doing without~n\"), {error, other}";
    fails(&instance, without, "application-failed", "demo did not start: other");
    let refused = "{error, {\"/proc/x\", eacces}}";
    fails(&instance, refused, "file-refused", "permission denied: eacces (/proc/x)");
    fails(&instance, "{error, {\"/data/x\", enospc}}", "disk-full", "the disk is full: enospc (/data/x)");

    let config = |text: &str| Changed::to(instance.path().join("releases/0.1.0/sys.config"), text.as_bytes());
    let wrong = config("[{kernel, [{logger_level, nonsense}]}].");
    dies_of(&instance, "configuration", "{logger_level, nonsense}");
    drop(wrong);
    let wrong = config("[{kernel, [{sync_nodes_mandatory, [x@y]}, {sync_nodes_timeout, 1}]}].");
    dies_of(&instance, "nodes-missing", "the nodes [x@y]");
    drop(wrong);
}

/// What an application says before it fails looks like one cause after the other; the reason is its own.
#[test]
fn words_of_an_application_are_no_cause() {
    let (Some(raw), true) = (rebar3(), need(&["erlc"])) else { return };
    let instance = Instance::of(raw).kit();
    let lines = [
        "Protocol 'inet_tcp': register/listen error: eaddrinuse",
        "my_port: error while loading shared libraries: libx.so: cannot open shared object file",
        "eheap_alloc: Cannot allocate 9 bytes of memory (of type heap).",
        "Failed to create scheduler thread 1, error = 11",
        "open: Too many open files, {error,emfile}",
        "Can't set long node name!",
        "ERROR! Config provider X",
        "{bad_ssl_dist_optfile,x}",
        "Usage: backup [flags] FILE",
        "the disk cache: No space left on device",
        "init terminating in do_boot, cannot get bootfile",
        "\\e[31m\\e[2J\\e]0;x\\a {application_start_failure,other,{enoent,\\\"/x\\\"}}",
    ];
    let say: String =
        lines.iter().map(|line| format!("io:format(\"{}~n\"),\n", line.replace('~', "~~"))).collect();
    // A reason with a term of a megabyte, and bytes that are no text.
    let reason = "{error, {mine, <<255, 0, 27, \"[2J\">>, lists:duplicate(100000, {key, \"value\"})}}";
    let stderr = fails(
        &instance,
        &format!("{say}{reason}"),
        "application-failed",
        "the application demo did not start: {mine, <<255,0,27,91,50,74>>, [{key, ",
    );
    assert!(!stderr.contains('\u{1b}'), "{stderr}");
    let last = stderr.lines().rev().nth(1).expect("cause and help");
    assert!(last.len() < 500, "{last}");
}

#[test]
fn an_end_without_a_word_is_shown_raw() {
    let (Some(raw), true) = (rebar3(), need(&["erlc"])) else { return };
    let instance = Instance::of(raw).kit();
    let quiet =
        "error: demo 0.1.0 ended while it was starting\nhelp: look into ROOT/tmp/demo/log/erlang.log.1";
    let status = "; \"ROOT/bin/demo foreground\" shows with which status it ends";
    for (body, help) in [
        ("[io:format(\"line ~b~n\", [I]) || I <- lists:seq(1, 90)], timer:sleep(100), halt(3)", status),
        ("halt(\"a slogan of its own\")", "; its crash dump is ROOT/tmp/demo/log/erl_crash.dump"),
    ] {
        let _start = with_start(&instance, body);
        let output = instance.run(&["start"]);
        let stderr = instance.neutral(&output.stderr);
        assert!(output.status == 1 && stderr.ends_with(&format!("\n{quiet}{help}\n")), "{body}: {stderr}");
        let words =
            if help == status { ["| line 1\n", "| line 90\n"] } else { ["| a slogan", "of its own\n"] };
        assert!(words.iter().all(|words| stderr.contains(words)), "{stderr}");
    }
}
