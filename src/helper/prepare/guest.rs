//! What a VM beside the node starts with: the release's code and configuration, none of its applications, no
//! distribution. The node's own files (record, pid, vm.args, cookie) are neither read nor written.

use std::fs;
use std::path::{Path, PathBuf};

use super::assign::Assignments;
use super::compose::{home, iex, text};
use super::erts::Erts;
use super::request::{Guest, Request};
use super::{cookie, erts, scratch, source, sysconfig};
use crate::error::{Failure, Message, Status};
use crate::helper::crash;
use crate::helper::env::{self, Instance};
use crate::host::Facts;
use crate::vmargs::{Args, Secret};

/// The program of `eval`; `ELIXIR` in it is to be replaced.
const EVAL: &str = include_str!("eval.erl");

/// What in vm.args makes a node of a VM, gives it a boot of its own, or starts something in it.
const OF_THE_NODE: [&str; 21] = [
    "-name",
    "-sname",
    "-setcookie",
    "-erl_epmd_port",
    "-dist_listen",
    "-hidden",
    "-connect_all",
    "-remsh",
    "-heart",
    "-detached",
    "-noshell",
    "-noinput",
    "-user",
    "-boot",
    "-mode",
    "-s",
    "-run",
    "-eval",
    "-pidfile",
    "-init_debug",
    "-instr",
];

/// The lines for the core: the environment, and the whole command line in `_boot_extra`.
pub(super) fn prepare(request: &Request, guest: Guest) -> Result<String, Failure> {
    let instance = Instance::from_env()?;
    let erts = erts::locate(&instance.root, &request.erts)?;
    let vm_args = source::find(&instance, &request.template)?;
    let facts = Facts::collect(&env::roots());
    let mut theirs = match &vm_args {
        Some(path) => source::read(&instance, path, &facts, &erts.otp())?,
        None => Args::default(),
    };
    let named = theirs.get("-setcookie").pop().filter(|values| values.len() == 1).map(|mut it| it.remove(0));
    scratch::sweep(&instance.state);
    let mut config = sysconfig::find(&instance, &request.kind, &facts, &erts.otp())?;
    if let Some(config) = config.as_mut().filter(|config| config.is_copied()) {
        // For the shell that called: the VM takes its place, or it waits for the VM.
        let shell = std::os::unix::process::parent_id();
        config.copied_to(scratch::named(&instance.state, shell, "sys.config")?);
        config.write()?;
    }
    let mut front = Args::default();
    mode(&mut front, request, guest, &instance);
    front.push("-mode", &["interactive"]);
    boot(&mut front, &instance, &erts)?;
    if let Some(config) = &config {
        front.push("-config", &[&text(&config.without_suffix())?]);
    }
    only_of_the_vm(&mut theirs);
    theirs.append(from_environment(&mut front, request.kind == "mix")?);
    front.append(theirs);
    let extra = end(&mut front, request, guest, &instance)?;
    let of_vm = front.take_env();
    for word in extra {
        front.push_extra(&word);
    }
    let mut lines = Assignments::default();
    let mut export = |name: &str, value: &str| lines.export(name, value);
    for (name, value) in environment(&instance, &erts)? {
        export(name, &value);
    }
    export("HOME", &home(&instance.state)?);
    if let Some(path) = &vm_args {
        export("RELEASE_VM_ARGS", &path.to_string_lossy());
    }
    if let Some(config) = &config {
        export("RELEASE_SYS_CONFIG", &text(&config.without_suffix())?);
        export("BOOT_SYS_CONFIG", &text(&config.without_suffix())?);
    }
    export("RELEASE_DISTRIBUTION", "none");
    if request.kind == "mix" {
        // What is written for mix counts on them, in runtime.exs and in code that starts distribution itself.
        export("RELEASE_NODE", &env::var("RELEASE_NODE").unwrap_or_else(|| instance.name.clone()));
        let decided = cookie::wished()?.or(named.map(Secret::new));
        if let Ok(found) = cookie::find(&instance, decided.as_ref()) {
            export("RELEASE_COOKIE", found.secret.expose());
        }
    }
    // For the VM alone, not for hooks; on the command line, which erlexec is given whole, anybody could read them.
    let mut own = Assignments::default();
    of_vm.iter().for_each(|(name, value)| own.export(name, value));
    lines.set("_boot_erts_env", &own.into_text());
    lines.extra(&front.to_words());
    Ok(lines.into_text())
}

/// The flags for what the VM is to do on its terminal.
fn mode(front: &mut Args, request: &Request, guest: Guest, instance: &Instance) {
    if request.ansi && request.kind == "mix" {
        front.push("-elixir", &["ansi_enabled", "true"]);
    }
    match guest {
        Guest::Shell if request.kind == "mix" => {
            front.push("-noshell", &[]);
            iex(front, &instance.version_dir());
        }
        Guest::Shell => {}
        Guest::Erlang | Guest::Elixir | Guest::Escript => {
            front.push("-noshell", &[]);
            // ctrl-C ends it.
            front.push("+Bd", &[]);
        }
    }
}

