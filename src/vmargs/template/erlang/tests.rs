//! Each filter, read back by the reader of terms; wrong types, which are told without their value.

use minijinja::{Environment, context};

use super::{FILTERS, add_filters};
use crate::consult::{Dialect, Value, read};

fn try_render(text: &str, value: impl Into<minijinja::Value>) -> Result<String, String> {
    let mut engine = Environment::new();
    add_filters(&mut engine);
    let value: minijinja::Value = value.into();
    engine.render_str(text, context! { v => value }).map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        source.unwrap_or_else(|| error.to_string())
    })
}

fn rendered(filter: &str, value: impl Into<minijinja::Value>) -> String {
    try_render(&format!("{{{{ v | {filter} }}}}"), value).unwrap()
}

#[test]
fn each_filter_writes_its_term() {
    for (filter, value, term) in [
        ("erl_atom", "abc_1@x", "abc_1@x"),
        ("erl_atom", "Up", "'Up'"),
        ("erl_atom", "end", "'end'"),
        ("erl_atom", "maybe", "'maybe'"),
        ("erl_atom", "", "''"),
        ("erl_atom", "it's", "'it\\'s'"),
        ("erl_string", "a\"b\\c\n\u{1}\u{e9}", "\"a\\\"b\\\\c\\n\\x{1}\u{e9}\""),
        ("erl_binary", "", "<<>>"),
        ("erl_binary", "a&b ${X} ~", "<<\"a&b ${X} ~\"/utf8>>"),
        ("erl_int", " 8080\n", "8080"),
        ("erl_int", "-007", "-007"),
        ("erl_float", "1e3", "1000.0"),
        ("erl_float", "1e300", "1.0e300"),
        ("erl_float", "2", "2.0"),
        ("erl_bool", "Yes", "true"),
        ("erl_bool", "0", "false"),
        ("erl_ip", "127.0.0.1", "{127,0,0,1}"),
        ("erl_ip", "::1", "{0,0,0,0,0,0,0,1}"),
        ("erl_list", "a, b,,c ", "[<<\"a\"/utf8>>,<<\"b\"/utf8>>,<<\"c\"/utf8>>]"),
        ("erl_list", "", "[]"),
        ("erl_term", "x", "<<\"x\"/utf8>>"),
    ] {
        assert_eq!(rendered(filter, value), term, "{filter} {value:?}");
        read(&format!("{term}."), Dialect::default()).unwrap();
    }
    assert_eq!(rendered("erl_int", 7), "7");
    assert_eq!(rendered("erl_float", 7), "7.0");
    assert_eq!(rendered("erl_float", 0.1), "0.1");
    assert_eq!(rendered("erl_bool", true), "true");
    let map = minijinja::Value::from_pairs([("k", vec![1, 2])]);
    assert_eq!(rendered("erl_term", map), "#{<<\"k\"/utf8>> => [1,2]}");
    assert_eq!(rendered("erl_term", vec![1.0, 2.5]), "[1.0,2.5]");
    assert_eq!(rendered("erl_term", ()), "undefined");
    assert_eq!(rendered("erl_list", vec!["a"]), "[<<\"a\"/utf8>>]");
}

#[test]
fn any_text_comes_back_as_it_was() {
    let texts = (0..0x3000).step_by(7).map(|start| {
        let chars = (start..start + 40)
            .filter_map(char::from_u32)
            .chain("'\"\\${}<>/~%#\u{80}\u{a0}\u{10ffff}".chars());
        chars.collect::<String>()
    });
    for text in texts {
        for release in [23, 25, 27, 29] {
            let value = |filter: &str| {
                read(&(rendered(filter, text.as_str()) + "."), Dialect::of(release)).unwrap().value
            };
            assert_eq!(value("erl_string"), Value::String(text.clone()));
            assert_eq!(value("erl_atom"), Value::Atom(text.clone()));
            assert_eq!(value("erl_binary"), Value::Binary(8 * text.len() as u64));
        }
    }
}

#[test]
fn wrong_types_are_refused_without_their_value() {
    for filter in ["erl_int", "erl_float", "erl_bool", "erl_ip"] {
        let error = try_render(&format!("{{{{ v | {filter} }}}}"), "hush").unwrap_err();
        assert!(!error.contains("hush"), "{error}");
    }
    for (filter, value) in
        [("erl_atom", "x".repeat(256)), ("erl_int", "1.5".into()), ("erl_int", "9".repeat(2000))]
    {
        assert!(try_render(&format!("{{{{ v | {filter} }}}}"), value).is_err());
    }
    assert!(try_render("{{ v | erl_string }}", vec![1]).is_err());
    assert!(try_render("{{ v | erl_list }}", 1).is_err());
    assert!(try_render("{{ v | erl_float }}", f64::NAN).is_err());
}

#[test]
fn the_guide_lists_the_filters() {
    let rows: String = FILTERS.iter().map(|(name, about)| format!("| `{name}` | {about} |\n")).collect();
    assert!(
        include_str!("../../../../docs/sys-config.md").contains(&rows),
        "docs/sys-config.md should hold:\n{rows}"
    );
}
