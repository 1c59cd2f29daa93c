//! What is told of names, flags and cookies before the VM starts, by the kit in a real release; and that a real
//! emulator is of the same opinion.

use std::fs;
use std::path::Path;

use crate::support::instance::Instance;
use crate::support::releases::{mix, rebar3};

const NAMED: &str = "-sname demo\n-setcookie demo_cookie\n";

/// A release with this vm.args.
fn with(text: &str) -> Option<Instance> {
    let instance = Instance::of(rebar3()?).kit();
    write(&instance, text);
    Some(instance)
}

fn write(instance: &Instance, text: &str) {
    fs::write(instance.path().join("releases/0.1.0/vm.args"), text).unwrap();
}

/// The version that messages name.
fn otp(instance: &Instance) -> String {
    let ask = "io:put_chars(erlang:system_info(otp_release)), halt().";
    instance.finish(instance.command(Path::new("erl")).args(["-noshell", "-eval", ask]), "").ok()
}

#[test]
fn all_errors_are_told_at_once_and_nothing_is_written() {
    let text =
        "-sname a.b\n-setcookie 'hu sh'\n+sbtw none\n+P 10\n-snmae x\n-erl_epmd_port hush\n+S 1:2 +hush7\n";
    let Some(instance) = with(text) else { return };
    let otp = otp(&instance);
    let told = format!(
        "1\n\
        ! error: releases/0.1.0/vm.args:1: \"a.b@HOST\" is no node name: the part before \"@\" may hold letters, digits, \"_\" and \"-\"\n\
        ! help: for example: demo@HOST, or demo alone for a node on this host\n\
        ! error: releases/0.1.0/vm.args:2: the cookie has a character that is no printable ASCII, or a space\n\
        ! help: use 1 to 255 letters, digits and signs of ASCII, without a space, not beginning with \"-\"\n\
        ! error: releases/0.1.0/vm.args:6: -erl_epmd_port needs a port from 1 to 65535\n\
        ! help: for example: -erl_epmd_port 9100\n\
        ! error: releases/0.1.0/vm.args:3: OTP {otp} has no flag +sbtw\n\
        ! help: did you mean +sbwt?\n\
        ! error: releases/0.1.0/vm.args:4: +P needs an integer from 1024 to 134217727, or legacy\n\
        ! help: for example: +P 1024\n\
        ! error: releases/0.1.0/vm.args:7: +S needs N, N:M or :M, up to 1024, with M not greater than N\n\
        ! help: for example: +S 4:4\n\
        ! error: releases/0.1.0/vm.args:7: OTP {otp} has no flag +hush7\n\
        ! help: erl(1) lists them; BOOT_VM_CHECK=warn leaves it to the VM\n\
        ! warning: releases/0.1.0/vm.args:5: -snmae is no flag of OTP's: nothing will come of it\n\
        ! help: did you mean -sname?\n"
    );
    for command in ["start", "foreground", "console", "vmargs"] {
        assert_eq!(instance.said(&[command]), told, "{command}");
        assert!(!instance.path().join("tmp").exists(), "{command} left something");
    }
    assert_eq!(instance.vms(), [0; 0]);
}

#[test]
fn warnings_are_told_at_the_start_which_goes_on() {
    let text = format!("{NAMED}+K true\n+P 5000\n-mode interactive\n+P 6000\n");
    let Some(instance) = with(&text) else { return };
    let warnings = "! warning: releases/0.1.0/vm.args:5: -mode has no effect: the one that the start sets comes first\n\
        ! help: set RELEASE_MODE in the environment or in env.sh\n\
        ! warning: releases/0.1.0/vm.args:6: +P says something else than at releases/0.1.0/vm.args:4, and wins\n\
        ! help: keep one of the two\n";
    assert_eq!(instance.said(&["start"]), format!("0\n{warnings}"));
    let ask = "{erlang:system_info(process_limit), code:get_mode()}.";
    assert_eq!(instance.said(&["rpc", ask]), "0\n{8192,embedded}\n", "it is as the warnings say");
    // Commands beside the node do not start it.
    assert_eq!(instance.said(&["eval", "ok."]), "0\n");
    let output = instance.run(&["vmargs"]);
    let idle = format!("+K does nothing on OTP {}", otp(&instance));
    assert!(output.stdout.contains("\n+K true\n") && output.stderr.contains(&idle), "{output}");
    instance.run(&["stop"]).ok();
}

#[test]
fn a_node_without_a_name_is_told_of() {
    let Some(mut instance) = with("+S 1\n") else { return };
    let warning = "warning: vm.args names no node: client commands can't reach it\n\
        help: -sname NAME in vm.args gives it a name; RELEASE_DISTRIBUTION=none says that it needs none\n";
    assert_eq!(instance.run(&["vmargs"]).stderr, warning);
    instance.set("RELEASE_DISTRIBUTION", "none");
    assert_eq!(instance.run(&["vmargs"]).stderr, "");
    instance.unset("RELEASE_DISTRIBUTION");
    write(&instance, "-sname undefined\n");
    assert_eq!(instance.run(&["vmargs"]).stderr, "");
    instance.set("RELEASE_NODE", "other");
    write(&instance, "+S 1\n");
    assert_eq!(instance.run(&["vmargs"]).stderr, "");
}

