//! The list of words, against made files and against the real erlexec.

use std::process::Command;

use crate::vmargs::{Args, Error};

fn parse(text: &str) -> Result<Args, Error> {
    Args::parse(text, "vm.args", &mut |path| match path {
        "more" => Ok("-more 1\n".into()),
        "deep" => Ok("-args_file more\n-extra x\n".into()),
        "empty" => Ok("# nothing\n".into()),
        "self" => Ok("-a\n-args_file self\n".into()),
        path if path.starts_with("two") && path.len() > 20 => Ok(String::new()),
        path if path.starts_with("two") => Ok(format!("-args_file {path}a -args_file {path}b")),
        path if path.starts_with("turn") => Ok(format!("-args_file {path}x")),
        _ => Err(std::io::ErrorKind::NotFound.into()),
    })
}

fn text(text: &str) -> String {
    parse(text).unwrap().to_text()
}

#[test]
fn a_file_is_written_with_one_flag_per_line() {
    let source = "## Name\n-name 'a@b.c' -setcookie  x\r\n\r\n+S 2:2 +sbwt none\n\
                  -kernel inet_dist_listen_min 9100\n  inet_dist_listen_max 9100 # ports\n\
                  -env MSG \"it's # fine\" -eval 'io:format(\"~p\", [1]).' -extra -a '' b\\ c\n";
    insta::assert_snapshot!(text(source), @r#"
    -name a@b.c
    -setcookie x
    +S 2:2
    +sbwt none
    -kernel inet_dist_listen_min 9100 inet_dist_listen_max 9100
    -env MSG "it's # fine"
    -eval 'io:format("~p", [1]).'
    -extra -a '' 'b c'
    "#);
}

#[test]
fn includes_stand_where_they_are_asked_for() {
    insta::assert_snapshot!(text("-a 1\n-args_file more 2\n-b\n-args_file empty\n-args_file deep\n-c"), @r"
    -a 1
    -more 1
    -- 2
    -b
    -more 1
    --
    -c
    -extra x --
    ");
    // After -extra, words are words.
    assert_eq!(text("-extra -args_file gone"), "-extra -args_file gone\n");
    assert_eq!(text("# nothing"), "");
    assert_eq!(text("-extra"), "-extra\n");
}

#[test]
fn errors_name_file_and_line() {
    let message = |text: &str| parse(text).unwrap_err().to_string();
    assert_eq!(message("-a\n-args_file self"), "self:2: -args_file \"self\" includes itself");
    assert!(message("-args_file turn").ends_with("includes itself"));
    assert!(message("-args_file two").ends_with("there are too many files"));
    assert_eq!(message("\n-args_file"), "vm.args:2: -args_file has no value");
    assert_eq!(message("-args_file none"), "vm.args:1: -args_file \"none\" can't be read: entity not found");
    for flag in ["-name", "-sname", "-env A", "+P", "+sbwt", "+sbwt -x", "-start_epmd", "-epmd"] {
        let name = flag.split(' ').next().unwrap();
        assert_eq!(message(&format!("-a\n\n{flag}")), format!("vm.args:3: {name} has no value"));
    }
    let error = Args::from_words("-a -name", "ERL_FLAGS").unwrap_err();
    assert_eq!(error.to_string(), "ERL_FLAGS: -name has no value");
}

#[test]
fn values_are_those_that_the_node_would_see() {
    let args = parse("-a 1 +S 2 3 -env X -b 4 -name -x 5 -a 6 -- 7 +B i +B -c d").unwrap();
    assert_eq!(args.get("-a"), [vec!["1", "3", "4"], vec!["6"]]);
    assert_eq!(args.get("+S"), [["2"]]);
    assert_eq!(args.get("-env"), [["X", "-b"]]);
    assert_eq!(args.get("-name"), [["-x", "5"]]);
    assert_eq!(args.get("+B"), [vec!["i"], vec![]]);
    assert_eq!(args.get("-c"), [["d"]]);
    let args = parse("-sname demo\n+sbtw none\n+Bd word\n-setcookie x +P9000 y").unwrap();
    assert_eq!(args.get("-sname"), [["demo"]], "the slip is told, and nothing that follows from it");
    assert_eq!(args.get("-setcookie"), [["x", "y"]]);
    let args = parse("-a 1 +S 2 3 -env X -b 4 -name -x 5 -a 6 -- 7 +B i +B -c d").unwrap();
    for absent in ["-b", "-x", "--", "7", "a"] {
        assert!(args.get(absent).is_empty(), "{absent}");
    }
}

#[test]
fn take_removes_flags_with_all_their_values() {
    let mut args = parse("-a 1 +S 2 3\n-name n\n-a 4 -- 5\n-extra -a 9").unwrap();
    assert_eq!(args.take("-a"), [vec!["1", "3"], vec!["4"]]);
    assert_eq!(args.take("-name"), [["n"]]);
    assert!(args.take("-name").is_empty());
    assert_eq!(args.to_text(), "+S 2\n-- 5\n-extra -a 9\n");
}

#[test]
fn added_flags_take_no_others_words() {
    let mut args = parse("word -a 1\n-extra x").unwrap();
    args.push("+S", &["2:2"]);
    args.push_front("-name", &["a b"]);
    assert_eq!(args.to_text(), "-name 'a b'\n-- word\n-a 1\n+S 2:2\n-extra x\n");
    let mut other = Args::from_words("-b # 'c d' -extra y", "ERL_FLAGS").unwrap();
    assert_eq!(other.get("-b"), [["#", "c d"]]);
    other.append(args);
    assert_eq!(other.extra(), ["y", "x"]);
    assert!(other.to_text().starts_with("-b '#' 'c d'\n--\n-name"), "{}", other.to_text());
}

#[test]
fn debug_shows_no_values() {
    let args = parse("-setcookie hush -extra hush").unwrap();
    assert_eq!(format!("{args:?}"), "[\"-setcookie\"]");
}

/// Words made of the characters that mean something, from a fixed seed.
fn hostile(count: usize) -> Vec<String> {
    const PARTS: [&str; 19] = [
        "'", "\"", "\\", "#", " ", "\t", "\n", "\r", "\x0b", "\x0c", "a", "-", "+", "$", "é", "{{", "\r\n",
        "=", "\u{7f}",
    ];
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = move |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    (0..count).map(|_| (0..next(7)).map(|_| PARTS[next(PARTS.len())]).collect()).collect()
}

#[test]
fn any_words_come_back_as_they_were() {
    for words in hostile(4000).chunks(5) {
        let mut args = Args::default();
        args.push("-x", &words.iter().map(String::as_str).collect::<Vec<_>>());
        let flat =
            |args: &Args| -> Vec<String> { args.tokens.iter().map(|token| token.text.clone()).collect() };
        // Such words may be flags without a value; it's the words that count here.
        let mut again = Args::default();
        let read = again.read(&args.to_text(), &mut vec!["f".into()], &mut |_| unreachable!("no include"));
        assert!(read.is_ok(), "{words:?}");
        assert_eq!(flat(&again), flat(&args), "{}", args.to_text());
        assert_eq!(again.to_text(), args.to_text());
    }
}

#[test]
fn a_real_node_reads_the_same_words() {
    if !crate::vmargs::tests::have_erl() {
        return;
    }
    let words = hostile(300);
    let source = format!(
        "-args_file empty\n-foo 1 '2 3'\n+S 1:1\n-extra {}",
        words.iter().map(|word| crate::vmargs::words::quote(word)).collect::<Vec<_>>().join("\n")
    );
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("vm.args");
    std::fs::write(&file, text(&source)).unwrap();
    let print = "io:format(\"~w~n~w~n\", [init:get_plain_arguments(), init:get_argument(foo)]), halt().";
    let output = Command::new("erl")
        .arg("-args_file")
        .arg(&file)
        .args(["-noshell", "-noinput", "-eval", print])
        .env("LC_ALL", "C.UTF-8")
        .env_remove("ERL_FLAGS")
        .output()
        .unwrap();
    let codes = |word: &str| {
        let codes: Vec<String> = word.chars().map(|c| (c as u32).to_string()).collect();
        format!("[{}]", codes.join(","))
    };
    // erlexec itself puts `--` after the words of a file, those of -extra too.
    let expected: Vec<String> = words.iter().map(|word| codes(word)).chain([codes("--")]).collect();
    let expected = format!("[{}]\n{{ok,[[{},{}]]}}\n", expected.join(","), codes("1"), codes("2 3"));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{output:?}");
}

#[test]
fn the_environment_is_taken_in_order_but_what_erlexec_or_no_shell_could_take() {
    let text = "-env A 1\n-env\n-b -env\n-env A -env -env BINDIR /x\n-env a-b c\n+P 2000\n-extra -env X y";
    let mut args = Args::parse(text, "vm.args", &mut |_| unreachable!()).unwrap();
    let taken = args.take_env();
    let expected = [("A", "1"), ("A", "-env")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(taken, expected);
}

#[test]
fn included_files_have_a_bound_together() {
    let mut include = |_: &str| Ok("x ".repeat(1 << 19));
    let mut told = |count: usize| {
        let text: String = (0..count).map(|n| format!("-args_file f{n}\n")).collect();
        Args::parse(&text, "vm.args", &mut include).map_err(|error| error.to_string())
    };
    assert!(told(4).is_ok());
    let expected = "vm.args:5: -args_file \"f4\" can't be read: there is too much in all the files";
    assert_eq!(told(5).unwrap_err(), expected);
}
