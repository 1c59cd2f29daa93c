//! What `stop` is asked for. Reads options; no behaviour.

use std::ffi::OsString;
use std::time::Duration;

use crate::error::Failure;
use crate::helper::options;

/// Until a node is forced, unless told otherwise.
const LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wish {
    /// How long it may take to stop by itself.
    pub limit: Duration,
    /// Whether it is not asked at all.
    pub now: bool,
    /// Whether a node that does not stop in time is ended.
    pub kill: bool,
    /// Whether it writes a crash dump before that.
    pub dump: bool,
}

impl Wish {
    /// Of options that contradict each other the later one counts.
    pub(super) fn parse(arguments: Vec<OsString>) -> Result<Self, Failure> {
        let mut wish = Self { limit: LIMIT, now: false, kill: true, dump: false };
        let mut parser = lexopt::Parser::from_args(arguments);
        while let Some(argument) = parser.next().map_err(|error| options::usage(&error))? {
            match argument {
                lexopt::Arg::Long("timeout") => wish.limit = options::seconds(&mut parser)?,
                lexopt::Arg::Long("kill") => (wish.now, wish.kill) = (true, true),
                lexopt::Arg::Long("dump") => (wish.dump, wish.kill) = (true, true),
                lexopt::Arg::Long("no-dump") => wish.dump = false,
                lexopt::Arg::Long("no-kill") => (wish.now, wish.kill, wish.dump) = (false, false, false),
                other => return Err(options::usage(&other.unexpected())),
            }
        }
        Ok(wish)
    }
}

#[cfg(test)]
mod tests {
    use super::Wish;

    #[test]
    fn the_later_option_counts() {
        let read = |text: &str| {
            let wish = Wish::parse(text.split_whitespace().map(Into::into).collect()).unwrap();
            (wish.limit.as_secs(), wish.now, wish.kill, wish.dump)
        };
        assert_eq!(read(""), (60, false, true, false));
        assert_eq!(read("--timeout 60 --no-kill --timeout=5"), (5, false, false, false));
        assert_eq!(read("--no-kill --kill"), (60, true, true, false));
        assert_eq!(read("--dump --no-kill"), (60, false, false, false));
        assert_eq!(read("--no-kill --dump"), (60, false, true, true));
        assert_eq!(read("--dump --no-dump --kill"), (60, true, true, false));
    }
}
