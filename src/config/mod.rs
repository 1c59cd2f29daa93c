//! `rel/relboot.toml` as typed: what the user wrote, and nothing of what it means for a release
//! (that is [`crate::kit::Plan`]). Strict: an unknown key is an error, and so is an impossible value.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, Unexpected, Visitor};

mod error;
mod flags;
mod life;

pub use self::error::ConfigError;
pub use self::flags::Flags;
pub use self::life::{Logs, Number, Run, Stop, Supervise, UserName};

/// The whole file; each part may be missing.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Config {
    /// `[vm]`
    pub vm: Vm,
    /// `[config]`
    pub config: SysConfig,
    /// `[start]`: how long the node may take to boot.
    pub start: Timed,
    /// `[stop]`: how the node is brought to its end.
    pub stop: Stop,
    /// `[supervise]`: what stands by a node in the foreground.
    pub supervise: Supervise,
    /// `[run]`: who runs the node.
    pub run: Run,
    /// `[logs]`: how much is kept of them.
    pub logs: Logs,
    /// `[hooks]`: how long an executed hook may run.
    pub hooks: Timed,
    /// `[commands]`
    pub commands: Commands,
}

/// `[commands]`: what commands mean that other tools have in more than one meaning.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Commands {
    /// Where `eval` evaluates.
    pub eval: Where,
}

/// Where code is evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", expecting = "\"vm\" or \"node\"")]
pub enum Where {
    /// In a VM of its own, as mix releases do.
    #[default]
    Vm,
    /// On the running node, as relx's scripts do.
    Node,
}

/// `[vm]`: the arguments of the virtual machine.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Vm {
    /// The template of `vm.args`; without the key it is `rel/vm.args.j2`, when there is one.
    pub template: Option<ProjectPath>,
    /// Whether the host decides the flags that nobody wrote.
    pub sizing: Sizing,
    /// `[vm.flags]`: what is set against that.
    pub flags: Flags,
}

/// Whether the host decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", expecting = "\"auto\" or \"off\"")]
pub enum Sizing {
    /// What nobody wrote follows from the host, at each start.
    Auto,
    /// vm.args says all.
    #[default]
    Off,
}

/// `[config]`: the configuration of the applications.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct SysConfig {
    /// The template of sys.config; without the key it is `rel/sys.config.j2`, when there is one.
    pub template: Option<ProjectPath>,
}

/// A part with a time limit only.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub struct Timed {
    /// The limit.
    pub timeout: Seconds,
}

/// A time limit in whole seconds, 1 to 86400 (a day); 60 when nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(u32);

impl Seconds {
    const LONGEST: u32 = 86_400;

    /// The number of seconds.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl Default for Seconds {
    fn default() -> Self {
        Self(60)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Seconds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number of seconds from 1 to {}", Seconds::LONGEST)
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Seconds, E> {
                match u32::try_from(number) {
                    Ok(seconds @ 1..=Seconds::LONGEST) => Ok(Seconds(seconds)),
                    _ => Err(E::invalid_value(Unexpected::Signed(number), &self)),
                }
            }
        }
        deserializer.deserialize_i64(Number)
    }
}

/// A path relative to the project's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectPath(String);

impl ProjectPath {
    /// The path as written.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        Path::new(&self.0)
    }
}

impl<'de> Deserialize<'de> for ProjectPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || text.contains('\0') || Path::new(&text).is_absolute() {
            let wanted = "a path relative to the project, such as \"rel/vm.args.j2\"";
            return Err(D::Error::invalid_value(Unexpected::Str(&text), &wanted));
        }
        Ok(Self(text))
    }
}

