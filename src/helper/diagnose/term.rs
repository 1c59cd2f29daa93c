//! Erlang terms as a dying VM prints them: broken over lines, cut off, with pids and funs in between. Reads what is
//! there and never fails; what it prints is short, on one line, and safe for a terminal.

use std::iter::Peekable;
use std::str::Chars;

use super::exception::Exception;

/// How deep terms are looked into.
const DEPTH: usize = 60;
/// How many characters of a term are shown.
const SHOWN: usize = 240;
/// How many characters of a string are shown: it may be a secret of the configuration.
const SHOWN_STRING: usize = 80;

/// A term as far as its text goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    /// An atom, without its quotes.
    Atom(String),
    /// A string, or a binary that is printed as one.
    Text(String),
    /// A number, pid, fun, reference: as it was printed.
    Other(String),
    Tuple(Vec<Term>),
    List(Vec<Term>),
    Map(Vec<(Term, Term)>),
}

impl Term {
    /// The first term of a text; what was cut off is closed.
    pub(super) fn read(text: &str) -> Option<Self> {
        Reader { rest: text.chars().peekable(), depth: 0 }.term()
    }

    /// The name of an atom.
    pub(super) fn atom(&self) -> Option<&str> {
        match self {
            Self::Atom(name) => Some(name),
            _ => None,
        }
    }

    /// The elements of a tuple.
    pub(super) fn tuple(&self) -> Option<&[Self]> {
        match self {
            Self::Tuple(elements) => Some(elements),
            _ => None,
        }
    }

    /// The elements of a tuple that begins with this atom, without it.
    pub(super) fn tagged(&self, tag: &str) -> Option<&[Self]> {
        let (first, rest) = self.tuple()?.split_first()?;
        (first.atom() == Some(tag)).then_some(rest)
    }

    /// The elements of a list.
    pub(super) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// Whether the term is this atom or has it somewhere inside.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.find(&|term| (term.atom() == Some(name)).then_some(())).is_some()
    }

    /// The first that `wanted` makes something of: this term, then what is inside.
    pub(super) fn find<'a, T>(&'a self, wanted: &dyn Fn(&'a Self) -> Option<T>) -> Option<T> {
        if let Some(found) = wanted(self) {
            return Some(found);
        }
        match self {
            Self::Tuple(parts) | Self::List(parts) => parts.iter().find_map(|part| part.find(wanted)),
            Self::Map(pairs) => pairs.iter().find_map(|(_, value)| value.find(wanted)),
            _ => None,
        }
    }

    /// The term on one line, cut where it is long.
    pub(super) fn short(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        cut(&text, SHOWN)
    }

    /// A key and its value.
    pub(super) fn beside(&self, between: &str, value: &Self) -> String {
        format!("{}{between}{}", self.short(), value.short())
    }

    fn write(&self, out: &mut String) {
        let mut all = |open: char, parts: &[Self], close: char| {
            out.push(open);
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                if out.len() > 2 * SHOWN {
                    break;
                }
                part.write(out);
            }
            out.push(close);
        };
        match self {
            Self::Tuple(parts) => all('{', parts, '}'),
            Self::List(parts) => all('[', parts, ']'),
            Self::Map(pairs) => match Exception::of(self) {
                Some(exception) => out.push_str(&exception.to_string()),
                None => {
                    let pairs: Vec<_> =
                        pairs.iter().take(20).map(|(key, value)| key.beside(" => ", value)).collect();
                    out.push_str(&format!("#{{{}}}", pairs.join(", ")));
                }
            },
            Self::Atom(name) => out.push_str(&safe(name.strip_prefix("Elixir.").unwrap_or(name))),
            Self::Other(text) => out.push_str(&cut(&safe(text), SHOWN_STRING)),
            Self::Text(text) => {
                out.push('"');
                out.push_str(&cut(&safe(text), SHOWN_STRING));
                out.push('"');
            }
        }
    }
}

/// A text for a terminal: no character in it moves a cursor or changes a colour.
pub(in crate::helper) fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// `<<104,101>>`, as a binary with other than ASCII characters is printed, when it is a text.
fn bytes(text: &str) -> Option<String> {
    let inner = text.strip_prefix("<<")?.strip_suffix(">>")?;
    let bytes: Result<Vec<u8>, _> = inner.split(',').map(|byte| byte.trim().parse()).collect();
    let text = String::from_utf8(bytes.ok()?).ok()?;
    text.chars().all(|c| !c.is_control() || c == '\n').then_some(text)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
}

