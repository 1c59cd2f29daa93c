//! Flags that stand more than once, and those whose values have to fit together.

use std::collections::BTreeMap;

use super::value::integer;
use super::{Findings, Release};
use crate::vmargs::args::Use;
use crate::vmargs::error::Place;

/// Which use of a flag the VM goes by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wins {
    First,
    Last,
    /// With two it takes no notice of the flag.
    Neither,
}

/// What has been seen of each flag so far.
#[derive(Default)]
pub(super) struct Twice<'a> {
    seen: BTreeMap<String, Seen<'a>>,
    repeated: Vec<(String, Wins, &'a Place, &'a Place)>,
}

struct Seen<'a> {
    values: Vec<&'a str>,
    place: &'a Place,
}

impl<'a> Twice<'a> {
    /// A flag of the emulator, which reads from left to right.
    pub(super) fn emulator(&mut self, name: &str, value: &'a str, place: &'a Place) {
        // Its values add up.
        if name != "+JPperf" {
            self.see(name.to_owned(), vec![value], place, Wins::Last);
        }
    }

    pub(super) fn dash(&mut self, name: &str, one: &Use<'a>, wins: Wins) {
        self.see(name.to_owned(), one.values.clone(), one.place, wins);
    }

    /// `-env NAME VALUE`, one name at a time.
    pub(super) fn env(&mut self, one: &Use<'a>) {
        if let [name, value, ..] = one.values[..] {
            self.see(format!("-env {}", super::shown(name)), vec![value], one.place, Wins::Last);
        }
    }

    /// `-kernel KEY VALUE`, one key at a time.
    pub(super) fn kernel(&mut self, key: &str, value: &'a str, place: &'a Place) {
        self.see(format!("-kernel {}", super::shown(key)), vec![value], place, Wins::Last);
    }

    fn see(&mut self, key: String, values: Vec<&'a str>, place: &'a Place, wins: Wins) {
        if let Some(before) = self.seen.get(&key)
            && before.values != values
            && !overrides(before.place, place, wins)
        {
            self.repeated.push((key.clone(), wins, before.place, place));
        }
        // What comes first stays what counts where the first counts.
        if wins == Wins::Last || !self.seen.contains_key(&key) {
            self.seen.insert(key, Seen { values, place });
        }
    }

    fn number(&self, key: &str) -> Option<(i64, &'a Place)> {
        let seen = self.seen.get(key)?;
        Some((integer(seen.values.first()?)?, seen.place))
    }

    /// Tells what does not fit together.
    pub(super) fn compare(&self, release: &Release, findings: &mut Findings) {
        for (flag, wins, first, second) in &self.repeated {
            let outcome = match wins {
                Wins::First => ", which wins",
                Wins::Last => ", and wins",
                Wins::Neither => ", and the VM takes notice of neither",
            };
            let text = format!("{flag} says something else than at {first}{outcome}");
            findings.warning(second, text, "keep one of the two");
        }
        let port = |end: &str| self.number(&format!("-kernel inet_dist_listen_{end}"));
        if let (Some((least, first)), Some((greatest, place))) = (port("min"), port("max"))
            && least > greatest
        {
            let text = format!("inet_dist_listen_max is less than inet_dist_listen_min at {first}");
            findings.error(place, text, "the VM would find no port to listen on: swap the two");
        }
        self.heaps(release, findings);
        self.pollsets(release, findings);
    }

    fn heaps(&self, release: &Release, findings: &mut Findings) {
        let Some((most, place)) = self.number("+hmax").filter(|(most, _)| *most > 0) else { return };
        let least = self.number("+hms").or_else(|| self.number("+h")).map_or(233, |(least, _)| least);
        if most < least {
            let text = format!("+hmax allows less than the {least} words that a process begins with");
            let help = "it is counted in words of 8 bytes; 0 sets no limit";
            findings.by_table(release, place, text, help);
        }
    }

    fn pollsets(&self, release: &Release, findings: &mut Findings) {
        let Some((sets, place)) = self.number("+IOp") else { return };
        if !self.seen.contains_key("+IOPt") {
            let threads = self.number("+IOt").map_or(1, |(threads, _)| threads);
            if sets > threads {
                let text = format!("+IOp asks for more sets than the {threads} threads of +IOt");
                findings.by_table(release, place, text, format!("write +IOt {sets} as well"));
            }
        }
    }
}

/// Whether it is a variable of the environment that overrides what a file says: that is what they are for.
fn overrides(first: &Place, second: &Place, wins: Wins) -> bool {
    let (winner, loser) = if wins == Wins::First { (first, second) } else { (second, first) };
    wins != Wins::Neither && winner.line == 0 && winner.file != loser.file
}
