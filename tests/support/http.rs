//! A real HTTP server for tests, by python3. It must not outlive the test process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

/// Answers POST requests with 200; those to `/500` with 500, those to `/slow` never.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    seen: Receiver<String>,
    /// Its port on 127.0.0.1.
    pub port: u16,
}

impl Server {
    /// Starts one on a free port. Needs python3 (ask `need` first).
    pub(crate) fn start() -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", include_str!("http.py")]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python3 can be started");
        let stdout = BufReader::new(child.stdout.take().expect("standard output is a pipe"));
        let (sender, seen) = channel();
        std::thread::spawn(move || {
            // The receiver is gone when the test is over.
            stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        let port = seen.recv_timeout(Duration::from_secs(30)).expect("the server says its port");
        Self { child, seen, port: port.parse().expect("a port is a number") }
    }

    /// The next request: `path`, `type`, `authorization`, and the `body`, which has to be JSON.
    #[track_caller]
    pub(crate) fn next(&self) -> Value {
        let line = self.seen.recv_timeout(Duration::from_secs(10)).expect("there was a request");
        serde_json::from_str(&line).expect("the server prints JSON")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        // It ends with its standard input; nothing can be done about one that is gone.
        let _ = self.child.wait();
    }
}
