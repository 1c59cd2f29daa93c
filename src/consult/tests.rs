//! Terms that are read and texts that are refused, by dialect; OTP itself is asked in tests/consult.rs.

use super::config::{Checked, Role, check};
use super::{Dialect, Term, Value, decode, merge, read, read_all};

fn value(text: &str) -> Value {
    match read(text, Dialect::default()) {
        Ok(term) => term.value,
        Err(fault) => panic!("{text}: {fault}"),
    }
}

fn told(text: &str) -> String {
    read(text, Dialect::default()).unwrap_err().to_string()
}

fn values(terms: &[Term]) -> Vec<&Value> {
    terms.iter().map(|term| &term.value).collect()
}

#[test]
fn reads_terms_of_every_kind() {
    let text = "%% coding: utf-8\n{'a b', \"x\\\"y\"\n \"z\", [1, -2.5e-1, $\\x{41}, 16#ff, 1_000], <<\"é\"/utf8, 1:4>>, \
        #{k => [a|b]}, fun m:f/1, (+3), ~b\"é\"}.";
    let Value::Tuple(parts) = value(text) else { panic!("a tuple") };
    let [atom, string, list, binary, map, fun, number, sigil] = parts.as_slice() else { panic!("{parts:?}") };
    assert_eq!(atom.value, Value::Atom("a b".into()));
    assert_eq!(string.value, Value::String("x\"yz".into()));
    assert_eq!(&text[string.start.offset..string.end], "\"x\\\"y\"\n \"z\"");
    let Value::List(items) = &list.value else { panic!("a list") };
    let whole = |number| Value::Integer(Some(number));
    assert_eq!(values(items), [&whole(1), &Value::Float(-0.25), &whole(65), &whole(255), &whole(1000)]);
    assert_eq!((&binary.value, &sigil.value), (&Value::Binary(20), &Value::Binary(16)));
    assert!(
        matches!(&map.value, Value::Map(pairs) if matches!(&pairs[1].value, Value::Cons(it) if it.len() == 2))
    );
    assert_eq!((&fun.value, &number.value), (&Value::Fun, &whole(3)));
    assert_eq!(read_all("a. b.%\n\"\"\"\n  x\n   y\n\n  \"\"\". ", Dialect::default()).unwrap().len(), 3);
    assert_eq!(value("\"\"\"\n  x\n   y\n\n  \"\"\"."), Value::String("x\n y\n".into()));
}

#[test]
fn dialects_differ_where_otp_does() {
    let reads = |text: &str, release| read(text, Dialect::of(release)).is_ok();
    for (text, old, new) in [
        ("maybe.", true, false),
        ("\"a\"\"b\".", true, false),
        ("\"\"\"a\nb\n\"\"\".", true, false),
        ("~\"x\".", false, true),
        ("$\\^1.", true, false),
        ("2#1.1.", false, true),
        ("fun a:b/256.", true, false),
        ("<<1:16/float>>.", false, true),
    ] {
        assert_eq!((reads(text, 23), reads(text, 29)), (old, new), "{text}");
    }
}

#[test]
fn faults_say_where_and_what_but_no_value() {
    for (text, message) in [
        ("{a,\n b", "2:3: the file ends where \",\" or \"}\" should be"),
        ("{a secret}.", "1:4: an atom where \",\" or \"}\" should be"),
        ("{a}", "1:4: the file ends where a full stop should be"),
        ("", "1:1: the file ends where a term should be"),
        ("{A}.", "1:2: a variable where a term should be"),
        ("[é,\n\"x].", "2:1: a quote that is never closed"),
        ("{a, if}.", "1:5: the reserved word \"if\" where a term should be"),
        ("[1 + 2].", "1:4: \"+\" where \",\" or \"]\" should be"),
        ("#{a := 1}.", "1:5: \":\" where \"=>\" should be"),
        ("<<a>>.", "1:3: a field of a binary that can't be made of this value, size and type"),
        ("- a.", "1:3: a sign has to stand before a number"),
    ] {
        assert_eq!(told(text), message, "{text}");
    }
    let fault = read("[{demo, [{db, #{password => secret x}}]}].", Dialect::default()).unwrap_err();
    assert_eq!(fault.within, ["demo", "db", "password"]);
}

#[test]
fn hostile_texts_end_soon() {
    let many = |part: &str| part.repeat(200_000);
    for part in
        ["[", "{", "(", "<<", "-", "#{a=>", "[a|", "\"", "'", "$", "~", "%", "1.", "9", "\\", "\"a\" ", "16#"]
    {
        let text = many(part);
        let outcome = read(&text, Dialect::default());
        assert!(outcome.is_err(), "{part}");
        assert!(read(&text, Dialect::of(25)).is_err(), "{part}");
    }
    assert!(read(&format!("{}1{}.", "[1|".repeat(900), "]".repeat(900)), Dialect::default()).is_ok());
    assert_eq!(told(&many("[")), "1:1001: terms nest deeper than 1000");
}

#[test]
fn the_encoding_is_what_a_comment_says() {
    assert_eq!(decode(b"%% coding: latin-1\n'\xe9'.").unwrap(), "%% coding: latin-1\n'é'.");
    assert_eq!(decode(b"\n% -*- coding=Latin-1 -*-\n\xe9.").unwrap().chars().next_back(), Some('.'));
    assert_eq!(decode("%% coding: utf-8\né.".as_bytes()).unwrap(), "%% coding: utf-8\né.");
    assert_eq!(decode(b"[a,\n \xe9].").unwrap_err().to_string(), "2:2: bytes that are no UTF-8");
}

