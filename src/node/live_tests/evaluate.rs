//! The forms of an evaluation, on a real node.

use std::path::Path;

use super::real::{LIMIT, RealNode, elixir, erlang, skip, until};
use crate::node::{
    Answer, Code, Connection, Discard, Evaluated, Json, Language, Outcome, Term, connect, erlang_term,
    evaluate, os_pid,
};

const ELIXIR: &str = "/usr/lib/elixir/lib/elixir/ebin";

/// A node with Elixir, and a connection to it.
fn with_elixir() -> Option<(RealNode, Connection)> {
    if !Path::new(ELIXIR).is_dir() {
        skip("elixir");
        return None;
    }
    let (node, mut connection) = RealNode::connected(&["-pa", ELIXIR])?;
    let args = vec![Term::atom("elixir")];
    connection.call("application", "ensure_all_started", args, &mut Discard, Some(LIMIT)).unwrap();
    Some((node, connection))
}

/// The value's text, or `failed: `, or which word is bad.
fn call(connection: &mut Connection, language: Language, words: &[&str], argv: Option<&[&[u8]]>) -> String {
    let code = Code::Call {
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        argv: argv.map(|argv| argv.iter().map(|word| word.to_vec()).collect()),
    };
    match evaluate(connection, language, &code, Answer::Text, &mut Discard).unwrap() {
        Evaluated::Text(text) => text,
        Evaluated::Term(term) => panic!("{term}"),
        Evaluated::Failed(text) => format!("failed: {text}"),
        Evaluated::BadWord { position, reason } => format!("{position}: {reason}"),
    }
}

#[test]
fn the_parsed_wrappers_are_those_of_the_sources() {
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let mut step = |module: &str, function: &str, arg: Term| match connection
        .call(module, function, vec![arg], &mut Discard, Some(LIMIT))
        .unwrap()
    {
        Outcome::Return(Term::Tuple(mut parts)) if parts[0].is_atom("ok") => parts.swap_remove(1),
        other => panic!("{other:?}"),
    };
    // Compiled in: this also runs where the sources are not.
    let erlang =
        (include_str!("../eval/erlang.erl"), include_bytes!("../eval/erlang.ast").as_slice(), "erlang");
    let elixir =
        (include_str!("../eval/elixir.erl"), include_bytes!("../eval/elixir.ast").as_slice(), "elixir");
    for (source, committed, name) in [erlang, elixir] {
        let tokens = step("erl_scan", "string", Term::string(source));
        // One expression, a block: of those erl_eval gives the value alone.
        let Term::List(mut exprs) = step("erl_parse", "parse_exprs", tokens) else { panic!("{name}") };
        assert_eq!(exprs.len(), 1, "{name}");
        let parsed = exprs.remove(0);
        if std::env::var_os("RELBOOT_UPDATE").is_some() {
            let mut bytes = Vec::new();
            parsed.encode(&mut bytes).unwrap();
            let file = format!("{}/src/node/eval/{name}.ast", env!("CARGO_MANIFEST_DIR"));
            std::fs::write(file, bytes).unwrap();
            continue;
        }
        let committed = Term::decode(committed).unwrap();
        assert!(committed == parsed, "write it anew: RELBOOT_UPDATE=1 cargo test --lib the_parsed_wrappers");
    }
}

