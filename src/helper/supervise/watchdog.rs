//! When the node has to be asked whether it is there, and what its silence means. Only times: asks nobody itself.

use std::time::{Duration, Instant};

/// How often, and how long it has been.
#[derive(Debug)]
pub(super) struct Watchdog {
    /// After so long without an answer the node has to be ended.
    limit: Option<Duration>,
    every: Duration,
    next: Instant,
    answered: Option<Instant>,
    failures: u32,
}

impl Watchdog {
    /// None when nobody wants to know. The manager's watchdog barks by itself; it wants to hear twice in its time.
    pub(super) fn new(limit: Option<Duration>, manager: Option<Duration>, now: Instant) -> Option<Self> {
        let every = limit.into_iter().chain(manager).min()? / 2;
        Some(Self { limit, every, next: now, answered: None, failures: 0 })
    }

    /// When to ask next.
    pub(super) fn next(&self) -> Instant {
        self.next
    }

    /// How long an answer may take: whole seconds, 1 at least.
    pub(super) fn patience(&self) -> u64 {
        self.every.as_secs().clamp(1, 10)
    }

    /// The node is asked now.
    pub(super) fn asked(&mut self, now: Instant) {
        self.next = now + self.every;
    }

    pub(super) fn answer(&mut self, now: Instant) {
        self.answered = Some(now);
        self.failures = 0;
    }

    /// It gave none: whether it is to be ended. A node that never gave one can't be asked, which is no proof; and where
    /// this process stood still itself, the first silence is none of the node's.
    pub(super) fn silence(&mut self, now: Instant) -> bool {
        self.failures += 1;
        self.next = self.next.min(now + self.every / 4);
        let (Some(limit), Some(answered)) = (self.limit, self.answered) else { return false };
        self.failures > 1 && now >= answered + limit
    }

    /// Whether the node has ever answered.
    pub(super) fn knows(&self) -> bool {
        self.answered.is_some()
    }

    /// The limit, in seconds, for a message.
    pub(super) fn seconds(&self) -> u64 {
        self.limit.unwrap_or(self.every).as_secs()
    }

    /// It begins anew: the node, or all of us, stood still on purpose.
    pub(super) fn rest(&mut self, now: Instant) {
        self.answered = self.answered.map(|_| now);
        self.failures = 0;
        self.next = now + self.every;
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Watchdog;

    #[test]
    fn only_a_node_that_has_answered_before_can_be_silent() {
        let (start, s) = (Instant::now(), Duration::from_secs);
        assert!(Watchdog::new(None, None, start).is_none());
        let mut dog = Watchdog::new(Some(s(8)), Some(s(20)), start).unwrap();
        assert_eq!((dog.next(), dog.patience()), (start, 4));
        dog.asked(start);
        assert_eq!(dog.next(), start + s(4));
        assert!(!dog.silence(start + s(50)) && !dog.silence(start + s(60)), "it never answered");
        dog.answer(start + s(61));
        dog.asked(start + s(65));
        assert!(!dog.silence(start + s(90)), "one silence is none");
        assert!(dog.silence(start + s(91)));
        dog.rest(start + s(92));
        assert!(!dog.silence(start + s(93)) && !dog.silence(start + s(94)) && dog.silence(start + s(100)));
    }

    #[test]
    fn a_manager_barks_by_itself() {
        let start = Instant::now();
        let mut dog = Watchdog::new(None, Some(Duration::from_secs(1)), start).unwrap();
        dog.answer(start);
        assert!(
            !dog.silence(start + Duration::from_secs(9)) && !dog.silence(start + Duration::from_secs(10))
        );
        assert_eq!(dog.patience(), 1);
    }
}
