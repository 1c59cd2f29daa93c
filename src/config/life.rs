//! How the node is kept: `[stop]`, `[supervise]`, `[run]`, `[logs]`.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

use super::Seconds;

/// `[stop]`: how the node is brought to its end.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Stop {
    /// How long it may take to stop by itself.
    pub timeout: Seconds,
    /// Whether a node that does not end by SIGTERM is killed.
    pub kill: bool,
    /// Whether it writes a crash dump before that.
    pub dump: bool,
}

impl Default for Stop {
    fn default() -> Self {
        Self { timeout: Seconds::default(), kill: true, dump: false }
    }
}

/// `[supervise]`: what stands by a node in the foreground.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Supervise {
    /// Whether the helper stays as the parent of a node in the foreground.
    pub enabled: bool,
    /// A node in the foreground that gives no answer for so long is ended; none: it is not asked.
    pub watchdog: Option<Seconds>,
}

impl Default for Supervise {
    fn default() -> Self {
        Self { enabled: true, watchdog: None }
    }
}

/// `[run]`: who runs the node.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Run {
    /// Whom root becomes before anything is done.
    pub user: Option<UserName>,
}

/// The name of a user of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserName(String);

impl UserName {
    const LONGEST: usize = 32;

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_one(text: &str) -> bool {
        let mut bytes = text.bytes();
        text.len() <= Self::LONGEST
            && bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    }
}

impl<'de> Deserialize<'de> for UserName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if !Self::is_one(&text) {
            return Err(D::Error::invalid_value(
                Unexpected::Str(&text),
                &"the name of a user, such as \"app\"",
            ));
        }
        Ok(Self(text))
    }
}

/// `[logs]`: how much is kept of what nodes in the background wrote, and of their crash dumps.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Logs {
    /// How many files there are at most, the one being written among them.
    pub files: Number<2, 1000>,
    /// How large one gets before the next is begun.
    pub bytes: Number<1000, 1_000_000_000>,
    /// How many crash dumps are kept.
    pub crash_dumps: Number<1, 1000>,
}

impl Default for Logs {
    fn default() -> Self {
        Self { files: Number(5), bytes: Number(1_000_000), crash_dumps: Number(5) }
    }
}

/// A whole number in bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<const LEAST: u32, const MOST: u32>(u32);

impl<const LEAST: u32, const MOST: u32> Number<LEAST, MOST> {
    /// The number.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl<'de, const LEAST: u32, const MOST: u32> Deserialize<'de> for Number<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounds<const LEAST: u32, const MOST: u32>;
        impl<const LEAST: u32, const MOST: u32> Visitor<'_> for Bounds<LEAST, MOST> {
            type Value = Number<LEAST, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number from {LEAST} to {MOST}")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
                match u32::try_from(number) {
                    Ok(number) if (LEAST..=MOST).contains(&number) => Ok(Number(number)),
                    _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
                }
            }
        }
        deserializer.deserialize_i64(Bounds)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn the_defaults_are_what_the_documentation_says() {
        let config = Config::default();
        assert!(config.stop.kill && !config.stop.dump && config.supervise.enabled);
        assert_eq!(config.supervise.watchdog, None);
        let logs = &config.logs;
        assert_eq!([logs.files.get(), logs.bytes.get(), logs.crash_dumps.get()], [5, 1_000_000, 5]);
    }

    #[test]
    fn all_that_can_be_said() {
        let text = "[stop]\ntimeout = 9\nkill = false\ndump = true\n[supervise]\nenabled = false\nwatchdog = 30\n[run]\nuser = \"my-app_1\"\n[logs]\nfiles = 2\nbytes = 1000\ncrash_dumps = 1\n";
        let config = Config::parse(text, "x").unwrap();
        assert_eq!((config.stop.timeout.get(), config.stop.kill, config.stop.dump), (9, false, true));
        assert!(!config.supervise.enabled);
        assert_eq!(config.supervise.watchdog.unwrap().get(), 30);
        assert_eq!(config.run.user.unwrap().as_str(), "my-app_1");
        assert_eq!((config.logs.files.get(), config.logs.bytes.get()), (2, 1000));
    }

    #[test]
    fn impossible_values_are_named() {
        for (text, message) in [
            (
                "[run]\nuser = \"a b\"",
                "2:8: run.user: invalid value: string \"a b\", expected the name of a user, such as \"app\"",
            ),
            (
                "[logs]\nfiles = 1",
                "2:9: logs.files: invalid value: integer `1`, expected a number from 2 to 1000",
            ),
            (
                "[supervise]\nwatchdog = 0",
                "2:12: supervise.watchdog: invalid value: integer `0`, expected a number of seconds from 1 to 86400",
            ),
        ] {
            assert_eq!(Config::parse(text, "f").unwrap_err().to_string(), format!("f:{message}"));
        }
        for user in ["", "-x", "$(id)", "a/b", "0"] {
            assert!(Config::parse(&format!("[run]\nuser = '{user}'"), "f").is_err(), "{user}");
        }
    }
}
