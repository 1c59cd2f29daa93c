//! The answer to the core: lines of assignments for it to evaluate. Every value is quoted, so none becomes code.

use std::fmt::Write;

/// Lines that a shell evaluates.
#[derive(Default)]
pub(super) struct Assignments(String);

impl Assignments {
    /// A variable of the core's environment, and so of all that it starts.
    pub(super) fn export(&mut self, name: &str, value: &str) {
        self.line("export ", name, value);
    }

    /// A variable of the core alone.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.line("", name, value);
    }

    /// The VM's plain arguments, or its whole command line, as words for `eval "set -- $_boot_extra"`: quoted once
    /// more as a value.
    pub(super) fn extra(&mut self, words: &[String]) {
        let words: Vec<_> = words.iter().map(|word| shell_escape::unix::escape(word.into())).collect();
        self.export("_boot_extra", &words.join(" "));
    }

    fn line(&mut self, before: &str, name: &str, value: &str) {
        let value = shell_escape::unix::escape(value.into());
        writeln!(self.0, "{before}{name}={value}").expect("writing to a string does not fail");
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}
