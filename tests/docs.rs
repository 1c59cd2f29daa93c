//! Documents under test: what docs/ and the READMEs say about functions, variables, commands, exit
//! statuses and files is compared with the sources, and with a real release's kit.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::instance::Instance;
use crate::support::releases::rebar3;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// All files below a folder of the repository.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

fn all_text(folder: &str) -> String {
    files(folder).iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The words in `text` that `is` says yes to; a word is made of letters, digits and `_`.
fn words(text: &str, is: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| is(word)).map(Into::into).collect()
}

/// The part of a document below a heading, up to the next of the same rank or a higher one.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, after) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    after.split("\n## ").next().unwrap()
}

/// The first cells of the rows of all tables in `text`.
fn first_cells(text: &str) -> Vec<&str> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    rows.filter_map(|row| row.split(" |").next()).collect()
}

/// What stands between backquotes.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

fn commands() -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_string();
    files("script-templates/boot/commands").into_iter().map(stem).collect()
}

#[test]
fn each_function_is_documented_as_its_header_has_it() {
    let (api, docs) = (read("script-templates/boot/api.sh"), read("docs/plugin-api.md"));
    let mut lines: Vec<String> = Vec::new();
    let mut headers = String::new();
    for line in api.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            lines.push(format!("    {comment}"));
            continue;
        }
        if line.starts_with("boot_") {
            assert_eq!(lines.len(), 4, "the header of {line}: {lines:?}");
            let name = line.split('(').next().unwrap();
            assert!(lines[0].starts_with(&format!("    {name}")), "{line}: {lines:?}");
            headers += &(lines.join("\n") + "\n\n");
        }
        lines.clear();
    }
    assert!(headers.contains("    boot_die MESSAGE"), "headers were found: {headers}");
    let documented = section(&docs, "## Functions");
    let start = documented.find("    boot_").unwrap();
    let end = documented
        .rfind(
            "api 1

",
        )
        .unwrap()
        + "api 1

