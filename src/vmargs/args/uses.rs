//! All the flags of a command line in one pass, for whoever looks at each of them.

use super::{Args, Error, Occurrence, Place, Role};

/// One use of a flag, with what stands around it.
#[derive(Clone)]
pub struct Use<'a> {
    /// The flag.
    pub flag: &'a str,
    /// The words that belong to it.
    pub values: Vec<&'a str>,
    /// Where the flag stands.
    pub place: &'a Place,
    /// The word after it, whatever that belongs to.
    pub next: Option<&'a str>,
    /// The `-` flag right before it on its line: this one may have been meant as a value of that.
    pub behind: Option<&'a str>,
}

impl Use<'_> {
    /// The same, for keeping.
    #[must_use]
    pub fn to_occurrence(&self) -> Occurrence {
        Occurrence {
            values: self.values.iter().map(ToString::to_string).collect(),
            place: self.place.clone(),
        }
    }
}

impl Args {
    /// All uses of all flags, in order.
    #[must_use]
    pub fn uses(&self) -> Vec<Use<'_>> {
        let roles = self.roles().0;
        let mut uses: Vec<Use<'_>> = Vec::new();
        // By token: which of the uses is its flag's.
        let mut of_token = vec![0; self.tokens.len()];
        for (at, (role, token)) in roles.iter().zip(&self.tokens).enumerate() {
            match *role {
                Role::Flag => {
                    of_token[at] = uses.len();
                    uses.push(Use {
                        flag: &token.text,
                        values: Vec::new(),
                        place: &token.place,
                        next: self.tokens.get(at + 1).map(|next| next.text.as_str()),
                        behind: self.behind(&roles, at),
                    });
                }
                Role::Value(owner) => uses[of_token[owner]].values.push(&token.text),
                Role::End | Role::Plain => {}
            }
        }
        uses
    }

    fn behind(&self, roles: &[Role], at: usize) -> Option<&str> {
        let before = at.checked_sub(1)?;
        let owner = match roles[before] {
            Role::Flag => before,
            Role::Value(owner) => owner,
            Role::End | Role::Plain => return None,
        };
        let flag = self.tokens[owner].text.as_str();
        let same_line = self.tokens[before].place == self.tokens[at].place;
        (same_line && flag.starts_with('-')).then_some(flag)
    }

    /// All uses of `flag`, in order.
    #[must_use]
    pub fn occurrences(&self, flag: &str) -> Vec<Occurrence> {
        self.uses().into_iter().filter(|it| it.flag == flag).map(|it| it.to_occurrence()).collect()
    }

    /// The values of each use of `flag`, in order; empty when it is not there.
    #[must_use]
    pub fn get(&self, flag: &str) -> Vec<Vec<String>> {
        self.occurrences(flag).into_iter().map(|occurrence| occurrence.values).collect()
    }

    /// These words, with those that erlexec takes from the variables of the environment around them.
    ///
    /// # Errors
    /// As [`Args::from_words`].
    pub fn with_variables(self, value: &dyn Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let words = |name: &str| Self::from_words(&value(name).unwrap_or_default(), name);
        let mut whole = words("ERL_AFLAGS")?;
        whole.append(self);
        whole.append(words("ERL_FLAGS")?);
        whole.append(words("ERL_ZFLAGS")?);
        Ok(whole)
    }
}
