//! vm.args: the template rendered for the host at each start, the refusal of what is not set, the plain file
//! as it stands; and what generate writes, as snapshots.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::instance::Instance;
use crate::support::releases::{mix, rebar3};

const TEMPLATE: &str = "## made for this host\n-name {{ release.name }}@{{ host.fqdn }}\n-setcookie demo_cookie\n\
    +S {{ cpu.count }}\n-made_for {{ env.X }}\n";

/// A release whose project has the template.
fn with_template(template: &str) -> Option<Instance> {
    let instance = Instance::of(rebar3()?).plain();
    fs::create_dir_all(instance.base().join("rel")).unwrap();
    fs::write(instance.base().join("rel/vm.args.j2"), template).unwrap();
    instance.generate(&[]).ok();
    Some(instance)
}

/// The CPUs that this process may use, as coreutils counts them.
fn cpus() -> String {
    let output = Command::new("nproc").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_template_is_rendered_at_each_start() {
    // The host's own name may be one that nothing resolves.
    let Some(mut instance) = with_template(&TEMPLATE.replace("{{ host.fqdn }}", "127.0.0.1")) else { return };
    let (cpus, ask) = (cpus(), "{node(), erlang:system_info(schedulers), init:get_argument(made_for)}.");
    for x in ["one", "it's \"2\""] {
        instance.set("X", &format!("'{}'", x.replace('\'', "'\\''")));
        instance.run(&["start"]).ok();
        let said = instance.run(&["rpc", ask]).ok();
        assert_eq!(said, format!("{{'demo@127.0.0.1',{cpus},{{ok,[[{x:?}]]}}}}\n"));
        instance.run(&["stop"]).ok();
    }
}

#[test]
fn the_fqdn_is_the_hosts() {
    let Some(mut instance) = with_template(TEMPLATE) else { return };
    instance.set("X", "x");
    let output = instance.run(&["vmargs"]);
    let hostname = Command::new("hostname").arg("-f").output().unwrap();
    let fqdn = String::from_utf8(hostname.stdout).unwrap().trim().to_owned();
    assert!(output.stdout.contains(&format!("-name demo@{fqdn}\n")), "{output}");
    assert!(output.stdout.contains(&format!("+S {}\n", cpus())), "{output}");
    let warned = output.stderr.contains("is a long name without a domain");
    assert_eq!((output.status, warned), (0, !fqdn.contains('.')), "{output}");
}

#[test]
fn the_name_follows_the_host() {
    let Some(mut instance) = with_template(TEMPLATE) else { return };
    instance.set("X", "x");
    let may = Command::new("unshare").args(["--uts", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        crate::support::tools::skipped("no unshare");
        return;
    }
    for host in ["web1.example.com", "web2.example.org"] {
        let mut command = instance.command(Path::new("unshare"));
        command.args(["--uts", "sh", "-c", "hostname \"$1\" && exec \"$2\" vmargs", "sh", host]);
        let output = instance.finish(command.arg(instance.entry()), "");
        assert!(output.stdout.contains(&format!("-name demo@{host}\n")), "{output}");
    }
}

#[test]
fn templates_see_the_real_host() {
    let text = "-name demo@{{ ip('lo') }}\n-a {{ user.uid }} {{ otp.release }} {{ limits.nofile | default('none', true) }} \
        {{ net.interfaces.lo.ipv4 | join(',') }} {{ release.root | arg }} {{ memory.limit | mb > 0 }}\n";
    let Some(instance) = with_template(text) else { return };
    let shell = |script: &str| {
        let output = Command::new("sh").args(["-c", script]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let said = instance.run(&["vmargs"]).ok();
    let otp = shell("erl -noshell -eval 'io:format(\"~s\", [erlang:system_info(otp_release)]), halt().'");
    let nofile = shell("ulimit -n").replace("unlimited", "none");
    let line = format!("\n-a {} {otp} {nofile} 127.0.0.1 ", shell("id -u"));
    assert!(said.contains("\n-name demo@127.0.0.1\n") && said.contains(&line), "{line}: {said}");
    assert!(said.contains("dir/demo' true\n") || said.contains("dir/demo\" true\n"), "{said}");
}

/// Line ends of Windows, signs that other tools replace, values that name variables, included files: all as written.
#[test]
fn complaints_01_02_17_and_21_what_is_written_comes_through() {
    let text = "-name demo@{{ ip('lo') }}\r\n-setcookie demo_cookie\r\n{% if env.VALUE %}\r\n\
        -one {{ env.VALUE | arg }} 'a & b' ${HOME} $$ C:\\\\dir \"\\\\\\\\\" é中🦀 # & ${NO} comment\r\n{% endif %}\r\n\
        -args_file {{ env.MORE | arg }}\r\n-env AND '&'\r\n";
    let Some(mut instance) = with_template(text) else { return };
    let more = instance.base().join("it's more");
    fs::write(&more, "# more\r\n-two 'x\ty' {{ env.VALUE }}\r\n").unwrap();
    instance.set("MORE", more.to_str().unwrap());
    instance.set("VALUE", "${VALUE} & \\\\ a+b \\& $(id)");
    instance.run(&["start"]).ok();
    let ask = "[unicode:characters_to_list(X) || {ok, L} <- [init:get_argument(one), init:get_argument(two)], X <- hd(L)] \
        ++ [os:getenv(\"AND\"), atom_to_list(node())] == [\"${VALUE} & \\\\\\\\ a+b \\\\& $(id)\", \"a & b\", \"${HOME}\", \
        \"$$\", \"C:\\\\dir\", \"\\\\\\\\\\\\\\\\\", [233, 20013, 129408], \"x\\ty\", \"{{\", \"env.VALUE\", \"}}\", \"&\", \"demo@127.0.0.1\"].";
    assert_eq!(
        instance.run(&["rpc", "--erlang", ask]).ok(),
        "true\n",
        "{}",
        instance.run(&["vmargs"]).stdout
    );
    instance.run(&["ping"]).ok();
    instance.run(&["stop"]).ok();
    // A file that includes itself, one that is a pipe, and one that is not there.
    fs::write(&more, format!("-a\n-args_file '{}'\n", more.to_str().unwrap().replace('\'', "'\"'\"'")))
        .unwrap();
    let said = instance.said(&["start"]);
    assert!(said.contains("BASE/it's more:2: -args_file \"BASE/it's more\" includes itself\n"), "{said}");
    instance.set("MORE", "/dev/zero");
    let refused = "1\n! error: releases/0.1.0/vm.args.j2:6: -args_file \"/dev/zero\" can't be read: it is no regular file\n\
        ! help: the path is taken from the directory in which the node starts\n";
    assert_eq!(instance.said(&["start"]), refused);
}

#[test]
fn what_is_not_set_refuses_the_start_and_leaves_nothing() {
    let Some(mut instance) = with_template(&TEMPLATE.replace("{{ host.fqdn }}", "127.0.0.1")) else { return };
    let refused = "1\n! error: releases/0.1.0/vm.args.j2:5: env.X is not set\n\
        !   5 | -made_for {{ env.X }}\n!     |              ^^^^^\n\
        ! help: set X in the environment or give it a default: {{ env.X | default(\"...\") }}\n";
    for command in ["start", "foreground", "console", "vmargs"] {
        assert_eq!(instance.said(&[command]), refused, "{command}");
        assert!(!instance.path().join("tmp").exists(), "{command} left something");
    }
    assert_eq!(instance.vms(), [0; 0]);

    // A running node's files are left alone, and it can be asked and stopped without X.
    instance.set("X", "x");
    instance.run(&["start"]).ok();
    let file = instance.path().join("tmp/demo/vm.args");
    let before = fs::read(&file).unwrap();
    instance.unset("X");
    assert_eq!(instance.said(&["start"]), "0\n! demo is already running (pid N)\n");
    assert_eq!(instance.said(&["ping"]), "0\npong\n");
    assert_eq!(instance.said(&["stop"]), "0\n");
    assert_eq!(instance.said(&["start"]), refused);
    assert_eq!(fs::read(&file).unwrap(), before, "the old one, whole");
    assert_eq!(instance.said(&["ping"]), "3\n! error: demo is not running\n! help: ROOT/bin/demo start\n");
}

#[test]
fn a_plain_vm_args_takes_effect_as_it_is_written() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let file = instance.path().join("releases/0.1.0/vm.args");
    let text = "-sname demo\n-setcookie demo_cookie\n+S 3:3\n+P 70000 # not many\n-note '{{ env.X }}' \"two words\"\n\
        -env LIMIT 7\n-kernel net_ticktime 33\n-extra plain 'a \"b\" $c'\n";
    fs::write(&file, text).unwrap();
    instance.run(&["start"]).ok();
    let ask = "{erlang:system_info(schedulers), erlang:system_info(process_limit), init:get_argument(note), \
        os:getenv(\"LIMIT\"), application:get_env(kernel, net_ticktime), init:get_plain_arguments()}.";
    let said = instance.run(&["rpc", ask]).ok().replace(['\n', ' '], "");
    let words = r#"["plain","a\"b\"$c"]"#;
    assert_eq!(said, format!(r#"{{3,131072,{{ok,[["{{{{env.X}}}}","twowords"]]}},"7",{{ok,33}},{words}}}"#));
}

#[test]
fn generated_files_look_like_this() {
    for raw in [rebar3(), mix()].into_iter().flatten() {
        let instance = Instance::of(raw).at("opt/demo").kit();
        let read = |file: &str| fs::read_to_string(instance.path().join(file)).unwrap();
        let kind = format!("{:?}", raw.kind).to_lowercase();
        // The versions of OTP and of relboot are those of the day.
        let settings = read("releases/0.1.0/boot/settings.sh");
        let line = |name: &str| settings.lines().find(|line| line.starts_with(name)).unwrap();
        let settings = settings
            .replace(line("_boot_erts_vsn="), "_boot_erts_vsn=ERTS")
            .replace(line("_boot_kit_version="), "_boot_kit_version=VERSION");
        insta::assert_snapshot!(format!("{kind}-settings.sh"), settings);
        let template = include_str!("../script-templates/bin/entry.tpl.sh");
        assert_eq!(read("bin/demo"), template.replace("{{ name }}", "demo"));
        let composed = instance.neutral(&instance.run(&["vmargs"]).ok());
        insta::assert_snapshot!(format!("{kind}-vm.args"), composed);
    }
}
