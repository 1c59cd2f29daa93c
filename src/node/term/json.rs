//! Terms as JSON, on one line. Always valid; what JSON has no form for is text.
//!
//! | term | JSON |
//! |---|---|
//! | `true`, `false`; `null`, `nil`, `undefined` | `true`, `false`; `null` |
//! | other atoms | string |
//! | integers | number, all digits; above 16 KiB in binary the string `16#...` |
//! | floats | number |
//! | binaries that are UTF-8 | string |
//! | other binaries, bit strings | `{"base64": "..."}`, `{"base64": "...", "bits": N}` |
//! | lists | array; of Erlang a printable string, when not empty, is a string |
//! | improper lists | `{"list": [...], "tail": ...}` |
//! | tuples | array |
//! | maps | object when the keys are atoms, UTF-8 binaries or numbers, all different as text; else array of pairs |
//! | pids, ports, references, funs | string, as Erlang prints them |

use std::collections::HashSet;
use std::fmt::{self, Display, Formatter, Write};

use super::{BigInt, Term, print};

/// A term that is written as JSON.
#[derive(Clone, Copy, Debug)]
pub struct Json<'a> {
    term: &'a Term,
    strings: bool,
}

impl<'a> Json<'a> {
    /// `strings`: whether printable lists of characters are strings, as in Erlang; in Elixir they
    /// are lists.
    #[must_use]
    pub fn new(term: &'a Term, strings: bool) -> Self {
        Self { term, strings }
    }

    fn of(self, term: &'a Term) -> Self {
        Self { term, ..self }
    }

    fn array(self, parts: &'a [Term], f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (position, part) in parts.iter().enumerate() {
            comma(position, f)?;
            write!(f, "{}", self.of(part))?;
        }
        f.write_char(']')
    }

    fn map(self, pairs: &'a [(Term, Term)], f: &mut Formatter<'_>) -> fmt::Result {
        let Some(keys) = keys(pairs) else {
            f.write_char('[')?;
            for (position, (key, value)) in pairs.iter().enumerate() {
                comma(position, f)?;
                write!(f, "[{},{}]", self.of(key), self.of(value))?;
            }
            return f.write_char(']');
        };
        f.write_char('{')?;
        for (position, (key, (_, value))) in keys.iter().zip(pairs).enumerate() {
            comma(position, f)?;
            string(key, f)?;
            write!(f, ":{}", self.of(value))?;
        }
        f.write_char('}')
    }
}

impl Display for Json<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.term {
            Term::Int(value) => write!(f, "{value}"),
            Term::Big(value) => big(value, f),
            Term::Float(value) if value.is_finite() => print::float(*value, f),
            Term::Float(_) => f.write_str("null"),
            Term::Atom(name) => match name.as_str() {
                "true" | "false" => f.write_str(name),
                "null" | "nil" | "undefined" => f.write_str("null"),
                other => string(other, f),
            },
            Term::Pid(_) | Term::Reference(_) | Term::Port(_) | Term::Fun(_) | Term::Export(_) => {
                string(&self.term.to_string(), f)
            }
            Term::Tuple(parts) => self.array(parts, f),
            Term::List(parts) => match print::text(parts) {
                Some(text) if self.strings => string(&text, f),
                _ => self.array(parts, f),
            },
            Term::ImproperList(parts, tail) => {
                f.write_str("{\"list\":")?;
                self.array(parts, f)?;
                write!(f, ",\"tail\":{}}}", self.of(tail))
            }
            Term::Binary(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => string(text, f),
                Err(_) => {
                    f.write_str("{\"base64\":\"")?;
                    base64(bytes, f)?;
                    f.write_str("\"}")
                }
            },
            Term::BitBinary { bytes, last_bits } => {
                f.write_str("{\"base64\":\"")?;
                base64(bytes, f)?;
                write!(f, "\",\"bits\":{}}}", bytes.len().saturating_sub(1) * 8 + usize::from(*last_bits))
            }
            Term::Map(pairs) => self.map(pairs, f),
        }
    }
}

fn comma(position: usize, f: &mut Formatter<'_>) -> fmt::Result {
    if position > 0 { f.write_char(',') } else { Ok(()) }
}

