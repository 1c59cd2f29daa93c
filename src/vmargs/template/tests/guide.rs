//! docs/vm-args.md under test: each block of code in it is an example that is rendered on a made host, what that gives,
//! or a command line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use super::{net, release};
use crate::error::Report;
use crate::host::{Cpu, Facts, Host, Interface, Limits, Memory};
use crate::vmargs::{Context, Environment, Refusal, Sources, Text, render_args};

const GUIDE: &str = include_str!("../../../../docs/vm-args.md");

/// What stands above an example: `<!-- example host=small NAME=VALUE -->`.
struct Example<'a> {
    kind: &'a str,
    variables: BTreeMap<String, String>,
    template: String,
    outcome: String,
}

/// Secrets are variables of the example.
struct Variables(BTreeMap<String, String>);

impl Sources for Variables {
    fn file(&self, _path: &str) -> Result<Text, Refusal> {
        Err(Refusal::new("cannot read the file"))
    }

    fn secret(&self, name: &str) -> Result<Text, Refusal> {
        let text = self.0.get(name).cloned().ok_or_else(|| Refusal::new("there is no such secret"))?;
        Ok(Text { text, secret: true })
    }
}

fn facts(host: &str) -> Facts {
    let (count, quota, memory, nofile) = match host {
        "small" => (1, Some(0.5), 512 << 20, 1 << 20),
        "big" => (64, None, 256 << 30, 524_288),
        "" => (2, None, 4 << 30, 4096),
        other => panic!("no host {other}"),
    };
    let mut net = net();
    net.interfaces.remove("wg-0");
    net.interfaces.insert("lo".into(), Interface::default());
    Facts {
        host: Host {
            name: "web1".into(),
            fqdn: "web1.example.org".into(),
            domain: Some("example.org".into()),
        },
        cpu: Cpu { online: 64, affinity: 64, quota, count },
        memory: Memory { total: Some(256 << 30), available: None, limit: Some(memory) },
        limits: Limits { nofile_hard: Some(nofile), ..Limits::default() },
        net,
        system: Default::default(),
        user: Default::default(),
    }
}

/// What `bin/demo vmargs` shows of it, or says.
fn made(example: &Example<'_>) -> String {
    let host = example.variables.get("host").map(String::as_str).unwrap_or_default();
    let (release, facts) = (release(), facts(host));
    let os = |text: &String| OsString::from(text);
    let env: Environment = example.variables.iter().map(|(name, value)| (os(name), os(value))).collect();
    let sources = Arc::new(Variables(example.variables.clone()));
    let context = Context { release: &release, facts: &facts, env: &env, sources };
    let none = &mut |_: &str| Err(std::io::ErrorKind::NotFound.into());
    match render_args(&example.template, "vm.args.j2", &context, none) {
        Ok(mut args) => {
            args.take("-setcookie");
            args.to_shown_text()
        }
        Err(error) => {
            let help = error.help().map(|help| format!("help: {help}\n")).unwrap_or_default();
            format!("error: {error}\n{help}")
        }
    }
}

/// `NAME=VALUE NAME="two words"`
fn variables(text: &str) -> BTreeMap<String, String> {
    let words = crate::vmargs::words::split(text, "", crate::vmargs::words::Dialect::Variable).unwrap();
    let pair = |word: crate::vmargs::words::Word| {
        let (name, value) = word.text.split_once('=').unwrap_or_else(|| panic!("{}", word.text));
        (name.to_owned(), value.to_owned())
    };
    words.into_iter().map(pair).collect()
}

/// The blocks of code, each with the last line of text above it.
fn blocks() -> Vec<(&'static str, String)> {
    let mut blocks = Vec::new();
    let (mut above, mut block) = ("", String::new());
    for line in GUIDE.lines().chain(["end"]) {
        if let Some(code) = line.strip_prefix("    ") {
            block.push_str(code);
            block.push('\n');
        } else if line.is_empty() && !block.is_empty() {
            block.push('\n');
        } else if !line.is_empty() {
            if !block.is_empty() {
                blocks.push((above, block.trim_end_matches('\n').to_owned() + "\n"));
                block.clear();
            }
            above = line;
        }
    }
    blocks
}

fn examples() -> Vec<Example<'static>> {
    let mut examples: Vec<Example<'static>> = Vec::new();
    for (above, block) in blocks() {
        // Those of sizing are held by its own tests and by those of the configuration.
        if above == "<!-- sizing -->" {
            continue;
        }
        let marker = above.strip_prefix("<!-- ").and_then(|it| it.strip_suffix(" -->"));
        if let Some(marker) = marker {
            let (kind, rest) = marker.split_once(' ').unwrap_or((marker, ""));
            assert!(["example", "error"].contains(&kind), "{above}");
            let variables = variables(rest);
            examples.push(Example { kind, variables, template: block, outcome: String::new() });
        } else if above.starts_with("gives") {
            let example = examples.last_mut().expect("an example stands above its outcome");
            assert_eq!(example.outcome, "", "two outcomes: {block}");
            example.outcome = block;
        } else {
            // Commands and what they say, and configuration: for the integration tests' `guide`, which counts them.
            let elsewhere = block.starts_with("$ ") || block.starts_with("[vm]");
            assert!(elsewhere, "a block that no test runs:\n{block}");
        }
    }
    examples
}

#[test]
fn each_example_gives_what_the_guide_says() {
    let examples = examples();
    assert!(examples.len() > 12, "{}", examples.len());
    for example in &examples {
        let made = made(example);
        assert_eq!(made, example.outcome, "{}", example.template);
        assert_eq!(made.starts_with("error: "), example.kind == "error", "{made}");
    }
}
