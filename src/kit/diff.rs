//! A comparison as text: unified diffs for texts, one line for programs. Pure.

use similar::TextDiff;

use super::compare::{Action, Change};

/// How `change` would look in a patch; ends with a newline.
#[must_use]
pub fn unified(change: &Change<'_>) -> String {
    let path = &change.path;
    let (before, after) = match change.action {
        Action::Create => ("/dev/null".to_owned(), format!("b/{path}")),
        Action::Remove => (format!("a/{path}"), "/dev/null".to_owned()),
        Action::Replace => (format!("a/{path}"), format!("b/{path}")),
        Action::Chmod => {
            let mode = change.new.map_or(0, |file| file.mode);
            return format!("{path}: mode differs, should be {mode:04o}\n");
        }
    };
    let old = change.old.as_deref().unwrap_or_default();
    let new = change.new.map_or(&[][..], |file| &file.bytes);
    match (text(old), text(new)) {
        (Some(old), Some(new)) if old != new => {
            let diff = TextDiff::from_lines(old, new);
            diff.unified_diff().header(&before, &after).to_string()
        }
        (Some(_), Some(_)) => format!("{path}: a symbolic link, should be a file\n"),
        _ => format!("{path}: binary differs\n"),
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    if bytes.contains(&0) { None } else { std::str::from_utf8(bytes).ok() }
}

#[cfg(test)]
mod tests {
    use super::unified;
    use crate::kit::compare::{Action, Change};
    use crate::kit::{Planned, Rule};

    fn diff(action: Action, old: Option<&[u8]>, new: Option<&[u8]>) -> String {
        let planned =
            new.map(|bytes| Planned { path: "p".into(), bytes: bytes.into(), mode: 0o755, rule: Rule::Kit });
        let old = old.map(Into::into);
        unified(&Change { path: "p".into(), action, old, new: planned.as_ref() })
    }

    #[test]
    fn texts_programs_modes_and_links() {
        assert_eq!(
            diff(Action::Replace, Some(b"a\nb\n"), Some(b"a\nc\n")),
            "--- a/p\n+++ b/p\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
        );
        assert_eq!(diff(Action::Create, None, Some(b"a\n")), "--- /dev/null\n+++ b/p\n@@ -0,0 +1 @@\n+a\n");
        assert_eq!(diff(Action::Remove, Some(b"a\n"), None), "--- a/p\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n");
        assert_eq!(diff(Action::Replace, Some(b"\x7fELF\0"), Some(b"\x7fELF\0x")), "p: binary differs\n");
        assert_eq!(diff(Action::Chmod, Some(b"a"), Some(b"a")), "p: mode differs, should be 0755\n");
        assert_eq!(diff(Action::Replace, Some(b"a"), Some(b"a")), "p: a symbolic link, should be a file\n");
    }
}
