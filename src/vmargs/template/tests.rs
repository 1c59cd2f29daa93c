//! Rendered templates and what is said of bad ones.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::sync::Arc;

use crate::error::Report;
use crate::host::{Cpu, Facts, Host, Interface, Limits, Memory, Net};
use crate::vmargs::{Context, Environment, Error, Problem, Refusal, Release, Sources, Text, render};

/// Files and secrets that are not on this machine.
pub(super) struct Made;

impl Sources for Made {
    fn file(&self, path: &str) -> Result<Text, Refusal> {
        match path {
            "/etc/name" => Ok(Text { text: "web".into(), secret: false }),
            "/run/secrets/x" => Ok(Text { text: "hush1".into(), secret: true }),
            _ => Err(Refusal::new("cannot read the file: no such file")),
        }
    }

    fn secret(&self, name: &str) -> Result<Text, Refusal> {
        let text = match name {
            "TOKEN" => "hush2",
            "SENTENCE" => "hush it's \"2\" \\ #3",
            "SIGNS" => "!@:",
            "DASH" => "-hush",
            "LINES" => "hush\nhush",
            "NUMBER" => "4711",
            _ => return Err(Refusal::new("there is no such secret").with_help("make one")),
        };
        Ok(Text { text: text.into(), secret: true })
    }
}

pub(super) fn facts() -> Facts {
    Facts {
        host: Host {
            name: "web1".into(),
            fqdn: "web1.example.org".into(),
            domain: Some("example.org".into()),
        },
        cpu: Cpu { online: 8, affinity: 4, quota: Some(1.5), count: 2 },
        memory: Memory { total: Some(8 << 30), available: None, limit: Some(2 << 30) },
        limits: Limits { nofile: Some(1024), nofile_hard: None, ..Limits::default() },
        net: net(),
        system: Default::default(),
        user: Default::default(),
    }
}

fn net() -> Net {
    let eth0 = Interface {
        ipv4: vec!["10.1.2.3".parse().unwrap(), "10.1.2.4".parse().unwrap()],
        ipv6: vec!["fd00::3".parse().unwrap()],
    };
    let only6 = Interface { ipv4: vec![], ipv6: vec!["fd00::9".parse().unwrap()] };
    Net {
        ipv4: Some("10.1.2.3".parse().unwrap()),
        ipv6: None,
        route: Some("eth0".into()),
        interfaces: BTreeMap::from([("eth0".into(), eth0), ("wg-0".into(), only6)]),
    }
}

pub(super) fn release() -> Release {
    Release { name: "demo".into(), vsn: "0.1.0".into(), root: "/opt/my demo".into(), erts: "13.1.5".into() }
}

