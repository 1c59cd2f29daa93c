//! Templates that ask for too much, or for a value in a message; and the tables of the guide.

use super::{problem, told, try_render};
use crate::error::Report;
use crate::vmargs::Problem;

#[test]
fn templates_read_no_files() {
    for text in
        ["{% include '/etc/passwd' %}", "{% import '/etc/passwd' as x %}", "{% extends '/etc/passwd' %}"]
    {
        assert!(matches!(problem(text), Problem::Syntax(_)), "{text}");
    }
}

#[test]
fn no_message_shows_a_value() {
    for text in [
        "{{ env.TOKEN | int }}",
        "{{ env.TOKEN + 1 }}",
        "{{ env.TOKEN.x.y }}",
        "{{ env.TOKEN() }}",
        "{{ env.TOKEN | round }}",
        "{{ env.TOKEN.run() }}",
        "{% for x in 1 + env.TOKEN %}{% endfor %}",
        "{{ 1 // (env.TOKEN | length - 4) }}",
        "{{ range(env.TOKEN) }}",
    ] {
        assert!(told(text).starts_with("error: releases/0.1.0/vm.args.j2:1: "), "{text}");
    }
    insta::assert_snapshot!(told("{{ env.TOKEN | int }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: env.TOKEN | int: invalid operation
      1 | {{ env.TOKEN | int }}
        |                ^^^
    help:
    ");
}

#[test]
fn what_takes_too_much_is_refused() {
    let doubled: String = "{% set a = 'x' %}".to_owned() + &"{% set a = a ~ a %}".repeat(40);
    let looped = "{% for a in range(1000) %}{% for b in range(1000) %}x{% endfor %}{% endfor %}";
    let wide = "{% for a in range(1000) %}{{ ('x' * 2000) }}{% endfor %}";
    let sum = format!("{{{{ 1{} }}}}", "+1".repeat(20_000));
    let elif = format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(5000));
    let ifs = "{% if 1 %}".repeat(3000) + &"{% endif %}".repeat(3000);
    let open = format!("{{{{ {}1{} }}}}", "[".repeat(180), "]".repeat(180));
    for (text, message) in [
        (doubled.as_str(), "too many values made of each other"),
        (looped, "this runs for too long"),
        (wide, "this makes a text of more than 1 MiB"),
        ("{{ 'x' * 99999999 }}", "this makes a text of more than 1 MiB"),
        ("{{ ('x' * 999999) | replace('x', 'xx') }}", "this makes a text of more than 1 MiB"),
        (&sum, "this is too long"),
        (&elif, "too many elif"),
        ("{{ ''[::-1] }}", "a slice has no step here"),
        ("{{ 'abc'[0:2:-1] }}", "a slice has no step here"),
        ("{% filter upper %}x{% endfilter %}", "there is no {% filter %} here"),
        ("{% set x %}y{% endset %}", "set needs a value: {% set NAME = VALUE %}"),
        (&"x".repeat(70_000), "a template has 64 KiB at most"),
    ] {
        assert_eq!(problem(text).to_string(), message);
    }
    for text in [ifs.as_str(), open.as_str()] {
        assert!(matches!(problem(text), Problem::Syntax(_)));
    }
    assert_eq!(problem("{{ range(99999999) }}").to_string(), "range(99999999): has more than 1000 numbers");
    for text in [
        "{{ range(-9223372036854775807, 9223372036854775807) }}",
        "{{ 9223372036854775807 * 9223372036854775807 * 9223372036854775807 }}",
        "{{ 2 ** 99999999 }}",
        "{{ 'x'[9223372036854775807:-9223372036854775807] }}{{ nope }}",
        "{{ 'x' | int(base=99) }}",
        "{{ 1.5 | round(99999) }}",
        "{{ namespace(a=1) }}",
        "{{ lipsum() }}",
        "{{ 'x' | indent(999999999) }}",
        "{{ 1 // 0 }}",
        "{{ 1 % 0 }}",
        "{{ (0 - 9223372036854775807 - 1) // (0 - 1) // 0 }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% include 'x' %}",
        "{{ '\\ud800' }}",
    ] {
        told(text);
    }
}

/// Whatever is done with a variable, no message shows it.
#[test]
fn no_operation_of_the_engine_tells_a_value() {
    let t = "env.TOKEN";
    let mut texts: Vec<String> = Vec::new();
    for filter in super::super::filters::FILTERS.iter().map(|it| it.name) {
        for arguments in ["", "(env.TOKEN)", "(env.TOKEN, env.TOKEN)", "(1, env.TOKEN)", "(x=env.TOKEN)"] {
            texts.push(format!("{{{{ {t} | {filter}{arguments} }}}}"));
            texts.push(format!("{{{{ [{t}] | {filter}{arguments} }}}}"));
            texts.push(format!("{{{{ {{'a': {t}}} | {filter}{arguments} }}}}"));
            texts.push(format!("{{{{ 1 | {filter}{arguments} }}}}"));
        }
    }
    for operator in ["+", "-", "*", "/", "//", "%", "**", "<", "in", "==", "and", "~"] {
        for (left, right) in [(t, "1"), ("1", t), (t, t), (t, "[1]"), ("{}", t), (t, "none")] {
            texts.push(format!("{{{{ ({left} {operator} {right}) | mb }}}}"));
        }
    }
    for name in super::super::functions::FUNCTIONS.map(|(name, _)| name) {
        for arguments in ["env.TOKEN", "env.TOKEN, env.TOKEN", "x=env.TOKEN", "[env.TOKEN]", "1, env.TOKEN"] {
            texts.push(format!("{{{{ {name}({arguments}) }}}}"));
        }
    }
    for (name, _) in super::super::tests_of() {
        texts.push(format!("{{{{ {t} is {name}({t}, {t}) }}}}"));
        texts.push(format!("{{{{ 1 is {name}({t}) | mb }}}}"));
    }
    for expression in [
        "env[env.TOKEN]",
        "env[env.TOKEN].x",
        "host[env.TOKEN]",
        "env.TOKEN.x",
        "env.TOKEN[1].y",
        "env.TOKEN[99]",
        "env.TOKEN[env.TOKEN:]",
        "env.TOKEN[:env.TOKEN]",
        "-env.TOKEN",
        "env.TOKEN()",
        "env.TOKEN.f()",
        "{env.TOKEN: 1}[2]",
        "{env.TOKEN: 1}",
        "[env.TOKEN]",
        "(env.TOKEN, 1)",
        "{}[env.TOKEN]",
        "[][env.TOKEN]",
        "env(env.TOKEN)",
        "'' | required('x' ~ env.TOKEN)",
        "env.X | required(env.TOKEN)",
        "(env.TOKEN ~ 'x').y.z",
    ] {
        texts.push(format!("{{{{ {expression} }}}}"));
        texts.push(format!("{{% set x = {expression} %}}{{{{ x.y.z }}}}"));
        texts.push(format!("{{% for x in {expression} %}}{{{{ x.y.z }}}}{{% endfor %}}"));
        texts.push(format!("{{% for x, y, z in {expression} %}}{{% endfor %}}{{{{ nope }}}}"));
        texts.push(format!("{{% set x, y = {expression} %}}{{{{ nope }}}}"));
    }
    let mut errors = 0;
    for text in &texts {
        if let Err(error) = try_render(text) {
            errors += 1;
            let told = format!("{error}{error:?}{}", error.help().unwrap_or_default());
            assert!(!told.contains("hush"), "{text}: {told}");
        }
    }
    assert!(errors > 500, "{errors} of {}", texts.len());
}

/// docs/vm-args.md lists what there is, in the same words.
#[test]
fn the_guide_lists_names_functions_filters_and_tests() {
    let guide = include_str!("../../../../docs/vm-args.md");
    let names = super::super::names::NAMES
        .iter()
        .map(|it| format!("| `{}.{}` | {} |\n", it.group, it.name, it.about));
    let functions =
        super::super::functions::FUNCTIONS.iter().map(|(name, about)| format!("| `{name}` | {about} |\n"));
    let filters =
        super::super::filters::FILTERS.iter().map(|it| format!("| `{}` | {} |\n", it.name, it.about));
    for table in [names.collect::<String>(), functions.collect(), filters.collect()] {
        assert!(
            guide.contains(&format!("|---|---|\n{table}\n")),
            "docs/vm-args.md has no such table:\n{table}"
        );
    }
    let tests: Vec<_> = super::super::tests_of().map(|(name, _)| format!("`{name}`")).collect();
    let line = format!("Tests, as in `x is none`: {}.", tests.join(", "));
    assert!(guide.replace('\n', " ").contains(&line), "{line}");
}
