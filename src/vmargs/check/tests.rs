//! The table against itself and against the emulator that is installed; findings as they are told.

use std::fmt::Write;
use std::process::{Command, Stdio};

use super::table::{Erts, FLAGS, Form, Life};
use super::{check, emulator, memory, value};
use crate::host::Otp;
use crate::vmargs::Args;

fn parse(text: &str) -> Args {
    Args::parse(text, "vm.args", &mut |_| unreachable!("no includes here")).unwrap()
}

/// What is told of these lines for that version of erts.
fn told_by(text: &str, erts: &str) -> String {
    let mut findings = check(&parse(text), &Otp::of_erts(erts));
    findings.with_idle();
    match findings.told() {
        Ok(warnings) => warnings,
        Err(refused) => format!("error: {refused}\n"),
    }
}

fn told(text: &str) -> String {
    told_by(text, "13.1.5")
}

#[test]
fn what_people_write_is_fine() {
    for text in [
        "-name demo@host.example\n-setcookie hush\n+A30",
        "+S 4:4 +SDcpu 4:4 +SDio 16 +P 262144 +Q 65536 +t 5000000 +e 262144 +zdbbl 128000",
        "+sbwt none +sbwtdcpu none +sbwtdio none +stbt db +swt low +sub true +spp true +sfwi 500",
        "+MBas ageffcbf +MHas ageffcbf +MBlmbcs 512 +MHlmbcs 512 +MMmcs 30 +Muacul 0",
        "+hmax 134217728 +hmaxk true +hms 8192 +hmqd off_heap +IOt 4 +IOp 2 +C multi_time_warp +c true",
        "+B i +W w +pc unicode +fnu +R 24 +a 16 +ec +L +d +r +rg 64 +dcg64 +n s +JPperf true",
        "-heart -env ERL_MAX_PORTS 65536 -env ERL_CRASH_DUMP /x -kernel net_ticktime 60 logger_level info",
        "-start_epmd false -erl_epmd_port 6789 -hidden -connect_all false -shutdown_time 30000",
        "-kernel inet_dist_listen_min 9100 inet_dist_listen_max 9200 -node x -game y -noshell -noinput",
    ] {
        assert_eq!(told(text), "", "{text}");
    }
}

