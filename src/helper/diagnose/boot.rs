//! What ends a boot before any application starts: modules, the boot script, functions that were to run, the
//! run-time configuration of Elixir.

use std::path::Path;

use super::application::Reason;
use super::term::{Term, safe};
use super::{Diagnosis, Evidence};
use crate::helper::env::Instance;

/// Of OTP 25 and earlier, and of OTP 26 and later.
const MARKS: [&str; 2] = ["init terminating in do_boot", "Runtime terminating during boot"];

/// How many modules are named.
const NAMED: usize = 5;

/// The reason of init's end.
fn reason(evidence: &Evidence) -> Option<Term> {
    // The log has the values that the crash dump leaves out, but two writers may have mixed it up.
    let texts = [evidence.slogan.as_deref(), Some(evidence.log.as_str())];
    texts.into_iter().flatten().find_map(|text| {
        MARKS.iter().find_map(|mark| {
            let rest = &text[text.rfind(mark)? + mark.len()..];
            Term::read(rest.trim_start_matches([' ', '(', '"', ',']))
        })
    })
}

/// `{load_failed,[...]}`
pub(super) fn load_failed(instance: &Instance, evidence: &Evidence) -> Option<Diagnosis> {
    let reason = reason(evidence)?;
    let modules: Vec<&str> =
        reason.tagged("load_failed")?.first()?.list()?.iter().filter_map(Term::atom).collect();
    let first = *modules.first()?;
    let names = names(&modules);
    let corrupt = ["corrupt file header", "corrupt literal table", "Error loading module"];
    let newer = evidence.log.contains("please re-compile this module")
        || evidence.log.contains("use a later version of the Erlang");
    let (id, cause) = match modules.iter().find_map(|module| find_beam(instance, module)) {
        Some(path) if newer => {
            ("module-of-other-otp", format!("{} was compiled for another OTP than this one", path.display()))
        }
        Some(path) if std::fs::File::open(&path).is_err() => {
            ("module-unreadable", format!("{} can't be read by this user", path.display()))
        }
        Some(path) if corrupt.iter().any(|text| evidence.log.contains(text)) || is_damaged(&path) => {
            ("module-damaged", format!("{} is damaged", path.display()))
        }
        Some(_) => ("module-not-loaded", format!("{names} could not be loaded")),
        None => ("module-missing", format!("{names} of the boot script can't be found in the release")),
    };
    let help = match id {
        "module-unreadable" => "give this user the right to read the release: chmod -R a+rX RELEASE".into(),
        "module-of-other-otp" => "build the release with the OTP that it carries".into(),
        _ if first.starts_with("Elixir.") || first.starts_with("elixir") => {
            "the release is not whole: unpack or build it again (mix release)".to_owned()
        }
        _ => "the release is not whole: unpack or build it again".into(),
    };
    let found = match id {
        "module-unreadable" => Diagnosis::new("module-unreadable", cause, help),
        "module-of-other-otp" => Diagnosis::new("module-of-other-otp", cause, help),
        "module-damaged" => Diagnosis::new("module-damaged", cause, help),
        "module-missing" => Diagnosis::new("module-missing", cause, help),
        _ => Diagnosis::new("module-not-loaded", cause, help),
    };
    Some(found)
}

fn names(modules: &[&str]) -> String {
    let shown: Vec<String> = modules.iter().take(NAMED).map(|name| safe(name)).collect();
    let more = match modules.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let word = if modules.len() == 1 { "the module" } else { "the modules" };
    format!("{word} {}{more}", shown.join(", "))
}

fn find_beam(instance: &Instance, module: &str) -> Option<std::path::PathBuf> {
    let lib = std::fs::read_dir(instance.root.join("lib")).ok()?.flatten();
    let file = format!("{module}.beam");
    lib.map(|entry| entry.path().join("ebin").join(&file)).find(|path| path.is_file())
}

/// Whether the file is neither a beam nor a compressed one.
fn is_damaged(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| !bytes.starts_with(b"FOR1") && !bytes.starts_with(&[0x1f, 0x8b]))
}

