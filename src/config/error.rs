//! What is wrong in `relboot.toml`, with its place and what is allowed there.

use std::fmt;
use std::io;

use toml::de::{DeTable, DeValue};

use crate::error::Report;

/// Why a configuration can't be used.
#[derive(Debug)]
pub enum ConfigError {
    /// The file is there but can't be read.
    Unreadable(String, io::Error),
    /// A key that means nothing.
    UnknownKey {
        /// `FILE:LINE:COLUMN`
        place: String,
        /// The key.
        key: String,
        /// The keys that would mean something there.
        allowed: Vec<String>,
    },
    /// Anything else that is wrong in the text.
    Wrong {
        /// `FILE:LINE:COLUMN`
        place: String,
        /// The dotted key whose value it is; empty when the text is no TOML.
        key: String,
        /// What is wrong and what is expected.
        message: String,
    },
}

impl ConfigError {
    /// `[vm.flags]` beside `sizing = "off"`.
    pub(super) fn without_sizing(text: &str, shown: &str) -> Self {
        let table = DeTable::parse(text).ok();
        let flags = table.as_ref().and_then(|table| table.get_ref().get("vm")?.get_ref().get("flags"));
        let place = place(text, shown, flags.map_or(0, |flags| flags.span().start));
        let message = "these are for what sizing decides, and it is off: sizing = \"auto\" in [vm]".into();
        Self::Wrong { place, key: "vm.flags".into(), message }
    }

    pub(super) fn wrong(text: &str, shown: &str, error: &toml::de::Error) -> Self {
        let offset = error.span().map_or(0, |span| span.start);
        let place = place(text, shown, offset);
        let message = error.message();
        if let Some(rest) = message.strip_prefix("unknown field ") {
            // serde names the key first, then those allowed, each between backticks.
            let mut names = rest.split('`').skip(1).step_by(2).map(str::to_owned);
            let key = names.next().unwrap_or_default();
            return Self::UnknownKey { place, key, allowed: names.collect() };
        }
        let key = DeTable::parse(text).ok().and_then(|table| key_at(table.get_ref(), offset));
        let message = message.replace('\n', ", ");
        Self::Wrong { place, key: key.unwrap_or_default(), message }
    }
}

fn place(text: &str, shown: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    format!("{shown}:{line}:{column}")
}

/// The dotted key of the value that holds byte `offset`.
fn key_at(table: &DeTable<'_>, offset: usize) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let inner = match value.get_ref() {
            DeValue::Table(table) => key_at(table, offset).map(|rest| format!("{}.{rest}", key.get_ref())),
            _ => None,
        };
        inner.or_else(|| value.span().contains(&offset).then(|| key.get_ref().to_string()))
    })
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(shown, error) => write!(f, "{shown}: {error}"),
            Self::UnknownKey { place, key, .. } => write!(f, "{place}: unknown key \"{key}\""),
            Self::Wrong { place, key, message } if key.is_empty() => write!(f, "{place}: {message}"),
            Self::Wrong { place, key, message } => write!(f, "{place}: {key}: {message}"),
        }
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, error) => Some(error),
            _ => None,
        }
    }
}

impl Report for ConfigError {
    fn help(&self) -> Option<String> {
        let Self::UnknownKey { key, allowed, .. } = self else { return None };
        let names: Vec<&str> = allowed.iter().map(String::as_str).collect();
        match similar::get_close_matches(key.as_str(), &names, 1, 0.6).first() {
            Some(name) => Some(format!("did you mean \"{name}\"?")),
            None => Some(format!("the keys here are: {}", names.join(", "))),
        }
    }
}
