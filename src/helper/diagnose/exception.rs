//! Exceptions of Elixir: maps with a name and, mostly, a message.

use std::fmt;

use super::term::{Term, cut, safe};

/// How many characters of a message are shown.
const SHOWN: usize = 240;

/// An exception.
pub(super) struct Exception<'a> {
    /// The module, as Elixir writes it.
    pub name: &'a str,
    pairs: &'a [(Term, Term)],
}

impl<'a> Exception<'a> {
    /// Of a term that is one.
    pub(super) fn of(term: &'a Term) -> Option<Self> {
        let Term::Map(pairs) = term else { return None };
        let exception = Self { name: "", pairs };
        exception.field("__exception__")?;
        let name = exception.field("__struct__")?.atom()?;
        Some(Self { name: name.strip_prefix("Elixir.").unwrap_or(name), pairs })
    }

    /// The value of a field.
    pub(super) fn field(&self, name: &str) -> Option<&'a Term> {
        self.pairs.iter().find_map(|(key, value)| (key.atom() == Some(name)).then_some(value))
    }

    /// What is said, the first line of it.
    fn message(&self) -> Option<&'a str> {
        ["message", "description"].iter().find_map(|name| match self.field(name)? {
            Term::Text(text) => text.lines().find(|line| !line.trim().is_empty()),
            _ => None,
        })
    }
}

impl fmt::Display for Exception<'_> {
    /// As Elixir begins its reports of them; without a message by its fields.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({})", safe(self.name))?;
        if let Some(message) = self.message() {
            return write!(f, " {}", cut(&safe(message.trim()), SHOWN));
        }
        let is_own = |key: &Term| key.atom().is_some_and(|name| !name.starts_with("__"));
        let fields = self.pairs.iter().filter(|(key, _)| is_own(key));
        let fields: Vec<_> = fields.map(|(key, value)| key.beside(": ", value)).collect();
        write!(f, " {}", fields.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::Term;

    #[test]
    fn exceptions_are_told_as_elixir_does() {
        let told = |fields: &str, name: &str| {
            let text = format!("#{{'__exception__' => true,'__struct__' => 'Elixir.{name}',{fields}}}");
            Term::read(&text).unwrap().short()
        };
        assert_eq!(told("message => <<\"no luck\">>", "RuntimeError"), "(RuntimeError) no luck");
        assert_eq!(told("message=><<103,114,195,182>>", "My.Error"), "(My.Error) gr\u{f6}");
        assert_eq!(
            told("key => port,message => nil,term => #{a=>1}", "KeyError"),
            "(KeyError) key: port, message: nil, term: #{a => 1}"
        );
        let long = told(&format!("message => <<\"{}\">>", "x".repeat(500)), "E");
        assert_eq!(long.len(), 240 + "...".len(), "{long}");
    }
}
