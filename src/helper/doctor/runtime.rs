//! Whether the runtime system can run here: found, for this processor, with all its libraries.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Finding;
use super::elf::Needs;
use crate::error::Failure;
use crate::helper::env::Instance;
use crate::helper::prepare;

/// What packages of the library are called differs: the loader's own name is told.
const LIBRARIES: &str =
    "install the package that has it, or build the release on the same system as this host's";

pub(super) fn examine(instance: &Instance, bin: Result<PathBuf, Failure>) -> Vec<Finding> {
    let bin = match bin {
        Err(failure) => return vec![Finding::failure("erts.found", &failure)],
        Ok(bin) => bin,
    };
    let found = if bin.starts_with(&instance.root) { "in the release" } else { "the system's" };
    vec![
        Finding::ok("erts.found", format!("{} ({found})", bin.display())),
        programs(&bin),
        crypto(instance, &bin),
        run_erl(&bin),
    ]
}

/// What is wrong with a program or library, and what to do.
fn fault(path: &Path) -> Option<(String, &'static str)> {
    let Some(needs) = Needs::of(path) else {
        return Some((
            format!("{} is no program", path.display()),
            "build the release again with its runtime system",
        ));
    };
    // 32 bits run where 64 do.
    let own = Needs::of(Path::new("/proc/self/exe")).map_or(needs.machine, |own| own.machine);
    if needs.machine != own && ![(3, 62), (40, 183)].contains(&(needs.machine, own)) {
        let text = format!(
            "{} is for another processor (ELF machine {}, here {own})",
            path.display(),
            needs.machine
        );
        return Some((text, "build the release for this host's processor"));
    }
    if let Some(loader) = needs.loader.filter(|loader| !loader.exists()) {
        let text = format!("{} needs the loader {}, which is not here", path.display(), loader.display());
        return Some((text, "build the release for this host's C library (glibc or musl)"));
    }
    let missing = Needs::missing(path);
    (!missing.is_empty()).then(|| (format!("{} needs {}", path.display(), list(&missing)), LIBRARIES))
}

fn list(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    format!("{}, which is not here", names.join(" and "))
}

fn programs(bin: &Path) -> Finding {
    const ID: &str = "erts.programs";
    for name in ["erlexec", "beam.smp", "erl_child_setup", "inet_gethost"] {
        let path = bin.join(name);
        if let Some((what, fix)) = fault(&path) {
            return Finding::error(ID, what, fix);
        }
        if rustix::fs::access(&path, rustix::fs::Access::EXEC_OK).is_err() {
            return Finding::error(
                ID,
                format!("{} can't be executed", path.display()),
                format!(
                    "chmod a+x {}; or is the file system mounted noexec?",
                    shell_escape::unix::escape(path.to_string_lossy())
                ),
            );
        }
    }
    Finding::ok(ID, "made for this host, with all their libraries")
}

/// The native part of the application crypto, which needs a libcrypto of the right version.
fn crypto(instance: &Instance, bin: &Path) -> Finding {
    const ID: &str = "erts.crypto";
    let Some((_, vsn)) = prepare::applications(instance).into_iter().find(|(name, _)| name == "crypto")
    else {
        return Finding::ok(ID, "the release has no crypto");
    };
    let name = format!("crypto-{vsn}/priv/lib/crypto.so");
    let places = [instance.root.join("lib").join(&name), bin.join("../../lib").join(&name)];
    let Some(path) = places.into_iter().find(|path| path.is_file()) else {
        return Finding::warning(
            ID,
            format!("there is no lib/{name}"),
            "build the release again with its libraries",
        );
    };
    match fault(&path) {
        Some((what, fix)) => Finding::error(ID, what, fix),
        None => Finding::ok(ID, "its OpenSSL is here"),
    }
}

fn run_erl(bin: &Path) -> Finding {
    const ID: &str = "erts.run_erl";
    let there = |name: &str| fs::metadata(bin.join(name)).is_ok_and(|meta| meta.is_file());
    if there("run_erl") && there("to_erl") {
        return Finding::ok(ID, "there: \"attach\" works");
    }
    let text = "erts has no run_erl or to_erl: a node in the background has no terminal to attach to";
    Finding::warning(
        ID,
        text,
        "\"remote\" opens a shell all the same; build with an OTP that has them for \"attach\"",
    )
}
