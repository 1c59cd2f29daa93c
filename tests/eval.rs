//! `eval`, `escript` and `console_clean`: VMs beside the node, on releases of both kinds; the node, and what it has
//! in its state directory, is left alone.

use std::fs;
use std::path::Path;

use crate::support::instance::Instance;
use crate::support::releases::{mix, rebar3};
use crate::support::terminal::terminal;
use crate::support::tools::{need, shells};

/// The names, contents and times of the state directory, but for what belongs to these commands.
fn state(instance: &Instance) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for name in ["node", "pid", "vm.args", "sys.config", "cookie/.erlang.cookie"] {
        let path = instance.path().join("tmp/demo").join(name);
        if let Ok(bytes) = fs::read(&path) {
            let time = format!("{:?}", path.metadata().unwrap().modified().unwrap());
            found.push((format!("{name} {time}"), bytes));
        }
    }
    found
}

#[test]
fn erlang_is_evaluated_in_a_vm_of_its_own() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    erlang(&instance);
    assert!(!instance.path().join("tmp").exists(), "nothing was written");
    instance.start();
    let before = state(&instance);
    assert_eq!(before.len(), 4);
    erlang(&instance);
    assert_eq!(state(&instance), before);
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
}

fn erlang(instance: &Instance) {
    let ends = |args: &[&str], wanted: &str| assert_eq!(instance.said(args), wanted, "{args:?}");
    let facts = "io:format(\"~p ~p ~p ~ts~n\", [node(), demo_server:version(), \
                 [A || {A, _, _} <- application:which_applications()], <<\"gr\u{fc}n\"/utf8>>]), value";
    ends(&["eval", facts], "0\nnonode@nohost v1 [stdlib,kernel] gr\u{fc}n\n");
    let words = "io:format(\"~p\", [init:get_plain_arguments()]).";
    ends(&["eval", words, "a 'b", "-x", "--", "$HOME", ""], "0\n[\"a 'b\",\"-x\",\"--\",\"$HOME\",[]]");
    ends(&["eval", "--", "-1"], "0\n");
    for (text, status) in
        [("halt(3)", 3), ("init:stop(4)", 4), ("exit(normal)", 0), ("exit(self(), kill)", 9)]
    {
        assert_eq!(instance.run(&["eval", text]).status, status, "{text}");
    }
    ends(&["eval", "erlang:error(my_reason)"], "9\n! error: exception error: my_reason\n");
    ends(&["eval", "throw(x)"], "9\n! error: exception throw: x\n");
    let place = "9\n! error: syntax error in line 1, column 5: syntax error before: ')'\n";
    ends(&["eval", "foo()). ok"], &place.replace("column 5", "column 6"));
    ends(&["eval", " "], "9\n! error: there is nothing to evaluate\n");
    let hidden = "[] = [E || E <- os:getenv(), lists:prefix(\"_boot_\", E)]";
    ends(&["eval", hidden], "0\n");

    // A file; the code's own standard input; both.
    fs::write(instance.base().join("f.erl"), "io:put_chars(io:get_line(\"\"))").unwrap();
    let mut command = instance.command(&instance.entry());
    let read = instance.finish(command.args(["eval", "--file", "f.erl"]), "from me\n");
    assert_eq!(instance.told(&read), "0\nfrom me\n");
    let mut command = instance.command(&instance.entry());
    let text =
        "io:format(\"~ts ~p ~p\", [[16#fc], io:get_line(\"\"), init:get_plain_arguments()])".to_owned();
    let read = instance.finish(command.args(["eval", "--stdin", "x"]), &text);
    assert_eq!(instance.told(&read), "0\n\u{fc} eof [\"x\"]");
    for locale in ["C", "C.UTF-8"] {
        let mut command = instance.command(&instance.entry());
        command.env("LC_ALL", locale).args(["eval", "--stdin"]);
        let read = instance.finish(&mut command, "[233, 8364] = \"\u{e9}\u{20ac}\"");
        assert_eq!(instance.told(&read), "0\n", "{locale}");
    }
    ends(&["eval", "--file", "none"], "1\n! error: cannot read none: no such file or directory\n");
    for args in [["eval"].as_slice(), &["eval", "--wat"], &["eval", "--file"], &["eval", "--elixir", "1"]] {
        let output = instance.run(args);
        assert!(output.status == 2 && output.stderr.contains("\nhelp: "), "{args:?}: {output}");
    }
}

