//! Texts that are almost terms, made of parts by chance; the same ones at each run.

/// What texts are made of: all that terms are made of, and what they are not.
const PARTS: &[&str] = &[
    "a",
    "'b c'",
    "'\\''",
    "\"str\"",
    "\"é\\x{3b1}\\n\"",
    "1",
    "-2",
    "+3",
    "16#ff",
    "36#zZ",
    "1_000",
    "0.0",
    "2.5",
    "1.0e-3",
    "1__0",
    "1.0e",
    "1.0e400",
    "$a",
    "$\\n",
    "$\\^a",
    "$\\x{41}",
    "$ ",
    "[]",
    "{}",
    "#{}",
    "<<>>",
    "<<1>>",
    "<<\"a\"/utf8>>",
    "<<1:4>>",
    "<<1:16/little-signed>>",
    "<<2.5:32/float>>",
    "<<<<1,2>>/binary>>",
    "<<<<1:3>>:1/bits>>",
    "<<300/utf16>>",
    "<<1:2/unit:4>>",
    "<<-1>>",
    "<<a>>",
    "fun m:f/1",
    "[",
    "]",
    "{",
    "}",
    "#{",
    "<<",
    ">>",
    "(",
    ")",
    ",",
    "|",
    "=>",
    ":=",
    ":",
    "/",
    "-",
    "+",
    "#",
    ".",
    ". ",
    ".\n",
    "%c\n",
    " ",
    "\n",
    "\t",
    "\u{a0}",
    "\"",
    "'",
    "~",
    "~b\"x\"",
    "~s(x)",
    "~\"a\\\"\"",
    "\"\"\"",
    "\"\"\"\n a\n \"\"\"",
    "A",
    "_",
    "if",
    "maybe",
    "else",
    "and",
    "\\",
    "é",
    "Ä",
    "×",
    "α",
    "\u{fffe}",
    "@",
    "!",
    "1.",
    "$",
    "utf8",
    "unit",
    "binary",
    "\"a\" \"b\"",
    "\"a\"\"b\"",
    "<<\"ab\":4>>",
    "<<1:(2)>>",
    "-(1)",
    "(-1)",
    "- -1",
    "37#1",
    "1.e",
    "9999999999999999999999",
    "=",
    "{a,1}",
    "[{a,[{b,1}]}]",
    "fun",
    "2#1.1",
    "~'x'",
    "\\x{41}",
    "$\\",
    "$\\x{}",
    "::",
    "..",
];

/// The first of them, as many as this, are terms in most releases.
const TERMS: usize = 36;

/// A generator of numbers: the same in each run, so that a difference can be looked at.
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn part(&mut self) -> &'static str {
        PARTS[self.below(PARTS.len())]
    }

    /// A part that is a term by itself, nearly always.
    fn atom(&mut self) -> &'static str {
        if self.below(30) == 0 { self.part() } else { PARTS[self.below(TERMS)] }
    }

    /// A term that is right but for its parts.
    fn term(&mut self, depth: usize) -> String {
        let several = |numbers: &mut Self, sign: &str| {
            let count = numbers.below(4);
            let terms: Vec<_> = (0..count).map(|_| numbers.term(depth + 1)).collect();
            terms.join(sign)
        };
        match self.below(if depth > 3 { 1 } else { 8 }) {
            0 => self.atom().to_owned(),
            1 => format!("{{{}}}", several(self, ", ")),
            2 => format!("[{}]", several(self, ",")),
            3 => format!("[{}|{}]", self.term(depth + 1), self.term(depth + 1)),
            4 => format!("#{{{} => {}}}", self.term(depth + 1), self.term(depth + 1)),
            5 if self.below(2) == 0 => format!("<<{}>>", several(self, ",")),
            5 => format!("({})", self.term(depth + 1)),
            6 => format!("<<{}:{}/{}>>", self.atom(), self.below(70), self.types()),
            _ => format!("<<{}/{}>>", self.atom(), self.types()),
        }
    }

    fn types(&mut self) -> String {
        const TYPES: [&str; 15] = [
            "integer",
            "float",
            "binary",
            "bytes",
            "bits",
            "bitstring",
            "utf8",
            "utf16",
            "utf32",
            "signed",
            "unsigned",
            "big",
            "little",
            "native",
            "unit:8",
        ];
        let count = 1 + self.below(3);
        let types: Vec<_> = (0..count).map(|_| TYPES[self.below(TYPES.len())]).collect();
        types.join("-")
    }

    /// A text: a term or several, sometimes with a character changed.
    pub(super) fn text(&mut self) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(5) / 4 {
            text.push_str(&if self.below(6) == 0 { self.parts() } else { self.term(0) });
            text.push_str([".", ".\n", ". ", " .", ".\n", ".%x", ".", ""][self.below(8)]);
        }
        if self.below(4) == 0 {
            let mut chars: Vec<char> = text.chars().collect();
            let at = self.below(chars.len().max(1)).min(chars.len());
            match self.below(3) {
                0 => chars.insert(at, self.part().chars().next().unwrap()),
                1 if at < chars.len() => drop(chars.remove(at)),
                _ => chars.truncate(at),
            }
            text = chars.into_iter().collect();
        }
        text
    }

    pub(super) fn parts(&mut self) -> String {
        (0..=self.below(6)).map(|_| self.part()).collect()
    }
}
