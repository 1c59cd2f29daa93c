//! What users of other boot scripts suffered with names, cookies and flags, each by its number in the list of
//! complaints, done to our kit.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::instance::Instance;
use crate::support::process::Output;
use crate::support::releases::rebar3;
use crate::support::tools::need;

fn with(text: &str) -> Option<Instance> {
    let instance = Instance::of(rebar3()?).kit();
    fs::write(instance.path().join("releases/0.1.0/vm.args"), text).unwrap();
    Some(instance)
}

/// Runs `bin/demo ARGS` where the host has another name.
fn on_host(instance: &Instance, host: &str, args: &[&str]) -> Output {
    let mut command = instance.command(Path::new("unshare"));
    command.args(["--uts", "sh", "-c", "hostname \"$1\" && shift && exec \"$@\"", "sh", host]);
    instance.finish(command.arg(instance.entry()).args(args), "")
}

fn may_unshare() -> bool {
    let may = need(&["unshare"])
        && Command::new("unshare")
            .args(["--uts", "true"])
            .output()
            .is_ok_and(|output| output.status.success());
    if !may {
        crate::support::tools::skipped("no unshare");
    }
    may
}

/// Nothing replaced the variables of vm.args, and the node died of its name.
#[test]
fn complaint_05_a_variable_that_nobody_replaced_is_told() {
    let Some(instance) = with("-name demo@${HOST}\n-setcookie ${COOKIE}\n+P ${LIMIT}\n-myapp dir ${HOME}\n")
    else {
        return;
    };
    let output = instance.run(&["start"]);
    assert_eq!((output.status, output.stdout.as_str()), (1, ""), "{output}");
    for told in [
        "error: releases/0.1.0/vm.args:1: \"demo@${HOST}\" is no node name: ",
        "error: releases/0.1.0/vm.args:2: the cookie is a ${VARIABLE} that nobody has replaced\n",
        "error: releases/0.1.0/vm.args:3: +P needs an integer ",
        "warning: releases/0.1.0/vm.args:4: a ${VARIABLE} behind -myapp stays as it is written\n",
    ] {
        assert!(output.stderr.contains(told), "{told}{output}");
    }
    assert_eq!(instance.vms(), [0; 0]);
}

/// Tools asked `hostname`, the VM asked somebody else, and they spoke of two nodes.
#[test]
fn complaint_15_commands_know_the_name_that_the_node_got() {
    let Some(instance) = with("-sname demo\n-setcookie demo_cookie\n") else { return };
    if !may_unshare() {
        return;
    }
    on_host(&instance, "localhost", &["start"]).ok();
    // To everybody else this host has its usual name.
    assert_eq!(instance.run(&["ping"]).ok(), "pong\n");
    assert_eq!(instance.run(&["rpc", "node()."]).ok(), "demo@localhost\n");
    assert_eq!(on_host(&instance, "elsewhere", &["ping"]).ok(), "pong\n");
    instance.run(&["stop"]).ok();
}

/// A long name on a host without a domain: commands and node guessed differently.
#[test]
fn complaint_16_a_host_without_a_domain_is_told_before_the_start() {
    let Some(instance) = with("-name demo\n-setcookie demo_cookie\n") else { return };
    if !may_unshare() {
        return;
    }
    // Where the resolver's configuration has a domain, the name is whole.
    let output = on_host(&instance, "bare-host", &["vmargs"]);
    let domain = output.stdout.lines().find_map(|line| line.strip_prefix("-name demo@bare-host."));
    if domain.is_none() {
        let told = "1\n! error: releases/0.1.0/vm.args:1: the host of the long name \"demo@bare-host\" has no domain\n\
            ! help: write demo@HOST.DOMAIN or demo@ADDRESS, or use a short name (-sname)\n";
        assert_eq!(instance.told(&output), told);
    }
    let output = on_host(&instance, "web1.example.com", &["vmargs"]);
    assert!(output.ok().contains("\n-name demo@web1.example.com\n"));
}

