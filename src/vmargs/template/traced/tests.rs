//! Where secrets may go, and that no way around it leads there.

use std::sync::Arc;

use crate::error::Report;
use crate::vmargs::template::tests::{Made, facts, release};
use crate::vmargs::{Args, Context, Environment, Error, render_args};

fn args(text: &str) -> Result<Args, Error> {
    let (release, facts) = (release(), facts());
    let env = Environment::default();
    let context = Context { release: &release, facts: &facts, env: &env, sources: Arc::new(Made) };
    render_args(text, "vm.args.j2", &context, &mut |path: &str| match path {
        "more" => Ok("-more".into()),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    })
}

#[track_caller]
fn refused(text: &str) -> String {
    let error = args(text).err().unwrap_or_else(|| panic!("{text}"));
    let told = format!("error: {error}\nhelp: {}", error.help().unwrap_or_default());
    for piece in ["hush", "HUSH", "usb", "4711", "fqx"] {
        // What a template compares with stands in its source.
        let own = text.contains(piece);
        assert!(own || !format!("{told}{error:?}").contains(piece), "{text}: {told}");
    }
    told
}

#[test]
fn a_secret_may_be_a_variable_or_the_cookie() {
    let text = "-env A {{ secret('SENTENCE') | arg }} -env B x\n-setcookie {{ secret('TOKEN') }}\n-env C {{ file('/run/secrets/x') }}-{{ file('/etc/name') }}\n";
    let mut args = args(text).unwrap();
    assert_eq!(args.get("-env")[0], ["A", "hush it's \"2\" \\ #3"]);
    insta::assert_snapshot!(args.to_shown_text(), @r"
    -env A <secret>
    -env B x
    -setcookie <secret>
    -env C <secret>
    ");
    let taken = args.take_env();
    assert_eq!(taken[1..], [("B", "x"), ("C", "hush1-web")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(args.to_text(), "-setcookie hush2\n");
}

#[test]
fn anywhere_else_it_is_refused() {
    insta::assert_snapshot!(refused("-a b\n-myapp token {{ secret('TOKEN') }}"), @r"
    error: vm.args.j2:2: a secret as value of -myapp would be seen in the arguments of the node
      2 | -myapp token {{ secret('TOKEN') }}
        |                 ^^^^^^^^^^^^^^^
    help: a template of sys.config may hold it, vm.args only as `-env NAME VALUE` or as the cookie
    ");
    insta::assert_snapshot!(refused("-a b\n{{ secret('TOKEN') }} {{ secret('DASH') }}"), @r"
    error: vm.args.j2:2: a secret as value of -a would be seen in the arguments of the node
      2 | {{ secret('TOKEN') }} {{ secret('DASH') }}
        |    ^^^^^^^^^^^^^^^
    help: a template of sys.config may hold it, vm.args only as `-env NAME VALUE` or as the cookie
    ");
    insta::assert_snapshot!(refused("-args_file {{ secret('TOKEN') }}"), @r"
    error: vm.args.j2:1: this is no vm.args with the value of a secret in it
      1 | -args_file {{ secret('TOKEN') }}
        |               ^^^^^^^^^^^^^^^
    help: a template of sys.config may hold it, vm.args only as `-env NAME VALUE` or as the cookie
    ");
    for text in [
        "-env {{ secret('TOKEN') }} x",
        "-env A x {{ secret('TOKEN') }}",
        "-env A {{ secret('LINES') }}",
        "-setcookie a@b {{ secret('TOKEN') }}",
        "-setcookie {{ secret('DASH') }}",
        "-name {{ secret('TOKEN') }}",
        "+P {{ secret('NUMBER') }}",
        "-a -extra {{ secret('TOKEN') }}",
        "{{ secret('TOKEN') }}",
        "-{{ secret('TOKEN') }}",
    ] {
        refused(text);
    }
}

#[test]
fn filters_do_not_wash_it_off() {
    let t = "secret('TOKEN')";
    for expression in [
        format!("{t} | upper"),
        format!("{t} | capitalize"),
        format!("'x' ~ {t} ~ 'y'"),
        format!("({t} ~ 'x') | replace('u', 'v')"),
        format!("{t}[1:3]"),
        format!("{t}[0]"),
        format!("{t} | first"),
        format!("{t} | list | join('-')"),
        format!("{t} | list | sort | join"),
        format!("{t} | list | sort | first"),
        format!("{t} | list | unique | join"),
        format!("{t} | list | max"),
        format!("{t} | split('s') | first"),
        format!("{t} | arg | quote"),
        format!("{t} | erl_atom"),
        "secret('NUMBER') | int".into(),
        "(secret('NUMBER') | int + 1) * 7".into(),
        "secret('NUMBER') | int // 1000".into(),
        "secret('SIGNS')".into(),
        "secret('SIGNS') | last".into(),
        "1 if secret('TOKEN') == 'hush2' else 2".into(),
        "1 if secret('TOKEN') is startingwith 'h' else 2".into(),
        "'abcdefghijklmnopqrstuvwxyz' | replace(secret('TOKEN')[0], '')".into(),
        "file('/run/secrets/x')".into(),
    ] {
        refused(&format!("-a {{{{ {expression} }}}}"));
        let bound = format!("{{% set x = {expression} %}}{{% for y in [x] %}}-a {{{{ y }}}}{{% endfor %}}");
        refused(&bound);
    }
    for text in [
        "{% if secret('TOKEN') == 'hush2' %}-a{% endif %}",
        "{% for x in range(secret('NUMBER') | int // 1000) %}-a {% endfor %}",
        "{% for x in secret('TOKEN') %}{% if x == 'h' %}-args_file more {% endif %}{% endfor %}",
    ] {
        refused(text);
    }
    // Its length tells nothing that a template would be asked to hide.
    assert_eq!(args("-a {{ secret('TOKEN') | length }}").unwrap().to_text(), "-a 5\n");
    assert_eq!(args("{% if secret('TOKEN') %}-a{% endif %}").unwrap().to_text(), "-a\n");
}

#[test]
fn places_are_those_of_the_template() {
    let text = "{# two\nlines #}\n{% set a = 1 %}\n{% if a %}\n-a {{ a }}\n{% else %}\n-b\n{% endif %}\n{%- for x in 'one\ntwo' | lines %}\n\n-c {{ x }} '{{ 'three\nfour' }}'\n{% endfor -%}\n\n  {% if a %}\n-d {{ a }} # é\n  {% endif %}\n-e\n";
    let lines = |text: &str| -> Vec<String> {
        let args = args(text).unwrap();
        let line =
            |flag: &str| args.occurrences(flag).iter().map(|it| it.place.to_string()).collect::<Vec<_>>();
        ["-a", "-c", "-d", "-e"].iter().flat_map(|flag| line(flag)).collect()
    };
    // What has a line end in a value is where that value ends.
    let expected = [5, 13, 13, 17, 19].map(|line| format!("vm.args.j2:{line}"));
    assert_eq!(lines(text), expected);
    assert_eq!(lines(&text.replace('\n', "\r\n")), expected);
    let message = |text: &str| args(text).unwrap_err().to_string();
    assert_eq!(
        message("{% if 1 %}\n-a\n{% endif %}\n\n-b it's"),
        "vm.args.j2:5: the quote ' is never closed"
    );
    assert_eq!(message("{% if 1 %}\n-a\n-name {% endif %}"), "vm.args.j2:3: -name has no value");
}