"
        .len();
    assert_eq!(&documented[start..end], headers);
    // And no other is spoken of, here or in the examples. -boot_var is a flag of the VM.
    let known = words(&headers, |word| word.starts_with("boot_"));
    let others = ["boot_x", "boot_command", "boot_var"];
    let function = |word: &str| word.starts_with("boot_") && !word.ends_with('_') && !others.contains(&word);
    let spoken = words(&(docs + &all_text("hooks-examples")), function);
    assert_eq!(spoken.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn each_variable_is_documented_and_none_else() {
    let docs = read("docs/plugin-api.md");
    let section = section(&docs, "## Variables");
    let documented: BTreeSet<String> =
        first_cells(section).into_iter().flat_map(code).map(Into::into).collect();
    let public = |word: &str| word.starts_with("RELEASE_") || word.starts_with("BOOT_");
    let mut exported = BTreeSet::new();
    let scripts = all_text("script-templates/boot").replace("\\\n", " ");
    for line in scripts.lines().filter_map(|line| line.split("export ").nth(1)) {
        exported.extend(words(line, public));
    }
    let helper = read("src/helper/prepare/mod.rs") + &read("src/helper/hook.rs");
    for call in ["export(\"", ".env(\""] {
        let names = helper.split(call).skip(1).filter_map(|rest| rest.split('"').next());
        exported.extend(names.filter(|name| public(name)).map(Into::into));
    }
    assert!(exported.contains("BOOT_ENV_FILE") && exported.contains("RELEASE_ROOT"), "{exported:?}");
    let missing: Vec<_> = exported.difference(&documented).collect();
    assert!(missing.is_empty(), "docs/plugin-api.md has no row for {missing:?}");
    let used = words(&(scripts + &helper), public);
    let gone: Vec<_> = documented.difference(&used).collect();
    assert!(gone.is_empty(), "docs/plugin-api.md documents {gone:?}, which nothing sets or reads");
    // The plugins keep to it. RELEASE_LIB is a name in boot scripts, for -boot_var.
    let examples = words(&all_text("hooks-examples"), |word| {
        public(word) && !word.ends_with('_') && word != "RELEASE_LIB"
    });
    assert_eq!(examples.difference(&documented).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[test]
fn the_table_of_exit_statuses_is_that_of_the_sources() {
    let (source, docs) = (read("src/error.rs"), read("docs/plugin-api.md"));
    let body = source.split("pub enum Status {").nth(1).unwrap().split('}').next().unwrap();
    let mut rows = Vec::new();
    let mut text = String::new();
    for line in body.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("/// ") {
            text = comment.trim_end_matches('.').into();
            text[..1].make_ascii_lowercase();
        } else if let Some((_, number)) = line.trim_end_matches(',').split_once(" = ") {
            rows.push(format!("| {number} | {text} |"));
        }
    }
    assert!(rows.len() > 8, "{rows:?}");
    let table: Vec<_> =
        section(&docs, "## Exit status").lines().filter(|line| line.starts_with("| ")).collect();
    assert_eq!(table[1..], rows);
}

#[test]
fn each_command_and_its_phases_are_documented() {
    let docs = read("docs/plugin-api.md");
    let table = section(&docs, "## Phases");
    let documented: BTreeSet<String> =
        first_cells(table).into_iter().flat_map(code).map(Into::into).collect();
    assert_eq!(documented, commands());
    for row in table.lines().filter(|line| line.starts_with("| `")) {
        let [command, phases] = row.trim_matches('|').split(" |").collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let [command] = code(command)[..] else { continue };
        let source = read(&format!("script-templates/boot/commands/{command}.sh"));
        let line = source.lines().find_map(|line| line.strip_prefix("_boot_core_phases="));
        let inner: BTreeSet<_> = line.unwrap_or_default().trim_matches('\'').split(' ').collect();
        let around = [format!("pre_{command}"), format!("post_{command}")];
        let told: BTreeSet<_> =
            code(phases).into_iter().filter(|phase| !around.contains(&phase.to_string())).collect();
        assert_eq!(told, inner, "{command}");
    }
}

#[test]
fn commands_in_documents_exist() {
    let mut documents: Vec<_> = files("docs");
    documents.extend(files("hooks-examples").into_iter().filter(|path| path.ends_with("README.md")));
    for file in ["README.md", "CHANGELOG.md", "script-templates/plugins/README.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        documents.extend(path.is_file().then_some(path));
    }
    let own = ["daemon", "greet", "COMMAND"].map(String::from);
    let known: BTreeSet<String> = commands().into_iter().chain(own).collect();
    let cli = read("src/cli.rs");
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        let after = |program: &str| -> Vec<String> {
            let rests = text.split(program).skip(1);
            let first = rests.filter_map(|rest| rest.split([' ', '`', '\n', '"', ',', ')']).next());
            first.filter(|word| word.starts_with(|c: char| c.is_alphabetic())).map(Into::into).collect()
        };
        for word in ["bin/demo ", "bin/NAME "].into_iter().flat_map(after) {
            // In prose a word follows the program's name: "bin/demo may be run by dash".
            let prose = ["may", "itself", "was"].contains(&word.as_str());
            assert!(known.contains(&word) || prose, "{}: bin/NAME {word}", document.display());
        }
        for word in ["$ relboot ", "`relboot "].into_iter().flat_map(after) {
            // clap's own.
            if word == "help" {
                continue;
            }
            let variant = format!("    {}{}(", word[..1].to_uppercase(), &word[1..]);
            assert!(cli.contains(&variant), "{}: relboot {word}", document.display());
        }
    }
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = files("docs");
    documents.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|file| root.join(file)));
    // As renderers make it of a heading.
    let anchor = |heading: &str| -> String {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
    };
    let mut seen = 0;
    for document in documents {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("http") {
                continue;
            }
            let (file, to) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { document.clone() } else { document.with_file_name(file) };
            assert!(target.exists(), "{}: {link}", document.display());
            if !to.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let headings = text.lines().filter(|line| line.starts_with('#'));
                let found =
                    headings.map(|line| anchor(line.trim_start_matches('#').trim())).any(|it| it == to);
                assert!(found, "{}: no heading for {link}", document.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn help_prints_each_command_s_header() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    // The example of a command of one's own, as it stands in the documentation.
    let docs = read("docs/plugin-api.md");
    let start = docs.find("    # shellcheck shell=sh\n    # greet").unwrap();
    let example = docs[start..].lines().take_while(|line| line.is_empty() || line.starts_with("    "));
    let example: Vec<_> = example.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    let folder = instance.path().join("releases/0.1.0/boot/commands");
    fs::write(folder.join("greet.sh"), example.join("\n")).unwrap();

    let list = instance.run(&["help"]).ok();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let source = fs::read_to_string(&path).unwrap();
        let header = source.lines().skip(1).take_while(|line| line.starts_with('#'));
        let header: Vec<_> = header.map(|line| line[1..].strip_prefix(' ').unwrap_or_default()).collect();
        let summary =
            header[0].strip_prefix(&format!("{name}: ")).unwrap_or_else(|| panic!("{name}: {header:?}"));
        assert!(list.contains(&format!("  {name:13} {summary}\n")), "{name}: {list}");
        assert!(
            header.iter().any(|line| line.starts_with(&format!("usage: NAME {name}"))),
            "{name}: {header:?}"
        );
        let wanted = header.join("\n").replace("NAME ", "demo ") + "\n";
        assert_eq!(instance.run(&["help", name]).ok(), wanted, "{name}");
        assert_eq!(instance.run(&[name, "--help"]).ok(), wanted, "{name}");
    }

    instance.start();
    let greeting = instance.run(&["greet"]).ok();
    assert!(
        greeting.starts_with("hello from 'demo@") || greeting.starts_with("hello from demo@"),
        "{greeting}"
    );
    let table = section(&docs, "## The state directory");
    let mut documented: Vec<_> = first_cells(table).into_iter().flat_map(code).collect();
    documented.iter_mut().for_each(|name| *name = name.split('/').next().unwrap());
    let state = fs::read_dir(instance.path().join("tmp/demo")).unwrap();
    let there: Vec<_> = state.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let unknown: Vec<_> = there.iter().filter(|name| !documented.contains(&name.as_str())).collect();
    assert!(unknown.is_empty() && there.len() > 4, "{unknown:?} in {there:?}");
}

#[test]
fn the_readme_counts_the_files_of_a_kit() {
    let Some(raw) = rebar3() else { return };
    let made = Instance::of(raw).plain().generate(&[]).ok();
    let count = |text: &str| {
        let line = text.lines().find(|line| line.trim_start().starts_with("wrote kit of demo "));
        line.and_then(|line| line.rsplit(": ").next()).map(str::to_owned)
    };
    assert!(count(&made).is_some_and(|files| files.ends_with(" files")), "{made}");
    assert_eq!(count(&read("README.md")), count(&made));
}