#[test]
fn elixir_is_evaluated_with_its_configuration() {
    let Some(raw) = mix() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.set("PORT", "4711");
    let ends = |args: &[&str], wanted: &str| assert_eq!(instance.said(args), wanted, "{args:?}");
    let facts = "IO.inspect({Node.self(), Demo.Counter.version(), Demo.Kind.of(1), System.argv(), \
                 Application.get_env(:demo, :port), System.get_env(\"RELEASE_COMMAND\"), \
                 List.keymember?(Application.started_applications(), :demo, 0)})";
    let said = "0\n{:nonode@nohost, :v1, :integer, [\"a b\", \"-x\"], \"4711\", \"eval\", false}\n";
    ends(&["eval", facts, "a b", "-x"], said);
    ends(&["eval", "System.at_exit(fn status -> IO.puts(status) end)"], "0\n0\n");
    for (text, status) in [("System.halt(3)", 3), ("System.stop(4)", 4), ("exit({:shutdown, 5})", 5)] {
        assert_eq!(instance.run(&["eval", text]).status, status, "{text}");
    }
    ends(&["eval", "raise \"boom\""], "9\n! error: ** (RuntimeError) boom\n");
    ends(&["eval", "throw(:x)"], "9\n! error: ** (throw) :x\n");
    assert_eq!(instance.run(&["eval", "foo("]).status, 9);
    ends(&["eval", "--erlang", "io:format(\"~p\", [node()])"], "0\nnonode@nohost");
}

#[test]
fn a_configuration_that_is_written_at_boot_has_a_private_copy() {
    let Some(raw) = crate::support::releases::mix_rebooting() else { return };
    let mut instance = Instance::of(raw).env("PORT", "4713").kit();
    instance.start();
    let before = state(&instance);
    assert_eq!(before.len(), 5);
    let scratch = instance.path().join("tmp/demo/scratch");
    for port in ["4714", "4715"] {
        instance.set("PORT", port);
        let said =
            instance.said(&["eval", "Application.load(:demo); IO.puts(Application.get_env(:demo, :port))"]);
        assert_eq!(said, format!("0\n{port}\n"));
        let left: Vec<_> = fs::read_dir(&scratch).unwrap().map(|entry| entry.unwrap().path()).collect();
        let [folder] = left.as_slice() else { panic!("they pile up: {left:?}") };
        let file = folder.join("sys.config");
        let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(state(&instance), before);
}

#[test]
fn paths_are_those_of_the_version_and_vm_args_is_used_without_the_node() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.add_version_2();
    let version = "io:format(\"~p ~p\", [demo_server:version(), init:get_argument(mine)]).";
    let file = instance.path().join("releases/0.1.0/vm.args");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}\n-heart\n-mine too\n-s nosuchmodule\nplain")).unwrap();
    assert_eq!(instance.said(&["eval", version]), "0\nv1 {ok,[[\"too\"]]}");
    // What the environment has for the node is not for this VM.
    instance.set("ERL_FLAGS", "-sname demo -mine env");
    instance.set("ERL_AFLAGS", "-name demo@127.0.0.1");
    let named = "io:format(\"~p ~p ~p\", [node(), init:get_argument(mine), init:get_plain_arguments()]).";
    assert_eq!(instance.said(&["eval", named]), "0\nnonode@nohost {ok,[[\"too\"],[\"env\"]]} []");
    // A boot script that knows nothing of the release's applications, and none at all.
    let own = instance.path().join("releases/0.1.0");
    fs::rename(own.join("start_clean.boot"), own.join("start_clean.away")).unwrap();
    let otp = Path::new("/usr/lib/erlang/bin/no_dot_erlang.boot");
    if otp.is_file() {
        fs::copy(otp, own.join("start_clean.boot")).unwrap();
        assert_eq!(instance.said(&["eval", version]), "0\nv1 {ok,[[\"too\"],[\"env\"]]}");
        fs::remove_file(own.join("start_clean.boot")).unwrap();
    }
    for place in ["releases/0.1.0", "bin"] {
        let _ = fs::remove_file(instance.path().join(place).join("no_dot_erlang.boot"));
    }
    let said = instance.said(&["eval", version]);
    assert!(said.starts_with("1\n! error: ROOT/releases/0.1.0 has no start_clean.boot\n! help: "), "{said}");
}

