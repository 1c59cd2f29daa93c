//! The flags of the emulator, as data: what value each has, and which versions know it.
//!
//! From the usage text of the emulator and erl(1), and compared with real emulators of OTP 23, 25, 27 and 29 by a
//! test. Where the first version is not certain the earliest stands here: a flag that is taken for known is
//! refused by the VM at worst, one that is taken for unknown would be refused here for nothing.

/// A version of erts: major, minor.
pub(super) type Erts = (u32, u32);

/// What a flag has for a value.
#[derive(Debug)]
pub(super) enum Form {
    /// None.
    Nothing,
    /// None, and what is glued to the flag does not count.
    Ignored,
    /// An integer of this range.
    Int(i64, i64),
    /// The words of a heap: OTP 23 read 32 bits of it.
    Heap,
    /// An integer of this range, or this word.
    IntOr(i64, i64, &'static str),
    /// An integer of this range, glued to the flag: `+dcg64`.
    Glued(i64, i64),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these, glued to the flag: `+fnu`.
    Letters(&'static [&'static str]),
    /// One of the first words, or, since that version, of the second.
    Newer(&'static [&'static str], &'static [&'static str], Erts),
    /// Threads, and those that are online: `N:M`.
    Counts,
    /// The same, in percent of what the host has.
    Percent,
    /// A release of OTP: this one or one of the two before.
    Release,
    /// Anything.
    Text,
}

/// How long a flag is known, and what became of it.
#[derive(Debug)]
pub(super) enum Life {
    /// For as long as anybody remembers.
    Always,
    /// Since that version.
    Since(Erts),
    /// Before that version; later ones refuse it.
    Before(Erts),
    /// Taken, and nothing comes of it: what is there instead.
    Idle(&'static str),
}

/// A flag of the emulator.
#[derive(Debug)]
pub(super) struct Flag {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) life: Life,
}

const BOOL: &[&str] = &["true", "false"];
const BIND: &[&str] = &["u", "ns", "ts", "ps", "s", "nnts", "nnps", "tnnps", "db"];
const BUSY: &[&str] = &["none", "very_short", "short", "medium", "long", "very_long"];
const WAKE: &[&str] = &["very_low", "low", "medium", "high", "very_high"];
pub(super) const INT: i64 = i32::MAX as i64;
const TABLE: i64 = (1 << 27) - 1;

const fn flag(name: &'static str, form: Form) -> Flag {
    Flag { name, form, life: Life::Always }
}

const fn since(name: &'static str, form: Form, erts: Erts) -> Flag {
    Flag { name, form, life: Life::Since(erts) }
}

const fn idle(name: &'static str, form: Form, instead: &'static str) -> Flag {
    Flag { name, form, life: Life::Idle(instead) }
}

