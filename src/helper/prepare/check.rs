//! The checks of what the user wrote, before the VM sees it: told on standard error, or refused.

use super::request::{Request, What};
use crate::error::{Failure, Message, Status};
use crate::helper::{env, tell};
use crate::host::Otp;
use crate::vmargs::{Args, Error, Findings, Identity, Place, check};

/// Looks at the flags in vm.args and in all the variables that hold flags.
pub(super) fn flags(args: &Args, request: &Request, otp: &Otp) -> Result<Findings, Failure> {
    let lenient = match env::var("BOOT_VM_CHECK").as_deref() {
        None | Some("error") => false,
        Some("warn") => true,
        Some(_) => {
            return Err(Message::new(Status::Usage, "BOOT_VM_CHECK has to be error or warn")
                .with_help("unset it, or BOOT_VM_CHECK=warn to start whatever the flags are")
                .into());
        }
    };
    let mut words = Args::default();
    if request.kind == "mix" {
        words = Args::from_words(&env::var("ELIXIR_ERL_OPTIONS").unwrap_or_default(), "ELIXIR_ERL_OPTIONS")?;
    }
    words.append(args.clone());
    let mut findings = check(&words.with_variables(&env::var)?, otp);
    if lenient {
        findings.lenient();
    }
    if env::var("RELEASE_MODE").is_some_and(|mode| !matches!(mode.as_str(), "embedded" | "interactive")) {
        // The VM would take it for interactive.
        findings.add(vec![Error::BadValue {
            place: Place::variable("RELEASE_MODE"),
            flag: String::new(),
            rule: "embedded or interactive",
        }]);
    }
    if let What::Print = request.what {
        findings.with_idle();
    }
    Ok(findings)
}

/// Tells all findings, those about the name and the cookie too; the first step that writes comes after it.
pub(super) fn settle(
    mut findings: Findings,
    identified: Result<Identity, Vec<Error>>,
    args: &Args,
    request: &Request,
) -> Result<Identity, Failure> {
    let identity = match identified {
        Ok(identity) => identity,
        Err(errors) => {
            findings.add(errors);
            return match findings.told() {
                Err(refused) => Err(refused.into()),
                Ok(_) => unreachable!("errors have just been added"),
            };
        }
    };
    let unasked = env::var("RELEASE_DISTRIBUTION").is_none_or(|distribution| distribution != "none");
    let named = identity.node.is_some() || ["-name", "-sname"].iter().any(|flag| !args.get(flag).is_empty());
    if unasked && !named && request.kind != "mix" {
        findings.warn(
            "vm.args names no node: client commands can't reach it".into(),
            "-sname NAME in vm.args gives it a name; RELEASE_DISTRIBUTION=none says that it needs none"
                .into(),
        );
    }
    let warnings = findings.told()?;
    if !warnings.is_empty() {
        tell(warnings.trim_end());
    }
    Ok(identity)
}