#[test]
fn eval_may_mean_the_running_node() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    let toml = instance.base().join("relboot.toml");
    fs::write(&toml, "[commands]\neval = \"node\"\n").unwrap();
    instance.generate(&["--config", toml.to_str().unwrap()]).ok();
    assert_eq!(instance.run(&["eval", "node()."]).status, 3);
    instance.start();
    assert_eq!(instance.said(&["eval", "demo_server:inc()."]), "0\n1\n");
    assert_eq!(instance.said(&["eval", "--vm", "io:format(\"~p\", [node()])."]), "0\nnonode@nohost");
    instance.generate(&[]).ok();
    assert_eq!(instance.said(&["eval", "--node", "demo_server:inc()."]), "0\n2\n");
    assert_eq!(instance.said(&["eval", "--node", "--json", "--", "-1"]), "0\n-1\n");
    fs::write(instance.base().join("f.erl"), "demo_server:inc()").unwrap();
    assert_eq!(instance.said(&["eval", "--node", "--file", "f.erl"]), "0\n3\n");
    let mut command = instance.command(&instance.entry());
    let read = instance.finish(command.args(["eval", "--node", "--stdin"]), "demo_server:inc().\n");
    assert_eq!(instance.told(&read), "0\n4\n");
    let help = "! help: ROOT/bin/demo eval --node 'node().'; with arguments: ROOT/bin/demo rpc M F ARG...\n";
    for args in [["1", "a"].as_slice(), &["demo_server", "inc"], &["--file", "f.erl", "a"], &["--stdin", "a"]]
    {
        let said = instance.said(&[&["eval", "--node"], args].concat());
        let text = "2\n! error: eval on the running node takes one expression, --stdin or --file FILE, and no arguments for it\n";
        assert_eq!(said, format!("{text}{help}"), "{args:?}");
    }
    assert_eq!(instance.said(&["eval", "--node"]), format!("2\n! error: eval needs an expression\n{help}"));
    // In a hook, before there is a node, by the function.
    let hook = instance.path().join("plugins/e/pre_status");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "boot_node_eval 'io:format(\"~p ~p~n\", [node(), init:get_plain_arguments()])' 'a b'\n\
        boot_node_eval 'halt(7)' || echo \"status $?\"\necho \"$RELEASE_COMMAND $BOOT_COMMAND\"\nexport BOOT_PLUGINS_OFF=\n").unwrap();
    instance.set("LC_ALL", "C.UTF-8");
    for shell in shells() {
        let output = instance.run_in(&shell, &["status", "--json"]);
        let text = "nonode@nohost [\"a b\"]\nstatus 7\nstatus status\n";
        assert!(output.status == 0 && output.stdout.starts_with(text), "{shell:?}: {output}");
    }
}

