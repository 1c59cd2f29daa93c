//! The flags of the memory allocators, `+M...`: as erts_alloc(3) has them, an allocator's letter and a switch, or
//! one of a few others.

use super::table::{Flag, Form, Life};

/// The letters of the allocators; `u` is all of them.
const ALLOCATORS: &str = "uBDEFHILRSTXZ";

const BOOL: &[&str] = &["true", "false"];
const KILO: Form = Form::Int(0, i64::MAX >> 10);
const MEGA: Form = Form::Int(0, i64::MAX >> 20);
const AMOUNT: Form = Form::Int(0, i64::MAX);

const fn flag(name: &'static str, form: Form) -> Flag {
    Flag { name, form, life: Life::Always }
}

const fn idle(name: &'static str, form: Form) -> Flag {
    Flag { name, form, life: Life::Idle("the switch is gone from the allocators") }
}

/// What follows the letter of an allocator.
const SWITCHES: &[Flag] = &[
    flag("acul", Form::IntOr(0, 100, "de")),
    flag("acnl", AMOUNT),
    flag("acfml", AMOUNT),
    Flag { name: "acful", form: Form::IntOr(0, 100, "de"), life: Life::Since((12, 0)) },
    flag(
        "as",
        Form::OneOf(&[
            "bf",
            "aobf",
            "gf",
            "af",
            "aoff",
            "aoffcbf",
            "aoffcaobf",
            "ageffcaoff",
            "ageffcbf",
            "ageffcaobf",
        ]),
    ),
    flag("asbcst", KILO),
    flag("atags", Form::Newer(BOOL, &["code"], (14, 0))),
    flag("cp", Form::OneOf(&["B", "D", "E", "F", "H", "L", "R", "S", "@", ":"])),
    flag("e", Form::OneOf(BOOL)),
    flag("lmbcs", KILO),
    flag("mbcgs", AMOUNT),
    flag("mbsd", AMOUNT),
    flag("mmbcs", KILO),
    flag("mmmbc", AMOUNT),
    flag("mmsbc", AMOUNT),
    flag("ramv", Form::OneOf(BOOL)),
    flag("rmbcmt", AMOUNT),
    flag("rsbcmt", AMOUNT),
    flag("rsbcst", AMOUNT),
    flag("sbct", KILO),
    flag("smbcs", KILO),
    flag("t", Form::OneOf(BOOL)),
];

/// The others, whole.
const OTHERS: &[Flag] = &[
    Flag { name: "+Mdai", form: Form::IntOr(0, i32::MAX as i64, "max"), life: Life::Since((12, 0)) },
    flag("+Mea", Form::OneOf(&["min", "max", "r9c", "r10b", "r11b"])),
    flag("+MIscs", MEGA),
    Flag { name: "+Mit", form: Form::Text, life: Life::Before((12, 0)) },
    flag("+Mlpm", Form::OneOf(&["all", "no"])),
    flag("+MMamcbf", KILO),
    Flag { name: "+MMlp", form: Form::OneOf(&["on", "off"]), life: Life::Since((14, 0)) },
    flag("+MMmcs", AMOUNT),
    flag("+MMrmcbf", AMOUNT),
    flag("+MMsco", Form::OneOf(BOOL)),
    flag("+MMscrfsd", AMOUNT),
    flag("+MMscrpm", Form::OneOf(BOOL)),
    flag("+MMscs", MEGA),
    idle("+Mummc", Form::Text),
    idle("+Musac", Form::Text),
    idle("+Muycs", Form::Text),
    Flag { name: "+MXscs", form: MEGA, life: Life::Before((12, 0)) },
    flag("+MYe", Form::OneOf(&["true"])),
    flag("+MYm", Form::OneOf(&["libc"])),
    flag("+MYtp", Form::Int(0, 2_097_151)),
    flag("+MYtt", Form::Int(0, 2_097_151)),
];

/// The flag that the VM takes `text` for, and how many bytes of `text` are its name.
pub(super) fn find(text: &str) -> Option<(&'static Flag, usize)> {
    let other = OTHERS.iter().filter(|flag| text.starts_with(flag.name)).max_by_key(|flag| flag.name.len());
    if let Some(flag) = other {
        return Some((flag, flag.name.len()));
    }
    let rest = text.strip_prefix("+M")?;
    let letter = rest.chars().next().filter(|letter| ALLOCATORS.contains(*letter))?;
    let switch = &rest[letter.len_utf8()..];
    let found = SWITCHES.iter().filter(|flag| switch.starts_with(flag.name) && has(letter, flag.name));
    found.max_by_key(|flag| flag.name.len()).map(|flag| (flag, text.len() - switch.len() + flag.name.len()))
}

/// Whether the allocator of this letter has the switch: those of literals and temporary blocks keep their carriers.
fn has(letter: char, switch: &str) -> bool {
    !matches!(letter, 'I' | 'T' | 'X') || !(switch.starts_with("ac") || switch == "cp")
}

/// Whether the allocator of a flag can be switched so: some can't be turned off, or be given to each thread.
pub(super) fn allows(name: &str, value: &str) -> bool {
    !matches!((name, value), ("+MTe" | "+MIe" | "+MXe", "false") | ("+MIt" | "+MXt", "true"))
}

/// The last version that has the allocator of a flag, where it is gone.
pub(super) fn allocator_before(name: &str) -> Option<(u32, u32)> {
    name.starts_with("+MX").then_some((12, 0))
}

/// The names of all of them.
pub(super) fn names() -> Vec<String> {
    let of = |letter: char| {
        let own = SWITCHES.iter().filter(move |flag| has(letter, flag.name));
        own.map(move |flag| format!("+M{letter}{}", flag.name))
    };
    ALLOCATORS.chars().flat_map(of).chain(OTHERS.iter().map(|flag| flag.name.to_owned())).collect()
}
