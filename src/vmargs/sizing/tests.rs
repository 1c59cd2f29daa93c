use super::{Chosen, Decision, Given, Listening, Override, RULES, Takes, decide, open_files};
use crate::host::{Cpu, Directory, Facts, Memory, Otp, Roots};
use crate::vmargs::Args;

const MIB: u64 = 1 << 20;

/// A host with 8 processors and 8 GiB, nothing limited but open files: 1024 of 20000.
fn facts() -> Facts {
    let mut facts = Facts::collect(&Roots::under("/nonexistent"));
    facts.cpu = Cpu { online: 8, affinity: 8, quota: None, count: 8 };
    facts.memory = Memory { total: Some(8192 * MIB), available: None, limit: Some(8192 * MIB) };
    (facts.limits.nofile, facts.limits.nofile_hard) = (Some(1024), Some(20_000));
    facts
}

fn decided(facts: &Facts, release: u32, written: &str, overrides: &[&str]) -> Vec<Decision> {
    let otp = Otp { release: Some(release), erts: String::new() };
    let written = Args::from_words(written, "ERL_FLAGS").unwrap();
    let log = Directory { path: "/log".into(), exists: true, writable: true, free: Some(4096 * MIB) };
    let given = Given {
        facts,
        otp: &otp,
        written: &written,
        variables: &[],
        log: &log,
        listening: &Listening::Free,
        clients: None,
    };
    let overrides: Vec<_> = overrides.iter().map(|text| Override::parse(text).unwrap()).collect();
    decide(&given, &overrides)
}

fn value(decisions: &[Decision], key: &str) -> Option<String> {
    decisions.iter().find(|decision| decision.rule.key == key).unwrap().value.clone()
}

#[test]
fn what_is_written_wins_then_overrides_then_the_rule() {
    let mut facts = facts();
    facts.cpu = Cpu { online: 8, affinity: 8, quota: Some(1.5), count: 2 };
    let who = |written: &str, overrides: &[&str]| {
        let decision = decided(&facts, 27, written, overrides).swap_remove(0);
        assert_eq!(decision.auto.as_deref(), Some("2:2"));
        (decision.chosen.clone(), decision.value.clone(), decision.words().is_some())
    };
    assert_eq!(who("", &[]), (Chosen::Auto, Some("2:2".into()), true));
    assert_eq!(who("", &["+S=4:4"]), (Chosen::Override, Some("4:4".into()), true));
    assert_eq!(who("", &["+S=default"]), (Chosen::Override, None, false));
    let yours = Chosen::Yours("ERL_FLAGS".into());
    assert_eq!(who("+S 3", &["+S=4:4"]), (yours.clone(), Some("3".into()), false));
    assert_eq!(who("+S3:3 +SDcpu 1", &[]), (yours.clone(), Some("3:3".into()), false));
    assert_eq!(who("+SP 50:50", &[]), (yours, None, false));
    assert_eq!(who("+SDcpu 1 +sbwtnone", &[]), (Chosen::Auto, Some("2:2".into()), true));
}

#[test]
fn attached_values_are_not_taken_for_other_flags() {
    let mut facts = facts();
    facts.memory.limit = Some(512 * MIB);
    let decisions = decided(&facts, 27, "+hmaxk true +hmaxel true +P70000", &[]);
    assert_eq!(value(&decisions, "+hmax").as_deref(), Some("33554432"), "in words: half of 512 MiB");
    assert_eq!(value(&decisions, "+P").as_deref(), Some("70000"));
    assert_eq!(
        value(&decisions, "+hmaxib"),
        None,
        "what was written is another flag, and nobody decides this one"
    );
}

#[test]
fn complaints_63_66_open_files_and_ports_keep_step() {
    let mut facts = facts();
    let mut both = |soft, hard, written: &str| {
        (facts.limits.nofile, facts.limits.nofile_hard) = (soft, hard);
        let decisions = decided(&facts, 25, written, &[]);
        (open_files(&decisions), value(&decisions, "+Q"))
    };
    assert_eq!(both(Some(1024), Some(20_000), ""), (Some(20_000), None));
    assert_eq!(both(Some(1024), None, ""), (Some(65_536), None));
    assert_eq!(both(Some(200_000), None, ""), (None, None));
    assert_eq!(both(None, None, ""), (Some(1_048_576), None), "a gigabyte less");
    assert_eq!(both(Some(1024), None, "+Q 300000").0, Some(300_000));
    assert_eq!(both(Some(1024), Some(4096), "+Q 300000").0, Some(4096));
    assert_eq!(both(None, None, "+Q 2000000").0, Some(2_000_000));
    facts.memory.limit = Some(128 * MIB);
    facts.limits.nofile = None;
    assert_eq!(value(&decided(&facts, 25, "", &[]), "+Q").as_deref(), Some("131072"));
}

#[test]
fn complaint_64_no_busy_wait_where_processors_are_shared() {
    let waits = |change: fn(&mut Facts)| {
        let mut facts = facts();
        change(&mut facts);
        let decisions = decided(&facts, 25, "+sbwtdio short", &[]);
        ["+sbwt", "+sbwtdcpu", "+sbwtdio"].map(|key| value(&decisions, key))
    };
    let (none, yours) = (Some("none".to_owned()), Some("short".to_owned()));
    let shared = [none.clone(), none, yours.clone()];
    assert_eq!(waits(|_| ()), [None, None, yours.clone()], "a host of its own");
    assert_eq!(waits(|facts| facts.cpu.quota = Some(1.5)), shared);
    assert_eq!(waits(|facts| facts.cpu.quota = Some(8.0)), [None, None, yours], "a quota that takes nothing");
    assert_eq!(waits(|facts| facts.cpu.affinity = 7), shared);
    assert_eq!(waits(|facts| facts.system.container = Some("docker".into())), shared);
}

