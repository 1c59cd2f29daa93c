//! The overrides of `[vm.flags]`: what each flag takes, and how they travel from the generator to the helper.

use super::rules::{RULES, Rule};

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A whole number from the first to the second.
    Number(u64, u64),
    /// Schedulers: `N`, or `N:ONLINE`.
    Schedulers,
    /// How long a scheduler without work waits before it sleeps.
    Wait,
    /// `true` or `false`.
    Truth,
    /// Ports: `FIRST-LAST`.
    Ports,
    /// A soft limit of open files: no flag.
    Files,
}

impl Takes {
    /// In words, for messages.
    #[must_use]
    pub fn expected(self) -> String {
        match self {
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Schedulers => "a number from 1 to 1024, or \"N:ONLINE\"".into(),
            Self::Wait => format!("one of {}", WAITS.join(", ")),
            Self::Truth => "\"true\" or \"false\"".into(),
            Self::Ports => "ports \"FIRST-LAST\"".into(),
            Self::Files => format!("a number from 256 to {}", u32::MAX),
        }
    }

    /// Whether `value` is one.
    #[must_use]
    pub fn fits(self, value: &str) -> bool {
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let within = |least: u64, most: u64| {
            digits && value.parse().is_ok_and(|number: u64| (least..=most).contains(&number))
        };
        match self {
            Self::Number(least, most) => within(least, most),
            Self::Schedulers => {
                let (all, online) = value.split_once(':').unwrap_or((value, value));
                let count = |text: &str| text.parse::<u16>().ok().filter(|n| (1..=1024).contains(n));
                !value.contains('+')
                    && count(all).zip(count(online)).is_some_and(|(all, online)| online <= all)
            }
            Self::Wait => WAITS.contains(&value),
            Self::Truth => matches!(value, "true" | "false"),
            Self::Ports => {
                let port = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
                let pair = value.split_once('-').and_then(|(first, last)| port(first).zip(port(last)));
                !value.contains('+') && pair.is_some_and(|(first, last)| first <= last)
            }
            Self::Files => within(256, u32::MAX.into()),
        }
    }
}

/// The values of `+sbwt` and its kin.
pub(super) const WAITS: [&str; 6] = ["none", "very_short", "short", "medium", "long", "very_long"];

/// One entry of `[vm.flags]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// A rule's key.
    pub key: &'static str,
    /// `None` leaves it to the VM.
    pub value: Option<String>,
}

impl Override {
    /// The rule of this key.
    #[must_use]
    pub fn rule(key: &str) -> Option<&'static Rule> {
        RULES.iter().find(|rule| rule.key == key)
    }

    /// Reads `KEY=VALUE`; the value `default` leaves it to the VM.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (key, value) = text.split_once('=')?;
        let rule = Self::rule(key)?;
        let value = (value != DEFAULT).then(|| value.to_owned());
        let fits = value.as_ref().is_none_or(|value| rule.takes.fits(value));
        fits.then_some(Self { key: rule.key, value })
    }

    /// As [`Override::parse`] reads it.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}={}", self.key, self.value.as_deref().unwrap_or(DEFAULT))
    }
}

/// What is left to the VM.
const DEFAULT: &str = "default";
