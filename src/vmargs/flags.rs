//! How many values follow a flag, as OTP's erlexec and `init` count them. Data and no editing.
//!
//! Taken from `erts/etc/common/erlexec.c` and compared with the installed erlexec by a test; `+srct`,
//! `+hmaxib`, `+MMlp`, `+pad`, `+zhft` and `+Dibpl` are of OTP releases after 25. A flag that is not
//! here passes through unharmed: words keep their order, only `get` and `take` would not see its value.

/// How the words after a flag belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arity {
    /// erlexec takes so many words, whatever they look like, and `init` never sees them: a `-`
    /// flag before goes on after them.
    Taken(usize),
    /// erlexec passes one word on, whatever it looks like; `init` goes on like [`Arity::Open`].
    Named,
    /// All the words up to the next `-` flag or `--`.
    Open,
}

impl Arity {
    /// How many words follow for certain.
    pub(super) fn verbatim(self) -> usize {
        match self {
            Self::Taken(count) => count,
            Self::Named => 1,
            Self::Open => 0,
        }
    }
}

/// The arity of a `-` flag.
pub(super) fn init_flag(flag: &str) -> Arity {
    match flag {
        "-env" => Arity::Taken(2),
        "-epmd" => Arity::Taken(1),
        "-name" | "-sname" | "-start_epmd" => Arity::Named,
        _ => Arity::Open,
    }
}

/// How many words follow a `+` flag, where `next` is the word after it; `None` when one has to
/// follow and can't be `next`.
pub(super) fn emulator_flag(flag: &str, next: Option<&str>) -> Option<usize> {
    let rest = flag.strip_prefix('+').unwrap_or(flag);
    match rest {
        "B" => return Some(usize::from(next.is_some_and(|next| next.starts_with('i')))),
        "c" => return Some(usize::from(matches!(next, Some("true" | "false")))),
        _ => {}
    }
    if ANY_VALUE.contains(&rest) {
        next.map(|_| 1)
    } else if takes_plain_value(rest) {
        next.filter(|next| !next.starts_with(['-', '+'])).map(|_| 1)
    } else {
        Some(0)
    }
}

/// Flags whose value is the next word, whatever it looks like.
const ANY_VALUE: [&str; 24] = [
    "a", "A", "C", "e", "i", "n", "P", "Q", "t", "T", "R", "W", "K", "IOt", "IOp", "IOPt", "IOPp", "IOs",
    "S", "SP", "SDcpu", "SDPcpu", "SDio", "pc",
];

/// Flags whose value can't begin with `-` or `+`, by their first letter.
fn takes_plain_value(rest: &str) -> bool {
    let mut chars = rest.chars();
    let (first, switch) = (chars.next(), chars.as_str());
    match first {
        Some('M') => {
            let mut chars = switch.chars();
            let allocator = chars.next().is_some_and(|c| "uBIDEFHLRSTXZ".contains(c));
            (allocator && ALLOCATOR.contains(&chars.as_str())) || MEMORY.contains(&switch)
        }
        Some('h') => HEAP.contains(&switch),
        Some('s') => SCHEDULER.contains(&switch),
        Some('z') => ["dbbl", "dntgc", "ebwt", "hft", "osrl"].contains(&switch),
        Some('p') => switch == "ad",
        Some('D') => switch == "ibpl",
        Some('r') => switch == "g",
        // Every documented option of the JIT has a value.
        Some('J') => !switch.is_empty(),
        _ => false,
    }
}

/// `+Mx...` for an allocator x.
const ALLOCATOR: [&str; 23] = [
    "as", "asbcst", "atags", "acul", "acnl", "acfml", "acful", "cp", "e", "t", "lmbcs", "mbcgs", "mbsd",
    "mmbcs", "mmmbc", "mmsbc", "msbclt", "ramv", "rmbcmt", "rsbcmt", "rsbcst", "sbct", "smbcs",
];