#[test]
fn crash_dumps_and_ports_follow_from_what_is_free() {
    let facts = facts();
    let otp = Otp { release: Some(25), erts: String::new() };
    let decided = |writable, free, listening| {
        let log = Directory { path: "/log".into(), exists: true, writable, free };
        let written = Args::default();
        let given = Given {
            facts: &facts,
            otp: &otp,
            written: &written,
            variables: &[],
            log: &log,
            listening,
            clients: None,
        };
        let decisions = decide(&given, &[]);
        ["ERL_CRASH_DUMP_BYTES", "ERL_CRASH_DUMP_SECONDS", "inet_dist_listen", "+zdbbl"]
            .map(|key| value(&decisions, key).unwrap_or_default())
    };
    let left = Listening::Left(super::NOT_DISTRIBUTED);
    // A quarter of 1 GiB; the memory where there is more room; nothing that can't be known.
    assert_eq!(decided(true, Some(1024 * MIB), &Listening::Free), ["268435456", "", "4380-4399", "8192"]);
    assert_eq!(decided(true, Some(1 << 50), &Listening::Taken), ["8589934592", "", "", "8192"]);
    assert_eq!(decided(true, None, &left), ["", "", "", ""]);
    assert_eq!(decided(false, Some(1 << 50), &left), ["", "0", "", ""]);
}

#[test]
fn no_host_gives_a_value_that_its_flag_does_not_take() {
    let numbers = [None, Some(0), Some(1), Some(64 * MIB), Some(1 << 40), Some(u64::MAX)];
    for total in numbers {
        for limit in numbers {
            for count in [1, 7, 100_000] {
                for files in numbers {
                    let mut facts = facts();
                    facts.memory = Memory { total, available: None, limit };
                    facts.cpu = Cpu { online: 200_000, affinity: count, quota: Some(0.001), count };
                    (facts.limits.nofile, facts.limits.nofile_hard) = (files, None);
                    for decision in decided(&facts, 29, "", &[]) {
                        let Some(value) = decision.value else { continue };
                        let takes = decision.rule.takes;
                        let small = takes == Takes::Files && files.is_some_and(|files| files < 256);
                        assert!(takes.fits(&value) || small, "{:?} {value}", decision.rule);
                    }
                }
            }
        }
    }
}

#[test]
fn overrides_read_back_and_are_checked() {
    for text in ["+P=500000", "+sbwt=long", "+zdbbl=default", "+S=4:2", "inet_dist_listen=9100-9155"] {
        assert_eq!(Override::parse(text).unwrap().to_text(), text);
    }
    for text in
        ["+P", "+X=1", "+P=1", "+P=+5000", "+S=0", "+S=2:4", "+sbwt=no", "inet_dist_listen=9-1", "+P=\n"]
    {
        assert_eq!(Override::parse(text), None, "{text}");
    }
    assert!(RULES.iter().all(|rule| !rule.text.is_empty() && !rule.takes.expected().is_empty()));
}

#[test]
fn the_documentation_has_each_rule() {
    let docs = include_str!("../../../docs/vm-args.md");
    let table = docs.split("| flag | rule |\n|---|---|\n").nth(1).unwrap();
    let rows: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let rules: Vec<_> = RULES.iter().map(|rule| format!("| `{}` | {} |", rule.key, rule.text)).collect();
    assert_eq!(rows, rules);
}

#[test]
fn the_example_of_the_documentation_is_what_the_rules_say() {
    let docs = include_str!("../../../docs/vm-args.md");
    let block = docs.split_once("vmargs --explain\n    -sname").unwrap().1.split_once("\n\n").unwrap().0;
    let mut facts = facts();
    facts.cpu = Cpu { online: 8, affinity: 8, quota: Some(0.5), count: 1 };
    facts.memory.limit = Some(256 * MIB);
    facts.limits.nofile = Some(65_536);
    let decisions = decided(&facts, 25, "+sbwt long", &["+P=500000"]);
    for (key, start) in [("+S", "+S 1:1 "), ("+sbwt", "+sbwt long "), ("+P", "+P 500000 "), ("+Q", "+Q  ")] {
        let decision = decisions.iter().find(|decision| decision.rule.key == key).unwrap();
        let line = block.lines().find(|line| line.trim_start().starts_with(start)).unwrap();
        assert!(line.contains(&decision.fact), "{line}: {}", decision.fact);
        let (by, lost) = match &decision.chosen {
            Chosen::Auto => (" auto ", None),
            Chosen::Vm => (" left to the VM ", None),
            Chosen::Override => (" override ", decision.auto.as_ref()),
            Chosen::Yours(_) => (" yours ", decision.auto.as_ref()),
        };
        assert!(line.contains(by), "{line}");
        assert!(lost.is_none_or(|auto| line.ends_with(&format!("auto would say {auto}"))), "{line}");
    }
}
