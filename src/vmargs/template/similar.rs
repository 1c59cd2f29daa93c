//! Near misses: which known name was meant by an unknown one.

/// A name longer than this was not mistyped.
const LONGEST: usize = 64;

/// The known name that resembles `name` most, when one does.
pub(super) fn similar<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    known
        .filter(|it| it.len() <= LONGEST)
        .map(|it| (distance(it, name), it))
        .filter(|(distance, it)| *distance <= 1 + it.len() / 8 && *distance > 0 && *distance < it.len())
        .min()
        .map(|(_, it)| it)
}

/// The number of letters to change, add, drop or swap with the next to get from one to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=to.len()).collect()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let change = rows[i - 1][j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}
