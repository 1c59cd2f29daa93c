//! The forms that the value of a flag may have, and how each is told to people.

use super::table::{Erts, Form, INT};

/// Whether `text` is a value of this form for that version of erts.
pub(super) fn fits(form: &Form, text: &str, erts: Erts) -> bool {
    match *form {
        Form::Nothing | Form::Ignored => text.is_empty(),
        Form::Int(least, greatest) => in_range(text, least, greatest),
        Form::Heap => in_range(text, 0, heap(erts)),
        Form::IntOr(least, greatest, word) => text == word || in_range(text, least, greatest),
        Form::Glued(least, greatest) => in_range(text, least, greatest),
        Form::OneOf(words) | Form::Letters(words) => words.contains(&text),
        Form::Newer(words, newer, since) => words.contains(&text) || (erts >= since && newer.contains(&text)),
        Form::Counts => counts(text, true),
        Form::Percent => counts(text, false),
        Form::Release => {
            let release = i64::from(erts.0) + 12;
            in_range(text, release - 2, release)
        }
        Form::Text => !text.is_empty(),
    }
}

/// What the value has to be: it stands after "needs".
pub(super) fn rule(form: &Form, erts: Erts) -> String {
    match *form {
        Form::Nothing | Form::Ignored => "no value".into(),
        Form::Int(least, greatest) => format!("an integer from {least} to {greatest}"),
        Form::Heap => format!("an integer from 0 to {}", heap(erts)),
        Form::Glued(least, greatest) => format!("an integer from {least} to {greatest}, without a space"),
        Form::IntOr(least, greatest, word) => format!("an integer from {least} to {greatest}, or {word}"),
        Form::OneOf(words) => format!("one of {}", words.join(", ")),
        Form::Letters(words) => {
            let words: Vec<_> = words.iter().filter(|word| !word.is_empty()).copied().collect();
            format!("one of {}, without a space", words.join(", "))
        }
        Form::Newer(words, newer, since) => {
            let newer = if erts >= since { newer } else { &[] };
            format!("one of {}", [words, newer].concat().join(", "))
        }
        Form::Counts => "N, N:M or :M, up to 1024, with M not greater than N".into(),
        Form::Percent => "N, N:M or :M, in percent".into(),
        Form::Release => format!("an integer from {} to {}", erts.0 + 10, erts.0 + 12),
        Form::Text => "a value".into(),
    }
}

/// The flag with a value that it can have.
pub(super) fn example(flag: &str, form: &Form, erts: Erts) -> String {
    match *form {
        Form::Nothing | Form::Ignored => flag.into(),
        Form::Int(least, _) | Form::IntOr(least, _, _) => format!("{flag} {least}"),
        Form::Heap => format!("{flag} 0"),
        Form::Glued(_, greatest) => format!("{flag}{}", greatest.min(64)),
        Form::OneOf(words) | Form::Newer(words, _, _) => {
            format!("{flag} {}", words.first().copied().unwrap_or_default())
        }
        Form::Letters(words) => format!("{flag}{}", words.last().copied().unwrap_or_default()),
        Form::Counts => format!("{flag} 4:4"),
        Form::Percent => format!("{flag} 50:50"),
        Form::Release => format!("{flag} {}", erts.0 + 12),
        Form::Text => format!("{flag} VALUE"),
    }
}

/// An integer as everybody writes it. The VM's own reading takes "5x" for 5 and "x" for 0.
pub(super) fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let all = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

pub(super) fn heap(erts: Erts) -> i64 {
    if erts < (12, 0) { INT } else { (1 << 59) - 2 }
}

fn in_range(text: &str, least: i64, greatest: i64) -> bool {
    integer(text).is_some_and(|number| (least..=greatest).contains(&number))
}

/// `N`, `N:M`, `N:` or `:M`: threads, and those of them that are online. As numbers of threads, 0 and less are
/// counted from what the host has.
fn counts(text: &str, threads: bool) -> bool {
    let (all, online) = text.split_once(':').unwrap_or((text, ""));
    let (least, greatest) = if threads { (-1023, 1024) } else { (0, 51_200) };
    let part = |part: &str| part.is_empty() || in_range(part, least, greatest);
    if (all.is_empty() && online.is_empty()) || !part(all) || !part(online) {
        return false;
    }
    match (integer(all), integer(online)) {
        (Some(all), Some(online)) if threads && all > 0 => online <= all,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::{counts, integer};

    #[test]
    fn integers_are_written_plainly() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-12", Some(-12)),
            ("007", Some(7)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("", None),
            ("-", None),
            ("+5", None),
            ("5x", None),
            (" 5", None),
            ("٣", None),
        ] {
            assert_eq!(integer(text), expected, "{text:?}");
        }
    }

    #[test]
    fn counts_of_threads() {
        for good in ["1", "4:4", "4:2", ":2", "4:", "0", "-1", "-1:-1", "1024:1024", "0:0"] {
            assert!(counts(good, true), "{good}");
        }
        for bad in ["", ":", "x", "2:3", "1025", "1:2:3", "4 :4", "4x"] {
            assert!(!counts(bad, true), "{bad}");
        }
        assert!(counts("50:100", false) && !counts("-1", false));
    }
}
