//! What can be wrong with a template: the place, the line with a caret, what to do. Holds names and text of the
//! template's source only, never a value.

use std::fmt;

use crate::vmargs::error::Place;

/// An error in a template.
#[derive(Debug)]
pub struct TemplateError {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub problem: Problem,
    pub(super) excerpt: Option<Excerpt>,
    pub(crate) help: Option<String>,
}

/// What is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It can't be parsed, or uses a filter, function or test that there is not.
    Syntax(String),
    /// A name that is not set, as the template has it: `env.PORT`.
    NotSet(String),
    /// A variable of the environment that is not UTF-8.
    NotText(String),
    /// A fact that this host does not tell.
    Unknown(String),
    /// An expression that can't be computed from the values it got, and why.
    Expression(String, String),
    /// A secret would be seen in the arguments of a process.
    Secret(String),
    /// It takes or makes more than a template may.
    TooMuch(&'static str),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) | Self::Secret(message) => f.write_str(message),
            Self::NotSet(name) => write!(f, "{name} is not set"),
            Self::NotText(name) => write!(f, "{name} is not UTF-8"),
            Self::Unknown(expression) => match expression.strip_prefix("limits.") {
                Some(_) => write!(f, "{expression} is unlimited on this host"),
                None => write!(f, "{expression} is not known on this host"),
            },
            Self::Expression(expression, why) if expression.is_empty() => f.write_str(why),
            Self::Expression(expression, why) => write!(f, "{expression}: {why}"),
            Self::TooMuch(message) => f.write_str(message),
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)?;
        self.excerpt.as_ref().map_or(Ok(()), |excerpt| write!(f, "\n{excerpt}"))
    }
}

/// A line of the source with a caret below what is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    line: usize,
    text: String,
    /// Characters before the caret, and how many it has.
    caret: (usize, usize),
}

/// Characters of a line that are shown.
const WIDTH: usize = 100;

impl Excerpt {
    /// Of the bytes `range` in `source`; nothing where they are none.
    pub(super) fn new(source: &str, line: usize, range: std::ops::Range<usize>) -> Option<Self> {
        let before = source.get(..range.start)?;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = &source[start..];
        let whole = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let column = range.start - start;
        let width = source.get(range)?.lines().next().unwrap_or_default().chars().count().max(1);
        let column = whole.get(..column)?.chars().count();
        // What is far to the right, or as long as no terminal is wide, is shown from its own start.
        let skip = if column + width > WIDTH { column } else { 0 };
        let shown: String = whole.chars().skip(skip).take(WIDTH).map(plain).collect();
        let text = if whole.contains("-setcookie") { without_literals(&shown) } else { shown };
        let left = text.chars().count().saturating_sub(column - skip).max(1);
        Some(Self { line, text, caret: (column - skip, width.min(left)) })
    }
}

/// A terminal obeys control characters.
fn plain(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '?',
        c => c,
    }
}

/// A line that may hold a cookie, with `*` for what stands outside of the braces.
fn without_literals(line: &str) -> String {
    let (head, rest) = line.split_at(line.find("-setcookie").map_or(0, |at| at + "-setcookie".len()));
    let mut inside = false;
    let mut hide = |c: char| {
        inside = (inside || c == '{') && c != '}';
        if inside || c == '}' || c == ' ' { c } else { '*' }
    };
    head.chars().chain(rest.chars().map(&mut hide)).collect()
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let (before, width) = self.caret;
        let (blank, caret) = (" ".repeat(number.len()), "^".repeat(width));
        write!(f, "  {number} | {}\n  {blank} | {}{caret}", self.text, " ".repeat(before))
    }
}
