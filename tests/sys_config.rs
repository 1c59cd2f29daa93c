//! sys.config on real nodes: relx's variables, the template with its filters, what mix's config providers write;
//! and what is refused before anything starts.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::delivery::Packed;
use crate::support::instance::Instance;
use crate::support::releases::{mix, rebar3};

/// What other tools stumble over.
const VALUE: &str = "a&b 'c' \"d\" \\ ${PASSWORD} $HOME ~ é\u{1f600}";

fn write(instance: &Instance, file: &str, text: &str) {
    fs::write(instance.path().join("releases/0.1.0").join(file), text).unwrap();
}

fn remove(instance: &Instance, file: &str) {
    fs::remove_file(instance.path().join("releases/0.1.0").join(file)).unwrap();
}

#[test]
fn variables_of_relx_are_replaced_once_at_each_start() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    write(
        &instance,
        "vm.args.src",
        "## ${UNSET} in a comment\n-sname ${NODE:-demo}\n-setcookie demo_cookie\n-note \"${NOTE}\"\n",
    );
    // In a binary of bytes, what Erlang does not need escaped.
    let config = "%% ${UNSET}\n[{demo, [{note, <<\"${NOTE}\"/utf8>>}, {port, ${PORT:-4000}}, {two, \"$${X} ${EMPTY:-none}\"}]}].\n";
    write(&instance, "sys.config.src", config);
    instance.set("NOTE", "a&b ${NOTE} 'é' $$");
    instance.set("EMPTY", "");
    instance.start();
    let ask = "io:format(\"~ts|~p|~s|~ts\", [element(2, application:get_env(demo, K)) || K <- [note, port, two]] ++ \
        [hd(hd(element(2, init:get_argument(note))))]).";
    let said = instance.run(&["rpc", "--printed", ask]).ok();
    assert!(said.starts_with("a&b ${NOTE} 'é' $$|4000|${X} none|a&b ${NOTE} 'é' $$"), "{said}");
    // Guests have one of their own, or the node's, and leave it alone.
    let state = instance.path().join("tmp/demo/sys.config");
    let before = fs::read(&state).unwrap();
    instance.set("PORT", "5");
    assert_eq!(
        instance
            .run(&["eval", "application:load(demo), io:format(\"~p~n\", [application:get_env(demo, port)])."])
            .ok(),
        "{ok,5}\n"
    );
    assert_eq!(fs::read(&state).unwrap(), before);
    instance.run(&["stop"]).ok();
    instance.unset("NOTE");
    let refused = "1\n! error: releases/0.1.0/vm.args.src:4: ${NOTE} is not set\n\
        ! help: did you mean \"NODE\"?\n"
        .replace("did you mean \"NODE\"?", "set NOTE in the environment or give it a default: ${NOTE:-...}");
    assert_eq!(instance.said(&["start"]), refused);
    remove(&instance, "vm.args.src");
    assert_eq!(instance.said(&["start"]), refused.replace("vm.args.src:4", "sys.config.src:2"));
    assert_eq!(fs::read(&state).unwrap(), before, "the old one, whole");
}

#[test]
fn plain_files_are_replaced_when_relx_would() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    write(&instance, "vm.args", "-sname ${NODE}\n-setcookie demo_cookie\n-note ${NODE}\n");
    write(&instance, "sys.config", "[{demo, [{note, \"${NODE}\"}]}].\n");
    instance.set("NODE", "other");
    for off in ["", "false", "0"] {
        instance.set("RELX_REPLACE_OS_VARS", off);
        let said = instance.said(&["start"]);
        assert!(
            said.starts_with("1\n! error: releases/0.1.0/vm.args:1: \"${NODE}@HOST\" is no node name"),
            "{said}"
        );
        assert!(said.contains("! help: name the file vm.args.src, set RELX_REPLACE_OS_VARS=true"), "{said}");
    }
    instance.set("REPLACE_OS_VARS", "true");
    instance.start();
    let ask = "{node(), init:get_argument(note), application:get_env(demo, note)}.";
    let said = instance.said(&["rpc", ask]);
    assert_eq!(said, "0\n{other@HOST,{ok,[[\"other\"]]},{ok,\"other\"}}\n");
    instance.run(&["stop"]).ok();
}