/// vm.args was written on Windows: the node's name ended in a carriage return, and nobody could ask it.
#[test]
fn complaint_17_line_ends_of_windows_are_no_part_of_a_name() {
    let Some(instance) = with("-sname demo\r\n-setcookie demo_cookie\r\n+P 70000\r\n") else { return };
    assert_eq!(instance.said(&["start"]), "0\n");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(
        instance.said(&["rpc", "{atom_to_list(node()), erlang:get_cookie()}."]),
        "0\n{\"demo@HOST\",demo_cookie}\n"
    );
    instance.run(&["stop"]).ok();
}

/// By sudo, from a directory that the service's user can't read: an error text became the host's name.
#[test]
fn complaint_18_an_unreadable_directory_does_not_get_into_the_name() {
    let Some(instance) = with("-sname demo\n-setcookie demo_cookie\n") else { return };
    if !rustix::process::geteuid().is_root() || !need(&["setpriv", "unshare"]) {
        crate::support::tools::skipped("not root");
        return;
    }
    let closed = instance.base().join("closed");
    fs::create_dir(&closed).unwrap();
    // By a way that the other user can go: the tests may lie below somebody's home.
    let script = "mount --bind \"$1\" /mnt && cd /mnt/closed && chmod 0 . && \
        exec setpriv --reuid 65534 --regid 65534 --clear-groups \"/mnt/$2\" vmargs";
    let entry = instance.entry().strip_prefix(instance.base()).unwrap().to_owned();
    let mut command = instance.command(Path::new("unshare"));
    command.args(["-m", "sh", "-c", script, "sh"]).arg(instance.base()).arg(entry);
    let output = instance.finish(&mut command, "");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let names: Vec<_> = output.stdout.lines().filter(|line| line.starts_with("-sname ")).collect();
    assert_eq!(names.len(), 1, "{output}");
    assert_eq!(instance.neutral(names[0]), "-sname demo@HOST", "{output}");
}

/// The first start of a release that has no cookie anywhere never came back.
#[test]
fn complaint_26_the_first_start_without_a_cookie_makes_one() {
    let Some(instance) = with("-sname demo\n") else { return };
    assert!(!instance.base().join("home/.erlang.cookie").exists(), "there is none");
    assert_eq!(instance.said(&["start"]), "0\n");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    let file = instance.path().join("tmp/demo/cookie/.erlang.cookie");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o400);
    let cookie = fs::read_to_string(&file).unwrap();
    assert_eq!(instance.run(&["rpc", "erlang:get_cookie()."]).ok(), format!("'{cookie}'\n"));
    assert!(!instance.base().join("home/.erlang.cookie").exists(), "and none was left in the home");
    instance.run(&["stop"]).ok();
}

/// The VM took a cookie with a dash in front for a flag, and used another one in silence.
#[test]
fn complaint_29_a_cookie_that_would_be_a_flag_is_refused() {
    let Some(mut instance) = with("-sname demo\n-setcookie -hush\n") else { return };
    let help = "! help: use 1 to 255 letters, digits and signs of ASCII, without a space, not beginning with \"-\"\n";
    let in_file = "one value, a cookie that begins with neither \"-\" nor \"+\"";
    let told = format!("1\n! error: releases/0.1.0/vm.args:2: -setcookie needs {in_file}\n{help}");
    assert_eq!(instance.said(&["start"]), told);

    fs::write(instance.path().join("releases/0.1.0/vm.args"), "-sname demo\n").unwrap();
    instance.set("RELEASE_COOKIE", "-hush");
    let told = format!("1\n! error: RELEASE_COOKIE: the cookie begins with \"-\"\n{help}");
    assert_eq!(instance.said(&["start"]), told);

    instance.unset("RELEASE_COOKIE");
    fs::write(instance.path().join("releases/COOKIE"), "-hush").unwrap();
    let output = instance.run(&["start"]);
    assert_eq!(output.status, 1, "{output}");
    assert!(
        output.stderr.contains("releases/COOKIE begins with \"-\"") && !output.stderr.contains("hush"),
        "{output}"
    );

    // In front of any other character it is one like others.
    fs::write(instance.path().join("releases/COOKIE"), "+hu-sh'\"#").unwrap();
    assert_eq!(instance.said(&["start"]), "0\n");
    assert_eq!(instance.said(&["rpc", "erlang:get_cookie()."]), "0\n'+hu-sh\\'\"#'\n");
    instance.run(&["stop"]).ok();
}
