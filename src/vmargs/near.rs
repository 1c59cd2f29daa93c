//! How far a word is from another: insertions, deletions, changes and swaps of neighbours.

/// How many edits lead from one to the other, or more than `limit`; both are short.
pub(in crate::vmargs) fn distance(from: &str, to: &str, limit: usize) -> Option<usize> {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    if from.len().abs_diff(to.len()) > limit {
        return None;
    }
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let changed = last[j] + usize::from(a != b);
            let mut best = changed.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|edits| *edits <= limit)
}

/// The one of `known` that is nearest to `word`, if it is near: one edit, two in a long word.
pub(in crate::vmargs) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody's slip is longer than this, and a hostile word may be.
    if word.len() > 24 {
        return None;
    }
    let limit = if word.chars().count() > 6 { 2 } else { 1 };
    let ranked = known.filter_map(|name| {
        let edits = if name.eq_ignore_ascii_case(word) { Some(0) } else { distance(word, name, limit) };
        edits.map(|edits| (edits, name.len().abs_diff(word.len()), name))
    });
    // Letters that have changed places are a likelier slip than one that is missing.
    ranked.min_by_key(|(edits, longer, _)| (*edits, *longer)).map(|(_, _, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn edits_are_counted() {
        for (from, to, expected) in [
            ("-snmae", "-sname", Some(1)),
            ("-setcooki", "-setcookie", Some(1)),
            ("+sbtw", "+sbwt", Some(1)),
            ("abc", "abc", Some(0)),
            ("", "ab", Some(2)),
            ("abc", "xyz", None),
        ] {
            assert_eq!(distance(from, to, 2), expected, "{from} {to}");
        }
    }

    #[test]
    fn only_what_is_near_is_meant() {
        let known = || ["+sbwt", "+sbwtdio", "+SDio", "+P"].into_iter();
        assert_eq!(nearest("+sbwtt", known()), Some("+sbwt"));
        assert_eq!(nearest("+sbtw", ["+sbt", "+sbwt"].into_iter()), Some("+sbwt"));
        assert_eq!(nearest("+sdIO", known()), Some("+SDio"));
        assert_eq!(nearest("+xyzzy", known()), None);
        assert_eq!(nearest(&"+".repeat(100_000), known()), None);
    }
}
