//! Values that a template puts through `arg`, and arguments of `start`, reach the application byte for byte: some
//! thousands of them, in batches, on real nodes.

use std::fs;

use crate::support::instance::Instance;
use crate::support::releases::rebar3;

/// What stumbles over shells, args files, templates and option parsers.
const PIECES: [&str; 48] = [
    "'",
    "\"",
    "\\",
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "  ",
    "#",
    "-",
    "+",
    "--",
    "-extra",
    "-args_file",
    "-env",
    "$",
    "${HOME}",
    "$(id)",
    "`id`",
    "&",
    ";",
    "|",
    "*",
    "?",
    "~",
    "!",
    "%",
    "{{",
    "}}",
    "{%",
    "{#",
    "#}",
    "é",
    "ß",
    "中",
    "🦀",
    "\u{301}",
    "\u{feff}",
    "\u{7f}",
    "\u{1}",
    "\u{1b}[0m",
    "\x0b",
    "\x0c",
    "\\n",
    "a",
    "B7",
    "\u{10ffff}",
];

/// Pseudo-random, the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap()
    }

    fn value(&mut self) -> String {
        let mut value = String::new();
        for _ in 0..self.below(9) {
            match self.below(3) {
                // Any character but NUL: the ones of one byte, and others.
                0 => value.push(char::from(u8::try_from(1 + self.below(127)).unwrap())),
                1 => value.extend(
                    char::from_u32(u32::try_from(self.below(0x0011_0000)).unwrap()).filter(|c| *c != '\0'),
                ),
                _ => value.push_str(PIECES[self.below(PIECES.len())]),
            }
        }
        value
    }
}

/// The pieces alone, at both ends of a word, the empty text, and random ones.
fn values(count: usize) -> Vec<String> {
    let mut random = Random(4);
    let mut values = vec![String::new()];
    for piece in PIECES {
        values.extend([piece.to_owned(), format!("{piece}x"), format!("x{piece}")]);
    }
    values.extend((1..128_u8).map(|byte| char::from(byte).to_string()));
    while values.len() < count {
        values.push(random.value());
    }
    values
}

/// Compares what the running node has as plain arguments, in hexadecimal.
#[track_caller]
fn compare(instance: &Instance, values: &[String]) {
    let ask = "iolist_to_binary(lists:join(\",\", [[io_lib:format(\"~2.16.0b\", [B]) || <<B>> <= unicode:characters_to_binary(A)] \
        || A <- init:get_plain_arguments()])).";
    let said = instance.run(&["rpc", ask]).ok();
    let said: String = said.chars().filter(|c| c.is_ascii_hexdigit() || *c == ',').collect();
    let hex = |value: &String| value.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let got: Vec<&str> = said.split(',').collect();
    assert_eq!(got.len(), values.len());
    for (value, got) in values.iter().zip(got) {
        assert_eq!(got, hex(value), "{value:?}");
    }
}

#[test]
fn any_value_reaches_the_application() {
    let Some(raw) = rebar3() else { return };
    let mut instance = Instance::of(raw).plain();
    fs::create_dir_all(instance.base().join("rel")).unwrap();
    let values = values(3000);
    let batches: Vec<_> = values.chunks(1000).collect();
    for (n, value) in values.iter().enumerate() {
        instance.set(&format!("X{n}"), value);
    }
    let template: String =
        (0..1000).map(|n| format!("{{{{ env['X' ~ (env.FIRST | int + {n})] | arg }}}} ")).collect();
    fs::write(instance.base().join("rel/vm.args.j2"), format!("-sname demo\n-extra {template}\n")).unwrap();
    instance.generate(&[]).ok();
    for (n, batch) in batches.into_iter().enumerate() {
        instance.set("FIRST", &(n * 1000).to_string());
        instance.run(&["start"]).ok();
        compare(&instance, batch);
        instance.run(&["stop"]).ok();
    }
}

#[test]
fn any_argument_of_start_reaches_the_application() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    // Options are one only as the first word.
    let mut values = values(600);
    values.insert(0, "x".into());
    let mut args = vec!["start"];
    args.extend(values.iter().map(String::as_str));
    instance.run(&args).ok();
    compare(&instance, &values);
}
