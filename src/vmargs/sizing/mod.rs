//! What the host decides of a command line when the user did not: from facts, version of OTP, what the user
//! wrote and overrides to one decision for each rule.
//!
//! Pure and data-driven: [`RULES`] is what `prepare` follows, what `vmargs --explain` prints and what the
//! documentation is held to.

mod overrides;
mod rules;
#[cfg(test)]
mod tests;

pub use overrides::{Override, Takes};
pub use rules::{NOT_DISTRIBUTED, RULES, Rule};

use super::args::Args;
use crate::host::{Directory, Facts, Otp};

/// The variables of the environment that say the same as a flag that a rule decides.
pub const VARIABLES: [&str; 3] = ["ERL_MAX_PORTS", "ERL_CRASH_DUMP_BYTES", "ERL_CRASH_DUMP_SECONDS"];

/// What a decision is made from.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// The host.
    pub facts: &'a Facts,
    /// The runtime system.
    pub otp: &'a Otp,
    /// All that the user wrote: vm.args and the variables that hold flags.
    pub written: &'a Args,
    /// Those of [`VARIABLES`] that are set.
    pub variables: &'a [&'static str],
    /// The log directory, where crash dumps go.
    pub log: &'a Directory,
    /// What the ports of distribution depend on.
    pub listening: &'a Listening,
    /// The ports that outgoing connections get, where some of [`PORTS`] are among them.
    pub clients: Option<(u16, u16)>,
}

/// Whether and where the node could listen for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listening {
    /// It listens, and somebody may be told where: of these ports (both included) one is free.
    Free,
    /// All of the range are taken.
    Taken,
    /// It is not for us to say; why.
    Left(&'static str),
}

/// Who chose a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// The user, at this place: `vm.args:3` or a variable.
    Yours(String),
    /// `[vm.flags]` in rel/relboot.toml.
    Override,
    /// The rule.
    Auto,
    /// Nobody: the VM does as it does.
    Vm,
}

/// What one rule comes to.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The rule.
    pub rule: &'static Rule,
    /// Who chose.
    pub chosen: Chosen,
    /// The value; `None` where it is left to the VM.
    pub value: Option<String>,
    /// What the rule says, whoever won.
    pub auto: Option<String>,
    /// The fact that the rule rests on, with its value.
    pub fact: String,
}

/// One decision for each rule, in their order.
#[must_use]
pub fn decide(given: &Given<'_>, overrides: &[Override]) -> Vec<Decision> {
    RULES.iter().map(|rule| decide_one(rule, given, overrides)).collect()
}

fn decide_one(rule: &'static Rule, given: &Given<'_>, overrides: &[Override]) -> Decision {
    let (auto, fact) = (rule.choose)(given);
    let overridden = overrides.iter().rev().find(|wish| wish.key == rule.key);
    let (chosen, value) = match (rule.written(given), overridden) {
        (Some((place, value)), _) => (Chosen::Yours(place), value),
        (None, Some(wish)) => (Chosen::Override, wish.value.clone()),
        (None, None) if auto.is_some() => (Chosen::Auto, auto.clone()),
        (None, None) => (Chosen::Vm, None),
    };
    Decision { rule, chosen, value, auto, fact }
}

impl Decision {
    /// The flag and its values as they go to the command line; nothing for what the user wrote himself, for what is
    /// left to the VM and for what is no flag.
    #[must_use]
    pub fn words(&self) -> Option<(&'static str, Vec<String>)> {
        let value = self.value.as_ref()?;
        let key = self.rule.key;
        match (&self.chosen, self.rule.takes) {
            (Chosen::Yours(_) | Chosen::Vm, _) | (_, Takes::Files) => None,
            (_, Takes::Ports) => {
                let (first, last) = value.split_once('-')?;
                let words = ["inet_dist_listen_min", first, "inet_dist_listen_max", last];
                Some(("-kernel", words.map(str::to_owned).to_vec()))
            }
            _ if key.starts_with("ERL_") => Some(("-env", vec![key.to_owned(), value.clone()])),
            _ => Some((key, vec![value.clone()])),
        }
    }
}

/// How many open files the VM shall be allowed (soft limit); `None` leaves it as it is.
#[must_use]
pub fn open_files(decisions: &[Decision]) -> Option<u64> {
    decisions.iter().find(|decision| decision.rule.takes == Takes::Files)?.value.as_ref()?.parse().ok()
}

/// Whether a node that nobody named gets a long name, and the fact that this rests on. `resolved`: whether the
/// host's own files know its full name.
#[must_use]
pub fn long_name(facts: &Facts, resolved: bool) -> (bool, String) {
    let fqdn = &facts.host.fqdn;
    match (facts.host.domain.is_some(), resolved) {
        (true, true) => (true, format!("host.fqdn = {fqdn}, in /etc/hosts")),
        (true, false) => (false, format!("host.fqdn = {fqdn}, not in /etc/hosts")),
        (false, _) => (false, "host.domain is unknown".into()),
    }
}

/// The ports of distribution under auto: beside epmd's 4369, below what systems hand out to clients (32768 on), and
/// clear of the exporters of Prometheus (9100 on).
pub const PORTS: std::ops::RangeInclusive<u16> = 4380..=4399;
