//! One configuration laid over another, as text: what is not touched stays as it is written.

use std::collections::{BTreeMap, BTreeSet};

use super::config::{Role, check, elements};
use super::{Dialect, Fault, Term, Value, read};

/// `base` with the parameters of `over`, which win, and its applications; both are texts that [`check`] takes. What
/// stands before the list in `base`, its comments, stays.
///
/// # Errors
/// When one of the two is no configuration, with its place.
pub fn merge(base: &str, over: &str, dialect: Dialect) -> Result<String, Fault> {
    check(base, dialect, Role::System)?;
    check(over, dialect, Role::System)?;
    let (lower, upper) = (read(base, dialect)?, read(over, dialect)?);
    let (lower, upper) = (parts(base, &lower), parts(over, &upper));
    let mut above: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for part in &upper {
        above.entry(part.name.unwrap_or_default()).or_default().extend(&part.parameters);
    }
    let below: BTreeSet<_> = lower.iter().filter_map(|part| part.name).collect();
    let mut out: Vec<String> = Vec::new();
    for part in &lower {
        let Some(theirs) = part.name.and_then(|name| above.get(name)) else {
            out.push(part.text.to_owned());
            continue;
        };
        let names: BTreeSet<_> = theirs.iter().map(|(name, _)| name).collect();
        let kept = part.parameters.iter().filter(|(name, _)| !names.contains(name));
        let texts: Vec<&str> = kept.chain(theirs.iter()).map(|(_, text)| *text).collect();
        out.push(format!("{{{}, [\n    {}]}}", part.name_text, texts.join(",\n    ")));
    }
    let is_new = |part: &&Part<'_>| part.name.is_none_or(|name| !below.contains(name));
    out.extend(upper.iter().filter(is_new).map(|part| part.text.to_owned()));
    let head = &base[..head_end(base)];
    Ok(format!("{head}[{}].\n", out.join(",\n ")))
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
    /// Names and texts of its parameters.
    parameters: Vec<(&'a str, &'a str)>,
}

fn parts<'a>(source: &'a str, term: &'a Term) -> Vec<Part<'a>> {
    let text = |term: &Term| &source[term.start.offset..term.end];
    let part = |element: &'a Term| {
        let mut part = Part { text: text(element), name: None, name_text: "", parameters: Vec::new() };
        if let Value::Tuple(pair) = &element.value
            && let [name, parameters] = pair.as_slice()
        {
            part.name = name.atom();
            part.name_text = text(name);
            part.parameters = elements(parameters)
                .unwrap_or_default()
                .into_iter()
                .filter_map(|it| {
                    let Value::Tuple(pair) = &it.value else { return None };
                    Some((pair.first()?.atom()?, text(it)))
                })
                .collect();
        }
        part
    };
    elements(term).unwrap_or_default().into_iter().map(part).collect()
}
