//! Rendered templates and what is said of bad ones.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::error::Report;
use crate::host::{Cpu, Facts, Host, Memory};
use crate::vmargs::{Context, Environment, Error, Release, render};

fn facts() -> Facts {
    Facts {
        host: Host {
            name: "web1".into(),
            fqdn: "web1.example.org".into(),
            domain: Some("example.org".into()),
        },
        cpu: Cpu { online: 8, affinity: 4, quota: Some(1.5), count: 2 },
        memory: Memory { total: Some(8 << 30), available: None, limit: Some(2 << 30) },
        limits: Default::default(),
        net: Default::default(),
        system: Default::default(),
        user: Default::default(),
    }
}

fn try_render(text: &str) -> Result<String, Error> {
    let release = Release {
        name: "demo".into(),
        vsn: "0.1.0".into(),
        root: "/opt/my demo".into(),
        erts: "13.1.5".into(),
    };
    let env: Environment = [("PORT", b"9100".to_vec()), ("TOKEN", b"hush".to_vec()), ("BYTES", vec![0xff])]
        .into_iter()
        .map(|(name, value)| (OsString::from(name), OsString::from_vec(value)))
        .collect();
    let context = Context { release: &release, facts: &facts(), env: &env };
    render(text, "releases/0.1.0/vm.args.j2", &context)
}

fn rendered(text: &str) -> String {
    try_render(text).unwrap()
}

/// The message and the help, as a user sees them.
fn told(text: &str) -> String {
    let error = try_render(text).unwrap_err();
    let told = format!("error: {error}\nhelp: {}", error.help().unwrap_or_default());
    assert!(!format!("{told}{error:?}").contains("hush"), "{error:?}");
    told
}

#[test]
fn a_template_sees_release_host_and_environment() {
    let text = "\
-name {{ release.name }}@{{ host.fqdn }}
{# what the quota allows #}
+S {{ cpu.count }}:{{ cpu.count }}
{% if cpu.quota %}
+sbwt none
{% endif %}
{% for flag in ['dcpu', 'dio'] %}
    {% if cpu.quota %}
+sbwt{{ flag }} none
    {% endif %}
{% endfor %}
+hmax {{ memory.limit // 8 // 4 }}
-kernel inet_dist_listen_min {{ env.PORT }} inet_dist_listen_max {{ env.MAX | default(env.PORT) }}
-env ROOT \"{{ release.root }}\" -env V {{ release.vsn }}-{{ release.erts }}<&>
";
    insta::assert_snapshot!(rendered(text), @r#"
    -name demo@web1.example.org
    +S 2:2
    +sbwt none
    +sbwtdcpu none
    +sbwtdio none
    +hmax 67108864
    -kernel inet_dist_listen_min 9100 inet_dist_listen_max 9100
    -env ROOT "/opt/my demo" -env V 0.1.0-13.1.5<&>
    "#);
}

#[test]
fn text_without_marks_stays_as_it_is() {
    for text in ["", "\n", "-a\r\n\r\n  -b 'x'", "# 100% {plain} $X\n\n"] {
        assert_eq!(rendered(text), text);
    }
}

#[test]
fn templates_may_have_crlf() {
    let text = "{% if cpu.quota %}\r\n-a {{ cpu.count }}\r\n{% endif %}\r\n-b\r\n";
    assert_eq!(rendered(text), "-a 2\r\n-b\r\n");
}

#[test]
fn any_value_can_be_quoted() {
    assert_eq!(rendered("{{ release.root | quote }} {{ release.name | quote }}"), "'/opt/my demo' demo");
    assert_eq!(rendered("{{ \"it's\" | quote }}"), "\"it's\"");
}

#[test]
fn unset_variables_can_be_asked_for() {
    assert_eq!(rendered("{{ env.X | default('y') }}{{ 1 if env.X is defined else 2 }}"), "y2");
    assert_eq!(rendered("{{ memory.available | default(7, true) }}"), "7");
}

#[test]
fn unset_variables_are_named_with_their_line() {
    insta::assert_snapshot!(told("-name a\n\n-kernel x {{ env.X }}\n"), @r#"
    error: releases/0.1.0/vm.args.j2:3: env.X is not set
    help: set X in the environment or give it a default: {{ env.X | default("...") }}
    "#);
    insta::assert_snapshot!(told("-name a@{{ host.fqnd }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: host.fqnd is not set
    help: did you mean "host.fqdn"?
    "#);
    insta::assert_snapshot!(told("{{ nope }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: nope is not set
    help: a template knows release, host, cpu, memory and env
    ");
    insta::assert_snapshot!(told("{{ env.TOKN }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: env.TOKN is not set
    help: did you mean "env.TOKEN"?
    "#);
    insta::assert_snapshot!(told("{{ env.BYTES }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: env.BYTES is not UTF-8
    help: give BYTES a value in UTF-8
    ");
}

#[test]
fn unset_variables_are_named_in_every_position() {
    for text in [
        "\n{{ env.X | upper }}",
        "\n{{ env['X'] }}",
        "\n{{ env[\"X\"] }}",
        "\n{% if env.X %}{% endif %}",
        "\n{% for x in env.X %}{% endfor %}",
        "\n{{ env.TOKEN ~ env.X }}",
        "\n{{ env.X.y }}",
        "\n{{ env.X == 'a' }}",
        "\n{{ 1 + env.X }}",
        "\n{% set x = env.X %}{{ x }}",
    ] {
        let message = try_render(text).unwrap_err().to_string();
        assert!(message.starts_with("releases/0.1.0/vm.args.j2:2: "), "{text:?}: {message}");
        assert!(message.contains("X") && message.ends_with("is not set"), "{text:?}: {message}");
    }
}

#[test]
fn unknown_facts_are_not_written_as_none() {
    insta::assert_snapshot!(told("\n+X {{ memory.available }}"), @r#"
    error: releases/0.1.0/vm.args.j2:2: memory.available is not known on this host
    help: give it a default: {{ memory.available | default("...", true) }}
    "#);
}

#[test]
fn bad_syntax_is_told_with_its_line() {
    let message = |text: &str| try_render(text).unwrap_err().to_string();
    for (text, expected) in [
        ("\n{% if %}", "2: unexpected end of block"),
        ("{{ 'a }}", "1: unexpected end of string"),
        ("\n\n{{ host.name | uper }}", "3: filter uper is unknown"),
        ("{{ lookup('x') }}", "1: lookup is unknown"),
        ("{{ debug() }}", "1: debug is unknown"),
    ] {
        assert_eq!(message(text), format!("releases/0.1.0/vm.args.j2:{expected}"), "{text:?}");
    }
}

#[test]
fn templates_read_no_files() {
    for text in
        ["{% include '/etc/passwd' %}", "{% import '/etc/passwd' as x %}", "{% extends '/etc/passwd' %}"]
    {
        assert!(matches!(try_render(text), Err(Error::Syntax { .. })), "{text}");
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
    help:
    ");
}
