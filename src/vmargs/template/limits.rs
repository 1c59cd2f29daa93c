//! What of the engine a template may not use, looked for before it is parsed: that which could take all memory,
//! all the stack or for ever, and one that ends the process.

use std::collections::BTreeSet;

use minijinja::machinery::{Span, Token, tokenize};

use super::syntax;

/// The longest template, in bytes.
pub(super) const TEMPLATE: usize = 64 * 1024;
/// The most tokens in one `{{ }}` or `{% %}`: the engine compiles expressions by recursion.
const TAG: usize = 400;
/// The most `elif` of a template, for the same reason.
const ELIF: usize = 100;
/// How often names that the template binds may be used a second time in what it binds: each use may
/// double a text.
const DOUBLINGS: usize = 12;

/// Why a template is refused, and where.
#[derive(Debug)]
pub(super) struct Excess {
    pub(super) message: &'static str,
    pub(super) line: usize,
    /// Bytes of the source.
    pub(super) range: std::ops::Range<usize>,
}

/// Looks for the first thing that is too much. What can't be read as tokens is left to the parser.
pub(super) fn check(text: &str) -> Result<(), Excess> {
    let mut reader = Reader::default();
    for token in tokenize(text, false, syntax()) {
        let Ok((token, span)) = token else { return Ok(()) };
        if let Some(message) = reader.next(&token) {
            return Err(excess(message, span));
        }
    }
    Ok(())
}

fn excess(message: &'static str, span: Span) -> Excess {
    Excess {
        message,
        line: usize::from(span.start_line),
        range: span.start_offset as usize..span.end_offset as usize,
    }
}

#[derive(Default)]
struct Reader {
    /// Tokens since the start of the tag.
    in_tag: usize,
    /// The keyword of the statement.
    statement: String,
    elif: usize,
    doublings: usize,
    assigns: bool,
    /// Open brackets: `[` with the colons in it, the others as `None`.
    open: Vec<Option<usize>>,
    /// Names that the template binds itself, and how many of them this statement has used.
    bound: BTreeSet<String>,
    used: usize,
}

impl Reader {
    fn next(&mut self, token: &Token<'_>) -> Option<&'static str> {
        self.in_tag += 1;
        match token {
            Token::TemplateData(_) => return None,
            Token::BlockStart | Token::VariableStart => {
                *self = Self {
                    elif: self.elif,
                    doublings: self.doublings,
                    bound: std::mem::take(&mut self.bound),
                    ..Self::default()
                };
            }
            Token::Ident(name) => return self.ident(name),
            Token::Assign => self.assigns = true,
            Token::BlockEnd if self.statement == "set" && !self.assigns => {
                return Some("set needs a value: {% set NAME = VALUE %}");
            }
            Token::BracketOpen => self.open.push(Some(0)),
            Token::ParenOpen | Token::BraceOpen => self.open.push(None),
            Token::BracketClose | Token::ParenClose | Token::BraceClose => drop(self.open.pop()),
            Token::Colon => {
                if let Some(Some(colons)) = self.open.last_mut() {
                    *colons += 1;
                    return (*colons > 1).then_some("a slice has no step here");
                }
            }
            _ => {}
        }
        (self.in_tag > TAG).then_some("this is too long")
    }

    fn ident(&mut self, name: &str) -> Option<&'static str> {
        if self.in_tag == 1 && self.statement.is_empty() {
            self.statement = name.to_owned();
            match name {
                "filter" => return Some("there is no {% filter %} here"),
                "elif" => {
                    self.elif += 1;
                    return (self.elif > ELIF).then_some("too many elif");
                }
                _ => {}
            }
        } else if self.statement == "for" && name == "in" {
            self.assigns = true;
        } else if ["set", "for", "with"].contains(&self.statement.as_str()) {
            if self.assigns && self.bound.contains(name) {
                self.used += 1;
                self.doublings += usize::from(self.used > 1);
            }
            if !self.assigns || self.statement == "with" {
                self.bound.insert(name.to_owned());
            }
        }
        (self.doublings > DOUBLINGS)
            .then_some("too many values made of each other")
            .or((self.in_tag > TAG).then_some("this is too long"))
    }
}