fn try_render(text: &str) -> Result<String, Error> {
    let release = release();
    let env: Environment = [("PORT", b"9100".to_vec()), ("TOKEN", b"hush".to_vec()), ("BYTES", vec![0xff])]
        .into_iter()
        .map(|(name, value)| (OsString::from(name), OsString::from_vec(value)))
        .collect();
    let context = Context { release: &release, facts: &facts(), env: &env, sources: Arc::new(Made) };
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

fn problem(text: &str) -> Problem {
    match try_render(text).unwrap_err() {
        Error::Template(error) => error.problem,
        other => panic!("{text}: {other}"),
    }
}

mod guide;
mod hostile;
mod messages;

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
fn numbers_are_numbers_and_addresses_are_text() {
    assert_eq!(rendered("{{ memory.limit * 3 // 4 }} {{ limits.nofile // 2 }}"), "1610612736 512");
    assert_eq!(rendered("{{ otp.release + 1 }} {{ otp.erts }} {{ user.uid + 1 }}"), "26 13.1.5 1");
    assert_eq!(
        rendered("{{ net.ipv4 }} {{ net.route }} {{ net.interfaces.eth0.ipv4 | join(',') }}"),
        "10.1.2.3 eth0 10.1.2.3,10.1.2.4"
    );
    assert_eq!(rendered("{{ net.interfaces['wg-0'].ipv6 | first }}"), "fd00::9");
    assert_eq!(rendered("{% if system.container is none and not system.pid1 %}plain{% endif %}"), "plain");
}

#[test]
fn truth_is_written_as_erlang_writes_it() {
    let text = "{{ system.pid1 }} {{ (1 < 2) | arg }} {{ [true, false] | join(',') }} {{ true | string }}";
    assert_eq!(rendered(text), "false true true,false true");
}

#[test]
fn addresses_by_interface_and_by_route() {
    assert_eq!(
        rendered("{{ ip('eth0') }} {{ ip('eth0', 6) }} {{ ip('eth0', v=6) }}"),
        "10.1.2.3 fd00::3 fd00::3"
    );
    assert_eq!(
        rendered("{{ ip('wg-0') }} {{ ip_route() }} {{ ip_route(v=4) }}"),
        "fd00::9 10.1.2.3 10.1.2.3"
    );
    insta::assert_snapshot!(told("-name a@{{ ip('eth1') }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: ip('eth1'): there is no such interface
      1 | -name a@{{ ip('eth1') }}
        |            ^^^^^^^^^^
    help: interfaces here: eth0, wg-0
    ");
    insta::assert_snapshot!(told("-name a@{{ ip('wg-0', 4) }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: ip('wg-0', 4): the interface has no such address
      1 | -name a@{{ ip('wg-0', 4) }}
        |            ^^^^^^^^^^^^^
    help:
    ");
    insta::assert_snapshot!(told("-name a@{{ ip_route(6) }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: ip_route(6): there is no default route
      1 | -name a@{{ ip_route(6) }}
        |            ^^^^^^^^^^^
    help: name the interface: ip("eth0")
    "#);
    insta::assert_snapshot!(told("{{ ip('eth0', 5) }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: ip('eth0', 5): the version of an address is 4 or 6
      1 | {{ ip('eth0', 5) }}
        |    ^^^^^^^^^^^^^
    help:
    ");
    insta::assert_snapshot!(told("{{ net.interfaces.eth1.ipv4 }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: net.interfaces.eth1 is not set
      1 | {{ net.interfaces.eth1.ipv4 }}
        |                  ^^^^^^^^^^
    help: did you mean "net.interfaces.eth0"?
    "#);
    insta::assert_snapshot!(told("{{ net.interfaces.docker0.ipv4 }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: net.interfaces.docker0 is not set
      1 | {{ net.interfaces.docker0.ipv4 }}
        |                  ^^^^^^^^^^^^^
    help: interfaces here: eth0, wg-0
    ");
    insta::assert_snapshot!(told("{{ net.interfaces.eth0.ipv4 }}"), @r#"
    error: releases/0.1.0/vm.args.j2:1: net.interfaces.eth0.ipv4: is no text and no number
      1 | {{ net.interfaces.eth0.ipv4 }}
        |                  ^^^^^^^^^^
    help: write one of its values, or all of them: | first, | join(" ")
    "#);
}

#[test]
fn files_and_secrets_come_from_the_caller() {
    assert_eq!(
        rendered("{{ file('/etc/name') }} {{ file('/run/secrets/x') }} {{ secret('TOKEN') }}"),
        "web hush1 hush2"
    );
    insta::assert_snapshot!(told("{{ file('/etc/nome') }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: file('/etc/nome'): cannot read the file: no such file
      1 | {{ file('/etc/nome') }}
        |    ^^^^^^^^^^^^^^^^^
    help:
    ");
    insta::assert_snapshot!(told("\n\t-x {{ secret('NOPE') | arg }} # é"), @r"
    error: releases/0.1.0/vm.args.j2:2: secret('NOPE') | arg: there is no such secret
      2 |  -x {{ secret('NOPE') | arg }} # é
        |        ^^^^^^^^^^^^^^
    help: make one
    ");
}

#[test]
fn sizes_are_rounded_down() {
    assert_eq!(
        rendered("{{ '1.5GiB' | mb }} {{ 1048575 | mb }} {{ memory.limit | gb }} {{ '1k' | bytes }}"),
        "1536 0 2 1024"
    );
    assert_eq!(
        rendered(
            "{{ memory.limit * 0.75 | float }} {{ (memory.limit * 0.75) | kb }} {{ '1GB' | heap_words }}"
        ),
        "1610612736.0 1572864 134217728"
    );
    insta::assert_snapshot!(told("{{ env.TOKEN | mb }}"), @r"
    error: releases/0.1.0/vm.args.j2:1: env.TOKEN | mb: is no size
      1 | {{ env.TOKEN | mb }}
        |                ^^
    help: write a number of bytes, or a number with k, M, G or T: 512MB, 1.5GiB
    ");
}

#[test]
fn words_of_a_text() {
    let text = "{% for word in '-a \\'b c\\' d' | words %}[{{ word }}]{% endfor %}";
    assert_eq!(rendered(text), "[-a][b c][d]");
}