/// All but those of the allocators, which are in `memory`.
pub(super) const FLAGS: &[Flag] = &[
    flag("+a", Form::Int(16, 8192)),
    flag("+A", Form::Int(0, 1024)),
    flag("+B", Form::Letters(&["", "c", "i", "d"])),
    flag("+c", Form::OneOf(&["", "true", "false"])),
    flag("+C", Form::OneOf(&["no_time_warp", "single_time_warp", "multi_time_warp"])),
    flag("+d", Form::Nothing),
    flag("+dcg", Form::Glued(0, INT)),
    since("+D", Form::Nothing, (16, 0)),
    since("+Dibpl", Form::OneOf(BOOL), (16, 0)),
    flag("+e", Form::Int(0, INT)),
    flag("+ec", Form::Nothing),
    flag("+fn", Form::Letters(&["l", "a", "aw", "ai", "ae", "uw", "ui", "ue", "u"])),
    flag("+h", Form::Int(1, INT)),
    idle("+H", Form::Ignored, "+hms sets the least heap"),
    flag("+hms", Form::Int(1, INT)),
    flag("+hmbs", Form::Int(1, INT)),
    flag("+hmax", Form::Heap),
    flag("+hmaxk", Form::OneOf(BOOL)),
    flag("+hmaxel", Form::OneOf(BOOL)),
    since("+hmaxib", Form::OneOf(BOOL), (15, 0)),
    flag("+hmqd", Form::OneOf(&["on_heap", "off_heap"])),
    flag("+hpds", Form::Int(1, INT)),
    flag("+i", Form::Text),
    flag("+IOp", Form::Int(1, 1024)),
    flag("+IOPp", Form::Int(0, 100)),
    since("+IOs", Form::OneOf(BOOL), (12, 0)),
    flag("+IOt", Form::Int(1, 1024)),
    flag("+IOPt", Form::Int(0, 100)),
    since("+JDdump", Form::OneOf(BOOL), (12, 0)),
    since("+JMsingle", Form::OneOf(BOOL), (14, 0)),
    since(
        "+JPcover",
        Form::OneOf(&["true", "false", "function", "function_counters", "line", "line_counters"]),
        (15, 0),
    ),
    since("+JPperf", Form::Newer(&["true", "false", "dump", "map"], &["fp", "no_fp"], (14, 0)), (12, 0)),
    since("+JPperfdirectory", Form::Text, (16, 0)),
    idle("+K", Form::Text, "the VM always polls by the kernel"),
    flag("+L", Form::Nothing),
    flag("+n", Form::OneOf(&["s", "a", "d"])),
    flag("+P", Form::IntOr(1024, TABLE, "legacy")),
    since("+pad", Form::OneOf(BOOL), (13, 2)),
    flag("+pc", Form::OneOf(&["latin1", "unicode"])),
    flag("+Q", Form::IntOr(1024, TABLE, "legacy")),
    flag("+r", Form::Nothing),
    flag("+R", Form::Release),
    flag("+rg", Form::Int(0, INT)),
    flag("+S", Form::Counts),
    flag("+SP", Form::Percent),
    flag("+SDcpu", Form::Counts),
    flag("+SDPcpu", Form::Percent),
    flag("+SDio", Form::Int(1, 1024)),
    flag("+sbt", Form::OneOf(BIND)),
    flag("+sbwt", Form::OneOf(BUSY)),
    flag("+sbwtdcpu", Form::OneOf(BUSY)),
    flag("+sbwtdio", Form::OneOf(BUSY)),
    flag("+scl", Form::OneOf(BOOL)),
    flag("+sct", Form::Text),
    idle("+secio", Form::Text, "the VM checks for I/O by threads of its own"),
    flag("+sfwi", Form::Int(0, i64::MAX)),
    flag("+spp", Form::OneOf(BOOL)),
    since("+ssrct", Form::Nothing, (12, 0)),
    flag("+sss", Form::Int(20, 8192)),
    flag("+sssdcpu", Form::Int(20, 8192)),
    flag("+sssdio", Form::Int(20, 8192)),
    flag("+stbt", Form::OneOf(BIND)),
    flag("+sub", Form::OneOf(BOOL)),
    flag("+swct", Form::OneOf(&["very_eager", "eager", "medium", "lazy", "very_lazy"])),
    flag("+sws", Form::OneOf(&["default", "legacy"])),
    flag("+swt", Form::OneOf(WAKE)),
    flag("+swtdcpu", Form::OneOf(WAKE)),
    flag("+swtdio", Form::OneOf(WAKE)),
    flag("+t", Form::Int(8192, INT)),
    flag("+T", Form::Int(0, 9)),
    idle("+v", Form::Ignored, "only an emulator built for debugging is chatty"),
    flag("+V", Form::Ignored),
    flag("+W", Form::OneOf(&["w", "i", "e"])),
    flag("+zdbbl", Form::Int(1, 2_097_151)),
    flag("+zdntgc", Form::IntOr(0, 100_000_000, "infinity")),
    flag("+zebwt", Form::OneOf(BUSY)),
    since("+zhft", Form::IntOr(0, INT, "infinity"), (14, 0)),
    since("+zosrl", Form::Int(1, TABLE), (12, 2)),
];