/// What the VM does last of all, and its plain arguments.
fn end(
    args: &mut Args,
    request: &Request,
    guest: Guest,
    instance: &Instance,
) -> Result<Vec<String>, Failure> {
    let mut extra = request.extra.clone();
    match guest {
        Guest::Erlang => args.push("-eval", &[&EVAL.replace("ELIXIR", "false")]),
        Guest::Elixir => args.push("-eval", &[&EVAL.replace("ELIXIR", "true")]),
        Guest::Escript => {
            let file = escript(extra.first(), instance)?;
            if let Some(flags) = emulator_flags(&file) {
                args.append(Args::from_words(&flags, "%%!")?);
            }
            // From OTP 27 on it compiles a source unless told otherwise, which takes the compiler.
            let interpret = is_source(&file) && !has_application(instance, "compiler");
            args.push("-run", if interpret { &["escript", "start", "i"] } else { &["escript", "start"] });
            extra[0] = text(&file)?;
        }
        Guest::Shell if request.kind == "mix" => {
            let words = ["--no-halt", "+iex"].into_iter().map(String::from);
            // IEx would take the first word for a script to run.
            let mark = (!extra.is_empty()).then(|| "--".to_owned());
            extra = words.chain(mark).chain(extra).collect();
        }
        Guest::Shell => {}
    }
    Ok(extra)
}

/// The escript: relative to the caller's directory, or else to the release.
fn escript(name: Option<&String>, instance: &Instance) -> Result<PathBuf, Failure> {
    let Some(name) = name else {
        return Err(Message::new(Status::Usage, "escript needs a file").into());
    };
    let here = std::env::current_dir().unwrap_or_default().join(name);
    let places = [here, instance.root.join(name)];
    match places.into_iter().find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => Err(Message::new(
            Status::Usage,
            format!("there is no escript {name} here or in {}", instance.root.display()),
        )
        .with_help("give its path, absolute or relative to this directory or to the release")
        .into()),
    }
}

/// The `%%!` line of an escript: the second, or the third behind another comment.
fn emulator_flags(file: &Path) -> Option<String> {
    use std::io::{BufRead, BufReader, Read};
    // A beam or an archive may have no line end for long.
    let mut lines = BufReader::new(fs::File::open(file).ok()?.take(8192)).split(b'\n').skip(1);
    let second = lines.next()?.ok()?;
    let line =
        if second.starts_with(b"%%!") || !second.starts_with(b"%") { second } else { lines.next()?.ok()? };
    Some(String::from_utf8_lossy(line.strip_prefix(b"%%!")?).into_owned())
}

/// Whether an escript is text: a beam and an archive have zeros in their headers.
fn is_source(file: &Path) -> bool {
    use std::io::Read;
    let mut start = Vec::new();
    let read = fs::File::open(file).and_then(|file| file.take(8192).read_to_end(&mut start));
    read.is_ok() && !start.contains(&0)
}

/// `-boot` and what belongs to it. A boot script that leaves out applications of the release, as one that
/// is not this version's own may, gets their paths by `-pa`.
pub(super) fn boot(args: &mut Args, instance: &Instance, erts: &Erts) -> Result<(), Failure> {
    let script = script(instance)?;
    args.push("-boot", &[&text(&script)?]);
    args.push("-boot_var", &["RELEASE_LIB", &text(&instance.root.join("lib"))?]);
    args.push("-boot_var", &["ERTS_LIB_DIR", &text(&erts.lib)?]);
    let bytes = fs::read(script.with_added_extension("boot")).unwrap_or_default();
    let holds = |path: &str| bytes.windows(path.len()).any(|window| window == path.as_bytes());
    let mut paths = Vec::new();
    for (name, vsn) in applications(instance) {
        let below = format!("/{name}-{vsn}/ebin");
        let path = instance.root.join("lib").join(&below[1..]);
        if !holds(&below) && path.is_dir() {
            paths.push(text(&path)?);
        }
    }
    let consolidated = instance.version_dir().join("consolidated");
    if !paths.is_empty() && consolidated.is_dir() {
        paths.insert(0, text(&consolidated)?);
    }
    if !paths.is_empty() {
        args.push("-pa", &paths.iter().map(String::as_str).collect::<Vec<_>>());
    }
    Ok(())
}

/// A boot script that starts no application of the release, without its suffix.
fn script(instance: &Instance) -> Result<PathBuf, Failure> {
    let wished = env::var("RELEASE_BOOT_SCRIPT_CLEAN").unwrap_or_else(|| "start_clean".into());
    let (own, bin) = (instance.version_dir(), instance.root.join("bin"));
    let places = [own.join(&wished), bin.join(&wished), own.join("no_dot_erlang"), bin.join("no_dot_erlang")];
    match places.into_iter().find(|place| place.with_added_extension("boot").is_file()) {
        Some(place) => Ok(place),
        None => Err(Message::new(Status::Failed, format!("{} has no {wished}.boot", own.display()))
            .with_help("build the release with one: rebar3 and mix write start_clean.boot")
            .into()),
    }
}

