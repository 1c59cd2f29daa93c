//! The filters of templates: one table of those of the engine that are of use here and can't be made to
//! hang, and our own.

use minijinja::value::{Rest, Value, ValueKind};
use minijinja::{Environment, Error, State, filters};

use super::functions::Refusal;
use super::sizes;
use crate::vmargs::words::{Dialect, quote, split};

/// A filter, and what the documentation says of it.
pub(super) struct Filter {
    pub(super) name: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "compared with the documentation"))]
    pub(super) about: &'static str,
}

const fn filter(name: &'static str, about: &'static str) -> Filter {
    Filter { name, about }
}

/// All filters but those for Erlang terms.
pub(super) static FILTERS: [Filter; 33] = [
    filter("arg", "one word of vm.args, whatever the value; also `quote`"),
    filter("quote", "the same"),
    filter("words", "the words in a text, as vm.args splits it: a list"),
    filter(
        "default",
        "`default(\"x\")`: for what is not set; `default(\"x\", true)`: for none and empty text too",
    ),
    filter("d", "the same"),
    filter("required", "`required(\"why\")`: an error with these words for what is not set, none or empty"),
    filter("bytes", "the number of bytes in a number or a text such as `512MB`, `1.5GiB`, `64k`"),
    filter("kb", "the same in KiB (1024 bytes), rounded down"),
    filter("mb", "in MiB, rounded down"),
    filter("gb", "in GiB, rounded down"),
    filter("heap_words", "in words of 8 bytes, rounded down: the unit of `+hmax`"),
    filter("int", "a whole number; of a text too"),
    filter("float", "a number"),
    filter("round", "`round`, `round(2)`: rounded, with so many digits"),
    filter("abs", "without its sign"),
    filter("min", "the least of a list: `[cpu.count, 8] \\| min`"),
    filter("max", "the greatest"),
    filter("sum", "the sum of a list"),
    filter("upper", "in upper case"),
    filter("lower", "in lower case"),
    filter("capitalize", "with a capital first letter"),
    filter("trim", "without white space around it"),
    filter("replace", "`replace(\".\", \"_\")`"),
    filter("split", "`split(\",\")`: a list"),
    filter("lines", "the lines of a text: a list"),
    filter("join", "`join(\" \")`: a list as one text"),
    filter("length", "how many characters or entries"),
    filter("first", "the first character or entry"),
    filter("last", "the last"),
    filter("sort", "a sorted list"),
    filter("unique", "a list without what it has twice"),
    filter("list", "a list of characters or entries"),
    filter("string", "as text"),
];

/// Adds the filters to an engine that has none.
pub(super) fn add(engine: &mut Environment<'static>) {
    for name in ["arg", "quote"] {
        engine.add_filter(name, arg);
    }
    engine.add_filter("words", words);
    engine.add_filter("required", required);
    engine.add_filter("bytes", |value: &Value| size(value, 1));
    engine.add_filter("kb", |value: &Value| size(value, 1 << 10));
    engine.add_filter("mb", |value: &Value| size(value, 1 << 20));
    engine.add_filter("gb", |value: &Value| size(value, 1 << 30));
    engine.add_filter("heap_words", |value: &Value| size(value, 8));
    for name in ["default", "d"] {
        engine.add_filter(name, filters::default);
    }
    engine.add_filter("int", filters::int);
    engine.add_filter("float", filters::float);
    engine.add_filter("round", round);
    engine.add_filter("abs", filters::abs);
    engine.add_filter("min", filters::min);
    engine.add_filter("max", filters::max);
    engine.add_filter("sum", filters::sum);
    engine.add_filter("upper", filters::upper);
    engine.add_filter("lower", filters::lower);
    engine.add_filter("capitalize", filters::capitalize);
    engine.add_filter("trim", filters::trim);
    engine.add_filter("replace", replace);
    engine.add_filter("split", filters::split);
    engine.add_filter("lines", filters::lines);
    engine.add_filter("join", join);
    engine.add_filter("length", filters::length);
    engine.add_filter("first", filters::first);
    engine.add_filter("last", filters::last);
    engine.add_filter("sort", filters::sort);
    engine.add_filter("unique", filters::unique);
    engine.add_filter("list", filters::list);
    engine.add_filter("string", string);
}

/// One word. A list is none: what would it be?
fn arg(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Bool => Ok(value.is_true().to_string()),
        ValueKind::String | ValueKind::Number => Ok(quote(&value.to_string())),
        ValueKind::None => Err(Error::new(minijinja::ErrorKind::BadSerialization, super::NO_VALUE)),
        _ => Err(Error::new(minijinja::ErrorKind::BadSerialization, super::NOT_SCALAR)),
    }
}

fn words(text: String) -> Result<Vec<String>, Error> {
    match split(&text, "", Dialect::Variable) {
        Ok(words) => Ok(words.into_iter().map(|word| word.text).collect()),
        Err(_) => Err(Refusal::new("a quote is never closed").into_error()),
    }
}

fn required(value: &Value, why: Option<String>) -> Result<Value, Error> {
    if !value.is_undefined() && !value.is_none() && value.as_str() != Some("") {
        return Ok(value.clone());
    }
    Err(Refusal { given: why, ..Refusal::new("has to be set") }.into_error())
}

fn size(value: &Value, unit: u64) -> Result<u64, Error> {
    let bytes = sizes::bytes(value).ok_or_else(|| {
        Refusal::new("is no size")
            .with_help("write a number of bytes, or a number with k, M, G or T: 512MB, 1.5GiB")
            .into_error()
    })?;
    Ok(bytes / unit)
}

/// With more digits than a number has the engine's own computes for nothing.
fn round(value: Value, digits: Option<i32>) -> Result<Value, Error> {
    let digits = digits.unwrap_or(0);
    if !(0..=15).contains(&digits) {
        return Err(Refusal::new("rounds to 0 to 15 digits").into_error());
    }
    if matches!(value.kind(), ValueKind::Number) && i128::try_from(value.clone()).is_ok() {
        return Ok(value);
    }
    let number = f64::try_from(value)?;
    let scale = 10_f64.powi(digits);
    let rounded = (number * scale).round() / scale;
    Ok(if rounded.is_finite() { rounded.into() } else { number.into() })
}

/// As the engine's, but for Erlang's `true` and `false`.
fn string(state: &State<'_, '_>, value: &Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Bool => Ok(value.is_true().to_string().into()),
        _ => filters::string(state, value),
    }
}

/// The most bytes that a filter may make.
const LONGEST: usize = super::OUTPUT;

fn bounded(length: Option<usize>) -> Result<(), Error> {
    match length {
        Some(length) if length <= LONGEST => Ok(()),
        _ => Err(Error::new(minijinja::ErrorKind::BadSerialization, super::TOO_LONG)),
    }
}

fn replace(text: String, from: String, to: String) -> Result<String, Error> {
    bounded(text.matches(&from).count().checked_mul(to.len()).and_then(|more| more.checked_add(text.len())))?;
    Ok(text.replace(&from, &to))
}

fn join(
    state: &State<'_, '_>,
    list: &Value,
    between: Option<String>,
    rest: Rest<Value>,
) -> Result<String, Error> {
    let between = between.unwrap_or_default();
    if !rest.is_empty() {
        return Err(minijinja::ErrorKind::TooManyArguments.into());
    }
    let mut text = String::new();
    for (index, value) in list.try_iter()?.enumerate() {
        let value = string(state, &value)?;
        let value = value.as_str().unwrap_or_default();
        text.push_str(if index == 0 { "" } else { &between });
        text.push_str(value);
        bounded(Some(text.len()))?;
    }
    Ok(text)
}
