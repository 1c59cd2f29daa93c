//! Which line of a template a line of its outcome comes from: blocks and loops leave out lines and repeat them.

use std::sync::Arc;

use minijinja::machinery::{Token, tokenize};

use super::functions::Kept;
use super::{Context, run, syntax};

/// Stands around the number of a line in a marked template: neither vm.args nor an environment can hold it.
const MARK: char = '\0';

/// For each line of the outcome, from 1, the template's; empty where that can't be told.
pub(super) fn of_outcome(
    text: &str,
    file: &str,
    context: &Context<'_>,
    kept: &Arc<Kept>,
    outcome: &str,
) -> Vec<usize> {
    if outcome.contains(MARK) {
        return Vec::new();
    }
    let Ok(marked) = run(&marked(text), file, context, kept, str::to_owned) else { return Vec::new() };
    let (mut lines, mut plain, mut left) = (Vec::new(), String::new(), 0);
    let mut known = None;
    for (index, part) in marked.split(MARK).enumerate() {
        // Between two marks stands a number.
        if index % 2 == 1 {
            known = part.parse().ok();
            // What has no mark of its own, as the lines within a value, belongs to the next that has one.
            lines.resize(lines.len() + std::mem::take(&mut left), known.unwrap_or(0));
            continue;
        }
        plain.push_str(part);
        for _ in part.matches('\n') {
            match known.take() {
                Some(line) => lines.push(line),
                None => left += 1,
            }
        }
    }
    let last = text.lines().count();
    lines.resize(lines.len() + left + 1, last);
    if plain == outcome { lines } else { Vec::new() }
}

/// The template with a mark before each line end of its text.
fn marked(text: &str) -> String {
    let (mut marked, mut done, mut line) = (String::with_capacity(text.len() * 2), 0, 1);
    for (token, span) in tokenize(text, false, syntax()).map_while(Result::ok) {
        let (start, end) = (span.start_offset as usize, span.end_offset as usize);
        let Token::TemplateData(data) = token else { continue };
        // The engine takes away white space around blocks: what is left is a part of the source.
        if text.get(start..end) != Some(data) || start < done {
            continue;
        }
        line += text[done..start].matches('\n').count();
        marked.push_str(&text[done..start]);
        for piece in data.split_inclusive('\n') {
            let body = piece.strip_suffix('\n');
            marked.push_str(body.unwrap_or(piece));
            if body.is_some() {
                marked.push_str(&format!("{MARK}{line}{MARK}\n"));
                line += 1;
            }
        }
        done = end;
    }
    marked.push_str(&text[done..]);
    marked
}
