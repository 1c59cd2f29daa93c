//! Whether the release is whole, and whose it is; whether its configuration can be rendered.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::{Finding, Verdict, kit};
use crate::error::Failure;
use crate::helper::env::{self, Instance};
use crate::helper::prepare::{self, Outlook};

const BUILD: &str = "unpack or build the release again";

/// The boot script, and the .rel file beside it.
pub(super) fn boot(instance: &Instance) -> Finding {
    const ID: &str = "release.boot";
    let wished = env::var("RELEASE_BOOT_SCRIPT").unwrap_or_else(|| "start".into());
    let (own, bin) = (instance.version_dir(), instance.root.join("bin"));
    let named =
        |name: &str| [&own, &bin].into_iter().map(|place| place.join(name)).find(|path| path.is_file());
    // relx calls it NAME.boot, too.
    let Some(script) = named(&format!("{wished}.boot")).or_else(|| named(&format!("{}.boot", instance.name)))
    else {
        return Finding::error(ID, format!("{} has no {wished}.boot", own.display()), BUILD);
    };
    if prepare::applications(instance).is_empty() {
        return Finding::warning(
            ID,
            format!("{} has no .rel file that lists applications", own.display()),
            BUILD,
        );
    }
    Finding::ok(ID, script.display().to_string())
}

/// Each application's directory and .app file.
pub(super) fn applications(instance: &Instance) -> Finding {
    const ID: &str = "release.applications";
    let all = prepare::applications(instance);
    // A release without a runtime system leaves OTP's own to the host.
    let own_erts = fs::read_dir(&instance.root).into_iter().flatten().flatten();
    let own_erts = own_erts.into_iter().any(|entry| entry.file_name().to_string_lossy().starts_with("erts-"));
    let lib = instance.root.join("lib");
    let missing: Vec<String> = all
        .iter()
        .filter_map(|(name, vsn)| {
            let directory = lib.join(format!("{name}-{vsn}"));
            let app = directory.join("ebin").join(format!("{name}.app"));
            match (directory.is_dir(), app.is_file()) {
                (_, true) => None,
                (false, _) if !own_erts => None,
                (false, _) => Some(format!("lib/{name}-{vsn}")),
                (true, false) => Some(format!("lib/{name}-{vsn}/ebin/{name}.app")),
            }
        })
        .collect();
    if missing.is_empty() {
        return Finding::ok(ID, format!("{} applications, each with its directory", all.len()));
    }
    Finding::error(ID, format!("missing: {}", missing.join(", ")), BUILD)
}

/// Whose files these are: their code runs as the node's user.
pub(super) fn owner(instance: &Instance) -> Finding {
    const ID: &str = "release.owner";
    let own = instance.version_dir();
    let mut paths: Vec<PathBuf> = [".", "bin", "lib", "releases"].map(|name| instance.root.join(name)).into();
    let entries =
        |path: &PathBuf| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    for directory in [own.clone(), own.join("boot"), own.join("boot/commands"), instance.root.join("bin")] {
        paths.extend(entries(&directory));
    }
    paths.push(own);
    if let Some(path) = paths.iter().find(|path| kit::for_all(path)) {
        let fix = format!("chmod -R o-w {}", shell_escape::unix::escape(instance.root.to_string_lossy()));
        return Finding::warning(ID, format!("{} can be written by everybody", path.display()), fix);
    }
    let me = rustix::process::geteuid().as_raw();
    let other = |path: &&PathBuf| fs::metadata(path).is_ok_and(|meta| ![0, me].contains(&meta.uid()));
    match paths.iter().find(other) {
        // Root may run what a user has deployed; that user is root then.
        Some(path) if me == 0 => Finding::warning(
            ID,
            format!(
                "you are root, and {} belongs to another user, whose code would run as root",
                path.display()
            ),
            "run it as that user, or with [run] user in rel/relboot.toml",
        ),
        Some(path) => Finding::ok(ID, format!("{} belongs to another user", path.display())),
        None => Finding::ok(ID, "yours or root's, and nobody else can write it"),
    }
}

/// Whether vm.args and sys.config can be rendered, and what that told.
pub(super) fn rendered(outlook: Result<&Outlook, &Failure>, told: &[String]) -> Finding {
    const ID: &str = "config.rendered";
    match outlook {
        Err(failure) => {
            Finding { id: ID, verdict: Verdict::Error, what: failure.to_string(), fix: failure.help() }
        }
        Ok(_) if !told.is_empty() => {
            let (help, lines): (Vec<&str>, Vec<&str>) =
                told.iter().flat_map(|text| text.lines()).partition(|line| line.starts_with("help: "));
            let strip = |lines: Vec<&str>, start: &str| {
                let lines = lines.iter().map(|line| line.trim().trim_start_matches(start));
                lines.collect::<Vec<_>>().join("; ")
            };
            let fix = if help.is_empty() { "see vmargs --explain".to_owned() } else { strip(help, "help: ") };
            Finding::warning(ID, strip(lines, "warning: "), fix)
        }
        Ok(outlook) => {
            let files = [&outlook.vm_args, &outlook.config].map(|path| {
                path.as_ref().map_or_else(|| "none".to_owned(), |path| path.display().to_string())
            });
            Finding::ok(ID, format!("vm.args: {}, configuration: {}", files[0], files[1]))
        }
    }
}
