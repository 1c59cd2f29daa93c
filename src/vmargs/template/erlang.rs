//! Filters that make an Erlang term, in text, of a value: `erl_atom`, `erl_string` and so on. What they write reads
//! back as that value, whatever is in it; a value of a wrong type is refused without being shown.

use std::fmt::Write;
use std::net::IpAddr;

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, Error, ErrorKind};

use super::functions::Refusal;
use super::{NO_VALUE, TOO_LONG};

/// The filters: name, and what the documentation says of it.
pub(super) static FILTERS: [(&str, &str); 9] = [
    ("erl_atom", "an atom, quoted where it has to be"),
    ("erl_string", "a string: a list of characters"),
    ("erl_binary", "a binary in UTF-8"),
    ("erl_int", "an integer, of a number or a text"),
    ("erl_float", "a float, of a number or a text"),
    ("erl_bool", "`true` or `false`, of a boolean or of `true`, `yes`, `on`, `1`, `false`, `no`, `off`, `0`"),
    ("erl_ip", "the tuple of an IP address: `{127,0,0,1}`"),
    (
        "erl_term",
        "the term for any value: text is a binary, a list a list, a map a map with binaries as keys",
    ),
    ("erl_list", "a list, of a list or of a text with commas; each entry as `erl_term` has it"),
];

/// How deep lists and maps may nest.
const DEPTH: usize = 50;

/// The most bytes that a term may have.
const LONGEST: usize = super::OUTPUT;

/// Adds the filters to an engine.
pub(super) fn add_filters(engine: &mut Environment<'static>) {
    engine.add_filter("erl_atom", |value: &Value| atom(&text(value)?));
    engine.add_filter("erl_string", |value: &Value| Ok::<_, Error>(string(&text(value)?)));
    engine.add_filter("erl_binary", |value: &Value| Ok::<_, Error>(binary(&text(value)?)));
    engine.add_filter("erl_int", integer);
    engine.add_filter("erl_float", float);
    engine.add_filter("erl_bool", boolean);
    engine.add_filter("erl_ip", ip);
    engine.add_filter("erl_term", |value: &Value| {
        let mut out = String::new();
        term(&mut out, value, 0).map(|()| out)
    });
    engine.add_filter("erl_list", list);
}

/// The text of a text, a number or a boolean.
fn text(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::String | ValueKind::Number | ValueKind::Bool => Ok(value.to_string()),
        ValueKind::None => Err(no_value()),
        _ => Err(refused("is no text")),
    }
}

fn no_value() -> Error {
    Error::new(ErrorKind::BadSerialization, NO_VALUE)
}

fn refused(why: &str) -> Error {
    Refusal::new(why).into_error()
}

/// What is an atom without quotes in no release of OTP.
const RESERVED: [&str; 29] = [
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond",
    "div", "else", "end", "fun", "if", "let", "maybe", "not", "of", "or", "orelse", "receive", "rem", "try",
    "when", "xor",
];

fn atom(text: &str) -> Result<String, Error> {
    if text.chars().count() > 255 {
        return Err(refused("is too long for an atom, which has 255 characters at most"));
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '@';
    let bare = text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_name);
    if bare && !RESERVED.contains(&text) { Ok(text.to_owned()) } else { Ok(quoted(text, '\'')) }
}

/// A string of Erlang that reads back as `text`.
pub fn string(text: &str) -> String {
    quoted(text, '"')
}

/// `text` between quotes, each character as Erlang reads it back.
fn quoted(text: &str, quote: char) -> String {
    let mut quoted = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Two that no text of Erlang can hold: these stand for what is no character.
            '\u{fffe}' | '\u{ffff}' => quoted.push('\u{fffd}'),
            c if c == quote => quoted.extend(['\\', c]),
            c if c.is_control() => write!(quoted, "\\x{{{:x}}}", u32::from(c)).expect("a string takes all"),
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    quoted
}

fn binary(text: &str) -> String {
    if text.is_empty() { "<<>>".into() } else { format!("<<{}/utf8>>", string(text)) }
}

fn integer(value: &Value) -> Result<String, Error> {
    let why = "is no whole number";
    match value.kind() {
        ValueKind::Number => match i128::try_from(value.clone()) {
            Ok(number) => Ok(number.to_string()),
            Err(_) => Err(refused(why)),
        },
        _ => {
            let text = text(value)?;
            let text = text.trim();
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            if digits.is_empty() || digits.len() > 1000 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(refused(why));
            }
            Ok(if text.starts_with('-') { format!("-{digits}") } else { digits.to_owned() })
        }
    }
}

fn float(value: &Value) -> Result<String, Error> {
    let why = "is no number";
    let number = match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).map_err(|_| refused(why))?,
        _ => text(value)?.trim().parse().map_err(|_| refused(why))?,
    };
    float_text(number).ok_or_else(|| refused(why))
}

/// With a dot, which Erlang's floats need, before the exponent.
fn float_text(number: f64) -> Option<String> {
    number.is_finite().then(|| {
        let text = format!("{number:?}");
        match text.split_once('e') {
            Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0e{exponent}"),
            _ => text,
        }
    })
}

fn boolean(value: &Value) -> Result<&'static str, Error> {
    let text = text(value)?.trim().to_ascii_lowercase();
    match text.as_str() {
        "true" | "yes" | "on" | "1" => Ok("true"),
        "false" | "no" | "off" | "0" => Ok("false"),
        _ => Err(refused("is neither true nor false")),
    }
}

fn ip(value: &Value) -> Result<String, Error> {
    let address = text(value)?.trim().parse::<IpAddr>().map_err(|_| refused("is no IP address"))?;
    let parts: Vec<String> = match address {
        IpAddr::V4(address) => address.octets().iter().map(ToString::to_string).collect(),
        IpAddr::V6(address) => address.segments().iter().map(ToString::to_string).collect(),
    };
    Ok(format!("{{{}}}", parts.join(",")))
}

/// A text with commas is a list of what stands between them.
fn list(value: &Value) -> Result<String, Error> {
    let mut out = String::new();
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => term(&mut out, value, 0)?,
        ValueKind::String => {
            let text = text(value)?;
            let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
            let entries: Vec<String> = entries.map(binary).collect();
            out = format!("[{}]", entries.join(","));
        }
        ValueKind::None => return Err(no_value()),
        _ => return Err(refused("is no list")),
    }
    Ok(out)
}

fn term(out: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
    if depth > DEPTH || out.len() > LONGEST {
        return Err(Error::new(ErrorKind::BadSerialization, TOO_LONG));
    }
    match value.kind() {
        ValueKind::None => out.push_str("undefined"),
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => match i128::try_from(value.clone()) {
            Ok(number) if !value.to_string().contains('.') => out.push_str(&number.to_string()),
            _ => out.push_str(&float(value)?),
        },
        ValueKind::String => out.push_str(&binary(&text(value)?)),
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            for (index, entry) in value.try_iter()?.enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                term(out, &entry, depth + 1)?;
            }
            out.push(']');
        }
        ValueKind::Map => {
            out.push_str("#{");
            for (index, key) in value.try_iter()?.enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                term(out, &key, depth + 1)?;
                out.push_str(" => ");
                term(out, &value.get_item(&key)?, depth + 1)?;
            }
            out.push('}');
        }
        _ => return Err(refused("is nothing that can be an Erlang term")),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
