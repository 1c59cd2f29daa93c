//! How far a stop is: on a terminal a line that is drawn anew each second and wiped at the end, elsewhere one plain
//! line, once. It must not hold up the stop: what the node is asked, it answers at once or not at all.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::helper::diagnose::safe;
use crate::helper::env::{self, Instance};
use crate::helper::tell;
use crate::node::{Connection, Discard, Outcome, erlang_term};

/// A VM takes a second to end even when it has nothing to stop.
const FIRST: Duration = Duration::from_secs(1);
/// Who reads a log has no use for that second.
const PLAIN_FIRST: Duration = Duration::from_secs(5);
const EACH: Duration = Duration::from_secs(1);
const ANSWER_LIMIT: Duration = Duration::from_millis(300);
/// Of the terminal's line, in characters.
const WIDTH: usize = 79;

/// The applications whose master lives, but for those that stop last. The table is the application controller's,
/// which itself is too busy to answer now.
const ASK: &str = "[A || [A, P] <- ets:match(ac_tab, {{application_master, '$1'}, '$2'}), \
                   A =/= kernel, A =/= stdlib, is_process_alive(P)].";

pub(super) struct Progress {
    what: String,
    limit: Duration,
    begun: Instant,
    connection: Option<Connection>,
    terminal: bool,
    /// When there is something to show next; none: never again.
    next: Option<Instant>,
    drawn: bool,
}

impl Progress {
    pub(super) fn new(instance: &Instance, pid: i32, limit: Duration, begun: Instant) -> Self {
        let terminal =
            std::io::stderr().is_terminal() && env::var("TERM").is_none_or(|terminal| terminal != "dumb");
        Self {
            what: format!("{} (pid {pid})", instance.name),
            limit,
            begun,
            connection: None,
            terminal,
            next: Some(begun + if terminal { FIRST } else { PLAIN_FIRST }),
            drawn: false,
        }
    }

    /// The node can be asked, too.
    pub(super) fn ask_over(&mut self, connection: Connection) {
        self.connection = Some(connection);
    }

    /// When it wants to be called next.
    pub(super) fn next(&self) -> Instant {
        // A look at the process each second is due in any case.
        let look = Instant::now() + EACH;
        self.next.map_or(look, |next| next.min(look))
    }

    /// Tells how far it is, when that is due.
    pub(super) fn show(&mut self) {
        let now = Instant::now();
        if self.next.is_none_or(|next| now < next) {
            return;
        }
        let (passed, limit) = (self.begun.elapsed().as_secs(), self.limit.as_secs());
        let running = self.running();
        if self.terminal {
            let text = format!("stopping {}: {passed} s of {limit}{running}", self.what);
            let text: String = text.chars().take(WIDTH).collect();
            draw(&format!("\r{text}\x1b[K"));
            self.drawn = true;
            self.next = Some(now + EACH);
        } else {
            tell(&format!("{} is still stopping after {passed} s, of {limit}{running}", self.what));
            self.next = None;
        }
    }

    /// `, still running: NAME, ...`, as far as it says so.
    fn running(&mut self) -> String {
        let Some(mut connection) = self.connection.take() else { return String::new() };
        connection.set_limit(Some(ANSWER_LIMIT));
        let Ok(Outcome::Return(term)) = erlang_term(&mut connection, ASK, &[], &mut Discard) else {
            return String::new();
        };
        self.connection = Some(connection);
        let names: Vec<String> =
            term.as_list().unwrap_or_default().iter().filter_map(|it| it.as_atom()).map(safe).collect();
        if names.is_empty() { String::new() } else { format!(", still running: {}", names.join(", ")) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.drawn {
            draw("\r\x1b[K");
        }
    }
}

fn draw(text: &str) {
    let mut out = std::io::stderr();
    // Nothing can be told when it is closed.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