#[test]
fn complaint_06_a_template_gives_terms_of_every_type() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).plain();
    let template = "[{demo, [\n\
        {atom, {{ env.V | erl_atom }}}, {string, {{ env.V | erl_string }}}, {binary, {{ env.V | erl_binary }}},\n\
        {list, {{ env.L | erl_list }}}, {int, {{ env.N | erl_int }}}, {float, {{ env.N | erl_float }}},\n\
        {bool, {{ env.B | erl_bool }}}, {ip, {{ env.I | erl_ip }}}, {term, {{ {'k': [1, env.V, true]} | erl_term }}},\n\
        {cpus, {{ cpu.count }}}]}].\n";
    fs::create_dir_all(instance.base().join("rel")).unwrap();
    fs::write(instance.base().join("rel/sys.config.j2"), template).unwrap();
    instance.generate(&[]).ok();
    for (name, value) in [("V", VALUE), ("L", "a, b"), ("N", "8"), ("B", "on"), ("I", "127.0.0.1")] {
        instance.set(name, value);
    }
    // A root user could write to /run.
    let state = instance.base().join("state");
    instance.set("RELEASE_TMP", state.to_str().unwrap());
    instance.run_read_only(&["start"]).ok();
    // The value as the node's own environment has it.
    let ask = "V = os:getenv(\"V\"), B = unicode:characters_to_binary(V), M = #{<<\"k\">> => [1, B, true]}, \
        Wanted = [list_to_atom(V), V, B, [<<\"a\">>, <<\"b\">>], 8, 8.0, true, {127,0,0,1}, M], \
        Wanted =:= [element(2, application:get_env(demo, K)) || K <- [atom, string, binary, list, int, float, bool, ip, term]].";
    assert_eq!(instance.run(&["rpc", ask]).ok(), "true\n");
    let mode = fs::metadata(state.join("demo/sys.config")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    instance.run(&["stop"]).ok();
}

#[test]
fn what_is_no_configuration_is_refused_and_leaves_nothing() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.set("SECRET", "hush\" hush");
    let j2 =
        "erl_string, erl_binary, erl_atom and erl_term write any value as a term: {{ env.X | erl_string }}";
    let src = "a quote or a backslash in a value? sys.config.j2 has erl_string and erl_term for any value";
    for (file, text, message, help) in [
        (
            "sys.config",
            "[{demo,\n [{a 1}]}].",
            ":2:6: an integer where \",\" or \"}\" should be, in demo, a",
            "the node would not start with it",
        ),
        (
            "sys.config",
            "[{demo, [{a, 1}]}]",
            ":1:19: the file ends where a full stop should be",
            "the node would not start with it",
        ),
        (
            "sys.config",
            "[\"more\"].",
            ":1:2: there is no file more.config",
            "it is looked for beside this file, then in the current directory",
        ),
        (
            "sys.config.src",
            "[{demo, [{key, \"${SECRET}\"}]}].",
            ": line 1, column 23 of what it renders to: an atom where \",\" or \"}\" should be, in demo, key",
            src,
        ),
        (
            "sys.config.j2",
            "[{demo, [{key, \"{{ env.SECRET }}\"}]}].",
            ": line 1, column 23 of what it renders to: an atom where \",\" or \"}\" should be, in demo, key",
            j2,
        ),
    ] {
        write(&instance, file, text);
        let said = format!("1\n! error: releases/0.1.0/{file}{message}\n! help: {help}\n");
        for command in ["start", "foreground"] {
            assert_eq!(instance.said(&[command]), said, "{command} {text}");
            assert!(!instance.path().join("tmp").exists(), "{command} left something");
        }
    }
    write(&instance, "sys.config.j2", "[{demo, [{port, {{ env.SECRET | erl_int }}}]}].");
    let said = instance.said(&["start"]);
    assert!(
        said.starts_with("1\n! error: releases/0.1.0/sys.config.j2:1: ") && !said.contains("hush"),
        "{said}"
    );
    assert_eq!(instance.vms(), [0; 0]);
}

