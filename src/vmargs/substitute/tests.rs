//! The forms, by the complaints of those who had them from other tools, and what is said of bad ones.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use super::{has_variable, substitute};
use crate::error::Report;
use crate::vmargs::Environment;

fn environment() -> Environment {
    [
        ("PORT", b"9100".to_vec()),
        ("EMPTY", Vec::new()),
        ("AMPERSAND", b"a&b\\0\\\\&&".to_vec()),
        ("SELF", b"${SELF} $SELF $${SELF}".to_vec()),
        ("LINES", b"one\ntwo ${PORT}".to_vec()),
        ("UTF8", "\u{e9}\u{1f600}".as_bytes().to_vec()),
        ("BYTES", vec![0xff]),
    ]
    .into_iter()
    .map(|(name, value)| (OsString::from(name), OsString::from_vec(value)))
    .collect()
}

fn done(text: &str) -> String {
    substitute(text, "vm.args.src", &environment(), '#').unwrap()
}

fn told(text: &str) -> String {
    let error = substitute(text, "releases/0.1.0/vm.args.src", &environment(), '#').unwrap_err();
    let text = error.to_string();
    format!("{}\n{}", text.strip_prefix("releases/0.1.0/vm.args.src:").unwrap(), error.help().unwrap())
}

#[test]
fn variables_and_defaults() {
    assert_eq!(done("-port ${PORT} ${EMPTY}| ${NONE:-a b} ${PORT:-x}"), "-port 9100 | a b 9100");
    // Set but empty is unset for the forms with a colon.
    assert_eq!(done("${EMPTY:-d}|${EMPTY:+i}|${NONE:+i}|${PORT:+i}|${PORT:?why}|${NONE:-}"), "d|||i|9100|");
    assert_eq!(done("$$ $${PORT} $$$ $ $PORT 5$ ${PORT}$"), "$ ${PORT} $$ $ $PORT 5$ 9100$");
    assert_eq!(done("\r\n${UTF8}\r\n"), "\r\n\u{e9}\u{1f600}\r\n");
}

#[test]
fn complaint_01_an_ampersand_in_a_value_is_an_ampersand() {
    assert_eq!(done("[${AMPERSAND}]"), "[a&b\\0\\\\&&]");
}

#[test]
fn complaint_02_values_are_not_looked_into_again_and_defaults_are_literal() {
    assert_eq!(done("${SELF}${LINES}"), "${SELF} $SELF $${SELF}one\ntwo ${PORT}");
    for default in ["a+b", "a&b", "[x]*", "\\\\d\\", "${PORT", "$", ".*^(|?)", "/"] {
        assert_eq!(done(&format!("<${{NONE:-{default}}}>")), format!("<{default}>"));
    }
}

#[test]
fn complaint_03_what_is_not_set_is_named() {
    let help = "set NOWHERE in the environment or give it a default: ${NOWHERE:-...}";
    assert_eq!(told("\n\n${NOWHERE}"), format!("3: ${{NOWHERE}} is not set\n{help}"));
    assert_eq!(told("${POTR}"), "1: ${POTR} is not set\ndid you mean \"PORT\"?");
    assert_eq!(told("${EMPTY:?the port}"), "1: ${EMPTY}: the port\nset EMPTY in the environment");
    assert_eq!(told("${BYTES}"), "1: ${BYTES} is not UTF-8\ngive BYTES a value in UTF-8");
    assert_eq!(told("${NONE:?}"), "1: ${NONE} is not set or empty\nset NONE in the environment");
}

#[test]
fn complaint_04_nothing_is_evaluated_and_other_forms_are_refused() {
    assert_eq!(done("$(id) `id` $((1+1))"), "$(id) `id` $((1+1))");
    for form in [
        "${}",
        "${1}",
        "${A B}",
        "${PORT-x}",
        "${PORT:x}",
        "${PORT%x}",
        "${#PORT}",
        "${PORT:}",
        "${é}",
        "${a:é}",
    ] {
        assert!(told(form).starts_with("1: a \"${...}\" that is none of the forms\nwrite ${NAME}"), "{form}");
    }
    assert!(told("a\n${PORT\n}").starts_with("2: \"${\" without its \"}\""));
}

#[test]
fn comments_keep_what_cannot_be_replaced() {
    assert_eq!(done("# ${NOWHERE} ${x y} ${PORT}\n  ## ${\n-a"), "# ${NOWHERE} ${x y} 9100\n  ## ${\n-a");
}

#[test]
fn long_texts_take_no_longer_for_it() {
    let text = "${PORT:-x}$$${".repeat(100_000).replace("$$${", "$$");
    assert_eq!(done(&text).len(), 500_000);
    assert!(told(&"${".repeat(300_000)).starts_with("1: "));
    let comment = format!("#{}}}", "${".repeat(300_000));
    assert_eq!(done(&comment), comment);
    assert!(!has_variable(&"${".repeat(300_000)));
}

#[test]
fn leftovers_are_recognised() {
    for text in ["${NODE}", "a@${HOST}", "${X:-a@b}", "${${X}"] {
        assert!(has_variable(text), "{text}");
    }
    for text in ["", "$NODE", "${}", "${", "a{}$", "${a b}"] {
        let comment = format!("#{}}}", "${".repeat(300_000));
        assert_eq!(done(&comment), comment);
        assert!(!has_variable(text), "{text}");
    }
}