#[test]
fn the_table_can_be_overruled() {
    // The VM reads the digits.
    let Some(mut instance) = with(&format!("{NAMED}+P 5000x\n")) else { return };
    let text = "releases/0.1.0/vm.args:3: +P needs an integer from 1024 to 134217727, or legacy\n! help: for example: +P 1024\n";
    assert_eq!(instance.said(&["start"]), format!("1\n! error: {text}"));
    instance.set("BOOT_VM_CHECK", "warn");
    assert_eq!(instance.said(&["start"]), format!("0\n! warning: {text}"));
    assert_eq!(instance.said(&["rpc", "erlang:system_info(process_limit)."]), "0\n8192\n");
    instance.run(&["stop"]).ok();
    instance.set("BOOT_VM_CHECK", "maybe");
    let usage = "! error: BOOT_VM_CHECK has to be error or warn\n\
        ! help: unset it, or BOOT_VM_CHECK=warn to start whatever the flags are\n";
    assert_eq!(instance.said(&["start"]), format!("2\n{usage}"));
    instance.set("BOOT_VM_CHECK", "warn");
    instance.set("RELEASE_MODE", "embeded");
    let usage = "! error: RELEASE_MODE has to be embedded or interactive\n\
        ! help: set RELEASE_MODE to embedded or interactive, or unset it\n";
    assert!(instance.said(&["start"]).starts_with(&format!("1\n{usage}")));
    instance.unset("RELEASE_MODE");
    // Names are no matter of the table.
    write(&instance, "-sname a\n-name b\n");
    assert_eq!(instance.run(&["start"]).status, 1);
}

#[test]
fn variables_are_checked_too() {
    let Some(raw) = mix() else { return };
    let mut instance = Instance::of(raw).kit();
    instance.set("ELIXIR_ERL_OPTIONS", "+sbtw none");
    instance.set("ERL_FLAGS", "-setcookie hush");
    instance.set("ERL_AFLAGS", "-name other@127.0.0.1");
    instance.set("ERL_ZFLAGS", "+P 5");
    let output = instance.run(&["vmargs"]);
    assert_eq!(output.status, 1, "{output}");
    let places: Vec<_> = output.stderr.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
    assert_eq!(places.len(), 4, "{output}");
    for (line, start) in places.iter().zip([
        "ERL_AFLAGS: -name",
        "ELIXIR_ERL_OPTIONS: ",
        "ERL_FLAGS: -setcookie",
        "ERL_ZFLAGS: +P",
    ]) {
        assert!(line.starts_with(start), "{line}");
    }
    assert!(!output.stderr.contains("hush"), "{output}");
}

/// A flag with values that every version takes, and some that it refuses.
const POOL: &[(&str, &[&str], &[&str])] = &[
    ("+S", &["1", "2:2", "2:1", ":1"], &["1:2", "1025", "x"]),
    ("+SDio", &["1", "20"], &["0", "1025"]),
    ("+P", &["1024", "70000"], &["1023", "134217728"]),
    ("+Q", &["1024", "9000"], &["10"]),
    ("+sbwt", &["none", "very_long"], &["never"]),
    ("+swt", &["low"], &["none"]),
    ("+zdbbl", &["1", "2097151"], &["0", "2097152"]),
    ("+hms", &["233", "4000"], &["0"]),
    ("+hmaxk", &["true", "false"], &["yes"]),
    ("+MBas", &["ageffcbf", "gf"], &["best"]),
    ("+MMmcs", &["0", "30"], &["many"]),
    ("+C", &["multi_time_warp"], &["warp"]),
    ("+pc", &["unicode"], &["utf8"]),
    ("+sub", &["true"], &["maybe"]),
    ("+stbt", &["db", "u"], &["best"]),
    ("+a", &["16", "8192"], &["15"]),
    ("+W", &["w", "e"], &["x"]),
    ("+sss", &["20"], &["19"]),
    ("+xyz", &[], &["1"]),
];

/// Lines of flags, from a fixed seed; about half of them with one that is wrong.
fn combinations(count: usize) -> Vec<String> {
    let mut state: u64 = 0x2545_f491_4f6c_dd1d;
    let mut next = move |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    let mut line = || {
        let mut words = String::new();
        for _ in 0..=next(5) {
            let (flag, good, bad) = POOL[next(POOL.len())];
            let wrong = good.is_empty() || next(8) == 0;
            let values = if wrong { bad } else { good };
            words.push_str(&format!("{flag} {}\n", values[next(values.len())]));
        }
        words
    };
    (0..count).map(|_| line()).collect()
}

#[test]
fn what_is_fine_starts_and_what_is_not_does_not() {
    let Some(instance) = with(NAMED) else { return };
    let (mut fine, mut refused) = (0, 0);
    for flags in combinations(40) {
        write(&instance, &format!("{NAMED}{flags}"));
        let ours = instance.run(&["vmargs"]);
        let file = instance.base().join("flags");
        fs::write(&file, &flags).unwrap();
        let mut erl = instance.command(Path::new("erl"));
        erl.arg("-args_file").arg(&file);
        // Its version is told when all that comes before is good; some of them boot as well.
        let booted = ours.status == 0 && fine < 8;
        erl.args(if booted { &["-noshell", "-eval", "halt()."][..] } else { &["+V"] });
        let theirs = instance.finish(&mut erl, "");
        assert_eq!(ours.status == 0, theirs.status == 0, "{flags}\n{ours}\n{theirs}");
        (fine, refused) = (fine + usize::from(ours.status == 0), refused + usize::from(ours.status != 0));
    }
    assert!(fine > 10 && refused > 10, "{fine} fine, {refused} refused");
}