#[test]
fn further_files_are_found_from_where_a_copy_lies() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    write(&instance, "more.config", "[{demo, [{more, 1}]}].\n");
    write(&instance, "sys.config.j2", "[{demo, [{own, 2}]}, \"./more\", {demo, [{last, 3}]}].\n");
    let output = instance.run(&["start"]);
    assert_eq!(output.status, 0, "{output}");
    assert!(
        output.stderr.contains("what it renders to: demo stands there twice: the VM puts both together"),
        "{output}"
    );
    let ask = "[application:get_env(demo, K, none) || K <- [own, more, last]].";
    assert_eq!(instance.run(&["rpc", ask]).ok(), "[2,1,3]\n");
    let eval =
        format!("application:load(demo), io:format(\"~p~n\", [begin {} end]).", ask.trim_end_matches('.'));
    assert_eq!(instance.run(&["eval", &eval]).ok(), "[2,1,3]\n");
    instance.run(&["stop"]).ok();
}

#[test]
fn a_template_is_laid_over_what_mix_made() {
    let Some(raw) = mix() else { return };
    let instance = Instance::of(raw).env("PORT", "4711").env("NAME", VALUE).kit();
    let file = instance.path().join("releases/0.1.0/sys.config");
    let before = fs::read(&file).unwrap();
    write(&instance, "sys.config.j2", "[{demo, [{name, {{ env.NAME | erl_binary }}}]}].\n");
    instance.start();
    let ask =
        "{Application.get_env(:demo, :port), Application.get_env(:demo, :name) == System.get_env(\"NAME\")}";
    assert_eq!(instance.said(&["rpc", ask]), "0\n{\"4711\", true}\n", "runtime.exs and the template");
    let eval = format!("Application.load(:demo); IO.inspect({ask})");
    assert_eq!(instance.said(&["eval", &eval]), "0\n{\"4711\", true}\n");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(instance.said(&["stop"]), "0\n");
}

#[test]
fn complaint_14_an_upgrade_renders_the_new_versions_files() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.set("PORT", "4711");
    instance.start();
    Packed::new(raw, &[]).deliver(&instance);
    instance.run(&["unpack", "0.2.0"]).ok();
    let folder = instance.path().join("releases/0.2.0");
    fs::remove_file(folder.join("sys.config")).unwrap();
    fs::write(folder.join("sys.config.src"), "[{demo, [{port, ${PORT}}, {user, \"${NOBODY}\"}]}].\n")
        .unwrap();
    let refused = "1\n! error: releases/0.2.0/sys.config.src:1: ${NOBODY} is not set\n\
        ! help: set NOBODY in the environment or give it a default: ${NOBODY:-...}\n";
    assert_eq!(instance.said(&["upgrade", "0.2.0"]), refused);
    assert_eq!(instance.said(&["version"]), "0\ndemo 0.1.0\n", "nothing was changed");
    instance.set("NOBODY", "some & body");
    assert_eq!(instance.said(&["upgrade", "0.2.0"]), "0\ndemo: 0.1.0 -> 0.2.0, permanent\n");
    let ask = "[application:get_env(demo, K, none) || K <- [port, user]].";
    assert_eq!(instance.run(&["rpc", ask]).ok(), "[4711,\"some & body\"]\n");
    assert!(!folder.join("sys.config").exists() && !folder.join("sys.config.new").exists());
    assert_eq!(fs::read_dir(instance.path().join("tmp/demo/scratch")).map_or(0, Iterator::count), 0);
    instance.run(&["stop"]).ok();
    // And so does the next start.
    instance.set("PORT", "4712");
    instance.start();
    assert_eq!(instance.run(&["rpc", ask]).ok(), "[4712,\"some & body\"]\n");
    instance.run(&["stop"]).ok();
}
