//! One use of a flag of the emulator, `+...`, against the table.

use super::table::{Erts, FLAGS, Flag, Form, Life};
use super::twice::Twice;
use super::{Findings, Release, TOLD, memory, shown, value};
use crate::vmargs::args::Use;
use crate::vmargs::near;

pub(super) fn check<'a>(one: &Use<'a>, release: &Release, twice: &mut Twice<'a>, findings: &mut Findings) {
    let Some((flag, length)) = find(one.flag) else { return unknown(one, release, findings) };
    let (name, glued) = one.flag.split_at(length);
    if let Some((text, help)) = life(name, flag, release) {
        match flag.life {
            Life::Idle(_) => findings.idle(one.place, text, help),
            _ => findings.by_table(release, one.place, text, help),
        }
        return;
    }
    let value = if glued.is_empty() { one.values.first().copied().unwrap_or_default() } else { glued };
    let good = value::fits(&flag.form, value, release.erts) && memory::allows(name, value);
    if good && (glued.is_empty() || may_be_glued(name)) && !misses_its_letter(one, flag, release.erts) {
        twice.emulator(name, value, one.place);
    } else if !glued.is_empty() && !glued.starts_with(|c: char| c.is_ascii_digit() || "-:".contains(c)) {
        // A slip, such as +sbtw, more often than a value.
        unknown_or(one, flag, name, release, findings);
    } else {
        bad_value(one, flag, name, release, findings);
    }
}

/// The flag that the VM takes a word for, by the longest name that it begins with, and that name's length.
pub(super) fn find(word: &str) -> Option<(&'static Flag, usize)> {
    if word.starts_with("+M") {
        return memory::find(word);
    }
    let found = FLAGS.iter().filter(|flag| word.starts_with(flag.name));
    found.max_by_key(|flag| flag.name.len()).map(|flag| (flag, flag.name.len()))
}

/// erlexec takes the next word for the value of these in any case.
fn may_be_glued(name: &str) -> bool {
    !name.starts_with("+J") && !matches!(name, "+IOs" | "+Dibpl")
}

/// Whether the value of a flag stands behind a space where the VM does not look for it.
fn misses_its_letter(one: &Use<'_>, flag: &Flag, erts: Erts) -> bool {
    let behind = one.flag == "+B" && one.values.is_empty();
    behind
        && one.next.is_some_and(|next| next != "d" && !next.is_empty() && value::fits(&flag.form, next, erts))
}

/// What is to be said of a flag that this version does not know, or does nothing with.
fn life(name: &str, flag: &Flag, release: &Release) -> Option<(String, String)> {
    let otp = &release.name;
    let before = match flag.life {
        Life::Since(erts) if release.erts < erts => {
            return Some((format!("{otp} does not know {name}"), known_since(erts)));
        }
        Life::Idle(instead) => {
            return Some((format!("{name} does nothing on {otp}"), format!("take it out: {instead}")));
        }
        Life::Before(erts) => Some(erts),
        Life::Since(_) | Life::Always => memory::allocator_before(name),
    };
    let gone = before.is_some_and(|erts| release.erts >= erts);
    gone.then(|| (format!("{otp} no longer knows {name}"), "take it out: what it set is gone".into()))
}

fn known_since((major, minor): Erts) -> String {
    let erts = if minor > 0 { format!(" with erts {major}.{minor}") } else { String::new() };
    format!("OTP {}{erts} and later ones do", major + 12)
}

fn bad_value(one: &Use<'_>, flag: &Flag, name: &str, release: &Release, findings: &mut Findings) {
    let rule = value::rule(&flag.form, release.erts);
    let space = if may_be_glued(name) { "" } else { ", after a space" };
    let text = match (&flag.form, memory::allows(name, one.values.first().copied().unwrap_or_default())) {
        (Form::OneOf(_), false) => format!("{name} can't have this value: the allocator is always needed"),
        _ => format!("{name} needs {rule}{space}"),
    };
    let help = format!("for example: {}", value::example(name, &flag.form, release.erts));
    findings.by_table(release, one.place, text, help);
}

fn unknown_or(one: &Use<'_>, flag: &Flag, name: &str, release: &Release, findings: &mut Findings) {
    match meant(one.flag, release, findings) {
        None if !matches!(flag.form, Form::Nothing) && name.len() > 2 => {
            bad_value(one, flag, name, release, findings);
        }
        _ => unknown(one, release, findings),
    }
}

fn unknown(one: &Use<'_>, release: &Release, findings: &mut Findings) {
    let otp = &release.name;
    if let Some(meant) = meant(one.flag, release, findings) {
        let text = format!("{otp} has no flag {}", shown(one.flag));
        return findings.by_table(release, one.place, text, format!("did you mean {meant}?"));
    }
    // What stands behind a "-" flag may be meant as its value, which may be a secret.
    if let Some(flag) = one.behind {
        let text = format!("a word behind {} begins with \"+\", which makes a flag of it", shown(flag));
        let help = "a value can't begin so: hand it over by sys.config or in the environment";
        return findings.by_table(release, one.place, text, help);
    }
    let text = format!("{otp} has no flag {}", shown(one.flag));
    let help = "erl(1) lists them; BOOT_VM_CHECK=warn leaves it to the VM";
    findings.by_table(release, one.place, text, help);
}

/// The name of this version that a word is near to.
fn meant(word: &str, release: &Release, findings: &Findings) -> Option<String> {
    // It takes long, for words that nobody is told of.
    if findings.count() >= TOLD {
        return None;
    }
    let known = |flag: &&Flag| match flag.life {
        Life::Since(since) => release.erts >= since,
        Life::Always => true,
        Life::Before(_) | Life::Idle(_) => false,
    };
    if !word.starts_with("+M") {
        return near::nearest(word, FLAGS.iter().filter(known).map(|flag| flag.name)).map(str::to_owned);
    }
    let names = memory::names();
    near::nearest(word, names.iter().map(String::as_str)).map(str::to_owned)
}
