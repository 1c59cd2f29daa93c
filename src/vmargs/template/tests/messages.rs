//! What is said of templates that can't be rendered.

use super::{rendered, told, try_render};

#[test]
fn unset_variables_are_named_with_their_line() {
    insta::assert_snapshot!(told("-name a\n\n-kernel x {{ env.X }}\n"), @r#"
    error: releases/0.1.0/vm.args.j2:3: env.X is not set
      3 | -kernel x {{ env.X }}
        |              ^^^^^
    help: set X in the environment or give it a default: {{ env.X | default("...") }}
    "#);
    insta::assert_snapshot!(told("-name a@{{ host.fqnd }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: host.fqnd is not set
      1 | -name a@{{ host.fqnd }}
        |            ^^^^^^^^^
    help: did you mean "host.fqdn"?
    "#);
    insta::assert_snapshot!(told("{{ nope }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: nope is not set
      1 | {{ nope }}
        |    ^^^^
    help: a template knows release, otp, host, cpu, memory, limits, net, system, user, env
    ");
    insta::assert_snapshot!(told("{{ env.TOKN }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: env.TOKN is not set
      1 | {{ env.TOKN }}
        |    ^^^^^^^^
    help: did you mean "env.TOKEN"?
    "#);
    insta::assert_snapshot!(told("{{ env.BYTES }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: env.BYTES is not UTF-8
      1 | {{ env.BYTES }}
        |    ^^^^^^^^^
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
        let error = try_render(text).unwrap_err().to_string();
        let message = error.lines().next().unwrap();
        assert!(message.starts_with("releases/0.1.0/vm.args.j2:2: "), "{text:?}: {message}");
        assert!(message.contains("X") && message.ends_with("is not set"), "{text:?}: {message}");
    }
}

#[test]
fn unknown_facts_are_not_written_as_none() {
    insta::assert_snapshot!(told("\n+X {{ memory.available }}"), @r#"
    error: releases/0.1.0/vm.args.j2:2: memory.available is not known on this host
      2 | +X {{ memory.available }}
        |       ^^^^^^^^^^^^^^^^
    help: give it a default: {{ memory.available | default("...", true) }}
    "#);
}

#[test]
fn bad_syntax_is_told_with_its_line() {
    let message = |text: &str| try_render(text).unwrap_err().to_string().lines().next().unwrap().to_owned();
    for (text, expected) in [
        ("\n{% if %}", "2: unexpected end of block"),
        ("{{ 'a }}", "1: unexpected end of string"),
        ("\n\n{{ host.name | uper }}", "3: there is no filter uper"),
        ("{{ lookup('x') }}", "1: there is no function lookup"),
        ("{{ debug() }}", "1: there is no function debug"),
    ] {
        assert_eq!(message(text), format!("releases/0.1.0/vm.args.j2:{expected}"), "{text:?}");
    }
}

#[test]
fn what_is_required_says_why() {
    assert_eq!(rendered("{{ env.PORT | required('x') }}{{ cpu.quota | required }}"), "91001.5");
    insta::assert_snapshot!(told("-a {{ env.X | required('the region, such as eu-1') }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: the region, such as eu-1
      1 | -a {{ env.X | required('the region, such as eu-1') }}
        |               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    help:
    ");
    insta::assert_snapshot!(told("-a {{ memory.available | required }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: memory.available | required: has to be set
      1 | -a {{ memory.available | required }}
        |                          ^^^^^^^^
    help:
    ");
    insta::assert_snapshot!(told("-a {{ '' | required(env.TOKEN) }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: '' | required(env.TOKEN): has to be set
      1 | -a {{ '' | required(env.TOKEN) }}
        |            ^^^^^^^^^^^^^^^^^^^
    help:
    ");
}

#[test]
fn near_misses() {
    insta::assert_snapshot!(told("{{ cpu.cont }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: cpu.cont is not set
      1 | {{ cpu.cont }}
        |    ^^^^^^^^
    help: did you mean "cpu.count"?
    "#);
    insta::assert_snapshot!(told("{{ cpu.temperature }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: cpu.temperature is not set
      1 | {{ cpu.temperature }}
        |    ^^^^^^^^^^^^^^^
    help: cpu has count, online, affinity, quota
    ");
    insta::assert_snapshot!(told("{{ ip_rout() }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: there is no function ip_rout
      1 | {{ ip_rout() }}
        |    ^^^^^^^^^
    help: did you mean "ip_route"?
    "#);
    insta::assert_snapshot!(told("{{ nothing_like_it() }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: there is no function nothing_like_it
      1 | {{ nothing_like_it() }}
        |    ^^^^^^^^^^^^^^^^^
    help: a template knows ip, ip_route, file, secret, range
    ");
    insta::assert_snapshot!(told("{{ 'x' | uper }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: there is no filter uper
      1 | {{ 'x' | uper }}
        |          ^^^^
    help: did you mean "upper"?
    "#);
    insta::assert_snapshot!(told("{{ 'x' is definet }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: there is no test definet
      1 | {{ 'x' is definet }}
        |           ^^^^^^^
    help: did you mean "defined"?
    "#);
    insta::assert_snapshot!(told("{% if cpu.count > 1 %}\n-a {{ hots.name }}\n{% endif %}"), @r#"
    error: releases/0.1.0/vm.args.j2:2: hots is not set
      2 | -a {{ hots.name }}
        |       ^^^^^^^^^
    help: did you mean "host"?
    "#);
    insta::assert_snapshot!(told("{{ limits.nofile_hard | arg }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: limits.nofile_hard is unlimited on this host
      1 | {{ limits.nofile_hard | arg }}
        |                         ^^^
    help: give it a default: {{ limits.nofile_hard | default("...", true) }}
    "#);
}

#[test]
fn an_excerpt_fits_a_terminal_and_hides_a_cookie() {
    insta::assert_snapshot!(told("-a 1 -setcookie open-sesame {{ env.X }} -b"), @r#"
    error: releases/0.1.0/vm.args.j2:1: env.X is not set
      1 | -a 1 -setcookie *********** {{ env.X }} **
        |                                ^^^^^
    help: set X in the environment or give it a default: {{ env.X | default("...") }}
    "#);
    let long = format!("{}{{{{ env.X }}}}{}", "x".repeat(300), "y".repeat(300));
    insta::assert_snapshot!(told(&long), @r#"
    error: releases/0.1.0/vm.args.j2:1: env.X is not set
      1 | env.X }}yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
        | ^^^^^
    help: set X in the environment or give it a default: {{ env.X | default("...") }}
    "#);
    insta::assert_snapshot!(told("\u{1b}[31m\t{{ env.X }}\r\n"), @r#"
    error: releases/0.1.0/vm.args.j2:1: env.X is not set
      1 | ?[31m {{ env.X }}
        |          ^^^^^
    help: set X in the environment or give it a default: {{ env.X | default("...") }}
    "#);
}
