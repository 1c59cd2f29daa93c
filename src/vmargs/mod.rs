//! From a template and the host's facts to the vm.args that erlexec reads, and what they say of
//! the node's name and cookie.
//!
//! Pure: files, environment and facts come in as arguments, text goes out. Prints nothing, and no
//! message carries a value from the environment or a cookie.

mod args;
mod check;
mod error;
mod flags;
mod identity;
mod near;
mod secret;
pub mod sizing;
mod substitute;
mod template;
mod words;

pub use args::{Args, Include, Occurrence, Use};
pub use check::{Findings, Refused, check};
pub use error::{Error, Place};
pub use identity::{Distribution, Identity, Wishes, identify};
pub use secret::{CookieRule, Secret};
pub use substitute::{SubstituteError, substitute};
pub use template::{
    Context, Environment, Problem, Refusal, Release, Sources, TemplateError, Text, erlang_string, render,
    render_args,
};

#[cfg(test)]
mod tests {
    /// Whether the real `erl` is there; its absence is a failure where `RELBOOT_REQUIRE` names it.
    pub(super) fn have_erl() -> bool {
        let have = std::process::Command::new("erl").arg("-version").output().is_ok();
        let required = std::env::var("RELBOOT_REQUIRE").unwrap_or_default();
        assert!(have || !required.split([' ', ',']).any(|tool| tool == "erl"), "no erl");
        if !have {
            eprintln!("skipped: no erl");
        }
        have
    }
}