/// The names of an object's members, when the map can be one.
fn keys(pairs: &[(Term, Term)]) -> Option<Vec<String>> {
    let names = pairs.iter().map(|(key, _)| match key {
        Term::Atom(name) => Some(name.clone()),
        Term::Binary(bytes) => String::from_utf8(bytes.clone()).ok(),
        Term::Int(_) | Term::Big(_) | Term::Float(_) => Some(key.to_string()),
        _ => None,
    });
    let names: Vec<String> = names.collect::<Option<_>>()?;
    let different: HashSet<&str> = names.iter().map(String::as_str).collect();
    (different.len() == names.len()).then_some(names)
}

fn big(value: &BigInt, f: &mut Formatter<'_>) -> fmt::Result {
    let quote = if print::is_hexadecimal(value) { "\"" } else { "" };
    f.write_str(quote)?;
    print::big(value, f)?;
    f.write_str(quote)
}

fn string(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            // The two separators end a line in JavaScript; control characters would drive a terminal.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                write!(f, "\\u{:04x}", u32::from(c))?;
            }
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}

fn base64(bytes: &[u8], f: &mut Formatter<'_>) -> fmt::Result {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let word = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * place) & 63) as usize];
            f.write_char(if place <= chunk.len() { char::from(digit) } else { '=' })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BigInt, Json, Term};

    fn erlang(term: &Term) -> String {
        let text = Json::new(term, true).to_string();
        serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        text
    }

    #[test]
    fn each_kind_has_a_form() {
        let tuple = |parts: &[Term]| Term::Tuple(parts.to_vec());
        let int = Term::Int;
        let cases = [
            (
                tuple(&["true", "false", "null", "nil", "undefined", "ok"].map(Term::atom)),
                "[true,false,null,null,null,\"ok\"]",
            ),
            (int(i64::MIN), "-9223372036854775808"),
            (Term::Big(BigInt { negative: true, magnitude: vec![0xff; 9] }), "-4722366482869645213695"),
            (Term::Float(1.0e300), "1.0e300"),
            (Term::Float(-0.0), "-0.0"),
            (Term::Float(f64::NAN), "null"),
            (Term::binary(vec![0xff, 0, 1, 2]), r#"{"base64":"/wABAg=="}"#),
            (Term::binary(vec![0xff, 0]), r#"{"base64":"/wA="}"#),
            (Term::BitBinary { bytes: vec![1, 0xa0], last_bits: 3 }, r#"{"base64":"AaA=","bits":11}"#),
            (Term::string("hi"), "\"hi\""),
            (Term::List(Vec::new()), "[]"),
            (Term::List(vec![int(1), int(2)]), "[1,2]"),
            (Term::ImproperList(vec![int(1)], Box::new(int(2))), r#"{"list":[1],"tail":2}"#),
            (tuple(&[]), "[]"),
            (Term::Map(Vec::new()), "{}"),
        ];
        for (term, text) in cases {
            assert_eq!(erlang(&term), text);
        }
        assert_eq!(Json::new(&Term::string("hi"), false).to_string(), "[104,105]");
    }

    #[test]
    fn maps_are_objects_where_no_key_gets_lost() {
        let one = || Term::Int(1);
        let map = |keys: &[Term]| erlang(&Term::Map(keys.iter().map(|key| (key.clone(), one())).collect()));
        assert_eq!(map(&[Term::atom("nil"), Term::Int(2), Term::binary("b")]), r#"{"nil":1,"2":1,"b":1}"#);
        assert_eq!(map(&[Term::atom("a"), Term::binary("a")]), r#"[["a",1],["a",1]]"#);
        assert_eq!(map(&[Term::string("a")]), r#"[["a",1]]"#);
        assert_eq!(map(&[Term::binary(vec![0xff])]), r#"[[{"base64":"/w=="},1]]"#);
    }

    #[test]
    fn hostile_text_comes_back_from_a_parser() {
        let all: String = (0..0x11_0000).step_by(7).chain(0..0x300).filter_map(char::from_u32).collect();
        for text in [all.as_str(), "\"\\\u{2028}\u{2029}\0\u{7f}\u{85}</script>#{}\u{feff}"] {
            let json = erlang(&Term::binary(text));
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            assert!(!json.chars().any(|c| c.is_control() || c == '\u{2028}'));
        }
    }

    #[test]
    fn integers_beyond_all_reason_are_text() {
        let huge = Term::Big(BigInt { negative: true, magnitude: vec![0xab; 100_000] });
        assert!(erlang(&huge).starts_with("\"-16#ABAB"));
    }
}
