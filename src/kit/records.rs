//! The records that `release_handler` keeps in `releases/`: written where a tool made none.
//! Pure; the format is that of `release_handler:create_RELEASES/4`.

use std::collections::BTreeSet;

use crate::consult::{Dialect, Term, Value, read};
use crate::release::Release;

/// `releases/RELEASES` for the one version of `release`, permanent, with paths relative to its root.
#[must_use]
pub fn releases(release: &Release) -> String {
    let apps: Vec<_> = release
        .applications
        .iter()
        .map(|app| {
            let path = quoted(&format!("lib/{}", app.dir()), '"');
            format!("{{{},{},{path}}}", atom(&app.name), quoted(&app.vsn, '"'))
        })
        .collect();
    format!(
        "%% coding: utf-8\n[{{release,{},{},{},\n          [{}],\n          permanent}}].\n",
        quoted(release.name.as_str(), '"'),
        quoted(&release.vsn, '"'),
        quoted(&release.erts_vsn, '"'),
        apps.join(",\n           ")
    )
}

/// Whether `text`, a `releases/RELEASES`, leaves out the version that runs next, or lists other
/// applications for it: mix empties `releases/VSN` when it builds again, but not `releases/`.
/// A text that can't be read is not stale but broken, and left to its owner.
#[must_use]
pub fn is_stale(text: &str, release: &Release) -> bool {
    let Ok(Term { value: Value::List(versions), .. }) = read(text, Dialect::default()) else { return false };
    let wanted: BTreeSet<(&str, &str)> =
        release.applications.iter().map(|app| (app.name.as_str(), app.vsn.as_str())).collect();
    !versions.iter().any(|version| applications(version, &release.vsn).is_some_and(|apps| apps == wanted))
}

/// The applications of `{release, Name, Vsn, ErtsVsn, [{App, AppVsn, Dir}], Status}`, when it is of `vsn`.
fn applications<'a>(version: &'a Term, vsn: &str) -> Option<BTreeSet<(&'a str, &'a str)>> {
    let Value::Tuple(parts) = &version.value else { return None };
    let [_, _, version, _, Term { value: Value::List(apps), .. }, _] = &parts[..] else { return None };
    if version.value != Value::String(vsn.into()) {
        return None;
    }
    apps.iter()
        .map(|app| match &app.value {
            Value::Tuple(parts) => match &parts[..] {
                [Term { value: Value::Atom(name), .. }, Term { value: Value::String(vsn), .. }, ..] => {
                    Some((name.as_str(), vsn.as_str()))
                }
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// `releases/start_erl.data`: what runs next. Without a newline, as the tools write it.
#[must_use]
pub fn start_data(release: &Release) -> String {
    format!("{} {}", release.erts_vsn, release.vsn)
}

fn quoted(text: &str, quote: char) -> String {
    let inner: String =
        text.chars().flat_map(|c| (c == quote || c == '\\').then_some('\\').into_iter().chain([c])).collect();
    format!("{quote}{inner}{quote}")
}

/// An atom is bare only where any Erlang reads it so; all others are quoted, reserved words too.
fn atom(name: &str) -> String {
    const RESERVED: &[&str] = &[
        "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch",
        "cond", "div", "else", "end", "fun", "if", "let", "maybe", "not", "of", "or", "orelse", "receive",
        "rem", "try", "when", "xor",
    ];
    let bare = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '@');
    if bare && !RESERVED.contains(&name) { name.into() } else { quoted(name, '\'') }
}

#[cfg(test)]
mod tests {
    use super::{atom, is_stale, releases, start_data};
    use crate::consult::{Dialect, read};
    use crate::release::{Release, tests as made};

    #[test]
    fn one_permanent_version() {
        let dir = tempfile::tempdir().unwrap();
        made::relx(dir.path(), "0.1.0");
        let release = Release::open(dir.path()).unwrap();
        insta::assert_snapshot!(releases(&release), @r#"
        %% coding: utf-8
        [{release,"demo","0.1.0","13.1.5",
                  [{kernel,"8.5.3","lib/kernel-8.5.3"},
                   {demo,"0.1.0","lib/demo-0.1.0"}],
                  permanent}].
        "#);
        assert!(read(&releases(&release), Dialect::default()).is_ok());
        assert_eq!(start_data(&release), "13.1.5 0.1.0");
    }

    #[test]
    fn stale_is_what_does_not_describe_the_version() {
        let dir = tempfile::tempdir().unwrap();
        made::relx(dir.path(), "0.1.0");
        let release = Release::open(dir.path()).unwrap();
        let text = releases(&release);
        assert!(!is_stale(&text, &release));
        assert!(!is_stale(&text.replace("\"lib/", "\"./lib/").replace("permanent", "current"), &release));
        assert!(is_stale(&text.replace("\"demo\",\"0.1.0\"", "\"demo\",\"0.0.9\""), &release));
        assert!(is_stale(&text.replace("8.5.3", "8.5.2"), &release));
        assert!(is_stale("[].", &release));
        assert!(!is_stale("broken", &release));
    }

    #[test]
    fn atoms_are_quoted_where_they_have_to_be() {
        let quoted: Vec<_> = ["demo", "my-app", "Elixir.X", "fun", "it's"].map(atom).into();
        assert_eq!(quoted, ["demo", "'my-app'", "'Elixir.X'", "'fun'", "'it\\'s'"]);
    }
}
