//! Calls, output and evaluations on a real node.

use std::path::Path;
use std::thread::spawn;
use std::time::{Duration, Instant};

use super::real::{LIMIT, RealNode, elixir, erlang, skip, until};
use crate::error::{Report, Status};
use crate::node::{
    Connection, Discard, Evaluated, Io, NodeError, Outcome, Term, connect, erlang_term, os_pid,
};

const ELIXIR: &str = "/usr/lib/elixir/lib/elixir/ebin";

fn value(text: &str) -> Evaluated {
    Evaluated::Text(text.into())
}

fn failure(evaluated: Evaluated) -> String {
    match evaluated {
        Evaluated::Failed(text) => text,
        other => panic!("{other:?}"),
    }
}

fn call(connection: &mut Connection, module: &str, function: &str, args: Vec<Term>) -> Outcome {
    connection.call(module, function, args, &mut Discard, Some(LIMIT)).unwrap()
}

fn returned(outcome: Outcome) -> Term {
    match outcome {
        Outcome::Return(term) => term,
        other => panic!("{other:?}"),
    }
}

#[test]
fn ping_pid_and_calls() {
    let Some((node, mut connection)) = RealNode::connected(&[]) else { return };
    assert_eq!(connection.node(), node.target.name.to_string());
    assert_eq!(os_pid(&mut connection).unwrap(), node.vm.id());
    let reversed = call(&mut connection, "lists", "reverse", vec![Term::string("abc")]);
    assert_eq!(reversed, Outcome::Return(Term::string("cba")));
    connection.wait_started(Some(LIMIT)).unwrap();
    let hidden = returned(call(&mut connection, "erlang", "nodes", vec![Term::atom("hidden")]));
    assert_eq!(hidden, Term::List(vec![Term::atom(connection.own_name())]));
}