#[test]
fn an_escript_runs_with_the_release_s_code_in_every_shell() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let source = "#!/usr/bin/env escript\n%% -*- erlang -*-\n%%! +S 1 -foo bar\nmain(Words) ->\n    io:format(\"~p ~p ~p ~p\", \
        [Words, erlang:system_info(schedulers), init:get_argument(foo), demo_server:version()]),\n    halt(6).\n";
    fs::write(instance.base().join("here.escript"), source).unwrap();
    fs::write(instance.path().join("bin/there.escript"), source).unwrap();
    let said = "6\n[\"a b\",\"-x\"] 1 {ok,[[\"bar\"]]} v1";
    for shell in shells() {
        let output = instance.run_in(&shell, &["escript", "here.escript", "a b", "-x"]);
        assert_eq!(instance.told(&output), said, "{shell:?}");
        let output =
            instance.run_in(&shell, &["eval", "halt(length(init:get_plain_arguments()))", "a b", "-x"]);
        assert_eq!(output.status, 2, "{shell:?}: {output}");
    }
    assert_eq!(instance.said(&["escript", "bin/there.escript", "a b", "-x"]), said);
    assert_eq!(instance.run(&["escript", "nowhere"]).status, 2);
    // An archive, made by the runtime system itself.
    let source = "-module(packed).\n-export([main/1]).\nmain(Words) -> io:format(\"packed ~p\", [Words]).\n";
    fs::write(instance.base().join("packed.erl"), source).unwrap();
    let make = "{ok, packed, Beam} = compile:file(\"packed.erl\", [binary]), ok = escript:create(\"packed\", \
                [shebang, {archive, [{\"packed.beam\", Beam}], []}]), halt().";
    instance.finish(instance.command(Path::new("erl")).args(["-noshell", "-eval", make]), "").ok();
    assert_eq!(instance.said(&["escript", "packed", "x"]), "0\npacked [\"x\"]");
}

#[test]
fn ctrl_c_ends_what_runs_beside_the_node() {
    let (Some(raw), true) = (crate::support::releases::mix_rebooting(), need(&["python3"])) else { return };
    let instance = Instance::of(raw).env("PORT", "4716").kit();
    let script = "#!/usr/bin/env escript\nmain(_) -> io:put_chars(\"ready\"), timer:sleep(infinity).\n";
    fs::write(instance.base().join("wait.escript"), script).unwrap();
    let wait = "IO.write(\"ready\"); Process.sleep(:infinity)";
    let failed = instance.path().join("plugins/c/failed");
    for hooks in [false, true] {
        if hooks {
            fs::create_dir_all(failed.parent().unwrap()).unwrap();
            fs::write(&failed, "echo \"failed: $BOOT_COMMAND $BOOT_STATUS\"\n").unwrap();
        }
        for args in [["eval", wait], ["escript", "wait.escript"]] {
            let begun = std::time::Instant::now();
            let output = instance.finish(terminal(&instance, &[("ready", "\x03")]).args(args), "");
            // The VM is killed by the signal, and so is what waits for it, or it says so.
            assert_eq!(output.status, if hooks { 130 } else { 254 }, "{args:?}: {output}");
            let told = output.stdout.contains(&format!("failed: {} 130", args[0]));
            assert_eq!(told, hooks, "{args:?}: {output}");
            assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{args:?}");
            assert_eq!(instance.vms(), [0; 0], "{args:?}");
            let left = fs::read_dir(instance.path().join("tmp/demo/scratch")).unwrap().count();
            assert_eq!(left, 1, "{args:?}: what the one before has left is gone");
        }
    }
}

#[test]
fn a_clean_console_opens_beside_the_node() {
    let (Some(raw), true) = (rebar3(), need(&["python3"])) else { return };
    let instance = Instance::of(raw).kit();
    instance.start();
    let before = state(&instance);
    let mut command = terminal(
        &instance,
        &[("1>", "{node(), demo_server:version(), whereis(demo_server)}.\r"), ("2>", "halt(3).\r")],
    );
    let output = instance.finish(command.arg("console_clean"), "");
    assert!(output.status == 3 && output.stdout.contains("{nonode@nohost,v1,undefined}"), "{output}");
    assert_eq!(state(&instance), before);
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
}

#[test]
fn a_clean_console_of_a_mix_release_is_iex() {
    let (Some(raw), true) = (mix(), need(&["python3"])) else { return };
    let instance = Instance::of(raw).kit();
    let mut command = terminal(
        &instance,
        &[("iex(1)>", "{Node.self(), Demo.Kind.of(1)}\r"), ("iex(2)>", "System.halt(3)\r")],
    );
    let output = instance.finish(command.arg("console_clean"), "");
    assert!(output.status == 3 && output.stdout.contains(":nonode@nohost"), "{output}");
}
