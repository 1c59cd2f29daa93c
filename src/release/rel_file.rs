//! `NAME.rel`: which applications, in which versions, on which erts. Parses text; touches no disk.
//! The format is that of the `rel(5)` page of OTP's sasl application.

use crate::consult::{Dialect, Fault, Term, Value, read};

/// An application of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its name; safe as a part of a path.
    pub name: String,
    /// Its version; safe as a part of a path.
    pub vsn: String,
}

impl App {
    /// Its directory's name below `lib/`: `NAME-VSN`.
    #[must_use]
    pub fn dir(&self) -> String {
        format!("{}-{}", self.name, self.vsn)
    }
}

/// What a `.rel` file says. Each text in it is safe as a part of a path, but for `name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelFile {
    /// The release's name, as written.
    pub name: String,
    /// The release's version.
    pub vsn: String,
    /// The version of erts.
    pub erts_vsn: String,
    /// The applications, in the file's order.
    pub applications: Vec<App>,
}

/// Reads `{release, {Name, Vsn}, {erts, ErtsVsn}, [{App, AppVsn, ...}]}.`
///
/// # Errors
/// With line and column, when the text is no such term.
pub fn parse(source: &str) -> Result<RelFile, Fault> {
    let shape = "it should be {release, {NAME, VSN}, {erts, VSN}, APPLICATIONS}";
    let term = read(source, Dialect::default())?;
    let parts = tuple(&term, shape)?;
    let [tag, release, erts, applications] = parts else { return Err(term.fault(shape)) };
    atom(tag, "release")?;
    let [name, vsn] = tuple(release, shape)? else { return Err(release.fault(shape)) };
    let [erts_tag, erts_vsn] = tuple(erts, shape)? else { return Err(erts.fault(shape)) };
    atom(erts_tag, "erts")?;
    let Value::List(applications) = &applications.value else {
        return Err(applications.fault("the applications should be a list"));
    };
    Ok(RelFile {
        name: string(name)?.into(),
        vsn: part(vsn)?,
        erts_vsn: part(erts_vsn)?,
        applications: applications.iter().map(app).collect::<Result<_, _>>()?,
    })
}

fn app(term: &Term) -> Result<App, Fault> {
    let shape = "an application should be {NAME, VSN, ...}";
    match tuple(term, shape)? {
        [name, vsn, ..] => {
            let Value::Atom(text) = &name.value else { return Err(name.fault(shape)) };
            Ok(App { name: safe(name, text)?, vsn: part(vsn)? })
        }
        _ => Err(term.fault(shape)),
    }
}

fn tuple<'a>(term: &'a Term, shape: &str) -> Result<&'a [Term], Fault> {
    match &term.value {
        Value::Tuple(parts) => Ok(parts),
        _ => Err(term.fault(shape)),
    }
}

fn atom(term: &Term, wanted: &str) -> Result<(), Fault> {
    match &term.value {
        Value::Atom(name) if name == wanted => Ok(()),
        _ => Err(term.fault(format!("the atom {wanted} should be here"))),
    }
}

fn string(term: &Term) -> Result<&str, Fault> {
    match &term.value {
        Value::String(text) => Ok(text),
        _ => Err(term.fault("a string should be here")),
    }
}

fn part(term: &Term) -> Result<String, Fault> {
    safe(term, string(term)?)
}

/// Names and versions become parts of paths, in the release and in archives.
fn safe(term: &Term, text: &str) -> Result<String, Fault> {
    let hostile = text.is_empty() || text.starts_with('.') || text.contains(['/', '\\']);
    if hostile || text.chars().any(char::is_control) {
        return Err(term.fault(format!("{text:?} can't be a part of a path")));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn reads_what_the_tools_write() {
        let rel = parse(
            "%% coding: utf-8\n{release,{\"exc\",\"0.1.0\"},\n {erts,\"13.1.5\"},\n \
             [{kernel,\"8.5.3\",permanent},{iex,\"1.14.0\",none,[]},{stdlib,\"4.2\"}]}.",
        )
        .unwrap();
        assert_eq!((rel.name.as_str(), rel.vsn.as_str(), rel.erts_vsn.as_str()), ("exc", "0.1.0", "13.1.5"));
        let dirs: Vec<_> = rel.applications.iter().map(super::App::dir).collect();
        assert_eq!(dirs, ["kernel-8.5.3", "iex-1.14.0", "stdlib-4.2"]);
    }

    #[test]
    fn says_where_it_is_broken() {
        for (source, line, column, message) in [
            ("{release,{\"a\",\"1\"},{erts,\"1\"},\n [{a,b}]}.", 2, 6, "a string should be here"),
            ("{script,{\"a\",\"1\"},{erts,\"1\"},[]}.", 1, 2, "the atom release should be here"),
            ("{release,{\"a\",\"../x\"},{erts,\"1\"},[]}.", 1, 15, "\"../x\" can't be a part of a path"),
            (
                "{release,{\"a\",\"1\"},{erts,\"1\"},[{'a/b',\"1\"}]}.",
                1,
                33,
                "\"a/b\" can't be a part of a path",
            ),
        ] {
            let fault = parse(source).unwrap_err();
            assert_eq!(
                (fault.line, fault.column, fault.message.as_str()),
                (line, column, message),
                "{source}"
            );
        }
    }
}
