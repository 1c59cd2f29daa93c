//! `rpc` in all its forms, on a node of each kind: what goes where, which status, and what is left on the node.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::instance::Instance;
use crate::support::process::until;
use crate::support::releases::{Raw, mix, rebar3};

/// A running node, or nothing where its tool is missing.
fn started(raw: Option<&'static Raw>) -> Option<Instance> {
    let instance = Instance::of(raw?).kit();
    instance.start();
    Some(instance)
}

/// `rpc ARGS`, to be run or started by the caller.
fn rpc(instance: &Instance, args: &[&str]) -> Command {
    let mut command = instance.command(&instance.entry());
    command.arg("rpc").args(args);
    command
}

fn json(instance: &Instance, expression: &str) -> Value {
    let text = instance.run(&["rpc", "--json", expression]).ok();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn of_an_erlang_release() {
    let Some(instance) = started(rebar3()) else { return };
    let said = |args: &[&str]| instance.said(&[&["rpc"], args].concat());
    assert_eq!(said(&["{node() =:= node(), \"\u{e9}\u{65e5}\"}"]), "0\n{true,[233,26085]}\n");
    assert_eq!(said(&["-1."]), "0\n-1\n");
    assert_eq!(said(&["--", "-1 + 2"]), "0\n1\n");
    assert_eq!(said(&["erlang", "abs", "-5"]), "0\n5\n");
    assert_eq!(said(&["lists", "seq", "1", "3"]), "0\n[1,2,3]\n");
    assert_eq!(said(&["lists", "last", "[a, {\"b\", <<\"c\">>}]"]), "0\n{\"b\",<<\"c\">>}\n");
    assert_eq!(said(&["erlang", "length", "--"]), "0\n0\n");
    assert_eq!(
        said(&["lists", "last", "--", "-1", "a \"b\" '$c' #{d}\n\\"]),
        "0\n<<\"a \\\"b\\\" '$c' #{d}\\n\\\\\">>\n"
    );
    let mut raw = rpc(&instance, &["--json", "lists", "last", "--"]);
    let raw = instance.finish(raw.arg(OsStr::from_bytes(b"\xff\x01")), "").ok();
    assert_eq!(serde_json::from_str::<Value>(&raw).unwrap(), json!({ "base64": "/wE=" }));

    wrong(&instance);
    raised(&instance);
    sources(&instance);
    output(&instance);
    let value = "#{a => \"it's\", <<\"b\">> => [1, 2.5, <<\"\u{2028}\\\"\"/utf8>>, nil, true], 3 => {1 bsl 70, self()}}";
    let found = json(&instance, value);
    assert_eq!(found["a"], json!("it's"));
    assert_eq!(found["b"], json!([1, 2.5, "\u{2028}\"", null, true]));
    assert!(found["3"][1].as_str().unwrap().starts_with("<0."), "{found}");
    assert!(found["3"][0].is_number(), "{found}");
}

/// Usage that makes no sense, and literals that are none.
fn wrong(instance: &Instance) {
    let said = |args: &[&str]| instance.said(&[&["rpc"], args].concat());
    let help =
        "! help: ROOT/bin/demo rpc 'node().', ROOT/bin/demo rpc M F ARG..., or: ROOT/bin/demo help rpc\n";
    assert_eq!(said(&[]), format!("2\n! error: rpc needs an expression\n{help}"));
    assert_eq!(
        said(&["1", "--json"]),
        format!("2\n! error: --json comes after what is to be evaluated\n{help}")
    );
    assert_eq!(
        said(&["--stdin", "1"]),
        format!("2\n! error: rpc takes one of: an expression or a call, --stdin, --file FILE\n{help}")
    );
    assert_eq!(
        said(&["m", "--", "x"]),
        format!("2\n! error: -- comes after a module and a function\n{help}")
    );
    let terms = "! help: each argument is an erlang term: 1, atom, '\"string\"', '<<\"binary\">>', '{a, [1]}'; \
        texts as they are: ROOT/bin/demo rpc M F -- TEXT...\n";
    assert_eq!(
        said(&["lists", "seq", "1", "halt()"]),
        format!("2\n! error: argument 2 \"halt()\" can't be read: line 1, column 1: bad term\n{terms}")
    );
    assert_eq!(
        said(&["Lists", "seq"]),
        format!("2\n! error: module \"Lists\" can't be read: line 1, column 1: bad term\n{terms}")
    );
    assert_eq!(
        said(&["--file", "no such file"]),
        "1\n! error: can't read no such file: No such file or directory (os error 2)\n"
    );
    assert_eq!(
        said(&["--elixir", "1"]),
        "1\n! error: node demo@HOST has no elixir\n! help: evaluate Erlang instead, or put elixir into the release\n"
    );
}

/// Exceptions and what ends a call from without.
fn raised(instance: &Instance) {
    let run = |args: &[&str]| instance.run(&[&["rpc"], args].concat());
    for (args, reason) in [
        (["--json", "erlang:error(my_reason)"].as_slice(), "error: exception error: my_reason"),
        (&["throw(ball)"], "error: exception throw: ball"),
        (&["exit(bye)"], "error: exception exit: bye"),
        (&["no_such", "f", "1"], "error: exception error: undefined function no_such:f/1"),
        (&["exit(self(), kill)"], "error: the process of the call was ended: killed"),
        (
            &["erlang", "apply", "timer", "kill_after", "[0]"],
            "error: the process of the call was ended: killed",
        ),
        (&["exit(self(), {a, b})"], "error: the process of the call was ended: {a,b}"),
        (&["1 +"], "error: syntax error in line 1, column"),
        (&["lists:nth(3, [1])"], "no function clause matching lists:nth("),
    ] {
        let output = run(args);
        assert!(output.status == 9 && output.stdout.is_empty(), "{args:?}: {output}");
        assert!(output.stderr.starts_with("error: ") && output.stderr.contains(reason), "{args:?}: {output}");
    }
}

fn sources(instance: &Instance) {
    let source = "%% a comment\nX = \"\u{e9}\",\nlength(X)\n";
    let output = instance.finish(&mut rpc(instance, &["--stdin"]), source);
    assert_eq!(instance.told(&output), "0\n1\n");
    // Relative to where the caller is.
    fs::write(instance.base().join("a file.erl"), source).unwrap();
    assert_eq!(instance.said(&["rpc", "--file", "a file.erl"]), "0\n1\n");
    fs::write(instance.base().join("latin1.erl"), b"\"\xe9\"").unwrap();
    assert_eq!(
        instance.said(&["rpc", "--file", "latin1.erl"]),
        "1\n! error: latin1.erl is not UTF-8: byte 2\n"
    );
    for nothing in [["--file", "/dev/null"].as_slice(), &[" \n"]] {
        let output = instance.run(&[&["rpc"], nothing].concat());
        assert!(output.status == 2 && output.stderr.contains("nothing to evaluate\nhelp: "), "{output}");
    }
}

/// What is printed and the value go apart.
fn output(instance: &Instance) {
    let print =
        "io:put_chars(\"gr\u{fc}n\\n\"), io:format(\"~p~n\", [{a}]), eof = io:get_line(\"> \"), value";
    assert_eq!(instance.said(&["rpc", print]), "0\nvalue\n! gr\u{fc}n\n! {a}\n");
    assert_eq!(instance.said(&["rpc", "--json", print]), "0\n\"value\"\n! gr\u{fc}n\n! {a}\n");
    assert_eq!(instance.said(&["rpc", "--printed", print]), "0\ngr\u{fc}n\n{a}\n");
    assert_eq!(instance.said(&["rpc", "--printed", "io:format(user, \"elsewhere\", [])"]), "0\n");
    let failing = "io:put_chars(\"before\\n\"), error(x)";
    let output = instance.run(&["rpc", "--printed", failing]);
    assert!(output.status == 9 && output.stdout == "before\n", "{output}");
}

#[test]
fn of_an_elixir_release() {
    let Some(instance) = started(mix()) else { return };
    let said = |args: &[&str]| instance.said(&[&["rpc"], args].concat());
    assert_eq!(said(&["{1, \"\u{e9}\"}"]), "0\n{1, \"\u{e9}\"}\n");
    assert_eq!(said(&["--erlang", "{a, 'B'}."]), "0\n{a,'B'}\n");
    assert_eq!(said(&["Enum", "sum", "[1, -2]"]), "0\n-1\n");
    assert_eq!(said(&[":erlang", "abs", "-5"]), "0\n5\n");
    assert_eq!(said(&["Enum", "empty?", "--"]), "0\ntrue\n");
    assert_eq!(said(&["Enum", "join", "--", "#{1}", "\"'\n"]), "0\n\"\\#{1}\\\"'\\n\"\n");
    assert_eq!(said(&["--printed", "IO.puts(\"gr\u{fc}n\"); IO.binwrite(<<10>>); 1"]), "0\ngr\u{fc}n\n\n");
    assert_eq!(said(&["IO.puts(\"printed\"); :value"]), "0\n:value\n! printed\n");
    let output = instance.run(&["rpc", "Enum", "at", "[1]", "System.halt()"]);
    assert!(output.status == 2 && output.stdout.is_empty(), "{output}");
    let reason = "error: argument 2 \"System.halt()\" can't be read: System.halt() is no literal\nhelp: each argument is an elixir";
    assert!(output.stderr.starts_with(reason), "{output}");
    for (expression, reason) in [
        ("raise \"no\"", "error: ** (RuntimeError) no"),
        ("throw(:ball)", "error: ** (throw) :ball"),
        ("Enum.fetch!([], 1)", "(elixir "),
        ("1 +", "TokenMissingError"),
    ] {
        let output = instance.run(&["rpc", expression]);
        assert!(output.status == 9 && output.stdout.is_empty(), "{output}");
        assert!(output.stderr.starts_with("error: ") && output.stderr.contains(reason), "{output}");
    }
    assert_eq!(
        json(&instance, "%{a: ~c\"it\", b: %{1 => nil}, c: 1..2, d: <<255>>, e: [x: 1]}"),
        json!({
            "a": [105, 116], "b": {"1": null}, "d": {"base64": "/w=="}, "e": [["x", 1]],
            "c": {"__struct__": "Elixir.Range", "first": 1, "last": 2, "step": 1},
        })
    );
    let child =
        spawned(&instance, &["Process.register(self(), :it); IO.puts(\"up\"); Process.sleep(600_000)"]);
    let there = || instance.run(&["rpc", "Process.whereis(:it) != nil"]).ok() == "true\n";
    ended(child, Signal::INT, &there);
}

/// A call that goes on, whose first line came.
struct Call {
    child: Child,
    error: BufReader<std::process::ChildStderr>,
}

fn spawned(instance: &Instance, args: &[&str]) -> Call {
    let mut command = rpc(instance, args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut error = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    // The call goes on: this is output as it comes.
    error.read_line(&mut line).unwrap();
    assert_eq!(line, "up\n");
    Call { child, error }
}

/// That the call's process, which is there, goes with its client.
fn ended(mut call: Call, signal: Signal, there: &dyn Fn() -> bool) {
    assert!(there());
    // No hooks: the helper has taken the shell's place.
    kill_process(Pid::from_child(&call.child), signal).unwrap();
    call.child.wait().unwrap();
    let mut rest = String::new();
    call.error.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    until("the end of the process on the node", Duration::from_secs(10), || !there());
}

#[test]
fn a_call_ends_with_its_client_and_with_its_node() {
    let Some(instance) = started(rebar3()) else { return };
    let sleep = "register(it, self()), io:put_chars(\"up\\n\"), timer:sleep(600000)";
    let there = || instance.run(&["rpc", "whereis(it) =/= undefined"]).ok() == "true\n";
    for signal in [Signal::INT, Signal::KILL, Signal::TERM] {
        ended(spawned(&instance, &[sleep]), signal, &there);
    }
    let output = instance.run(&["rpc", "--timeout", "1", sleep]);
    assert_eq!(
        instance.told(&output),
        "7\n! up\n! error: the evaluation on node demo@HOST took longer than 1s\n\
         ! help: give it more time; what ran on the node was ended\n"
    );
    until("the end of the process on the node", Duration::from_secs(10), || !there());
    let output = instance.run(&["rpc", "io:put_chars(\"bye\\n\"), halt(3)"]);
    assert_eq!(
        instance.told(&output),
        "1\n! bye\n! error: node demo@HOST went down during the call\n! help: read the node's log\n"
    );
}

#[test]
fn large_output_and_values_come_whole() {
    let Some(instance) = started(rebar3()) else { return };
    // 100 MB in one piece, of bytes and of text, and in small pieces.
    let bytes = "file:write(group_leader(), binary:copy(<<0, 233, 255, 10>>, 25000000))";
    repeats(&instance, bytes, b"\0\xe9\xff\n", 25_000_000);
    let text = "io:put_chars(binary:copy(<<\"\u{e9}\u{65e5}\"/utf8>>, 20000000))";
    repeats(&instance, text, "\u{e9}\u{65e5}".as_bytes(), 20_000_000);
    let small = "L = binary:copy(<<\"0123456789\">>, 1000), [io:put_chars(L) || _ <- lists:seq(1, 10000)]";
    repeats(&instance, small, b"0123456789", 10_000_000);
    // As a value, which the node could not format within its memory.
    let before = memory(&instance);
    let script = "\"$1\" rpc 'binary:copy(<<0>>, 40000000)' | wc -c";
    let mut command = instance.command("sh".as_ref());
    let count = instance.finish(command.args(["-c", script, "sh"]).arg(instance.entry()), "").ok();
    assert_eq!(count.trim(), (2 * 40_000_000 - 1 + 4 + 1).to_string());
    assert!(memory(&instance) < before + 200_000, "{before} KiB before");
    let output = instance.run(&["rpc", "--json", "binary:copy(<<255>>, 300000000)"]);
    assert_eq!(
        instance.told(&output).replace(|c: char| c.is_ascii_digit(), "N"),
        "N\n! error: node demo@HOST sent too much at once: a frame has NNNNNNNNN bytes (at most NNNNNNNNN)\n\
         ! help: ask for it in pieces, or have the node write it to a file\n"
    );
}

/// The most memory that the VM has taken, in KiB.
fn memory(instance: &Instance) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", instance.vms()[0])).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// That what the expression prints is this piece so many times.
fn repeats(instance: &Instance, expression: &str, piece: &[u8], times: usize) {
    let output = rpc(instance, &["--printed", expression]).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{expression}: {}", output.status);
    assert_eq!(output.stdout.len(), piece.len() * times, "{expression}");
    let many = piece.repeat(1000);
    assert!(output.stdout.chunks(many.len()).all(|chunk| chunk == many), "{expression}");
}

#[test]
fn a_reader_that_goes_away_ends_the_call_without_a_word() {
    let Some(instance) = started(rebar3()) else { return };
    let endless = "register(it, self()), (fun F() -> io:put_chars(\"line\\n\"), F() end)()";
    for (script, out) in [
        ("\"$1\" rpc --printed \"$2\" | head -n 1", "line\n"),
        ("\"$1\" rpc \"$2\" 2>&1 | head -n 1", "line\n"),
        ("\"$1\" rpc 'lists:seq(1, 200000)' | head -c 3", "[1,"),
        ("\"$1\" rpc --json 'lists:seq(1, 200000)' | head -c 3", "[1,"),
    ] {
        let mut command = instance.command("sh".as_ref());
        command.args(["-c", script, "sh"]).arg(instance.entry()).arg(endless);
        assert_eq!(instance.told(&instance.finish(&mut command, "")), format!("0\n{out}"), "{script}");
    }
    until("the end of the process on the node", Duration::from_secs(10), || {
        instance.run(&["rpc", "whereis(it)"]).ok() == "undefined\n"
    });
}