impl Reader<'_> {
    fn term(&mut self) -> Option<Term> {
        self.skip();
        Some(match *self.rest.peek()? {
            '{' => Term::Tuple(self.until('}')),
            '[' => Term::List(self.until(']')),
            '"' => Term::Text(self.quoted('"')),
            '\'' => Term::Atom(self.quoted('\'')),
            '<' => self.angle(),
            '#' => self.sharp(),
            c if c.is_lowercase() => Term::Atom(self.word()),
            ',' | '}' | ']' | ')' | '|' => return None,
            _ => Term::Other(self.word()),
        })
    }

    fn skip(&mut self) {
        while self.rest.next_if(|c| c.is_whitespace()).is_some() {}
    }

    /// What stands in brackets; the first character is the opening one.
    fn until(&mut self, close: char) -> Vec<Term> {
        self.rest.next();
        self.depth += 1;
        let mut parts = Vec::new();
        while self.depth < DEPTH {
            self.skip();
            match self.rest.peek() {
                None => break,
                Some(&c) if c == close => {
                    self.rest.next();
                    break;
                }
                Some(',' | '|') => {
                    self.rest.next();
                }
                Some('=') => while self.rest.next_if(|c| "=>".contains(*c)).is_some() {},
                Some(_) => match self.term() {
                    Some(part) => parts.push(part),
                    // Another closing bracket than ours: the text is broken here.
                    None => break,
                },
            }
        }
        self.depth -= 1;
        parts
    }

    fn quoted(&mut self, quote: char) -> String {
        self.rest.next();
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                '\\' => match self.rest.next() {
                    Some('n') => text.push('\n'),
                    Some(c @ ('"' | '\'' | '\\')) => text.push(c),
                    // A character that a terminal is not to see stays as it was written.
                    Some(c) => text.extend(['\\', c]),
                    None => {}
                },
                c if c == quote => break,
                c => text.push(c),
            }
        }
        text
    }

    /// `<0.1.2>`, `<<"text">>`, `<<1,2>>`
    fn angle(&mut self) -> Term {
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            text.push(c);
            if text == "<<" && self.rest.peek() == Some(&'"') {
                let inner = self.quoted('"');
                while self.rest.next_if(|c| ">/utf8".contains(*c)).is_some() {}
                return Term::Text(inner);
            }
            if c == '>' && (!text.starts_with("<<") || text.ends_with(">>")) {
                break;
            }
        }
        bytes(&text).map_or(Term::Other(text), Term::Text)
    }

    /// `#Fun<...>`, `#Port<0.1>`, `#{...}`
    fn sharp(&mut self) -> Term {
        let mut text = String::new();
        text.extend(self.rest.next());
        if self.rest.peek() == Some(&'{') {
            return Term::Map(self.pairs());
        }
        let mut open = 0_usize;
        while let Some(&c) = self.rest.peek() {
            match c {
                '<' | '{' | '[' => open += 1,
                '>' if text.ends_with('=') => {}
                '>' | '}' | ']' if open == 0 => break,
                '>' | '}' | ']' => open -= 1,
                ',' if open == 0 => break,
                '"' if open > 0 => {
                    let inner = self.quoted('"');
                    text.push_str(&format!("{inner:?}"));
                    continue;
                }
                _ => {}
            }
            text.push(c);
            self.rest.next();
            if open == 0 && ">}]".contains(c) {
                break;
            }
        }
        Term::Other(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// `{key => value, ...}` of a map.
    fn pairs(&mut self) -> Vec<(Term, Term)> {
        let mut parts = self.until('}').into_iter();
        let mut pairs = Vec::new();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            pairs.push((key, value));
        }
        pairs
    }

    /// Up to a sign of structure; `m:f` and `-1` in one piece.
    fn word(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.rest.next_if(|c| !c.is_whitespace() && !",{}[]()|\"<>=".contains(*c)) {
            text.push(c);
        }
        if text.is_empty() {
            text.extend(self.rest.next());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Term;

    #[test]
    fn what_a_vm_prints_is_read() {
        let text = "{'EXIT',<0.1.2>,#Fun<a.1.2>,\n   [{x,<<\"bin\">>},-1,1.5],#{a => \"}\"},\"q\\\"s\"} tail";
        let term = Term::read(text).unwrap();
        assert_eq!(
            term.short(),
            "{EXIT, <0.1.2>, #Fun<a.1.2>, [{x, \"bin\"}, -1, 1.5], #{a => \"}\"}, \"q\"s\"}"
        );
        assert!(term.holds("x") && !term.holds("y"));
        assert_eq!(term.tagged("EXIT").unwrap().len(), 5);
    }

    #[test]
    fn what_is_cut_or_hostile_is_closed() {
        let term = Term::read("{a,{b,[c,\"str").unwrap();
        assert_eq!(term.short(), "{a, {b, [c, \"str\"]}}");
        assert!(Term::read(&"{".repeat(100_000)).is_some());
        assert!(Term::read(&"[<".repeat(10_000)).is_some());
        assert_eq!(Term::read("").map(|term| term.short()), None);
        assert_eq!(Term::read("}"), None);
        assert_eq!(Term::read("\"\u{1b}[31mred\"").unwrap().short(), "\"\\u{1b}[31mred\"");
        let long = Term::read(&format!("[{}]", "abc,".repeat(1000))).unwrap().short();
        assert!(long.len() < 250, "{long}");
    }
}
