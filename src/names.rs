//! Parsed names: what a release, a version, a command and a node may be called.
//! Parse once, then pass the type on; nothing here touches the host.

use std::fmt;

use crate::error::{Report, Status};

/// Why a text is no such name.
#[derive(Debug, PartialEq, Eq)]
pub struct NameError {
    kind: &'static str,
    value: String,
    rule: &'static str,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no {}: {}", self.value, self.kind, self.rule)
    }
}

impl std::error::Error for NameError {}

impl Report for NameError {
    fn status(&self) -> Status {
        Status::Usage
    }
}

/// The name of a release: it becomes the file `bin/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReleaseName(String);

impl ReleaseName {
    /// # Errors
    /// When `text` can't be the name of a command: empty, starting with `-` or `.`, or with
    /// characters other than letters, digits, `_`, `-`, `.`, `+`, `@`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let rule =
            "letters, digits, \"_\", \"-\", \".\", \"+\" and \"@\" only, a letter, digit or \"_\" first";
        let legal = |c: char| c.is_ascii_alphanumeric() || "_-.+@".contains(c);
        let first = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        if first && text.chars().all(legal) {
            Ok(Self(text.into()))
        } else {
            Err(NameError { kind: "valid command name", value: text.into(), rule })
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReleaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A node's full name, `alive@host`. Long when the host has a dot (or a colon: IPv6), else short.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeName {
    alive: String,
    host: String,
}

impl NodeName {
    /// # Errors
    /// When `text` is not `alive@host` with legal characters in both parts.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let error = |rule| NameError { kind: "node name", value: text.into(), rule };
        let (alive, host) = text.split_once('@').ok_or_else(|| error("it has to be NAME@HOST"))?;
        // net_kernel accepts these; what it refuses it refuses with a crash of the whole VM.
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if alive.is_empty() || !alive.chars().all(legal) {
            return Err(error("the part before \"@\" may hold letters, digits, \"_\" and \"-\""));
        }
        // erlexec takes it for a flag, and the VM starts without a name.
        if alive.starts_with('-') {
            return Err(error("it can't begin with \"-\""));
        }
        if host.is_empty() || !host.chars().all(|c| legal(c) || c == '.' || c == ':') {
            return Err(error(
                "the part after \"@\" may hold letters, digits, \"-\", \"_\", \".\" and \":\"",
            ));
        }
        if text.len() > 255 {
            return Err(error("it may have 255 characters at most"));
        }
        Ok(Self { alive: alive.into(), host: host.into() })
    }

    /// The part before `@`: what epmd knows the node by.
    #[must_use]
    pub fn alive(&self) -> &str {
        &self.alive
    }

    /// The part after `@`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is a long name (`-name`), as its host part tells.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.host.contains(['.', ':'])
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.alive, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::{NodeName, ReleaseName};

    #[test]
    fn release_names_are_command_names() {
        for good in ["demo", "my_app", "my-app", "a.b", "2048"] {
            assert!(ReleaseName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-x", ".x", "a b", "a/b", "a$b", "a\nb", "é"] {
            assert!(ReleaseName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn node_names_have_two_parts() {
        let name = NodeName::parse("demo@host.example").unwrap();
        assert_eq!((name.alive(), name.host(), name.is_long()), ("demo", "host.example", true));
        assert!(!NodeName::parse("demo@host").unwrap().is_long());
        assert!(NodeName::parse("n@::1").unwrap().is_long());
        let long = format!("{}@h", "x".repeat(253));
        assert!(NodeName::parse(&long).is_ok());
        let too_long = format!("x{long}");
        for bad in
            ["demo", "@h", "demo@", "demo@h\r", "de mo@h", "a@b@c", "a.b@h", "-a@h", "a+b@h", &too_long]
        {
            assert!(NodeName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
