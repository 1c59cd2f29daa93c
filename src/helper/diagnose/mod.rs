//! Why a VM has died: recognised from what it left, and told with cause and fix. Gathering ([`Evidence`]) and
//! recognition are apart; one file per family of causes. Runs only after a failure; what it does not recognise it
//! leaves to be shown raw. Each cause has an identifier, which docs/troubleshooting.md lists.

mod application;
mod boot;
mod distribution;
mod evidence;
mod exception;
mod files;
mod holder;
mod limits;
mod program;
mod signals;
mod term;

pub(super) use evidence::{End, Evidence, memory_kills};
pub(super) use holder::Holder;
pub(super) use term::safe;

use super::env::Instance;

/// A recognised cause.
#[derive(Debug)]
pub(super) struct Diagnosis {
    /// Its row in docs/troubleshooting.md.
    pub id: &'static str,
    /// What has happened, in one line.
    pub cause: String,
    /// What to do about it, in one line.
    pub help: String,
}

impl Diagnosis {
    fn new(id: &'static str, cause: impl Into<String>, help: impl Into<String>) -> Self {
        Self { id, cause: cause.into(), help: help.into() }
    }

    /// The help with the row of the documentation behind it.
    pub(super) fn help(&self) -> String {
        format!("{} (docs/troubleshooting.md: {})", self.help, self.id)
    }
}

/// Causes that come with no report of an application's own: its log lines may look like any of them.
fn before_applications(instance: &Instance, evidence: &Evidence) -> Option<Diagnosis> {
    if application::named(evidence).is_some_and(|name| name != "kernel") {
        return None;
    }
    limits::killed(evidence)
        .or_else(|| distribution::tls(evidence))
        .or_else(|| distribution::protocol(instance, evidence))
        .or_else(|| distribution::name(evidence))
        .or_else(|| limits::memory(evidence))
        .or_else(|| limits::threads(evidence))
        .or_else(|| limits::files(evidence))
        .or_else(|| boot::elixir(evidence))
}

/// Why the VM has died, when it is one of the known causes. What it said itself comes first; what only the host
/// can tell comes last.
pub(super) fn death(instance: &Instance, evidence: &Evidence) -> Option<Diagnosis> {
    program::library(evidence)
        .or_else(|| before_applications(instance, evidence))
        .or_else(|| boot::load_failed(instance, evidence))
        .or_else(|| boot::script(instance, evidence))
        .or_else(|| boot::parameter(evidence))
        .or_else(|| application::failed(evidence))
        .or_else(|| boot::function(evidence))
        .or_else(|| boot::heart(evidence))
        .or_else(|| program::executable(instance, evidence))
        .or_else(|| program::flag(evidence))
        .or_else(|| signals::killed(evidence))
        .or_else(|| files::disk(instance, evidence))
}

#[cfg(test)]
mod tests {
    use super::{Evidence, Instance, death};

    #[test]
    fn the_words_of_an_application_that_fails_are_no_cause() {
        let at = std::path::PathBuf::from("/nowhere");
        let instance = Instance {
            root: at.clone(),
            name: "demo".into(),
            vsn: "1".into(),
            state: at.join("state"),
            log: at.join("log"),
        };
        let id = |log: String| death(&instance, &Evidence { log, ..Evidence::default() }).map(|it| it.id);
        let words = "our pool: Failed to create thread: too many\n";
        let failed = |name| {
            format!("{words}{{application_start_failure,{name},{{bad_return,{{{{{name},start,[]}},no}}}}}}\n")
        };
        assert_eq!(id(failed("demo")), Some("application-failed"));
        // They are the VM's, or its kernel's.
        for log in [words.to_owned(), failed("kernel")] {
            let found = id(log.clone());
            assert!(matches!(found, Some("process-limit" | "address-space")), "{log}: {found:?}");
        }
    }
}