fn checked(text: &str) -> Result<Checked, String> {
    check(text, Dialect::default(), Role::System).map_err(|fault| format!("{fault} {:?}", fault.within))
}

#[test]
fn a_configuration_is_one_list_of_applications() {
    for good in ["[].", "([])", "[{a,[]}].", "[{a,\"\"},{b,[{c,1}|[{d,2}]]}]. % end", "\"\".", "[{a,[]}|[]]."]
    {
        let good = if good.ends_with(')') { "([])." } else { good };
        assert_eq!(checked(good), Ok(Checked::default()), "{good}");
    }
    for (bad, message) in [
        ("", "1:1: the file ends where a list of applications should be []"),
        ("{a,[]}.", "1:1: the file should hold one list []"),
        ("[{a,[]}].\n%\n [].", "3:2: more than one term: all applications have to be in one list []"),
        ("[a].", "1:2: {APPLICATION, PARAMETERS} should be here []"),
        ("[{\"a\",[]}].", "1:3: the name of an application should be an atom []"),
        ("[{a,b}].", "1:5: the parameters of an application should be a list of {NAME, VALUE} [\"a\"]"),
        ("[{a,[b]}].", "1:6: a parameter should be {NAME, VALUE} [\"a\"]"),
        ("[{a,[{1,2}]}].", "1:7: the name of a parameter should be an atom [\"a\"]"),
        ("[{a,[{b,1},{b,2}]}].", "1:13: a parameter that this application has already [\"a\", \"b\"]"),
        ("[{a,[]}|b].", "1:1: the file should hold one list []"),
    ] {
        assert_eq!(checked(bad), Err(message.to_owned()), "{bad}");
    }
}

#[test]
fn a_system_configuration_may_name_files_and_repeat_applications() {
    let text = "[\"more\", {a,[]},\n {a,[{b,1}]}].";
    let found = checked(text).unwrap();
    assert_eq!((found.includes[0].name.as_str(), found.repeated[0].0.as_str()), ("more", "a"));
    assert_eq!(&text[found.includes[0].start.offset..found.includes[0].end], "\"more\"");
    assert_eq!(found.repeated[0].1.line, 2);
    for text in ["[\"more\"].", "[{a,[]},{a,[]}]."] {
        assert!(check(text, Dialect::default(), Role::Other).is_err(), "{text}");
    }
}

#[test]
fn one_configuration_is_laid_over_another() {
    let base = "%% coding: utf-8\n%% RUNTIME_CONFIG=true\n[{a,[{x,1},{'Y z',\"1.\"}]},\n {b,[{c,<<1>>}]}, \"more\"].\n";
    let over = "[{'a',[{x, 'two'},{n,{}}]},{d,[]}].";
    let merged = merge(base, over, Dialect::default()).unwrap();
    assert_eq!(
        merged,
        "%% coding: utf-8\n%% RUNTIME_CONFIG=true\n[{a, [\n    {'Y z',\"1.\"},\n    {x, 'two'},\n    {n,{}}]},\n \
         {b,[{c,<<1>>}]},\n \"more\",\n {d,[]}].\n"
    );
    assert!(checked(&merged).is_ok());
    assert_eq!(merge("[].", "[{a,[]}].", Dialect::default()).unwrap(), "[{a,[]}].\n");
    assert!(merge("[", "[].", Dialect::default()).is_err());
}

/// The values are what `Config.Reader.merge/2` of Elixir gives for the same two.
#[test]
fn lists_of_pairs_are_merged_by_name_as_elixir_does() {
    let over_text = |base: &str, over: &str| {
        let whole = |text: &str| format!("[{{a, [{{k, {text}}}]}}].");
        let merged = merge(&whole(base), &whole(over), Dialect::default()).unwrap();
        merged.trim_start_matches("[{a, [\n    {k, ").trim_end_matches("}]}].\n").to_owned()
    };
    for (base, over, expected) in [
        ("[{x, 1}, {y, 2}]", "[{y, 3}]", "[{x, 1}, {y, 3}]"),
        ("[{x, [{p, 1}, {q, \"s\"}]}]", "[{x, [{q, \"t\"}]}, {z, 1}]", "[{x, [{p, 1}, {q, \"t\"}]}, {z, 1}]"),
        ("[{x, 1}]", "[]", "[{x, 1}]"),
        ("[]", "[{x, 1}]", "[{x, 1}]"),
        ("[{x, 1} | [{y, 2}]]", "[{y, 3}]", "[{x, 1}, {y, 3}]"),
        // Of what is no list of pairs, or not on both sides, the upper one counts.
        ("[1, 2]", "[3]", "[3]"),
        ("[{x, 1}]", "[x]", "[x]"),
        ("[{\"x\", 1}]", "[{y, 1}]", "[{y, 1}]"),
        ("#{x => 1}", "#{y => 1}", "#{y => 1}"),
        ("\"text\"", "[{y, 1}]", "[{y, 1}]"),
        ("[{x, 1}]", "1", "1"),
    ] {
        assert_eq!(over_text(base, over), expected, "{base} {over}");
    }
    let deep = |leaf: &str| "[{x, ".repeat(300) + leaf + &"}]".repeat(300);
    assert!(over_text(&deep("[{a, 1}]"), &deep("[{b, 1}]")).ends_with(&deep("[{b, 1}]")[1200..]));
}
