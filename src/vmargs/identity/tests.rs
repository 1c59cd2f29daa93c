//! Who a node is, by every source of its name.

use std::process::Command;

use crate::error::Report;
use crate::host::Host;
use crate::vmargs::{Args, Distribution, Error, Identity, Secret, Wishes, identify};

fn host() -> Host {
    Host { name: "web1".into(), fqdn: "web1.example.org".into(), domain: Some("example.org".into()) }
}

fn bare_host() -> Host {
    Host { name: "vm".into(), fqdn: "vm".into(), domain: None }
}

fn parse(text: &str) -> Args {
    Args::parse(text, "vm.args", &mut |_| unreachable!("no includes here")).unwrap()
}

fn wishes(node: &str, distribution: &str) -> Wishes {
    Wishes {
        node: Some(node.into()),
        distribution: (!distribution.is_empty()).then(|| Distribution::parse(distribution).unwrap()),
        ..Wishes::default()
    }
}

fn decide(text: &str, wishes: &Wishes) -> Result<Identity, Vec<Error>> {
    identify(&mut parse(text), wishes, &host())
}

/// `NAME@HOST long`, `NAME@HOST short`, `none`.
fn node(text: &str, wishes: &Wishes) -> String {
    let identity = decide(text, wishes).unwrap();
    match identity.node {
        Some(node) => format!("{node} {}", if identity.long { "long" } else { "short" }),
        None => "none".into(),
    }
}

fn told(text: &str, wishes: &Wishes, host: &Host) -> String {
    let errors = identify(&mut parse(text), wishes, host).unwrap_err();
    let [error] = &errors[..] else { panic!("{errors:?}") };
    let told = format!("error: {error}\nhelp: {}", error.help().unwrap_or_default());
    assert!(!format!("{told}{error:?}").contains("hush"), "{told}");
    told
}

#[test]
fn names_without_a_host_get_this_one() {
    let none = Wishes::default();
    assert_eq!(node("-sname demo", &none), "demo@web1 short");
    assert_eq!(node("-name demo", &none), "demo@web1.example.org long");
    assert_eq!(node("-name demo@10.0.0.1", &none), "demo@10.0.0.1 long");
    assert_eq!(node("-name demo@::1", &none), "demo@::1 long");
    assert_eq!(node("-name demo@localhost", &none), "demo@localhost long");
    assert_eq!(node("-sname demo@other\r\n", &none), "demo@other short");
    assert_eq!(node("-sname demo\n-sname demo", &none), "demo@web1 short");
    assert_eq!(node("+S 1", &none), "none");
}

#[test]
fn the_environment_wins_over_the_file_which_wins_over_the_default() {
    for (text, name, distribution, expected) in [
        ("-sname file", "env", "", "env@web1 short"),
        ("-name file", "env", "", "env@web1.example.org long"),
        ("-sname file", "env@h.example", "", "env@h.example long"),
        ("-name file", "env@h", "", "env@h short"),
        ("-name file", "env@localhost", "", "env@localhost long"),
        ("", "env", "", "env@web1 short"),
        ("", "env", "name", "env@web1.example.org long"),
        ("-sname file", "", "name", "file@web1.example.org long"),
        ("-sname file", "env", "none", "none"),
        ("-sname file", "", "", "file@web1 short"),
    ] {
        assert_eq!(node(text, &wishes(name, distribution)), expected, "{text:?} {name:?} {distribution:?}");
    }
    let default = Wishes { default_name: Some("demo".into()), ..Wishes::default() };
    assert_eq!(node("", &default), "demo@web1 short");
    assert_eq!(node("-name file", &default), "file@web1.example.org long");
    let long = Wishes { distribution: Some(Distribution::Name), ..default };
    assert_eq!(node("", &long), "demo@web1.example.org long");
}

#[test]
fn names_and_cookies_are_taken_out() {
    let mut args = parse("-name demo\n-setcookie hush\n-setcookie other@host hush2\n+S 2\n-a b");
    let identity = identify(&mut args, &Wishes::default(), &host()).unwrap();
    assert_eq!(identity.cookie, Some(Secret::new("hush")));
    assert_eq!(args.to_text(), "+S 2\n-a b\n-setcookie other@host hush2\n");
    assert!(!format!("{identity:?}").contains("hush"));

    let mut args = parse("-a b\n-sname undefined");
    let identity = identify(&mut args, &Wishes::default(), &host()).unwrap();
    assert_eq!((identity.node, args.to_text().as_str()), (None, "-sname undefined\n-a b\n"));
}