#[test]
fn exceptions_have_class_reason_and_stack() {
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let mut raise = |module: &str, function: &str, args| match call(&mut connection, module, function, args) {
        Outcome::Exception { class, reason, stack } => (class, reason.to_string(), stack),
        other => panic!("{other:?}"),
    };
    let (class, reason, stack) = raise("no_such", "f", vec![Term::Int(1)]);
    assert_eq!((class.as_str(), reason.as_str()), ("error", "undef"));
    assert!(stack.to_string().starts_with("[{no_such,f,"), "{stack}");
    let (class, reason, _) = raise("erlang", "throw", vec![Term::atom("ball")]);
    assert_eq!((class.as_str(), reason.as_str()), ("throw", "ball"));
    let (class, reason, _) = raise("erlang", "exit", vec![Term::atom("bye")]);
    assert_eq!((class.as_str(), reason.as_str()), ("exit", "bye"));
    let killed = "exit(self(), kill)";
    match erlang_term(&mut connection, killed, &[], &mut Discard).unwrap() {
        Outcome::Exception { class, reason, .. } => {
            assert_eq!((class.as_str(), reason.to_string().as_str()), ("exit", "{signal,killed}"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn output_streams_while_the_call_runs() {
    struct Stamped(Instant, Vec<(Duration, String)>);
    impl Io for Stamped {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
            self.1.push((self.0.elapsed(), String::from_utf8_lossy(bytes).into()));
            Ok(())
        }
    }
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let mut io = Stamped(Instant::now(), Vec::new());
    let source = r#"io:format("~ts~n", [[26085]]), timer:sleep(300), io:put_chars("a"), io:nl(),
        io:write({x, 1}), io:requests([{put_chars, unicode, "b"}, {format, "~p", [c]}]), eof = io:get_line(">"),
        file:write(group_leader(), <<233>>), {error, enotsup} = io:columns(), done"#;
    assert_eq!(erlang(&mut connection, source, &mut io).unwrap(), value("done"));
    let text: String = io.1.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(text, "日\na\n{x,1}bc\u{fffd}");
    assert!(io.1[1].0 - io.1[0].0 >= Duration::from_millis(250), "{:?}", io.1);
}

#[test]
fn thousands_of_lines_arrive_whole_and_in_order() {
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let mut out = Vec::new();
    let source = r#"[io:format("~w~n", [N]) || N <- lists:seq(1, 2000)], ok."#;
    assert_eq!(erlang(&mut connection, source, &mut out).unwrap(), value("ok"));
    let expected: String = (1..=2000).map(|n| format!("{n}\n")).collect();
    assert!(out == expected.as_bytes());
}

#[test]
fn big_binaries_go_both_ways() {
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let big = Term::binary((0..5_000_000_u32).map(|n| n as u8).collect::<Vec<u8>>());
    let size = call(&mut connection, "erlang", "byte_size", vec![big.clone()]);
    assert_eq!(size, Outcome::Return(Term::Int(5_000_000)));
    let back = call(&mut connection, "binary", "copy", vec![big.clone()]);
    assert!(back == Outcome::Return(big));
}

#[test]
fn connections_cost_the_node_no_atoms() {
    let Some((node, mut connection)) = RealNode::connected(&[]) else { return };
    let atoms = |connection: &mut Connection| {
        let count = call(connection, "erlang", "system_info", vec![Term::atom("atom_count")]);
        returned(count).as_int().unwrap()
    };
    // Modules that are loaded at their first use bring atoms, but once.
    connection.wait_started(Some(LIMIT)).unwrap();
    for _ in 0..5 {
        os_pid(&mut connect(&node.target, LIMIT).unwrap()).unwrap();
    }
    let before = atoms(&mut connection);
    for _ in 0..300 {
        os_pid(&mut connect(&node.target, LIMIT).unwrap()).unwrap();
    }
    let added = atoms(&mut connection) - before;
    assert!(added <= 10, "{added} atoms");
}

/// Floats half-way between two shortest forms may differ in the last digit, by which neither
/// changes its value; before OTP 25 large ones had no exponent, and zero no sign.
fn same_text(term: &Term, text: &str) -> bool {
    let own = term.to_string();
    match term {
        Term::Float(value) if *value == 0.0 || value.abs() >= 2_f64.powi(53) => {
            own.parse() == text.parse::<f64>()
        }
        Term::Float(value) => {
            own.parse() == Ok(*value) && text.parse() == Ok(*value) && own.len() == text.len()
        }
        _ => own == text,
    }
}

#[test]
fn terms_of_all_kinds_come_back_and_print_as_the_node_prints_them() {
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let kinds = r##"[1, -1, 1 bsl 70, -(1 bsl 2000), a, 'Foo', [], "text", "a\"\\\e", <<>>, <<"b">>, <<1, 200>>,
        <<5:3>>, {}, {a}, [a | b], #{a => 1}, #{}, self(), make_ref(), hd(erlang:ports()), fun lists:map/2,
        fun(X) -> X end, [1, 2, 300], lists:seq(1, 3), '\n', 'été', 'Été', '日本', 'a b', 'it\'s', 'a\\b', 'query', '_a', '1a', aB_1@,
        '\x{7f}', '\x{85}', '\0', 'a\eb', [0], "\x{7f}", "\x{a0}\x{ad}", "\x{80}", [9, 10, 11, 12, 13, 8, 27], [7],
        "é", [16#d800], [-1], <<"é"/utf8>>, <<"日本\n\"\\"/utf8>>, <<"é">>, <<"Ġ"/utf8>>, <<"é", 195>>, <<"é", 133>>, <<0>>, <<7>>, <<127>>, <<"a\x{7f}\eb">>,
        <<16#c2, 16#80>>, <<16#c2, 16#a0>>, <<"\x{2028}\x{feff}\x{e000}\x{fffd}"/utf8>>, <<"\x{1f600}"/utf8>>, <<16#ef, 16#bf, 16#be>>,
        <<16#ef, 16#bf, 16#bf>>, <<"\x{1ffff}\x{10ffff}"/utf8>>, <<1:1>>, <<1, 2:7>>, <<255, 1:1>>, <<"abc", 3:2>>, [[[]]], [[a | b] | c],
        #{1 => #{}, {a} => [], "k" => v}, maps:from_list([{N, N} || N <- lists:seq(1, 32)]), #{a => 1, b => 2, 'C' => 3, 1.5 => 1, 1 => 1},
        fun 'a b':'C'/0, fun erlang:'+'/2, fun(X) -> {X, A0} end, list_to_pid("<0.1.0>"), list_to_ref("#Ref<0.1.2.3>"),
        -0.0, 1.0e-7, 12345678901234567890, -(1 bsl 64), 1 bsl 63, -(1 bsl 63), 1 bsl 5000, 'hello world', a@b, [[]], "", [$a, -1]]"##;
    // Powers of ten and of two on both sides of each change of notation, and numbers of many digits.
    let floats = "[F * S || F <- [math:pow(10, E) || E <- lists:seq(-12, 25)] ++
        [math:pow(2, E) || E <- lists:seq(-60, 70)] ++ [0.0, 1.5, 123.456, 1.0e300, 5.0e-324],
        S <- [1, -1, 1.1, 12345]] ++ [1.7976931348623157e308]";
    for source in [kinds, floats] {
        let pairs =
            format!("[{{T, unicode:characters_to_binary(io_lib:format(\"~0tp\", [T]))}} || T <- {source}]");
        let bound = [("A0", Term::atom("bound"))];
        let outcome = erlang_term(&mut connection, &pairs, &bound, &mut Discard).unwrap();
        let Outcome::Return(Term::List(pairs)) = outcome else { panic!("{outcome:?}") };
        let mut different = Vec::new();
        for pair in pairs {
            let [term, text] = pair.as_tuple().unwrap() else { panic!("{pair}") };
            let text = text.as_text().unwrap();
            if !same_text(term, &text) {
                different.push(format!("{term} is {text}"));
            }
            let echo = call(&mut connection, "erlang", "hd", vec![Term::List(vec![term.clone()])]);
            assert_eq!(&returned(echo), term);
        }
        assert!(different.is_empty(), "{}", different.join("\n"));
    }
}

#[test]
fn erlang_values_bindings_and_failures() {
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let mut eval = |source: &str| erlang(&mut connection, source, &mut Discard).unwrap();
    assert_eq!(eval("X = 1, X + 1."), value("2"));
    assert_eq!(eval("\"日\""), value("[26085]"));
    assert_eq!(eval("ok % no dot."), value("ok"));
    assert_eq!(eval("ok. % a dot"), value("ok"));
    assert!(failure(eval("foo(")).starts_with("syntax error in line 1"), "foo(");
    assert!(failure(eval("\n \"abc")).starts_with("syntax error in line 2"), "string");
    assert!(failure(eval(" ")).contains("nothing to evaluate"));
    let text = failure(eval("1 + atom_to_list(no_atom)"));
    assert!(text.contains("exception error") && text.contains("arith"), "{text}");
    assert!(!text.contains("erl_eval:"), "{text}");
    assert!(failure(eval("throw(ball)")).contains("exception throw: ball"));
    assert!(failure(eval("exit(bye)")).contains("exception exit: bye"));
    let bindings = [("Z", Term::string("\"]), halt(). %")), ("A", Term::Int(20))];
    let term = erlang_term(&mut connection, "{A + 1, length(Z)}", &bindings, &mut Discard).unwrap();
    assert_eq!(term, Outcome::Return(Term::Tuple(vec![Term::Int(21), Term::Int(14)])));
    let term = erlang_term(&mut connection, "{a, B}", &[("B", Term::Int(2))], &mut Discard).unwrap();
    assert_eq!(term, Outcome::Return(Term::Tuple(vec![Term::atom("a"), Term::Int(2)])));
    let error = erlang_term(&mut connection, "foo(", &[], &mut Discard).unwrap();
    assert!(
        matches!(error, Outcome::Exception { reason, .. } if reason.to_string().contains("syntax_error"))
    );
}

#[test]
fn elixir_values_output_and_failures() {
    if !Path::new(ELIXIR).is_dir() {
        skip("elixir");
        return;
    }
    let Some((_node, mut connection)) = RealNode::connected(&["-pa", ELIXIR]) else { return };
    call(&mut connection, "application", "ensure_all_started", vec![Term::atom("elixir")]);
    let mut out = Vec::new();
    let source = "IO.puts(\"hé\"); %{a: [1, \"x\"]}";
    assert_eq!(elixir(&mut connection, source, &mut out).unwrap(), value("%{a: [1, \"x\"]}"));
    assert_eq!(out, "hé\n".as_bytes());
    let text = failure(elixir(&mut connection, "raise \"no\"", &mut Discard).unwrap());
    assert_eq!(text, "** (RuntimeError) no");
    let text = failure(elixir(&mut connection, "throw :ball", &mut Discard).unwrap());
    assert!(text.starts_with("** (throw) :ball"), "{text}");
    let text = failure(elixir(&mut connection, "1 +", &mut Discard).unwrap());
    assert!(text.contains("TokenMissingError"), "{text}");
    let text = failure(elixir(&mut connection, "x + 1", &mut Discard).unwrap());
    assert!(text.contains("CompileError") && text.contains("undefined"), "{text}");
}

#[test]
fn a_node_without_elixir_says_so() {
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let error = elixir(&mut connection, "1", &mut Discard).unwrap_err();
    assert!(matches!(error, NodeError::NoElixir { .. }), "{error}");
}

#[test]
fn a_call_that_takes_too_long_is_given_up_and_the_connection_stays() {
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let limit = Duration::from_millis(200);
    let begin = Instant::now();
    let source = "timer:sleep(400), io:put_chars(\"late\"), timer:sleep(infinity)";
    connection.set_limit(Some(limit));
    let error = erlang(&mut connection, source, &mut Discard).unwrap_err();
    assert_eq!(error.status(), Status::TimedOut, "{error}");
    assert!(
        error.to_string().starts_with("the evaluation on node ")
            && error.to_string().ends_with("took longer than 200ms"),
        "{error}"
    );
    assert!(begin.elapsed() < Duration::from_secs(2));
    connection.set_limit(Some(LIMIT));
    let mut out = Vec::new();
    let done = erlang(&mut connection, "timer:sleep(500), io:put_chars(\"mine\"), 1", &mut out).unwrap();
    assert_eq!((done, out.as_slice()), (value("1"), b"mine".as_slice()));
}

#[test]
fn output_that_cannot_be_written_ends_the_call() {
    struct Full;
    impl Io for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<()> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
    }
    let Some((_node, mut connection)) = RealNode::connected(&[]) else { return };
    let source = "io:format(\"x\"), timer:sleep(infinity)";
    let error = erlang(&mut connection, source, &mut Full).unwrap_err();
    assert!(matches!(error, NodeError::Output(_)), "{error}");
}

#[test]
fn a_node_that_halts_during_a_call_went_down() {
    let Some((node, mut connection)) = RealNode::connected(&[]) else { return };
    let mut other = connect(&node.target, LIMIT).unwrap();
    let waiting = spawn(move || erlang(&mut other, "timer:sleep(infinity)", &mut Discard));
    // It has to be in its call when the node goes down.
    let sleeps =
        "length([P || P <- processes(), {_, {timer, sleep, 1}} <- [process_info(P, current_function)]])";
    until("the other call", || {
        let seen = erlang(&mut connection, sleeps, &mut Discard).unwrap();
        seen == value("1")
    });
    let error = erlang(&mut connection, "halt()", &mut Discard).unwrap_err();
    assert!(error.to_string().ends_with("went down during the call"), "{error}");
    assert_eq!(error.status(), Status::Failed);
    let other = waiting.join().unwrap().unwrap_err();
    assert!(other.to_string().ends_with("went down during the call"), "{other}");
}