#[test]
fn flags_that_are_none() {
    insta::assert_snapshot!(told("+sbtw none\n+Ss 1\n-snmae demo\n+JMsingle true\n-myapp key +hush\n+xyz"), @r#"
    error: vm.args:1: OTP 25 has no flag +sbtw
    help: did you mean +sbwt?
    error: vm.args:2: OTP 25 has no flag +Ss
    help: did you mean +SP?
    error: vm.args:4: OTP 25 does not know +JMsingle
    help: OTP 26 and later ones do
    error: vm.args:5: a word behind -myapp begins with "+", which makes a flag of it
    help: a value can't begin so: hand it over by sys.config or in the environment
    error: vm.args:6: OTP 25 has no flag +xyz
    help: erl(1) lists them; BOOT_VM_CHECK=warn leaves it to the VM
    warning: vm.args:3: -snmae is no flag of OTP's: nothing will come of it
    help: did you mean -sname?
    "#);
}

#[test]
fn values_that_they_cannot_have() {
    let text = "+P hush\n+P 1000\n+S 2:3\n+sbwt noen\n+SDio0\n+Bx\n+B c\n+dcg 5\n+MBas hush\n+MTe false\n+R 20\n\
        +zdntgc never\n+IOp 3\n+hmax 100\n-start_epmd no\n-kernel inet_dist_listen_min 70000\n-kernel a\n-heart x";
    insta::assert_snapshot!(told(text), @r"
    error: vm.args:1: +P needs an integer from 1024 to 134217727, or legacy
    help: for example: +P 1024
    error: vm.args:2: +P needs an integer from 1024 to 134217727, or legacy
    help: for example: +P 1024
    error: vm.args:3: +S needs N, N:M or :M, up to 1024, with M not greater than N
    help: for example: +S 4:4
    error: vm.args:4: +sbwt needs one of none, very_short, short, medium, long, very_long
    help: for example: +sbwt none
    error: vm.args:5: +SDio needs an integer from 1 to 1024
    help: for example: +SDio 1
    error: vm.args:6: OTP 25 has no flag +Bx
    help: did you mean +B?
    error: vm.args:7: +B needs one of c, i, d, without a space
    help: for example: +Bd
    error: vm.args:8: +dcg needs an integer from 0 to 2147483647, without a space
    help: for example: +dcg64
    error: vm.args:9: +MBas needs one of bf, aobf, gf, af, aoff, aoffcbf, aoffcaobf, ageffcaoff, ageffcbf, ageffcaobf
    help: for example: +MBas bf
    error: vm.args:10: +MTe can't have this value: the allocator is always needed
    help: for example: +MTe true
    error: vm.args:11: +R needs an integer from 23 to 25
    help: for example: +R 25
    error: vm.args:12: +zdntgc needs an integer from 0 to 100000000, or infinity
    help: for example: +zdntgc 0
    error: vm.args:15: -start_epmd needs true or false
    help: for example: -start_epmd false
    error: vm.args:16: inet_dist_listen_min needs a port from 0 to 65535
    help: for example: -kernel inet_dist_listen_min 9100
    error: vm.args:17: -kernel needs pairs of a key and a value
    help: for example: -kernel net_ticktime 60; quote a value with spaces
    error: vm.args:18: -heart needs no value
    help: take away the word behind it
    error: vm.args:14: +hmax allows less than the 233 words that a process begins with
    help: it is counted in words of 8 bytes; 0 sets no limit
    error: vm.args:13: +IOp asks for more sets than the 1 threads of +IOt
    help: write +IOt 3 as well
    ");
}

#[test]
fn what_does_nothing_and_what_stands_twice() {
    let text = "+K true\n-smp auto\n+P 5000\n+P5000\n+P 6000\n-env A hush1\n-env A hush2\n-mode interactive\n\
        -kernel net_ticktime 30\n-kernel net_ticktime 60\n-shutdown_time 1\n-shutdown_time 2\n-setcooki hush\n\
        -proto_dist a\n-proto_dist b";
    insta::assert_snapshot!(told(text), @r"
    warning: vm.args:8: -mode has no effect: the one that the start sets comes first
    help: set RELEASE_MODE in the environment or in env.sh
    warning: vm.args:13: -setcooki is no flag of OTP's: nothing will come of it
    help: did you mean -setcookie?
    warning: vm.args:5: +P says something else than at vm.args:4, and wins
    help: keep one of the two
    warning: vm.args:7: -env A says something else than at vm.args:6, and wins
    help: keep one of the two
    warning: vm.args:10: -kernel net_ticktime says something else than at vm.args:9, and wins
    help: keep one of the two
    warning: vm.args:12: -shutdown_time says something else than at vm.args:11, which wins
    help: keep one of the two
    warning: vm.args:15: -proto_dist says something else than at vm.args:14, and the VM takes notice of neither
    help: keep one of the two
    warning: vm.args:1: +K does nothing on OTP 25
    help: take it out: the VM always polls by the kernel
    warning: vm.args:2: -smp does nothing on OTP 25
    help: take it out: the VM always has SMP
    ");
}

#[test]
fn variables_may_override_but_not_name() {
    let variables = |name: &str| {
        Some(match name {
            "ERL_AFLAGS" => "+S 1 -sname other".into(),
            "ERL_FLAGS" => "+P 9000 -args_file /x".into(),
            _ => "-setcookie hush".into(),
        })
    };
    let args = parse("+S 2\n+P 8000").with_variables(&variables).unwrap();
    let refused = check(&args, &Otp::of_erts("13.1.5")).told().unwrap_err();
    insta::assert_snapshot!(format!("error: {refused}"), @r"
    error: ERL_AFLAGS: -sname can't stand here: two names are none for the VM
    help: set RELEASE_DISTRIBUTION=sname and RELEASE_NODE instead
    error: ERL_ZFLAGS: -setcookie can't stand here: the node would have a cookie that commands don't know
    help: set RELEASE_COOKIE instead
    warning: ERL_FLAGS: what this -args_file holds is seen by the VM alone
    help: name it in vm.args: names, cookies and ports in it are needed by commands too
    warning: vm.args:1: +S says something else than at ERL_AFLAGS, and wins
    help: keep one of the two
    ");
}

#[test]
fn versions_that_are_not_known_refuse_nothing_by_the_table() {
    for erts in ["18.0", "", "10.7"] {
        let told = told_by("+sbtw none\n+P 5\n+S 1:2\n+pad true", erts);
        assert!(!told.contains("error:"), "{erts}: {told}");
        assert_eq!(told.matches("warning:").count(), 3 + usize::from(erts == "10.7"), "{erts}: {told}");
    }
    assert!(told_by("-smp disable", "18.0").starts_with("error: "));
    assert!(told_by("+pad true", "13.2").is_empty() && told_by("+pad true", "13.1.5").contains("erts 13.2"));
    let mut findings = check(&parse("+P 5\n-heart x"), &Otp::of_erts("13.1.5"));
    findings.lenient();
    assert_eq!(findings.told().unwrap().matches("warning:").count(), 2);
}

#[test]
fn many_findings_are_counted() {
    let refused = told(&"+x\n".repeat(100));
    assert_eq!(refused.matches("error: ").count(), 21, "{refused}");
    assert!(refused.contains("error: and 80 more like these"), "{refused}");
}

/// Half a megabyte of anything takes no time to speak of, and nothing is shown of it.
#[test]
fn hostile_words_are_no_burden() {
    let began = std::time::Instant::now();
    for unit in
        ["+M", "+", "-", "+sbwt ", "+S9", "-env a b ", "-kernel a b ", "+\u{7f}é ", "+P 1 ", "-x +y\n"]
    {
        let text = unit.repeat(20_000);
        if let Ok(args) = Args::parse(&text, "vm.args", &mut |_| unreachable!("no includes")) {
            let findings = check(&args, &Otp::of_erts("13.1.5"));
            let told = findings.told().unwrap_or_else(|refused| refused.to_string());
            assert!(told.len() < 6000 && !told.contains('\u{7f}'), "{}", &told[..200]);
        }
    }
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

#[test]
fn the_usual_takes_no_time() {
    let text =
        "+S 4:4\n+SDcpu 4:4\n+SDio 16\n+P 262144\n+Q 65536\n+sbwt none\n+MBas ageffcbf\n-kernel a 1 b 2\n"
            .repeat(4);
    let args = parse(&text);
    let otp = Otp::of_erts("13.1.5");
    let began = std::time::Instant::now();
    let rounds = 100;
    for _ in 0..rounds {
        assert!(check(&args, &otp).told().is_ok());
    }
    // Not optimised, among other tests: 0.2 ms are for the program that is shipped.
    let each = began.elapsed() / rounds;
    assert!(each.as_millis() < 5, "{each:?}");
}

/// All flags with values at their bounds and beyond, and whether this version takes them by the table.
fn probes(erts: Erts) -> Vec<(String, String)> {
    let mut probes = Vec::new();
    let mut names: Vec<String> = FLAGS.iter().map(|flag| flag.name.to_owned()).collect();
    names.extend(memory::names().into_iter().filter(|name| {
        // Each switch with one allocator, and the rules that differ.
        !name.starts_with("+M")
            || name.starts_with("+MB")
            || name.starts_with("+MT")
            || name.starts_with("+MM")
            || name.len() < 6
            || name.starts_with("+MY")
            || name.starts_with("+Ml")
            || name.starts_with("+MX")
    }));
    for name in names {
        // These need more than a value, or a CPU topology, or end the emulator at once.
        if matches!(name.as_str(), "+V" | "+i" | "+sct" | "+sbt" | "+Mit" | "+H" | "+IOp" | "+fn") {
            continue;
        }
        let (flag, _) = emulator::find(&name).unwrap();
        for value in values(&flag.form, erts) {
            // More than there is memory for.
            if value.len() > 9 && matches!(name.as_str(), "+MBmmbcs" | "+MTmmbcs" | "+MMscs" | "+MIscs") {
                continue;
            }
            probes.push((name.clone(), value));
        }
    }
    probes
}

fn values(form: &Form, erts: Erts) -> Vec<String> {
    let words = |words: &[&str]| -> Vec<String> {
        words.iter().chain(&["hush"]).filter(|word| !word.is_empty()).map(|word| (*word).to_owned()).collect()
    };
    match form {
        Form::Nothing | Form::Ignored => vec![String::new()],
        Form::Int(least, greatest) | Form::Glued(least, greatest) => bounds(*least, *greatest),
        Form::Heap => bounds(0, value::heap(erts)),
        Form::IntOr(least, greatest, word) => [bounds(*least, *greatest), words(&[word])].concat(),
        Form::OneOf(all) | Form::Letters(all) => words(all),
        Form::Newer(all, newer, _) => [words(all), words(newer)].concat(),
        Form::Counts => words(&["1", "2:2", "1:2", ":1", "1024", "1025", "0"]),
        Form::Percent => words(&["50", "100:50", ":50", "-1"]),
        Form::Release => (erts.0 + 9..erts.0 + 14).map(|release| release.to_string()).collect(),
        Form::Text => vec!["17".into()],
    }
}

fn bounds(least: i64, greatest: i64) -> Vec<String> {
    let beyond = greatest.checked_add(1).map_or("9223372036854775808".into(), |beyond| beyond.to_string());
    vec![least.to_string(), greatest.to_string(), (least - 1).to_string(), beyond]
}

/// Of what the table refuses, what this emulator takes: it reads digits and leaves the rest, counts on for more
/// than it can count, and has ranges that nobody told it.
fn taken_all_the_same(name: &str, value: &str, erts: Erts) -> bool {
    let newer = matches!(name, "+hmaxib") && erts < (15, 0);
    let words = value == "hush" && matches!(name, "+T" | "+MYm" | "+zhft");
    let wide = value.len() > 9 && ["+M", "+rg", "+dcg", "+hmax"].iter().any(|wide| name.starts_with(wide));
    newer || words || wide
}

/// For every flag at its bounds and beyond: what the table says is what the emulator in `PATH` does.
#[test]
fn the_emulator_agrees() {
    if !crate::vmargs::tests::have_erl() {
        return;
    }
    let output = Command::new("erl").arg("+V").output().unwrap();
    let version = String::from_utf8_lossy(&output.stderr).trim().rsplit(' ').next().unwrap().to_owned();
    let otp = Otp::of_erts(&version);
    let release = super::Release::of(&otp);
    assert!(release.tried, "the table was not made for erts {version}");
    let probes = probes(release.erts);
    assert!(probes.len() > 250, "{}", probes.len());
    let mut wrong = String::new();
    let width = std::thread::available_parallelism().map_or(2, usize::from);
    let parts: Vec<_> = probes.chunks(probes.len().div_ceil(width)).collect();
    std::thread::scope(|scope| {
        let ask = |part: &[(String, String)]| {
            part.iter().filter_map(|one| disagrees(one, &otp, &release)).collect()
        };
        let threads: Vec<_> =
            parts.iter().map(|part| scope.spawn(move || -> Vec<String> { ask(part) })).collect();
        for thread in threads {
            for line in thread.join().unwrap() {
                writeln!(wrong, "{line}").unwrap();
            }
        }
    });
    assert!(wrong.is_empty(), "erts {version}:\n{wrong}");
}

fn disagrees((name, value): &(String, String), otp: &Otp, release: &super::Release) -> Option<String> {
    let (flag, _) = emulator::find(name)?;
    let glued = matches!(flag.form, Form::Glued(..) | Form::Letters(_));
    let words: Vec<String> = match (glued, value.is_empty()) {
        (_, true) => vec![name.clone()],
        (true, _) => vec![format!("{name}{value}")],
        (false, _) => vec![name.clone(), value.clone()],
    };
    let mut args = Args::default();
    args.push(&words[0], &words[1..].iter().map(String::as_str).collect::<Vec<_>>());
    let ours = check(&args, otp).told().is_ok();
    // It reads from left to right and tells its version only when all before was good.
    let output = Command::new("erl")
        .args(&words)
        .arg("+V")
        .env_remove("ERL_FLAGS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let theirs = String::from_utf8_lossy(&output.stderr).contains("emulator version");
    let excused = !ours
        && theirs
        && taken_all_the_same(&format!("{name}{}", if glued { value } else { "" }), value, release.erts);
    (ours != theirs && !excused).then(|| {
        let said = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or_default().to_owned();
        format!("{words:?}: by the table {ours}, by the emulator {theirs}: {said}")
    })
}

#[test]
fn examples_are_good() {
    for erts in [(11, 0), (13, 1), (17, 0)] {
        for flag in FLAGS.iter().filter(|flag| !matches!(flag.life, Life::Idle(_))) {
            let example = value::example(flag.name, &flag.form, erts);
            let told = told_by(&example, &format!("{}.{}", erts.0, erts.1));
            let age = matches!(flag.life, Life::Since(since) if since > erts);
            let sets = ["+i VALUE", "+sct VALUE"].contains(&example.as_str());
            assert!(told.is_empty() || age || sets, "{example}: {told}");
        }
    }
}