impl Config {
    /// Reads the file at `path`, which messages name as `shown`; without the file, all defaults.
    ///
    /// # Errors
    /// When the file is there but can't be read, or is wrong.
    pub fn load(path: &Path, shown: &str) -> Result<Option<Self>, ConfigError> {
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, shown).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(ConfigError::Unreadable(shown.into(), error)),
        }
    }

    /// Reads `text`, which messages name as `shown`.
    ///
    /// # Errors
    /// With line and column: what is no TOML, unknown keys, wrong types, impossible values.
    pub fn parse(text: &str, shown: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::wrong(text, shown, &error))?;
        if config.vm.sizing == Sizing::Off && !config.vm.flags.is_empty() {
            return Err(ConfigError::without_sizing(text, shown));
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, Where};
    use crate::error::Report;

    fn fails(text: &str) -> (String, Option<String>) {
        let error = Config::parse(text, "rel/relboot.toml").unwrap_err();
        (error.to_string(), error.help())
    }

    #[test]
    fn nothing_said_means_the_defaults() {
        let config = Config::parse("", "x").unwrap();
        assert_eq!(config, Config::default());
        assert_eq!((config.start.timeout.get(), config.vm.template), (60, None));
    }

    #[test]
    fn all_that_can_be_said() {
        let text = "[vm]\ntemplate = \"rel/my.j2\"\n[config]\ntemplate = \"c.j2\"\n[start]\ntimeout = 5\n[stop]\ntimeout=86400\n[hooks]\ntimeout=1\n[commands]\neval=\"node\"\n";
        let config = Config::parse(text, "x").unwrap();
        assert_eq!(config.vm.template.unwrap().as_path().to_str(), Some("rel/my.j2"));
        assert_eq!(config.config.template.unwrap().as_path().to_str(), Some("c.j2"));
        assert_eq!(config.commands.eval, Where::Node);
        let limits =
            [config.start.timeout, config.stop.timeout, config.hooks.timeout].map(|limit| limit.get());
        assert_eq!(limits, [5, 86_400, 1]);
    }

    #[test]
    fn unknown_keys_are_named_with_what_is_meant_or_allowed() {
        let (message, help) = fails("# é\n  [strat]\ntimeout = 1\n");
        assert_eq!(message, "rel/relboot.toml:2:4: unknown key \"strat\"");
        assert_eq!(help.unwrap(), "did you mean \"start\"?");
        let (message, help) = fails("[vm]\n\"é\" = 1\n");
        assert_eq!(message, "rel/relboot.toml:2:1: unknown key \"é\"");
        assert_eq!(help.unwrap(), "the keys here are: template, sizing, flags");
        let (_, help) = fails("colour = 1\n");
        assert_eq!(
            help.unwrap(),
            "the keys here are: vm, config, start, stop, supervise, run, logs, hooks, commands"
        );
    }

    #[test]
    fn wrong_types_and_impossible_values_name_the_key() {
        let cases = [
            (
                "[start]\ntimeout = \"60s\"",
                "2:11: start.timeout: invalid type: string \"60s\", expected a number of seconds from 1 to 86400",
            ),
            (
                "[stop]\ntimeout = 0",
                "2:11: stop.timeout: invalid value: integer `0`, expected a number of seconds from 1 to 86400",
            ),
            ("hooks = 1", "1:9: hooks: invalid type: integer `1`, expected a table"),
            (
                "[commands]\neval = \"shell\"",
                "2:8: commands.eval: unknown variant `shell`, expected `vm` or `node`",
            ),
            (
                "vm.template = \"/etc/x\"",
                "1:15: vm.template: invalid value: string \"/etc/x\", expected a path relative to the project, such as \"rel/vm.args.j2\"",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(fails(text).0, format!("rel/relboot.toml:{message}"));
        }
    }

    #[test]
    fn broken_toml_has_a_place() {
        for text in ["[start]\ntimeout =", "[start", "a = 1\na = 2", "[start]\n\n\u{7}"] {
            let (message, _) = fails(text);
            let mut parts = message.strip_prefix("rel/relboot.toml:").unwrap().splitn(3, ':');
            let line: usize = parts.next().unwrap().parse().unwrap();
            assert!(line >= 1 && line <= text.lines().count(), "{message}");
            assert!(!message.contains('\n'), "{message}");
        }
    }
}
