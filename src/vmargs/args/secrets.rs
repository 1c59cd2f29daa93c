//! The words that were made of a secret: marked, looked for, not shown, or taken out.

use super::{Args, Place, Role, Token, quote};

/// What is shown in the place of a secret.
const HIDDEN: &str = "<secret>";

impl Args {
    /// Marks the words that are others in `other`, which was made of other secrets; `false`, and nothing
    /// marked, where the words of the two don't stand for each other.
    pub(in crate::vmargs) fn mark_secrets(&mut self, other: &Self) -> bool {
        let extra = |args: &Self| args.extra.as_ref().map(Vec::len);
        if self.tokens.len() != other.tokens.len()
            || extra(self) != extra(other)
            || self.roles().0 != other.roles().0
        {
            return false;
        }
        let own = self.tokens.iter_mut().chain(self.extra.iter_mut().flatten());
        let others = other.tokens.iter().chain(other.extra.iter().flatten());
        for (token, other) in own.zip(others) {
            token.secret |= token.text != other.text;
        }
        true
    }

    /// The places of all words.
    pub(in crate::vmargs) fn places(&mut self) -> impl Iterator<Item = &mut Place> {
        self.tokens.iter_mut().chain(self.extra.iter_mut().flatten()).map(|token| &mut token.place)
    }

    /// The first marked word that would stand in the arguments of the node, by its place and the flag that it
    /// is a value of (empty: of none). The value of `-env` does not, erlexec takes it; nor does a cookie,
    /// which goes into a file.
    pub(in crate::vmargs) fn exposed_secret(&self) -> Option<(Place, String)> {
        let roles = self.roles().0;
        let mut values = vec![0_usize; roles.len()];
        for role in &roles {
            if let Role::Value(flag) = role {
                values[*flag] += 1;
            }
        }
        let exposed = |at: usize| match roles[at] {
            Role::Value(flag) => match self.tokens[flag].text.as_str() {
                "-env" => at != flag + 2,
                "-setcookie" => values[flag] != 1,
                _ => true,
            },
            _ => true,
        };
        let flag = |at: usize| match roles[at] {
            Role::Value(flag) if !self.tokens[flag].secret => self.tokens[flag].text.clone(),
            _ => String::new(),
        };
        let found = (0..roles.len()).find(|at| self.tokens[*at].secret && exposed(*at));
        let found = found.map(|at| (self.tokens[at].place.clone(), flag(at)));
        let extra = || self.extra.iter().flatten().find(|token| token.secret);
        found.or_else(|| extra().map(|token| (token.place.clone(), "-extra".into())))
    }

    /// The text as [`Args::to_text`] has it, for people to read: without the secrets.
    #[must_use]
    pub fn to_shown_text(&self) -> String {
        self.text_with(|token: &Token| if token.secret { HIDDEN.to_owned() } else { quote(&token.text) })
    }

    /// Takes out each `-env`, and gives names and values in order: for a command line that is given to erlexec as it
    /// is, which processes would show until erlexec is done with it. Names that a shell can't export and those that
    /// mean something to erlexec stay, unless the value is known to be a secret: then the flag is left out.
    pub fn take_env(&mut self) -> Vec<(String, String)> {
        let roles = self.roles().0;
        let mut taken = Vec::new();
        let mut gone = vec![false; roles.len()];
        for (at, window) in self.tokens.windows(3).enumerate() {
            let [flag, name, value] = window else { continue };
            if roles[at] != Role::Flag || flag.text != "-env" {
                continue;
            }
            let legal = is_variable(&name.text) && !OF_ERLEXEC.contains(&name.text.as_str());
            if legal {
                taken.push((name.text.clone(), value.text.clone()));
            }
            gone[at..at + 3].fill(legal || value.secret);
        }
        let mut gone = gone.into_iter();
        self.tokens.retain(|_| !gone.next().unwrap_or(false));
        taken
    }
}

/// The variables that erlexec itself starts from.
const OF_ERLEXEC: [&str; 7] =
    ["BINDIR", "ROOTDIR", "EMU", "PROGNAME", "ERL_AFLAGS", "ERL_FLAGS", "ERL_ZFLAGS"];

fn is_variable(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(legal)
}
