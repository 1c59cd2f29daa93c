//! What the design says about the sources, held by reading them: who may import whom, how long a file
//! may be, and that each dependency has its reason in CONTRIBUTING.md.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the generator.
const GENERATOR: [&str; 5] = ["cmd", "cli", "config", "release", "kit"];

/// A file of src/ longer than this is to be split by meaning.
const LONGEST: usize = 350;

/// A source file: its path below src/, and its lines without comments.
struct Source {
    path: String,
    lines: usize,
    code: String,
}

impl Source {
    /// The module it belongs to: the first part of its path.
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// The modules of the crate that it names by `crate::` or `relboot::`.
    fn imports(&self) -> Vec<String> {
        let mut found = Vec::new();
        for root in ["crate::", "relboot::"] {
            for (at, _) in self.code.match_indices(root) {
                found.extend(first_names(&self.code[at + root.len()..]));
            }
        }
        found
    }
}

/// The names right after a path's root: one, or those on the first level of `{...}`.
fn first_names(text: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = text.strip_prefix('{') else { return vec![name(text)] };
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(&group[start..at]));
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    list(&root, &mut files);
    assert!(files.len() > 5, "{} has only {files:?}", root.display());
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("a listed file can be read");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code = code.collect::<Vec<_>>().join("\n");
        let path = file.strip_prefix(&root).expect("it was listed below root").display().to_string();
        Source { path, lines: text.lines().count(), code }
    };
    files.into_iter().map(read).collect()
}

fn list(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder of sources can be read") {
        let path = entry.expect("so can its entries").path();
        if path.is_dir() {
            list(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// What a module may not import.
fn forbidden(module: &str) -> Vec<&'static str> {
    let generator_and = |more: &[&'static str]| [&GENERATOR, more].concat();
    match module {
        "error" => generator_and(&["helper", "vmargs", "host", "node", "names"]),
        "names" => generator_and(&["helper", "vmargs", "host", "node"]),
        "vmargs" | "host" | "node" => generator_and(&["helper"]),
        "consult" => generator_and(&["helper", "vmargs", "host", "node", "names"]),
        // src/bin/ holds the helper's main.
        "helper" | "bin" => GENERATOR.to_vec(),
        "cli" | "config" | "release" | "kit" => vec!["cmd", "helper"],
        "cmd" | "main" => vec!["helper"],
        "lib" => Vec::new(),
        other => panic!("src/{other} has no place in the table of imports: give it one"),
    }
}

#[test]
fn imports_point_one_way() {
    let mut wrong = Vec::new();
    for source in sources() {
        let not = forbidden(source.module());
        let bad = source.imports().into_iter().filter(|import| not.contains(&import.as_str()));
        wrong.extend(bad.map(|import| format!("src/{} imports {import}", source.path)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn imports_are_found_in_every_form() {
    let code = "use crate::error::{Report, x::Y};\nuse crate::{kit::{a, b}, names,\n    host::c};\nfn f(x: &crate::cli::Args) {}\nrelboot::cmd::run();";
    let source = Source { path: "kit/render.rs".into(), lines: 1, code: code.into() };
    assert_eq!(source.module(), "kit");
    assert_eq!(source.imports(), ["error", "kit", "names", "host", "cli", "cmd"]);
}

#[test]
fn one_file_names_askama() {
    let named = sources().into_iter().filter(|source| source.code.contains("askama"));
    let others = named.map(|source| source.path).filter(|path| path != "kit/render.rs");
    assert_eq!(others.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn no_source_is_too_long() {
    let long = sources().into_iter().filter(|source| source.lines > LONGEST);
    let long: Vec<_> = long.map(|source| format!("src/{}: {} lines", source.path, source.lines)).collect();
    assert!(long.is_empty(), "split by meaning what has more than {LONGEST} lines: {long:#?}");
}

#[test]
fn each_dependency_has_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest: toml::Table = fs::read_to_string(root.join("Cargo.toml")).unwrap().parse().unwrap();
    let reasons = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let mut names = Vec::new();
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let table = manifest.get(section).and_then(toml::Value::as_table);
        names.extend(table.into_iter().flat_map(|table| table.keys().cloned()));
    }
    assert!(names.contains(&"askama".to_string()), "the manifest was read: {names:?}");
    let has_line = |name: &String| reasons.lines().any(|line| line.starts_with(&format!("| `{name}` |")));
    let without: Vec<_> = names.iter().filter(|name| !has_line(name)).collect();
    assert!(without.is_empty(), "no line in CONTRIBUTING.md for {without:?}");
    // And none that is gone.
    let lines = reasons.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let gone: Vec<_> = lines.filter(|name| !names.iter().any(|n| n == name)).collect();
    assert!(gone.is_empty(), "CONTRIBUTING.md has a line for {gone:?}, which Cargo.toml has not");
}