#[test]
fn names_that_otp_would_refuse() {
    let none = Wishes::default();
    insta::assert_snapshot!(told("\n-name demo", &none, &bare_host()), @r#"
    error: vm.args:2: the host of the long name "demo@vm" has no domain
    help: write demo@HOST.DOMAIN or demo@ADDRESS, or use a short name (-sname)
    "#);
    insta::assert_snapshot!(told("-sname demo@a.b", &none, &host()), @r#"
    error: vm.args:1: the host of the short name "demo@a.b" has a dot
    help: use a long name: -name in vm.args, or RELEASE_DISTRIBUTION=name
    "#);
    insta::assert_snapshot!(told("-sname a\n-name b", &none, &host()), @r"
    error: vm.args:1: -sname contradicts -name at vm.args:2
    help: keep one of the two
    ");
    insta::assert_snapshot!(told("-sname a\n-sname b", &none, &host()), @r"
    error: vm.args:2: -sname contradicts -sname at vm.args:1
    help: keep one of the two
    ");
    insta::assert_snapshot!(told("-sname a b", &none, &host()), @r"
    error: vm.args:1: -sname needs one value, NAME or NAME@HOST
    help: for example: -sname demo
    ");
    insta::assert_snapshot!(told("", &wishes("demo\r", ""), &host()), @r#"
    error: RELEASE_NODE: "demo\r@web1" is no node name: the part before "@" may hold letters, digits, "_" and "-"
    help: for example: demo@HOST, or demo alone for a node on this host
    "#);
    let all =
        identify(&mut parse("-sname a.b -setcookie -hush -erl_epmd_port x"), &none, &host()).unwrap_err();
    assert_eq!(all.len(), 3, "each of the three is told");
    insta::assert_snapshot!(Distribution::parse("long").unwrap_err(), @"RELEASE_DISTRIBUTION has to be one of name, sname, none");
}

#[test]
fn cookies_are_checked_and_not_shown() {
    let none = Wishes::default();
    insta::assert_snapshot!(told("\n-setcookie -hush", &none, &host()), @r#"
    error: vm.args:2: -setcookie needs one value, a cookie that begins with neither "-" nor "+"
    help: use 1 to 255 letters, digits and signs of ASCII, without a space, not beginning with "-"
    "#);
    insta::assert_snapshot!(told("-setcookie 'hush hush'", &none, &host()), @r#"
    error: vm.args:1: the cookie has a character that is no printable ASCII, or a space
    help: use 1 to 255 letters, digits and signs of ASCII, without a space, not beginning with "-"
    "#);
    insta::assert_snapshot!(told("-setcookie hush1\n-setcookie hush2", &none, &host()), @r"
    error: vm.args:2: -setcookie contradicts -setcookie at vm.args:1
    help: keep one of the two
    ");
    let wished = |cookie| Wishes { cookie: Some(Secret::new(cookie)), ..Wishes::default() };
    insta::assert_snapshot!(told("", &wished("-hush"), &host()), @r#"
    error: RELEASE_COOKIE: the cookie begins with "-"
    help: use 1 to 255 letters, digits and signs of ASCII, without a space, not beginning with "-"
    "#);
    let cookie = |text, wishes| decide(text, &wishes).unwrap().cookie;
    assert_eq!(cookie("-setcookie file", wished("env")), Some(Secret::new("env")));
    assert_eq!(cookie("-setcookie file", wished("")), Some(Secret::new("file")));
    assert_eq!(cookie("", Wishes::default()), None);
}

#[test]
fn how_clients_reach_it() {
    let reach = |text| {
        let identity = decide(text, &Wishes::default()).unwrap();
        (identity.dist_port, identity.proto_dist)
    };
    assert_eq!(reach("-start_epmd false -erl_epmd_port 6789"), (Some(6789), None));
    assert_eq!(reach("-erl_epmd_port 6789"), (None, None));
    assert_eq!(reach("-start_epmd true -erl_epmd_port 6789"), (None, None));
    assert_eq!(reach("-proto_dist inet_tls"), (None, Some("inet_tls".into())));
    for bad in ["0", "65536", "x", "", "1 2"] {
        let error = decide(&format!("-erl_epmd_port {bad}"), &Wishes::default()).unwrap_err();
        assert_eq!(error[0].to_string(), "vm.args:1: -erl_epmd_port needs a port from 1 to 65535", "{bad:?}");
    }
}

/// The names that we complete and accept are those that a real node takes.
#[test]
fn a_real_node_takes_the_name() {
    if !crate::vmargs::tests::have_erl() {
        return;
    }
    for text in
        ["-sname relboot_names_a", "-name relboot_names_b@127.0.0.1", "-name relboot_names_c@localhost"]
    {
        let facts = crate::host::Facts::collect(&crate::host::Roots::default());
        let identity = identify(&mut parse(text), &Wishes::default(), &facts.host).unwrap();
        let node = identity.node.unwrap().to_string();
        let output = Command::new("erl")
            .args([if identity.long { "-name" } else { "-sname" }, &node])
            .args(["-setcookie", "x", "-start_epmd", "false", "-erl_epmd_port", "0", "-noshell", "-noinput"])
            .args(["-eval", "io:format(\"~s\", [node()]), halt()."])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), node, "{output:?}");
    }
}
