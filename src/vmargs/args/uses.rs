//! Looking into the words: the uses of flags.

use super::{Args, Occurrence, Role};

impl Args {
    /// All uses of `flag`, in order.
    #[must_use]
    pub fn occurrences(&self, flag: &str) -> Vec<Occurrence> {
        let uses = self.uses().into_iter().filter(|(name, _)| *name == flag);
        uses.map(|(_, occurrence)| occurrence).collect()
    }

    /// Each use of each flag, in order.
    #[must_use]
    pub fn uses(&self) -> Vec<(&str, Occurrence)> {
        let mut uses: Vec<(&str, Occurrence)> = Vec::new();
        let mut of_flag = vec![0; self.tokens.len()];
        for (at, (role, token)) in self.roles().0.into_iter().zip(&self.tokens).enumerate() {
            match role {
                Role::Flag => {
                    of_flag[at] = uses.len();
                    uses.push((&token.text, Occurrence { values: Vec::new(), place: token.place.clone() }));
                }
                Role::Value(flag) => uses[of_flag[flag]].1.values.push(token.text.clone()),
                Role::End | Role::Plain => {}
            }
        }
        uses
    }

    /// The values of each use of `flag`, in order; empty when it is not there.
    #[must_use]
    pub fn get(&self, flag: &str) -> Vec<Vec<String>> {
        self.occurrences(flag).into_iter().map(|occurrence| occurrence.values).collect()
    }
}