#[test]
fn erlang_calls_take_terms_and_never_evaluate_them() {
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let mut call = |words: &[&str], argv| call(&mut connection, Language::Erlang, words, argv);
    assert_eq!(call(&["lists", "seq", "-1", "2"], None), "[-1,0,1,2]");
    assert_eq!(call(&["erlang", "abs", "-5"], None), "5");
    assert_eq!(
        call(&["erlang", "hd", "[#{a => {\"x\", <<\"é\"/utf8>>}}, $b]"], None),
        "#{a => {\"x\",<<\"é\"/utf8>>}}"
    );
    assert_eq!(call(&["'erlang'", "'node'"], None).split('@').nth(1), Some("localhost"));
    assert_eq!(call(&["erlang", "hd"], Some(&[b"a\n\"'#{", b"\xff\0", b""])), "<<\"a\\n\\\"'#{\">>");
    assert_eq!(call(&["erlang", "tl"], Some(&[b"a", b"\xff\0", b""])), "[<<255,0>>,<<>>]");
    assert_eq!(call(&["erlang", "length"], Some(&[])), "0");
    assert!(call(&["lists", "seq", "1", "halt()"], None).starts_with("3: line 1, column 1: bad term"));
    assert!(call(&["lists", "seq", "1", "1 2"], None).starts_with("3: line 1, column 3"));
    // In column 2, as of OTP 27.
    let open = call(&["lists", "seq", "\"", "1"], None);
    assert!(open.starts_with("2: line 1, column ") && open.contains(": unterminated"), "{open}");
    assert_eq!(call(&["lists", "seq", "", "1"], None), "2: there is nothing to evaluate");
    assert_eq!(call(&["\"lists\"", "seq"], None), "0: a module's name is an atom");
    assert!(call(&["Enum", "count"], None).starts_with("0: line 1"), "a variable");
    assert_eq!(call(&["lists", "1"], None), "1: a function's name is an atom");
    let undefined = call(&["no_such", "f", "1"], None);
    assert!(undefined.starts_with("failed: exception error: undefined function no_such:f/1"), "{undefined}");
}

#[test]
fn elixir_calls_take_literals_and_never_evaluate_them() {
    let Some((_node, mut connection)) = with_elixir() else { return };
    let mut call = |words: &[&str], argv| call(&mut connection, Language::Elixir, words, argv);
    assert_eq!(call(&["Enum", "sum", "[1, -2, +4]"], None), "3");
    assert_eq!(call(&[":erlang", "abs", "-5"], None), "5");
    assert_eq!(
        call(
            &["Function", "identity", "{:a, \"é\\n\", %{1 => nil, b: [c: 1.5]}, {}, Foo.Bar, <<1, 255>>}"],
            None
        ),
        "{:a, \"é\\n\", %{1 => nil, :b => [c: 1.5]}, {}, Foo.Bar, <<1, 255>>}"
    );
    assert_eq!(call(&["Enum", "empty?"], Some(&[])), "true");
    assert_eq!(call(&["Enum", "count"], Some(&[b"#{1}\"\n", b"\xff"])), "2");
    for (text, reason) in [
        ("\"a#{System.halt()}\"", "no literal"),
        ("System.halt()", "System.halt() is no literal"),
        ("x", "x is no literal"),
        ("&System.halt/1", "no literal"),
        ("~w(a)", "no literal"),
        ("%{m | a: 1}", "no literal"),
        ("%Foo{}", "no literal"),
        ("[a | b]", "no literal"),
        ("1 + 1", "1 + 1 is no literal"),
        ("", "it is empty"),
        ("{1", "line 1"),
        ("{1", ": missing terminator: }"),
    ] {
        let said = call(&["Enum", "at", "[1]", text], None);
        assert!(said.starts_with("3: ") && said.contains(reason), "{text}: {said}");
    }
    assert!(call(&["enum", "count"], None).starts_with("0: a module is an alias"));
}