/// A boot script that is none, or one that can't be found.
pub(super) fn script(instance: &Instance, evidence: &Evidence) -> Option<Diagnosis> {
    let reason = reason(evidence)?;
    let in_boot = |term: &Term| {
        let parts = term.tuple()?;
        (parts.first()?.atom() == Some("init") && parts.get(1)?.atom() == Some("get_boot")).then_some(())
    };
    let missing = reason.holds("cannot get bootfile")
        || matches!(&reason, Term::Text(text) if text.contains("cannot get bootfile"))
        || evidence.log.contains("cannot get bootfile");
    if !missing && reason.find(&in_boot).is_none() && !evidence.log.contains("not a boot file") {
        return None;
    }
    let version = instance.version_dir();
    let (id, text) = if missing {
        (
            false,
            format!(
                "there is no such boot script as vm.args or RELEASE_BOOT_SCRIPT name, in {}",
                version.display()
            ),
        )
    } else {
        (true, format!("the boot script in {} is damaged, or of another OTP", version.display()))
    };
    Some(match id {
        true => Diagnosis::new("boot-script-damaged", text, "unpack or build the release again"),
        false => Diagnosis::new("boot-script-missing", text, "correct -boot, or build the release again"),
    })
}

/// What a config provider, or another function that runs in the boot, has raised.
pub(super) fn elixir(evidence: &Evidence) -> Option<Diagnosis> {
    if let Some((_, text)) = evidence.log.split_once("has a different value set") {
        let key = text.lines().next().unwrap_or_default();
        let text = format!("the configuration differs from that at compile time{}", told(key));
        return Some(Diagnosis::new(
            "compile-env",
            text,
            "set the same value in runtime.exs, or build the release with it (validate_compile_env in mix.exs)",
        ));
    }
    let (_, failed) = evidence.log.split_once("ERROR! Config provider ")?;
    let provider = failed.split_whitespace().next().unwrap_or_default();
    // Two write at the same time: the line need not begin with it.
    let raised = evidence.log.lines().find_map(|line| line.split_once("** (").map(|(_, text)| text));
    let raised = raised.map_or_else(|| "an exception".to_owned(), |text| format!("({}", told(text)));
    if let Some((_, rest)) = raised.split_once("could not fetch environment variable \"")
        && let Some((name, _)) = rest.split_once('"')
    {
        return Some(Diagnosis::new(
            "variable-missing",
            format!("runtime.exs needs the variable {name}, which is not set"),
            format!("set it where the node is started, or in env.sh: export {name}=..."),
        ));
    }
    // The message ends with a colon where a list follows.
    let rest = evidence.log.lines().skip_while(|line| !line.contains("** (")).skip(1);
    let item = rest.map(str::trim).find(|line| line.starts_with("* ")).filter(|_| raised.ends_with(':'));
    let item = item.map_or_else(String::new, |item| format!(" {}", told(&item[2..])));
    Some(Diagnosis::new(
        "runtime-config",
        format!("the run-time configuration ({}) raised {raised}{item}", safe(provider)),
        "correct releases/VSN/runtime.exs, or what it reads",
    ))
}

fn told(text: &str) -> String {
    safe(&text.trim_end().chars().take(300).collect::<String>())
}

/// What `-s`, `-run` or `-eval` asked for.
pub(super) fn function(evidence: &Evidence) -> Option<Diagnosis> {
    let term = reason(evidence)?;
    let started = |term: &Term| {
        let parts = term.tuple()?;
        let name = parts.get(1)?.atom()?;
        (parts.first()?.atom() == Some("init") && matches!(name, "start_em" | "start_it" | "run_em"))
            .then_some(())
    };
    term.find(&started)?;
    let reason = Reason::of(&term);
    let at = reason.at.as_deref().unwrap_or("a function");
    let text = match reason.root.atom() {
        // Since OTP 26 init says which one it was in a line of its own, and is itself the first of the stack.
        Some("undef") if at.starts_with("init:") => {
            let said = evidence.log.lines().find_map(|line| line.trim().strip_prefix("Error! "));
            format!(
                "-s or -run calls a function that does not exist: {}",
                told(said.unwrap_or("which one, the log says"))
            )
        }
        Some("undef") => format!("-s, -run or -eval calls {at}, which does not exist"),
        _ => format!("what -s, -run or -eval runs has failed: {}", reason.told()),
    };
    Some(Diagnosis::new("startup-function", text, "look for -s, -run and -eval in vm.args"))
}

/// A heart that does not beat.
pub(super) fn heart(evidence: &Evidence) -> Option<Diagnosis> {
    let missing = evidence.log.contains("{heart,start_portprogram") || evidence.log.contains("exec: heart");
    missing.then(|| {
        Diagnosis::new(
            "heart-missing",
            "-heart is on, but the program heart does not run",
            "is erts-*/bin/heart there and executable? else take -heart out of vm.args",
        )
    })
}
