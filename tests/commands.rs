//! docs/commands.md, the help of the commands, and what they do: all three say the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::instance::Instance;
use crate::support::releases::rebar3;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The header of each command's file, which is its help, without the marks of a comment.
fn headers() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("script-templates/boot/commands");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| {
            let source = fs::read_to_string(&path).unwrap();
            let lines = source.lines().skip(1).take_while(|line| line.starts_with('#'));
            let lines = lines.map(|line| line[1..].strip_prefix(' ').unwrap_or(&line[1..]));
            let text = lines.collect::<Vec<_>>().join("\n");
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), text)
        })
        .collect()
}

/// The block behind each heading of a command.
fn documented(docs: &str) -> BTreeMap<String, String> {
    let parts = docs.split("\n### `").skip(1);
    parts
        .map(|part| {
            let (name, rest) = part.split_once("`\n\n").unwrap_or_else(|| panic!("{part}"));
            let block = rest.lines().take_while(|line| line.is_empty() || line.starts_with("    "));
            let lines: Vec<_> = block.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
            (name.to_owned(), lines.join("\n").trim_end().to_owned())
        })
        .collect()
}

/// The cells of each row of the table below a heading, its head left out.
fn rows(docs: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, after) = docs.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}"));
    let section = after.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    rows.map(cells).collect()
}

fn bare(cell: &str) -> String {
    cell.trim_matches('`').to_owned()
}

/// The options in the usage lines and at the head of a line of their own, each with the word behind it.
fn options(header: &str) -> BTreeMap<String, String> {
    let usage = header.lines().skip_while(|line| !line.starts_with("usage:"));
    let usage = usage.take_while(|line| !line.is_empty());
    let explained = header.lines().filter(|line| line.starts_with("--"));
    let mut found = BTreeMap::new();
    for line in usage.chain(explained.filter_map(|line| line.split("   ").next())) {
        let words: Vec<_> = line.split(|c: char| " []|(),".contains(c)).filter(|it| !it.is_empty()).collect();
        let options = words.iter().enumerate().filter(|(_, word)| word.starts_with("--") && word.len() > 2);
        found.extend(options.map(|(at, it)| (it.to_string(), words.get(at + 1).unwrap_or(&"").to_string())));
    }
    found
}

#[test]
fn the_document_has_the_help_of_each_command() {
    let docs = documented(&read("docs/commands.md"));
    let headers = headers();
    assert_eq!(docs.keys().collect::<Vec<_>>(), headers.keys().collect::<Vec<_>>());
    for (name, header) in headers {
        let wanted = header.replace("NAME ", "bin/NAME ");
        assert_eq!(docs[&name], wanted, "docs/commands.md, {name}: it should say\n\n{}\n", indented(&wanted));
    }
}

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!("    {line}") });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_tables_name_each_command_and_alias() {
    let docs = read("docs/commands.md");
    let headers = headers();
    let table = rows(&docs, "## At a glance");
    let told: BTreeMap<_, _> = table.iter().map(|row| (bare(&row[0]), row[1].clone())).collect();
    let wanted = headers.iter().map(|(name, header)| {
        let line = header.lines().next().unwrap();
        (name.clone(), line.split_once(": ").unwrap().1.trim_end_matches('.').to_owned())
    });
    assert_eq!(told, wanted.collect());

    let core = read("script-templates/boot/core.sh");
    let mut wanted = Vec::new();
    for line in core.lines().map(str::trim) {
        let Some((words, command)) = line.split_once(") BOOT_COMMAND=") else { continue };
        let command = command.trim_end_matches(" ;;");
        let words = words.split(" | ").map(|it| it.replace(':', " "));
        wanted.extend(words.filter(|_| headers.contains_key(command)).map(|it| (it, command.to_owned())));
    }
    wanted.sort();
    let mut told: Vec<_> =
        rows(&docs, "## Aliases").iter().map(|row| (bare(&row[0]), bare(&row[1]))).collect();
    told.sort();
    assert_eq!(told, wanted);
}

/// Commands that wait for somebody at a terminal, or start the node.
const RUNNING: [&str; 4] = ["start", "foreground", "console", "console_clean"];

/// What goes on until it is interrupted: `status` and `logs` have tests of it.
const ENDLESS: [&str; 3] = ["--watch", "--interval", "--follow"];

#[test]
fn commands_take_their_options_and_end_as_documented() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let table = rows(&read("docs/commands.md"), "## At a glance");
    let statuses: BTreeMap<_, _> = table.iter().map(|row| (bare(&row[0]), row[2].clone())).collect();
    let file = instance.base().join("file");
    fs::write(&file, "ok.\n").unwrap();
    for (name, header) in headers() {
        let documented: Vec<i32> = statuses[&name].split(", ").map(|it| it.parse().unwrap()).collect();
        // What is for the node passes.
        let passes = ["", " [--wait SECONDS]", " [--wait SECONDS] [--timeout SECONDS]"];
        if !passes.iter().any(|rest| header.contains(&format!("NAME {name}{rest} [ARG...]"))) {
            let refused = instance.run(&[&name, "--no-such-option"]);
            assert!(refused.status == 2 && documented.contains(&2), "{name}: {documented:?}, {refused}");
            assert!(
                refused.stderr.contains("--no-such-option") && refused.stdout.is_empty(),
                "{name}: {refused}"
            );
        }
        if RUNNING.contains(&name.as_str()) {
            continue;
        }
        let output = instance.run(&[&name]);
        assert!(documented.contains(&output.status), "{name}: not in {documented:?}: {output}");
        for (option, value) in options(&header) {
            if ENDLESS.contains(&option.as_str()) {
                continue;
            }
            let value = match value.as_str() {
                "SECONDS" => vec!["1"],
                "FILE" => vec![file.to_str().unwrap()],
                _ => Vec::new(),
            };
            let args: Vec<&str> = [name.as_str(), &option].into_iter().chain(value).collect();
            let output = instance.run(&args);
            assert!(!output.stderr.contains("invalid option"), "{args:?}: {output}");
            assert!(documented.contains(&output.status), "{args:?}: not in {documented:?}: {output}");
        }
    }
    assert_eq!(instance.vms(), [0; 0], "nothing was started");
}
