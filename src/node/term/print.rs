//! Terms as text, on one line, in the manner of `io:format("~0tp", ...)` on the node itself:
//! numbers of processes, ports and funs are the ones that the node would show for its own.

use std::fmt::{self, Display, Formatter, Write};

use super::{BigInt, Term, decode};

/// Above this many bytes an integer is shown in base 16: decimal takes time quadratic in size.
const DECIMAL_BYTES: usize = 16 * 1024;

/// Words that are no atoms unless quoted.
const RESERVED: [&str; 28] = [
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond",
    "div", "else", "end", "fun", "if", "let", "maybe", "not", "of", "or", "orelse", "receive", "rem", "when",
    "xor",
];

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Int(value) => write!(f, "{value}"),
            Self::Big(value) => big(value, f),
            Self::Float(value) => float(*value, f),
            Self::Atom(name) => atom(name, f),
            Self::Pid(pid) => write!(f, "<0.{}.{}>", pid.id, pid.serial),
            Self::Reference(reference) => {
                f.write_str("#Ref<0")?;
                reference.ids.iter().rev().try_for_each(|id| write!(f, ".{id}"))?;
                f.write_char('>')
            }
            Self::Port(port) => write!(f, "#Port<0.{}>", port.id),
            Self::Fun(bytes) => match decode::fun_identity(bytes) {
                Some((module, index, unique)) => write!(f, "#Fun<{module}.{index}.{unique}>"),
                None => f.write_str("#Fun<>"),
            },
            Self::Export(export) => {
                f.write_str("fun ")?;
                atom(&export.module, f)?;
                f.write_char(':')?;
                atom(&export.function, f)?;
                write!(f, "/{}", export.arity)
            }
            Self::Tuple(parts) => {
                f.write_char('{')?;
                separated(parts, f)?;
                f.write_char('}')
            }
            Self::List(parts) => list(parts, f),
            Self::ImproperList(parts, tail) => {
                f.write_char('[')?;
                separated(parts, f)?;
                write!(f, "|{tail}]")
            }
            Self::Binary(bytes) => binary(bytes, f),
            Self::BitBinary { bytes, last_bits } => bit_binary(bytes, *last_bits, f),
            Self::Map(pairs) => map(pairs, f),
        }
    }
}

fn separated<T: Display>(parts: &[T], f: &mut Formatter<'_>) -> fmt::Result {
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            f.write_char(',')?;
        }
        write!(f, "{part}")?;
    }
    Ok(())
}

fn map(pairs: &[(Term, Term)], f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str("#{")?;
    for (position, (key, value)) in pairs.iter().enumerate() {
        let comma = if position > 0 { "," } else { "" };
        write!(f, "{comma}{key} => {value}")?;
    }
    f.write_char('}')
}

fn atom(name: &str, f: &mut Formatter<'_>) -> fmt::Result {
    // Lower-case letters of Latin-1, as Erlang's scanner sees them.
    let small = |c: char| c.is_ascii_lowercase() || matches!(c, 'ß'..='ö' | 'ø'..='ÿ');
    let large = |c: char| c.is_ascii_uppercase() || matches!(c, 'À'..='Ö' | 'Ø'..='Þ');
    let legal = |c: char| small(c) || large(c) || c.is_ascii_digit() || c == '_' || c == '@';
    if name.starts_with(small) && name.chars().all(legal) && !RESERVED.contains(&name) {
        f.write_str(name)
    } else {
        quoted(name, '\'', f)
    }
}

/// The text of a list that is taken for a string: not empty, printable.
pub(super) fn text(parts: &[Term]) -> Option<String> {
    // A list of larger numbers would turn into nonsense in some far script: Latin-1 only, as on
    // a node without `+pc unicode`.
    let chars = parts.iter().map(|part| part.as_char().filter(|c| *c <= 'ÿ' && printable(*c)));
    chars.collect::<Option<String>>().filter(|text| !text.is_empty())
}

fn list(parts: &[Term], f: &mut Formatter<'_>) -> fmt::Result {
    match text(parts) {
        Some(text) => quoted(&text, '"', f),
        None => {
            f.write_char('[')?;
            separated(parts, f)?;
            f.write_char(']')
        }
    }
}

