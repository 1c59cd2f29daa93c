//! One use of a flag of erlexec, `init` or the kernel application, `-...`. Any other may be an application's own.

use super::twice::{Twice, Wins};
use super::{Findings, Release, TOLD, shown, value};
use crate::vmargs::args::Use;
use crate::vmargs::error::Place;
use crate::vmargs::near;
use crate::vmargs::substitute::{NOT_REPLACED, has_variable};

/// Those that OTP knows, for slips of the pen.
const KNOWN: &[&str] = &[
    "-args_file",
    "-boot",
    "-boot_var",
    "-code_path_cache",
    "-config",
    "-configfd",
    "-connect_all",
    "-detached",
    "-dist_listen",
    "-emu_flavor",
    "-emu_type",
    "-env",
    "-epmd",
    "-epmd_module",
    "-erl_epmd_port",
    "-eval",
    "-extra",
    "-heart",
    "-hidden",
    "-init_debug",
    "-loader",
    "-mode",
    "-name",
    "-noinput",
    "-noshell",
    "-nostick",
    "-path",
    "-proto_dist",
    "-remsh",
    "-setcookie",
    "-shutdown_time",
    "-smp",
    "-sname",
    "-ssl_dist_opt",
    "-ssl_dist_optfile",
    "-start_epmd",
    "-user",
    "-version",
];

pub(super) fn check<'a>(one: &Use<'a>, release: &Release, twice: &mut Twice<'a>, findings: &mut Findings) {
    let first = one.values.first().copied();
    let place = one.place;
    not_replaced(one, findings);
    match one.flag {
        "-smp" | "-smpenable" | "-smpauto" | "-smpdisable" => smp(one, release, findings),
        "-instr" => {
            findings.warning(place, format!("-instr does nothing on {}", release.name), "take it out")
        }
        "-mode" | "-boot" => not_in_charge(one, findings),
        "-detached" => findings.never(
            place,
            "-detached makes a node that nobody knows of: no command would find it",
            "take it out: \"start\" runs the node in the background, \"foreground\" under a supervisor",
        ),
        "-start_epmd" => match first {
            Some("true" | "false") => twice.dash("-start_epmd", one, Wins::Last),
            _ => findings.error(place, "-start_epmd needs true or false", "for example: -start_epmd false"),
        },
        "-shutdown_time" => {
            let good = first.is_some_and(|time| {
                time == "infinity" || value::integer(time).is_some_and(|number| number >= 0)
            });
            if good {
                twice.dash("-shutdown_time", one, Wins::First);
            } else {
                let rule = "-shutdown_time needs an integer, in milliseconds, or infinity";
                findings.error(place, rule, "for example: -shutdown_time 30000");
            }
        }
        "-heart" if first.is_some() => {
            findings.error(place, "-heart needs no value", "take away the word behind it");
        }
        "-boot_var" if one.values.len() < 2 => {
            findings.error(
                place,
                "-boot_var needs a name and a directory",
                "for example: -boot_var NAME /DIR",
            );
        }
        "-env" => twice.env(one),
        "-kernel" => kernel(one, twice, findings),
        "-proto_dist" => {
            let wins = if release.erts >= (15, 0) { Wins::First } else { Wins::Neither };
            twice.dash("-proto_dist", one, wins);
        }
        "-erl_epmd_port" => twice.dash("-erl_epmd_port", one, Wins::Neither),
        "-epmd_module" => twice.dash("-epmd_module", one, Wins::First),
        "-name" | "-sname" | "-setcookie" if is_variable(place) => identity(one, findings),
        "-args_file" if is_variable(place) => findings.warning(
            place,
            "what this -args_file holds is seen by the VM alone",
            "name it in vm.args: names, cookies and ports in it are needed by commands too",
        ),
        _ => slip(one, findings),
    }
}

fn is_variable(place: &Place) -> bool {
    place.line == 0
}

/// relx replaces variables in vm.args.src, and in vm.args when it is asked to; nobody does in this file.
fn not_replaced(one: &Use<'_>, findings: &mut Findings) {
    let rendered = [".src", ".j2"].iter().any(|end| one.place.file.ends_with(end));
    // Names and cookies have rules of their own.
    let own = matches!(one.flag, "-name" | "-sname" | "-setcookie");
    if !is_variable(one.place) && !rendered && !own && one.values.iter().any(|text| has_variable(text)) {
        let text = format!("a ${{VARIABLE}} behind {} stays as it is written", shown(one.flag));
        findings.warning(one.place, text, NOT_REPLACED);
    }
}