#[test]
fn answers_of_each_form() {
    let Some((_node, mut connection)) = with_elixir() else { return };
    for (language, source, json) in [
        (
            Language::Erlang,
            "io:put_chars(\"x\"), #{a => [\"b\", <<\"c\">>, undefined]}",
            "{\"a\":[\"b\",\"c\",null]}",
        ),
        (Language::Elixir, "IO.write(\"x\"); %{a: ['b', \"c\", nil]}", "{\"a\":[[98],\"c\",null]}"),
    ] {
        let code = Code::Expression(source.into());
        let mut out = Vec::new();
        match evaluate(&mut connection, language, &code, Answer::Term, &mut out).unwrap() {
            Evaluated::Term(term) => {
                assert_eq!(Json::new(&term, language == Language::Erlang).to_string(), json)
            }
            other => panic!("{other:?}"),
        }
        let nothing = evaluate(&mut connection, language, &code, Answer::Nothing, &mut out).unwrap();
        assert_eq!((nothing, out), (Evaluated::Text(String::new()), b"xx".to_vec()));
    }
    // Its text would take gigabytes on the node.
    let large = erlang(&mut connection, "binary:copy(<<255>>, 3000000)", &mut Discard).unwrap();
    assert!(large == Evaluated::Term(Term::binary(vec![255; 3_000_000])));
    let large = elixir(&mut connection, "String.duplicate(\"a\", 3000000)", &mut Discard).unwrap();
    assert!(large == Evaluated::Term(Term::binary("a".repeat(3_000_000))));
    let killed = erlang(&mut connection, "exit(self(), kill)", &mut Discard).unwrap();
    assert_eq!(killed, Evaluated::Failed("the process of the call was ended: killed".into()));
}

#[test]
fn an_evaluation_ends_with_its_connection_and_other_calls_do_not() {
    let Some((node, mut watcher)) = RealNode::connected(&[]) else { return };
    for (linked, sleeps) in [(true, "11111"), (false, "22222")] {
        let mut connection = connect(&node.target, LIMIT).unwrap();
        connection.set_limit(Some(std::time::Duration::from_millis(200)));
        let source = format!("register(a{sleeps}, self()), timer:sleep(600000)");
        if linked {
            let error = erlang(&mut connection, &source, &mut Discard).unwrap_err();
            assert!(crate::error::Report::help(&error).unwrap().contains("was ended"), "{error}");
        } else {
            let error = erlang_term(&mut connection, &source, &[], &mut Discard).unwrap_err();
            assert!(crate::error::Report::help(&error).unwrap().contains("goes on"), "{error}");
        }
        let there = |watcher: &mut Connection| {
            let source = format!("whereis(a{sleeps}) =/= undefined");
            erlang(watcher, &source, &mut Discard).unwrap() == Evaluated::Text("true".into())
        };
        assert!(there(&mut watcher));
        drop(connection);
        if linked {
            until("its end", || !there(&mut watcher));
        } else {
            until("the end of the connection", || {
                erlang(&mut watcher, "length(nodes(hidden))", &mut Discard).unwrap()
                    == Evaluated::Text("1".into())
            });
            assert!(there(&mut watcher));
        }
    }
}

#[test]
fn a_thousand_calls_leave_nothing_on_the_node() {
    let Some((node, mut watcher)) = with_elixir() else { return };
    let round = || {
        let new = || connect(&node.target, LIMIT).unwrap();
        drop(new());
        os_pid(&mut new()).unwrap();
        assert_eq!(erlang(&mut new(), "1", &mut Discard).unwrap(), Evaluated::Text("1".into()));
        assert_eq!(elixir(&mut new(), "1", &mut Discard).unwrap(), Evaluated::Text("1".into()));
    };
    let mut count = || {
        let source = "{erlang:system_info(atom_count), length(processes()), length(nodes(hidden))}";
        let outcome = erlang_term(&mut watcher, source, &[], &mut Discard).unwrap();
        let Outcome::Return(Term::Tuple(counts)) = outcome else { panic!("{outcome:?}") };
        [0, 1, 2].map(|at| counts[at].as_int().unwrap())
    };
    // Modules that are loaded at their first use bring atoms, but once.
    (0..10).for_each(|_| round());
    until("the last connection's end", || count()[2] == 1);
    let before = count();
    (0..250).for_each(|_| round());
    until("the last connection's end", || count()[2] == 1);
    let mut after = count();
    until("the end of all processes", || {
        after = count();
        after[1] <= before[1]
    });
    // As many names as connections were open at once, which is one more when one takes long to close.
    assert!(after[0] - before[0] <= 3, "{before:?} {after:?}");
}