/// The applications of this version and their versions, of its .rel file.
pub(in crate::helper) fn applications(instance: &Instance) -> Vec<(String, String)> {
    let directory = instance.version_dir();
    let own = directory.join(&instance.name).with_added_extension("rel");
    let other = || {
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "rel"))
    };
    let file = if own.is_file() { Some(own) } else { other() };
    file.and_then(|file| fs::read_to_string(file).ok()).map(|text| pairs(&text)).unwrap_or_default()
}

/// Whether an application is among those of this version.
pub(super) fn has_application(instance: &Instance, name: &str) -> bool {
    applications(instance).iter().any(|(it, _)| it == name)
}

/// Each `{name,"vsn"` of a term in text, but that of erts. Names of applications need no quotes.
fn pairs(text: &str) -> Vec<(String, String)> {
    let lines = text.lines().map(|line| line.split('%').next().unwrap_or_default());
    let text: String = lines.collect();
    let pair = |part: &str| {
        let (name, after) = part.split_once(',')?;
        let (vsn, _) = after.trim_start().strip_prefix('"')?.split_once('"')?;
        let name = name.trim();
        let plain = name.starts_with(|c: char| c.is_ascii_lowercase());
        (plain && name != "erts").then(|| (name.to_owned(), vsn.to_owned()))
    };
    text.split('{').filter_map(pair).collect()
}

/// Leaves what is about the VM itself.
pub(super) fn only_of_the_vm(args: &mut Args) {
    for flag in OF_THE_NODE {
        args.take(flag);
    }
    args.drop_plain();
}

/// The flags that the environment has for every VM, as far as they are not about the node: `ERL_AFLAGS` and
/// (in mix releases) `ELIXIR_ERL_OPTIONS` go to the front, the others are given back.
pub(super) fn from_environment(front: &mut Args, mix: bool) -> Result<Args, Failure> {
    let flags = |name: &str| -> Result<Args, Failure> {
        let mut args = Args::from_words(&env::var(name).unwrap_or_default(), name)?;
        only_of_the_vm(&mut args);
        Ok(args)
    };
    let own = std::mem::take(front);
    front.append(flags("ERL_AFLAGS")?);
    if mix {
        front.append(flags("ELIXIR_ERL_OPTIONS")?);
    }
    front.append(own);
    let mut rest = flags("ERL_FLAGS")?;
    rest.append(flags("ERL_ZFLAGS")?);
    Ok(rest)
}

/// The environment of a VM that is not the node, as pairs.
pub(super) fn environment(instance: &Instance, erts: &Erts) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut pairs = vec![
        ("BINDIR", text(&erts.bin)?),
        ("ROOTDIR", text(&instance.root)?),
        ("EMU", "beam".into()),
        ("PROGNAME", "erl".into()),
        // They stand in the command line, as far as they are meant for this VM.
        ("ERL_AFLAGS", String::new()),
        ("ERL_FLAGS", String::new()),
        ("ERL_ZFLAGS", String::new()),
    ];
    let dump = env::var("ERL_CRASH_DUMP");
    // Called by the node, which is to keep its place for itself.
    let of_the_node = dump.as_ref().is_some_and(|dump| Path::new(dump) == instance.log.join(crash::NAME));
    if of_the_node || (dump.is_none() && env::var("ERL_CRASH_DUMP_SECONDS").is_none()) {
        // It would be left in the caller's directory.
        pairs.push(("ERL_CRASH_DUMP_SECONDS", "0".into()));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::{emulator_flags, pairs};

    #[test]
    fn applications_are_read_from_a_rel_file() {
        let rel = "%% {no,\"1\"}\n{release,{\"demo\",\"0.1.0\"},\n {erts, \"13\"},\n [{kernel,\"8.5.3\",permanent},\n  {my_app , \"1.0-rc.1+x\"}]}.";
        let wanted = [("kernel", "8.5.3"), ("my_app", "1.0-rc.1+x")];
        assert_eq!(pairs(rel), wanted.map(|(name, vsn)| (name.to_owned(), vsn.to_owned())));
    }

    #[test]
    fn the_flags_of_an_escript_are_in_its_second_or_third_line() {
        let flags = |text: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), text).unwrap();
            emulator_flags(file.path())
        };
        assert_eq!(flags("#!/usr/bin/env escript\n%%! +S 1\nmain(_)").as_deref(), Some(" +S 1"));
        assert_eq!(flags("#!/x\n%% -*- erlang -*-\n%%! -smp\nmain(_)").as_deref(), Some(" -smp"));
        assert_eq!(flags("#!/x\nmain(_) -> ok.\n%%! no\n"), None);
        assert_eq!(flags("#!/x\n%\n%\n%%! no\n"), None);
        assert_eq!(flags("#!/x"), None);
    }
}
