//! What the VM would refuse, or take for something else in silence, told before it starts: flags that it does not
//! know, values that they can't have, two that contradict each other. Looks at the words; changes none.

mod dash;
mod emulator;
mod memory;
mod table;
mod twice;
mod value;

use std::fmt;

use super::args::Args;
use super::error::{Error, Place};
use crate::error::Report;
use crate::host::Otp;
use table::Erts;

/// How many findings are told; the rest is counted.
const TOLD: usize = 20;

/// The versions of erts whose flags were tried out, the first and the last: OTP 23 to 29.
const TRIED: (u32, u32) = (11, 17);

/// What is wrong with a command line. No text holds a value.
#[derive(Debug, Default)]
pub struct Findings {
    errors: Vec<Finding>,
    /// Errors that stay ones, whatever the user has asked for.
    never: Vec<Finding>,
    warnings: Vec<Finding>,
    /// Of flags that do no harm and no good: the vm.args that relx writes has one.
    idle: Vec<Finding>,
}

#[derive(Debug)]
struct Finding {
    text: String,
    help: Option<String>,
}

/// Checks the words that the user wrote, in vm.args and in variables.
#[must_use]
pub fn check(args: &Args, otp: &Otp) -> Findings {
    let uses = args.uses();
    let release = Release::of(otp);
    let mut findings = Findings::default();
    let mut twice = twice::Twice::default();
    for one in &uses {
        if one.flag.starts_with('+') {
            emulator::check(one, &release, &mut twice, &mut findings);
        } else {
            dash::check(one, &release, &mut twice, &mut findings);
        }
    }
    twice.compare(&release, &mut findings);
    findings
}

/// Whether a word is a flag of the emulator, of any version.
pub(super) fn knows(word: &str) -> bool {
    emulator::find(word).is_some_and(|(flag, length)| {
        length == word.len() || value::fits(&flag.form, &word[length..], (TRIED.1, 0))
    })
}

/// The version that the words are for.
struct Release {
    /// As messages name it.
    name: String,
    /// To compare with the table; the newest one when it is not known.
    erts: Erts,
    /// Whether the table was compared with it. Of others it may be wrong, and must not keep a node from starting.
    tried: bool,
}

impl Release {
    fn of(otp: &Otp) -> Self {
        let mut parts = otp.erts.split('.').map(|part| part.parse::<u32>().ok());
        let major = otp.release.and(parts.next().flatten());
        let minor = parts.next().flatten().unwrap_or(0);
        let name = otp.release.map_or_else(|| "this OTP".into(), |release| format!("OTP {release}"));
        match major {
            Some(major) => Self { name, erts: (major, minor), tried: (TRIED.0..=TRIED.1).contains(&major) },
            None => Self { name, erts: (TRIED.1, u32::MAX), tried: false },
        }
    }
}

impl Findings {
    fn error(&mut self, place: &Place, text: impl fmt::Display, help: impl Into<String>) {
        self.errors.push(Finding { text: format!("{place}: {text}"), help: Some(help.into()) });
    }

    /// An error of what the VM would take, and nobody could run it then.
    fn never(&mut self, place: &Place, text: impl fmt::Display, help: impl Into<String>) {
        self.never.push(Finding { text: format!("{place}: {text}"), help: Some(help.into()) });
    }

    fn warning(&mut self, place: &Place, text: impl fmt::Display, help: impl Into<String>) {
        self.warnings.push(Finding { text: format!("{place}: {text}"), help: Some(help.into()) });
    }

    fn idle(&mut self, place: &Place, text: impl fmt::Display, help: impl Into<String>) {
        self.idle.push(Finding { text: format!("{place}: {text}"), help: Some(help.into()) });
    }

    /// Tells of flags that do nothing as well: not at each start.
    pub fn with_idle(&mut self) {
        self.warnings.append(&mut self.idle);
    }

    fn count(&self) -> usize {
        self.errors.len() + self.never.len() + self.warnings.len()
    }

    /// An error where the table was tried, else a warning.
    fn by_table(
        &mut self,
        release: &Release,
        place: &Place,
        text: impl fmt::Display,
        help: impl Into<String>,
    ) {
        if release.tried {
            self.error(place, text, help);
        } else {
            self.warning(place, text, help);
        }
    }

    /// Makes warnings of the errors so far: of the flags, not of those of other kinds that come later.
    pub fn lenient(&mut self) {
        let mut all = std::mem::take(&mut self.errors);
        all.append(&mut self.warnings);
        self.warnings = all;
    }

    /// Adds errors of another kind, in front.
    pub fn add(&mut self, errors: Vec<Error>) {
        let told = |error: Error| Finding { text: error.to_string(), help: error.help() };
        self.errors.splice(0..0, errors.into_iter().map(told));
    }

    /// Adds a warning.
    pub fn warn(&mut self, text: String, help: String) {
        self.warnings.push(Finding { text, help: Some(help) });
    }

    /// The lines that tell the warnings; empty when there is none.
    ///
    /// # Errors
    /// When there is an error: all findings.
    pub fn told(mut self) -> Result<String, Refused> {
        self.errors.append(&mut self.never);
        if self.errors.is_empty() { Ok(lines(&[], &self.warnings)) } else { Err(Refused(self)) }
    }
}

/// A command line that the VM must not see.
#[derive(Debug)]
pub struct Refused(Findings);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = lines(&self.0.errors, &self.0.warnings);
        // Who reports it writes the first line's beginning.
        f.write_str(lines.strip_prefix("error: ").unwrap_or(&lines).trim_end())
    }
}

impl std::error::Error for Refused {}

impl Report for Refused {}

/// Errors, then warnings, each with its help line.
fn lines(errors: &[Finding], warnings: &[Finding]) -> String {
    let all = errors.iter().map(|one| ("error", one)).chain(warnings.iter().map(|one| ("warning", one)));
    let mut lines = String::new();
    for (weight, Finding { text, help }) in all.clone().take(TOLD) {
        lines.push_str(&format!("{weight}: {text}\n"));
        if let Some(help) = help {
            lines.push_str(&format!("help: {help}\n"));
        }
    }
    let rest = all.count().saturating_sub(TOLD);
    if rest > 0 {
        let weight = if errors.len() > TOLD { "error" } else { "warning" };
        lines.push_str(&format!("{weight}: and {rest} more like these\n"));
    }
    lines
}

/// A word for a message: what a terminal would not show as it is, is escaped, and no message is a page long.
fn shown(word: &str) -> String {
    let short: String = word.chars().take(40).collect();
    let plain = short.chars().all(|c| c.is_ascii_graphic()) && short.len() == word.len();
    if plain { short } else { format!("{short:?}") }
}

#[cfg(test)]
mod field;
#[cfg(test)]
mod tests;