/// There is but one kind of emulator since OTP 21.
fn smp(one: &Use<'_>, release: &Release, findings: &mut Findings) {
    let flag = one.flag;
    if flag == "-smpdisable" || one.values.first() == Some(&"disable") {
        let text = format!("{} refuses {flag}: it has no emulator without SMP", release.name);
        findings.error(one.place, text, "write +S 1 instead");
    } else {
        let text = format!("{flag} does nothing on {}", release.name);
        findings.idle(one.place, text, "take it out: the VM always has SMP");
    }
}

/// The VM goes by the first of these, which is the kit's.
fn not_in_charge(one: &Use<'_>, findings: &mut Findings) {
    let (variable, usual) = match one.flag {
        "-mode" => ("RELEASE_MODE", "embedded"),
        _ => ("RELEASE_BOOT_SCRIPT", "start"),
    };
    if one.values != [usual] {
        let text = format!("{} has no effect: the one that the start sets comes first", one.flag);
        findings.warning(one.place, text, format!("set {variable} in the environment or in env.sh"));
    }
}

/// Who the node is has to be known to more than the VM.
fn identity(one: &Use<'_>, findings: &mut Findings) {
    let (what, variable) = match one.flag {
        "-setcookie" if one.values.len() > 1 => return,
        "-setcookie" => ("the node would have a cookie that commands don't know", "RELEASE_COOKIE"),
        "-sname" => ("two names are none for the VM", "RELEASE_DISTRIBUTION=sname and RELEASE_NODE"),
        _ => ("two names are none for the VM", "RELEASE_DISTRIBUTION=name and RELEASE_NODE"),
    };
    findings.error(
        one.place,
        format!("{} can't stand here: {what}", one.flag),
        format!("set {variable} instead"),
    );
}

/// `-kernel KEY VALUE ...`.
fn kernel<'a>(one: &Use<'a>, twice: &mut Twice<'a>, findings: &mut Findings) {
    if one.values.len() % 2 == 1 {
        let text = "-kernel needs pairs of a key and a value";
        findings.error(one.place, text, "for example: -kernel net_ticktime 60; quote a value with spaces");
        return;
    }
    for pair in one.values.chunks_exact(2) {
        let [key, text] = [pair[0], pair[1]];
        let is_port = matches!(key, "inet_dist_listen_min" | "inet_dist_listen_max");
        if is_port && value::integer(text).is_none_or(|port| !(0..=65_535).contains(&port)) {
            let help = format!("for example: -kernel {key} 9100");
            findings.error(one.place, format!("{key} needs a port from 0 to 65535"), help);
        } else {
            twice.kernel(key, text, one.place);
        }
    }
}

/// A flag of nobody's that is nearly one of OTP's.
fn slip(one: &Use<'_>, findings: &mut Findings) {
    // The parameters of an application come in pairs.
    let other = KNOWN.contains(&one.flag) || one.values.len() > 1 || one.flag.len() > 24;
    if other || findings.count() >= TOLD {
        return;
    }
    let near = |known: &&&str| {
        // A letter changed in a short word makes another word: -node is no slip of -mode.
        let changed = known.len() == one.flag.len() && known.len() < 8;
        let swapped = || {
            let sorted = |word: &str| {
                let mut bytes = word.as_bytes().to_vec();
                bytes.sort_unstable();
                bytes
            };
            sorted(known) == sorted(one.flag)
        };
        near::distance(one.flag, known, 1).is_some() && (!changed || swapped())
    };
    if let Some(known) = KNOWN.iter().filter(|known| known.len() > 4).find(near) {
        let text = format!("{} is no flag of OTP's: nothing will come of it", shown(one.flag));
        findings.warning(one.place, text, format!("did you mean {known}?"));
    }
}

#[cfg(test)]
mod tests {
    use crate::host::Otp;
    use crate::vmargs::{Args, check};

    #[test]
    fn a_node_that_nobody_could_find_is_refused_in_any_case() {
        let told = |text: &str| {
            let args = Args::parse(text, "vm.args", &mut |_| unreachable!("no includes here")).unwrap();
            let mut findings = check(&args, &Otp::of_erts("13.1.5"));
            findings.lenient();
            findings.told().map_err(|refused| refused.to_string())
        };
        for text in ["-detached", "-noshell -detached true"] {
            let refused = told(text).unwrap_err();
            assert!(
                refused.starts_with("vm.args:1: -detached makes a node that nobody knows of"),
                "{refused}"
            );
        }
        assert_eq!(told("-extra -detached"), Ok(String::new()));
    }
}
