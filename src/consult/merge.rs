//! One configuration laid over another, as text: what is not touched stays as it is written.

use std::collections::{BTreeMap, BTreeSet};

use super::config::{Role, check, elements};
use super::{Dialect, Fault, Term, Value, read};

/// How deep lists of pairs are merged into each other.
const DEPTH: usize = 20;

/// `base` with the parameters of `over`, which win, and its applications; both are texts that [`check`] takes. Where
/// both have a list of `{NAME, VALUE}` it is merged by names, lists in it too, as Elixir's `Config` does; of any
/// other value that of `over` counts. What stands before the list in `base`, its comments, stays.
///
/// # Errors
/// When one of the two is no configuration, with its place.
pub fn merge(base: &str, over: &str, dialect: Dialect) -> Result<String, Fault> {
    check(base, dialect, Role::System)?;
    check(over, dialect, Role::System)?;
    let (lower, upper) = (read(base, dialect)?, read(over, dialect)?);
    let (lower, upper) = (parts(base, &lower), parts(over, &upper));
    let mut above: BTreeMap<&str, Vec<Pair<'_>>> = BTreeMap::new();
    for part in &upper {
        above.entry(part.name.unwrap_or_default()).or_default().extend(&part.parameters);
    }
    for pairs in above.values_mut() {
        only_last(pairs);
    }
    let below: BTreeSet<_> = lower.iter().filter_map(|part| part.name).collect();
    let mut out: Vec<String> = Vec::new();
    for part in &lower {
        let Some(theirs) = part.name.and_then(|name| above.get(name)) else {
            out.push(part.text.to_owned());
            continue;
        };
        let texts = laid_over((base, &part.parameters), (over, theirs), DEPTH);
        out.push(format!("{{{}, [\n    {}]}}", part.name_text, texts.join(",\n    ")));
    }
    let is_new = |part: &&Part<'_>| part.name.is_none_or(|name| !below.contains(name));
    out.extend(upper.iter().filter(is_new).map(|part| part.text.to_owned()));
    let head = &base[..head_end(base)];
    Ok(format!("{head}[{}].\n", out.join(",\n ")))
}

/// Of the parameters of an application that stands twice, the VM takes the last of a name.
fn only_last(pairs: &mut Vec<Pair<'_>>) {
    let mut seen = BTreeSet::new();
    let mut last: Vec<_> = pairs.iter().rev().filter(|pair| seen.insert(pair.name)).copied().collect();
    last.reverse();
    *pairs = last;
}

/// `{NAME, VALUE}`.
#[derive(Clone, Copy)]
struct Pair<'a> {
    name: &'a str,
    /// The whole, and its two parts.
    whole: &'a Term,
    key: &'a Term,
    value: &'a Term,
}

/// The pairs of a list that holds nothing else.
fn pairs(list: &Term) -> Option<Vec<Pair<'_>>> {
    elements(list)?.into_iter().map(pair).collect()
}

fn pair(whole: &Term) -> Option<Pair<'_>> {
    let Value::Tuple(parts) = &whole.value else { return None };
    let [key, value] = parts.as_slice() else { return None };
    Some(Pair { name: key.atom()?, whole, key, value })
}

/// The texts of the pairs of both, each with the text that it is from.
fn laid_over(lower: (&str, &[Pair<'_>]), upper: (&str, &[Pair<'_>]), depth: usize) -> Vec<String> {
    let names: BTreeSet<_> = upper.1.iter().map(|pair| pair.name).collect();
    let mut first: BTreeMap<&str, &Pair<'_>> = BTreeMap::new();
    for pair in lower.1 {
        first.entry(pair.name).or_insert(pair);
    }
    let kept = lower.1.iter().filter(|pair| !names.contains(pair.name));
    let mut texts: Vec<String> = kept.map(|pair| text(lower.0, pair.whole).to_owned()).collect();
    for pair in upper.1 {
        let deep = first.get(pair.name).filter(|_| depth > 0);
        texts.push(match deep.and_then(|below| pairs(below.value)).zip(pairs(pair.value)) {
            Some((below, above)) => {
                let texts = laid_over((lower.0, &below), (upper.0, &above), depth - 1);
                format!("{{{}, [{}]}}", text(upper.0, pair.key), texts.join(", "))
            }
            None => text(upper.0, pair.whole).to_owned(),
        });
    }
    texts
}

fn text<'a>(source: &'a str, term: &Term) -> &'a str {
    &source[term.start.offset..term.end]
}

/// Where the comments before the list end: at the start of a line.
fn head_end(base: &str) -> usize {
    let is_head = |line: &&str| line.trim_start().is_empty() || line.trim_start().starts_with('%');
    base.split_inclusive('\n').take_while(is_head).map(str::len).sum()
}

/// An element of the list.
struct Part<'a> {
    /// Its whole text.
    text: &'a str,
    /// The application; `None`: the name of a file.
    name: Option<&'a str>,
    name_text: &'a str,
    parameters: Vec<Pair<'a>>,
}

fn parts<'a>(source: &'a str, term: &'a Term) -> Vec<Part<'a>> {
    let part = |element: &'a Term| {
        let mut part =
            Part { text: text(source, element), name: None, name_text: "", parameters: Vec::new() };
        if let Value::Tuple(pair) = &element.value
            && let [name, parameters] = pair.as_slice()
        {
            part.name = name.atom();
            part.name_text = text(source, name);
            part.parameters = pairs(parameters).unwrap_or_default();
        }
        part
    };
    elements(term).unwrap_or_default().into_iter().map(part).collect()
}