/// Other `+M...`.
const MEMORY: [&str; 22] = [
    "ea", "ummc", "uycs", "usac", "im", "is", "lpm", "Mamcbf", "Mrmcbf", "Mmcs", "Mscs", "Mscrfsd", "Msco",
    "Mscrpm", "Ye", "Ym", "Ytp", "Ytt", "Iscs", "Xscs", "dai", "Mlp",
];

/// `+h...`; `+h` alone has a value too.
const HEAP: [&str; 9] = ["", "ms", "mbs", "pds", "max", "maxk", "maxel", "maxib", "mqd"];

/// `+s...`.
const SCHEDULER: [&str; 20] = [
    "bt", "bwt", "bwtdcpu", "bwtdio", "cl", "ct", "ecio", "fwi", "tbt", "wct", "wt", "wtdcpu", "wtdio", "ws",
    "ss", "ssdcpu", "ssdio", "pp", "ub", "rct",
];

#[cfg(test)]
mod tests {
    use super::{ALLOCATOR, ANY_VALUE, HEAP, MEMORY, SCHEDULER, emulator_flag};

    #[test]
    fn values_of_emulator_flags() {
        for (flag, next, expected) in [
            ("+S", Some("2:2"), Some(1)),
            ("+S4:4", Some("x"), Some(0)),
            ("+SDio", Some("-1"), Some(1)),
            ("+P", None, None),
            ("+sbwt", Some("none"), Some(1)),
            ("+sbwt", Some("-x"), None),
            ("+sbwtnone", Some("x"), Some(0)),
            ("+MBas", Some("ageffcbf"), Some(1)),
            ("+MMmcs", Some("30"), Some(1)),
            ("+MQas", Some("x"), Some(0)),
            ("+hmax", Some("1000"), Some(1)),
            ("+h", Some("233"), Some(1)),
            ("+B", Some("i"), Some(1)),
            ("+B", Some("-x"), Some(0)),
            ("+Bd", Some("i"), Some(0)),
            ("+c", Some("false"), Some(1)),
            ("+c", Some("x"), Some(0)),
            ("+JPperf", Some("true"), Some(1)),
            ("+V", Some("x"), Some(0)),
        ] {
            assert_eq!(emulator_flag(flag, next), expected, "{flag} {next:?}");
        }
    }

    /// What the installed erlexec makes of every flag in the tables: with the value it is gone from
    /// the words for `init`, which are those after the last `--` but one.
    #[test]
    fn erlexec_counts_the_same() {
        if !crate::vmargs::tests::have_erl() {
            return;
        }
        let newer = ["+srct", "+hmaxib", "+MMlp", "+IOs"];
        let with = |prefix: &'static str, tails: &[&str]| -> Vec<String> {
            tails.iter().map(|tail| format!("{prefix}{tail}")).collect()
        };
        let flags = [
            with("+", &ANY_VALUE),
            with("+MB", &ALLOCATOR),
            with("+M", &MEMORY),
            with("+h", &HEAP),
            with("+s", &SCHEDULER),
            with(
                "+",
                &["B", "c", "rg", "zdbbl", "zdntgc", "zebwt", "zosrl", "JPperf", "JMsingle", "Bd", "V"],
            ),
        ];
        for flag in flags.concat().iter().filter(|flag| !newer.contains(&flag.as_str())) {
            let value = match flag.as_str() {
                "+B" => "i",
                "+c" => "true",
                "+MYm" => "libc",
                _ => "17",
            };
            let output = std::process::Command::new("erl")
                .args(["-emu_args_exit", flag, value, "-end"])
                .env_remove("ERL_FLAGS")
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout);
            let lines: Vec<&str> = text.lines().collect();
            let end =
                lines.iter().position(|line| *line == "-end").unwrap_or_else(|| panic!("{flag}: {output:?}"));
            let taken = lines[end - 1] == "--";
            assert_eq!(emulator_flag(flag, Some(value)), Some(usize::from(taken)), "{flag}: {lines:?}");
        }
    }
}
