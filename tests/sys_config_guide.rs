//! docs/sys-config.md: each example renders to what the guide says, and to a configuration.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use relboot::consult::{Dialect, config};
use relboot::host::{Facts, Roots};
use relboot::vmargs::{Context, Environment, Release, render, substitute};

/// The indented block that comes next, and what follows it.
fn block(text: &str) -> (String, &str) {
    let start = text.find("\n    ").expect("a block follows") + 1;
    let lines = text[start..].split_inclusive('\n').take_while(|line| line.starts_with("    "));
    let length: usize = lines.clone().map(str::len).sum();
    (lines.map(|line| &line[4..]).collect(), &text[start + length..])
}

#[test]
fn each_example_gives_what_is_said() {
    let guide = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sys-config.md")).unwrap();
    let mut facts = Facts::collect(&Roots::under("/nonexistent"));
    facts.cpu.count = 4;
    let release =
        Release { name: "shop".into(), vsn: "1".into(), root: "/opt/shop".into(), erts: "13.1.5".into() };
    let mut count = 0;
    for example in guide.split("<!-- ").skip(1) {
        let (head, rest) = example.split_once(" -->").unwrap();
        let mut words = head.split(' ');
        let kind = words.next().unwrap();
        let variables = words.map(|word| word.split_once('=').unwrap());
        let env: Environment =
            variables.map(|(name, value)| (OsString::from(name), OsString::from(value))).collect();
        let (source, rest) = block(rest);
        let (wanted, _) = block(rest.strip_prefix("\ngives\n").expect("an example gives something"));
        let context = Context { release: &release, facts: &facts, env: &env, sources: Arc::new(()) };
        let rendered = match kind {
            "example" => render(&source, "sys.config.j2", &context).unwrap(),
            "src" => substitute(&source, "sys.config.src", &env, '%').unwrap(),
            other => panic!("{other} is no kind of example"),
        };
        assert_eq!(rendered, wanted);
        config::check(&rendered, Dialect::default(), config::Role::System).unwrap();
        count += 1;
    }
    assert_eq!(count, 2);
}
