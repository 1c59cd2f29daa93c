//! Messages to people, on standard error. Those of a piece of work can be listened to instead.

use std::cell::RefCell;
use std::io::Write;

thread_local! {
    static HEARD: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// Writes a message to standard error; nothing can be told when that is closed.
pub(super) fn tell(text: &str) {
    let listening =
        HEARD.with_borrow_mut(|heard| heard.as_mut().map(|heard| heard.push(text.to_owned())).is_some());
    if !listening {
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// What `work` gives, and what it would have told.
pub(super) fn overheard<T>(work: impl FnOnce() -> T) -> (T, Vec<String>) {
    HEARD.set(Some(Vec::new()));
    let result = work();
    (result, HEARD.take().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{overheard, tell};

    #[test]
    fn only_work_that_is_listened_to_is_silent() {
        let (result, heard) = overheard(|| {
            tell("warning: a");
            1
        });
        assert_eq!((result, heard), (1, vec!["warning: a".to_owned()]));
        assert_eq!(overheard(|| ()).1, [""; 0]);
    }
}
