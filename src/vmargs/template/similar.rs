//! Near misses: which known name was meant by an unknown one.

use crate::vmargs::near::distance;

/// A name longer than this was not mistyped.
const LONGEST: usize = 64;

/// The known name that resembles `name` most, when one does.
pub(super) fn similar<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    known
        .filter(|it| it.len() <= LONGEST)
        .filter_map(|it| Some((distance(it, name, 1 + it.len() / 8)?, it)))
        .filter(|(distance, it)| *distance > 0 && *distance < it.len())
        .min()
        .map(|(_, it)| it)
}
