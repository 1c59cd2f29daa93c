//! `[vm.flags]`: what is set against the flags that the host would decide.

use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Unexpected, Visitor};

use crate::vmargs::sizing::{Override, RULES, Rule};

/// The entries, in the order of the file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Flags(Vec<Override>);

impl Flags {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the helper reads them: one in each line.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.iter().map(Override::to_text).collect::<Vec<_>>().join("\n")
    }
}

impl<'de> Deserialize<'de> for Flags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;
        impl<'de> Visitor<'de> for Table {
            type Value = Flags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of flags")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flags, A::Error> {
                let mut flags = Vec::new();
                while let Some(Key(rule)) = map.next_key()? {
                    flags.push(map.next_value_seed(Value(rule))?);
                }
                Ok(Flags(flags))
            }
        }
        deserializer.deserialize_map(Table)
    }
}

/// A flag that sizing decides.
struct Key(&'static Rule);

static KEYS: LazyLock<Vec<&'static str>> = LazyLock::new(|| RULES.iter().map(|rule| rule.key).collect());

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let key = String::deserialize(deserializer)?;
        Override::rule(&key).map(Self).ok_or_else(|| D::Error::unknown_field(&key, &KEYS))
    }
}

/// The value for a flag: a number, a text, or `false` to leave it to the VM.
struct Value(&'static Rule);

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Override;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Override, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Value {
    type Value = Override;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or false to leave it to the VM", self.0.takes.expected())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Override, E> {
        if value {
            return Err(E::invalid_value(Unexpected::Bool(value), &self));
        }
        Ok(Override { key: self.0.key, value: None })
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Override, E> {
        if self.0.takes.fits(&value.to_string()) {
            return Ok(Override { key: self.0.key, value: Some(value.to_string()) });
        }
        Err(E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Override, E> {
        if self.0.takes.fits(value) {
            return Ok(Override { key: self.0.key, value: Some(value.into()) });
        }
        Err(E::invalid_value(Unexpected::Str(value), &self))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Sizing};
    use crate::error::Report;

    #[test]
    fn flags_are_those_that_sizing_decides() {
        let text = "[vm]\nsizing = \"auto\"\n[vm.flags]\n\"+P\" = 500000\n\"+sbwt\" = \"long\"\n\"+zdbbl\" = false\n\"+S\" = \"4:2\"\n";
        let config = Config::parse(text, "x").unwrap();
        assert_eq!(config.vm.sizing, Sizing::Auto);
        let mut lines: Vec<_> = config.vm.flags.to_text().lines().map(str::to_owned).collect();
        lines.sort_unstable();
        assert_eq!(lines, ["+P=500000", "+S=4:2", "+sbwt=long", "+zdbbl=default"]);
    }

    #[test]
    fn the_example_of_the_documentation_is_one() {
        let docs = include_str!("../../docs/vm-args.md");
        let block = docs.split_once("    [vm]\n").unwrap().1.split_once("\n\n|").unwrap().0;
        let config = Config::parse(&format!("[vm]\n{block}"), "x").unwrap();
        assert_eq!((config.vm.sizing, config.vm.flags.to_text().lines().count()), (Sizing::Auto, 4));
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        for (flags, message) in [
            ("\"+sbtw\" = 1", "4:1: unknown key \"+sbtw\""),
            (
                "\"+P\" = true",
                "4:8: vm.flags.+P: invalid value: boolean `true`, expected a number from 1024 to 134217727, or false to leave it to the VM",
            ),
            (
                "\"+P\" = 1",
                "4:8: vm.flags.+P: invalid value: integer `1`, expected a number from 1024 to 134217727, or false to leave it to the VM",
            ),
            (
                "\"+sbwt\" = \"no\"",
                "4:11: vm.flags.+sbwt: invalid value: string \"no\", expected one of none, very_short, short, medium, long, very_long, or false to leave it to the VM",
            ),
            (
                "\"+P\" = 1.5",
                "4:8: vm.flags.+P: invalid type: floating point `1.5`, expected a number from 1024 to 134217727, or false to leave it to the VM",
            ),
        ] {
            let text = format!("[vm]\nsizing = \"auto\"\n[vm.flags]\n{flags}\n");
            let error = Config::parse(&text, "r.toml").unwrap_err();
            assert_eq!(error.to_string(), format!("r.toml:{message}"));
            if flags.starts_with("\"+sbtw") {
                assert_eq!(error.help().unwrap(), "did you mean \"+sbwt\"?");
            }
        }
        let error = Config::parse("[vm.flags]\n\"+P\" = 5000\n", "r.toml").unwrap_err();
        assert_eq!(
            error.to_string(),
            "r.toml:1:1: vm.flags: these are for what sizing decides, and it is off: sizing = \"auto\" in [vm]"
        );
    }
}
