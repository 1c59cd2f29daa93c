//! What ends a boot before any application starts: modules, the boot script, functions that were to run, the
//! run-time configuration of Elixir.

use std::path::Path;

use super::application::Reason;
use super::exception::Exception;
use super::term::{Term, safe};
use super::{Diagnosis, Evidence};
use crate::helper::env::{self, Instance};

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
    let corrupt =
        ["file header", "atom table", "code chunk", "literal table", "import table", "export table"];
    let corrupt = corrupt.map(|part| format!(" corrupt {part}"));
    // Of beam_load.c and beam_file.c, in OTP 23 to 29; two threads write to the log, at times into one another.
    let newer = [
        "re-compile this module",
        "recompile this module",
        "compiled for a later version of the run",
        "this emulator supports only",
    ];
    let newer = newer.iter().any(|text| evidence.log.contains(text));
    let (id, cause) = match modules.iter().find_map(|module| find_beam(instance, module)) {
        Some(path) if newer => {
            ("module-of-other-otp", format!("{} was compiled for another OTP than this one", path.display()))
        }
        Some(path) if std::fs::File::open(&path).is_err() => {
            ("module-unreadable", format!("{} can't be read by this user", path.display()))
        }
        Some(path)
            if corrupt.iter().any(|text| evidence.log.contains(text.as_str())) || is_damaged(&path) =>
        {
            ("module-damaged", format!("{} is damaged", path.display()))
        }
        Some(_) => ("module-not-loaded", format!("{names} could not be loaded")),
        None => ("module-missing", format!("{names} of the boot script can't be found in the release")),
    };
    let help = match id {
        "module-unreadable" => "give this user the right to read the release: chmod -R a+rX RELEASE".into(),
        "module-of-other-otp" => "build the release with the OTP that it carries".into(),
        "module-not-loaded" => {
            "is it damaged, or of another OTP? build the release again, with the OTP that it carries".into()
        }
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
    let name = env::var("RELEASE_BOOT_SCRIPT").unwrap_or_else(|| "start".into());
    let path = version.join(format!("{name}.boot"));
    let (id, text) = if missing && path.exists() && std::fs::File::open(&path).is_err() {
        (false, format!("the boot script {} can't be read by this user", path.display()))
    } else if missing {
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
        false => Diagnosis::new(
            "boot-script-missing",
            text,
            "correct RELEASE_BOOT_SCRIPT, its mode, or build the release again",
        ),
    })
}

/// What vm.args or a variable hands to an application, and is no Erlang term; a file of `-config` that can't be used.
pub(super) fn parameter(evidence: &Evidence) -> Option<Diagnosis> {
    let texts = [evidence.slogan.as_deref(), Some(evidence.log.as_str())];
    let lines = || texts.into_iter().flatten().flat_map(str::lines);
    if let Some(said) = lines().find_map(|line| line.split_once("Bad environment variable: ")) {
        let (value, name) = said.1.split_once("Application: ")?;
        let name = name.trim_end_matches(['\'', '"', ')', '}']);
        return Some(Diagnosis::new(
            "parameter",
            format!(
                "the value {} is no Erlang term, and was to be a parameter of {}",
                told(value),
                told(name)
            ),
            format!(
                "correct what follows -{} in vm.args or ERL_FLAGS; a string needs both quotes: '\"text\"'",
                told(name)
            ),
        ));
    }
    // From OTP 27 on it is a string in these brackets.
    let said = lines()
        .find_map(|line| {
            line.split_once("(error in config file ").or_else(|| line.split_once("(\"error in config file "))
        })?
        .1;
    let said = said.trim_end_matches(')').replace("\\\"", "\"");
    // Each quotation mark but that of the string's end has a second one.
    let odd = said.matches('"').count() % 2 == 1;
    let said = said.strip_suffix('"').filter(|_| odd).unwrap_or(&said);
    Some(Diagnosis::new(
        "config-file",
        format!("a configuration can't be used: {}", told(said)),
        "correct that file, or the -config that names it in vm.args or ERL_FLAGS",
    ))
}