fn printable(c: char) -> bool {
    !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{b}' | '\u{8}' | '\u{c}' | '\u{1b}')
}

fn quoted(text: &str, quote: char, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char(quote)?;
    for c in text.chars() {
        match c {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            '\u{b}' => f.write_str("\\v")?,
            '\u{8}' => f.write_str("\\b")?,
            '\u{c}' => f.write_str("\\f")?,
            '\u{1b}' => f.write_str("\\e")?,
            '\u{7f}' => f.write_str("\\d")?,
            c if c == quote || c == '\\' => write!(f, "\\{c}")?,
            c if c.is_control() && u32::from(c) < 0x80 => write!(f, "\\{:03o}", u32::from(c))?,
            c if c.is_control() => write!(f, "\\x{{{:X}}}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char(quote)
}

fn binary(bytes: &[u8], f: &mut Formatter<'_>) -> fmt::Result {
    match std::str::from_utf8(bytes) {
        Ok("") => f.write_str("<<>>"),
        Ok(text) if text.chars().all(printable) => {
            f.write_str("<<")?;
            quoted(text, '"', f)?;
            f.write_str(if text.is_ascii() { ">>" } else { "/utf8>>" })
        }
        _ => {
            f.write_str("<<")?;
            separated(bytes, f)?;
            f.write_str(">>")
        }
    }
}

fn bit_binary(bytes: &[u8], last_bits: u8, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_str("<<")?;
    if let Some((last, whole)) = bytes.split_last() {
        separated(whole, f)?;
        let comma = if whole.is_empty() { "" } else { "," };
        write!(f, "{comma}{}:{last_bits}", last >> 8_u8.saturating_sub(last_bits).min(7))?;
    }
    f.write_str(">>")
}

/// Whether it is shown in base 16.
pub(super) fn is_hexadecimal(value: &BigInt) -> bool {
    value.magnitude.len() > DECIMAL_BYTES
}

pub(super) fn big(value: &BigInt, f: &mut Formatter<'_>) -> fmt::Result {
    if value.negative {
        f.write_char('-')?;
    }
    if is_hexadecimal(value) {
        f.write_str("16#")?;
        return value.magnitude.iter().rev().try_for_each(|byte| write!(f, "{byte:02X}"));
    }
    // Groups of nine decimal digits, the lowest first.
    let mut groups: Vec<u32> = vec![0];
    for byte in value.magnitude.iter().rev() {
        let mut carry = u64::from(*byte);
        for group in &mut groups {
            let wide = (u64::from(*group) << 8) + carry;
            // Both casts are of numbers below 2^32.
            *group = (wide % 1_000_000_000) as u32;
            carry = wide / 1_000_000_000;
        }
        if carry > 0 {
            groups.push(carry as u32);
        }
    }
    let mut rest = groups.iter().rev();
    write!(f, "{}", rest.next().unwrap_or(&0))?;
    rest.try_for_each(|group| write!(f, "{group:09}"))
}

/// The shortest digits that read back as the same number, in the shorter of the two notations,
/// as `float_to_list(F, [short])` has it.
pub(super) fn float(value: f64, f: &mut Formatter<'_>) -> fmt::Result {
    let text = format!("{:e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if value.is_sign_negative() {
        f.write_char('-')?;
    }
    let scientific = {
        let (first, rest) = digits.split_at(1);
        format!("{first}.{}e{exponent}", if rest.is_empty() { "0" } else { rest })
    };
    let decimal = decimal(&digits, exponent);
    // From 2^53 on decimal notation would show digits that the number does not have.
    let exact = value.abs() < 9_007_199_254_740_992.0;
    f.write_str(if exact && decimal.len() <= scientific.len() { &decimal } else { &scientific })
}

fn decimal(digits: &str, exponent: i32) -> String {
    let count = digits.len();
    match usize::try_from(exponent) {
        Err(_) => format!("0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1)),
        Ok(exponent) if exponent + 1 >= count => {
            format!("{digits}{}.0", "0".repeat(exponent + 1 - count))
        }
        Ok(exponent) => format!("{}.{}", &digits[..=exponent], &digits[exponent + 1..]),
    }
}