/// What a config provider, or another function that runs in the boot, has raised.
pub(super) fn elixir(evidence: &Evidence) -> Option<Diagnosis> {
    if let Some((_, text)) = evidence.log.split_once(" has a different value set ") {
        let key = text.lines().next().unwrap_or_default();
        let text = format!("the configuration differs from that at compile time{}", told(key));
        return Some(Diagnosis::new(
            "compile-env",
            text,
            "set the same value in runtime.exs, or build the release with it (validate_compile_env in mix.exs)",
        ));
    }
    let Some((_, failed)) = evidence.log.split_once("ERROR! Config provider ") else {
        return by_inits_report(evidence);
    };
    let provider = failed.split_whitespace().next().unwrap_or_default();
    // Two write at the same time: the line need not begin with it.
    let raised = evidence.log.lines().find_map(|line| line.split_once("** (").map(|(_, text)| text));
    if let Some(found) = by_inits_report(evidence).filter(|_| raised.is_none()) {
        return Some(found);
    }
    let raised = raised.map_or_else(|| "an exception".to_owned(), |text| format!("({}", told(text)));
    if let Some((_, rest)) = raised.split_once("could not fetch environment variable \"")
        && let Some((name, _)) = rest.split_once('"')
    {
        return Some(variable_missing(name));
    }
    // The message ends with a colon where a list follows.
    let rest = evidence.log.lines().skip_while(|line| !line.contains("** (")).skip(1);
    let item = rest.map(str::trim).find(|line| line.starts_with("* ")).filter(|_| raised.ends_with(':'));
    let item = item.map_or_else(String::new, |item| format!(" {}", told(&item[2..])));
    Some(raised_in(provider, &format!("{raised}{item}")))
}

/// The same when the VM was gone before it had written that line: by init's own.
fn by_inits_report(evidence: &Evidence) -> Option<Diagnosis> {
    let texts = [Some(evidence.log.as_str()), evidence.slogan.as_deref()];
    let report = texts.into_iter().flatten().find_map(|text| {
        let rest = MARKS.iter().find_map(|mark| text.split_once(mark))?.1;
        // The stack is cut after eight calls.
        let marks = ["run_providers", "boot_providers", "ERROR! Config provider "];
        let said = marks.iter().any(|mark| text.contains(mark));
        said.then_some(rest)
    })?;
    let exception = report.find("#{'__exception__'").and_then(|at| Term::read(&report[at..]));
    let exception = exception.as_ref().and_then(Exception::of);
    let env = exception.as_ref().filter(|exception| exception.name == "System.EnvError");
    if let Some(Term::Text(name)) = env.and_then(|exception| exception.field("env")) {
        return Some(variable_missing(name));
    }
    let raised = exception.map_or_else(|| "an exception".to_owned(), |exception| exception.to_string());
    let module = report.split("',load,2,").next().and_then(|before| before.rsplit("'Elixir.").next());
    let module = module.filter(|module| module.len() < 80).unwrap_or("a provider");
    Some(raised_in(module, &raised))
}

fn variable_missing(name: &str) -> Diagnosis {
    let name = told(name);
    Diagnosis::new(
        "variable-missing",
        format!("runtime.exs needs the variable {name}, which is not set"),
        format!("set it where the node is started, or in env.sh: export {name}=..."),
    )
}

fn raised_in(provider: &str, raised: &str) -> Diagnosis {
    Diagnosis::new(
        "runtime-config",
        format!("the run-time configuration ({}) raised {}", safe(provider), raised.trim_end()),
        "correct releases/VSN/runtime.exs, or what it reads",
    )
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

#[cfg(test)]
mod tests {
    use super::{Evidence, elixir};

    /// What OTP 25 printed, at times without the line "ERROR! Config provider".
    #[test]
    fn a_provider_is_known_by_inits_report_alone() {
        let report = |exception: &str| {
            let log = format!(
                "{{\"init terminating in do_boot\",{{#{{'__exception__'=>true,{exception}}},[{{'Elixir.Config.Reader',load,2,[]}},\
                 {{'Elixir.Config.Provider',boot_providers,4,[]}}]}}}}"
            );
            elixir(&Evidence { log, ..Evidence::default() }).map(|found| (found.id, found.cause))
        };
        let raised = report("'__struct__'=>'Elixir.RuntimeError',message=><<\"no way\">>").unwrap();
        assert_eq!(
            raised,
            (
                "runtime-config",
                "the run-time configuration (Config.Reader) raised (RuntimeError) no way".into()
            )
        );
        let newer = report("'__struct__' => 'Elixir.System.EnvError',env => <<\"KEY\">>").unwrap();
        assert_eq!(
            newer,
            ("variable-missing", "runtime.exs needs the variable KEY, which is not set".into())
        );
        assert_eq!(elixir(&Evidence::default()).map(|found| found.id), None);
    }
}
