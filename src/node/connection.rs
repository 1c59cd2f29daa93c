//! An open connection to a node: frames in and out, ticks, and who this client is to the node.
//! Knows how to say things; what to say is the business of `call`.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::control::{self, Event};
use super::error::NodeError;
use super::handshake::Identity;
use super::term::{Pid, Reference, Term, TermError};
use super::wire::{Deadline, Wire};

/// No frame may be longer: 256 MiB.
const MAX_FRAME: usize = 256 * 1024 * 1024;

/// How much is read at once; memory grows by what arrives, not by what was announced.
const CHUNK: usize = 64 * 1024;

/// After this long a silence of this side's the node is told that it still lives. A node gives
/// up on a silent peer after `net_ticktime`, 60 s unless set.
const TICK: Duration = Duration::from_secs(15);

/// A connection to a node. Dropping it closes it; what it started on the node goes on there.
#[derive(Debug)]
pub struct Connection {
    wire: Wire,
    node: String,
    at: SocketAddr,
    me: Identity,
    /// The number of the next pid.
    next_pid: u32,
    /// The number of the next reference.
    next_reference: u64,
    last_write: Instant,
    write_limit: Duration,
    limit: Option<Duration>,
    inbox: Inbox,
    /// What has to live as long as the stream, and end after it.
    _keep: Option<Box<dyn Keep>>,
}

/// Something that a connection owns until it is dropped, such as the process at its other end.
pub trait Keep: std::fmt::Debug + Send + Sync {}

impl Connection {
    /// A connection over a stream at whose other end a process of this host speaks with `node`: the frames
    /// are those of a connection after its handshake. `name` is this client's, for its pids.
    pub fn over(stream: UnixStream, keep: Box<dyn Keep>, node: &str, name: &str, limit: Duration) -> Self {
        let me = Identity { name: name.into(), creation: 1 };
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut connection = Self::new(Wire::over(stream), node.into(), nowhere, me, limit);
        connection._keep = Some(keep);
        connection
    }

    pub(super) fn new(wire: Wire, node: String, at: SocketAddr, me: Identity, limit: Duration) -> Self {
        let inbox = Inbox { bytes: Vec::new(), read: 0 };
        let last_write = Instant::now();
        Self {
            wire,
            node,
            at,
            me,
            next_pid: 1,
            next_reference: 1,
            last_write,
            write_limit: limit,
            limit: Some(limit),
            inbox,
            _keep: None,
        }
    }

    /// The node's full name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The address and port that answered; 0.0.0.0 of a connection [`over`](Self::over) another stream.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// The name that the node gave this client.
    #[must_use]
    pub fn own_name(&self) -> &str {
        &self.me.name
    }

    /// How long each operation without a limit of its own may take: an evaluation,
    /// [`os_pid`](super::os_pid). It starts as the limit of [`connect`](super::connect);
    /// `None` is for ever.
    pub fn set_limit(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }

    /// The deadline of an operation that starts now.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::maybe_after(self.limit)
    }

    pub(super) fn new_pid(&mut self) -> Pid {
        let id = self.next_pid;
        // OTP 23 has 15 bits for it; a number may come back once its process is long gone.
        self.next_pid = if id >= 0x7fff { 1 } else { id + 1 };
        Pid { node: self.me.name.clone(), id, serial: 0, creation: self.me.creation }
    }

    /// Never the same again: there is one for each `io:format` of a call.
    pub(super) fn new_reference(&mut self) -> Reference {
        let number = self.next_reference;
        self.next_reference += 1;
        // The first word has 18 bits; the casts cut off what the next word holds.
        let ids = vec![(number & 0x3_ffff) as u32, (number >> 18) as u32, (number >> 50) as u32];
        Reference { node: self.me.name.clone(), creation: self.me.creation, ids }
    }

    /// Sends `message` to a process.
    pub(super) fn send(&mut self, to: Term, message: &Term) -> Result<(), NodeError> {
        let frame = control::send(to, message);
        self.write(frame)
    }

    /// Writes a whole frame, or says why it can't be made.
    pub(super) fn write(&mut self, frame: Result<Vec<u8>, TermError>) -> Result<(), NodeError> {
        let frame = frame.map_err(|source| NodeError::BadRequest { node: self.node.clone(), source })?;
        self.write_bytes(&frame)
    }

    fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), NodeError> {
        // A node that reads nothing is stuck even when the call itself may take for ever.
        let deadline = Deadline::after(self.write_limit);
        self.wire
            .write_all(bytes, deadline)
            .map_err(|error| self.explain(error, "sending a request", deadline))?;
        self.last_write = Instant::now();
        Ok(())
    }

    /// The next thing that the node says; ticks are answered, and sent.
    ///
    /// # Errors
    /// When nothing came by `deadline`, during `what`, the connection ended, or the node
    /// speaks nonsense.
    pub(super) fn next_event(&mut self, what: &str, deadline: Deadline) -> Result<Event, NodeError> {
        loop {
            // Also with frames at hand: a node that talks without end must not hold this for ever.
            deadline.left().map_err(|error| self.explain(error, what, deadline))?;
            match self.inbox.take().map_err(|what| self.too_large(what))? {
                Some(frame) if frame.is_empty() => self.write_bytes(&[0; 4])?,
                Some(frame) => {
                    return control::parse(&frame).map_err(|error| match error {
                        TermError::Parts(_) => self.too_large(error.to_string()),
                        other => self.nonsense(other.to_string()),
                    });
                }
                None => self.receive(what, deadline)?,
            }
        }
    }

    /// Reads once, or until a tick is due.
    fn receive(&mut self, what: &str, deadline: Deadline) -> Result<(), NodeError> {
        let silence = self.last_write.elapsed();
        if silence >= TICK {
            self.write_bytes(&[0; 4])?;
        }
        let pause = deadline.or_after(TICK.saturating_sub(silence).max(Duration::from_millis(10)));
        match self.inbox.fill(&mut self.wire, pause) {
            Ok(0) => Err(NodeError::WentDown { node: self.node.clone() }),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::TimedOut && deadline.left().is_ok() => Ok(()),
            Err(error) => Err(self.explain(error, what, deadline)),
        }
    }

    fn explain(&self, error: std::io::Error, what: &str, deadline: Deadline) -> NodeError {
        let node = self.node.clone();
        match error.kind() {
            ErrorKind::TimedOut => NodeError::TimedOut { node, what: what.into(), limit: deadline.limit() },
            ErrorKind::UnexpectedEof => NodeError::WentDown { node },
            _ => NodeError::Io { node, source: error },
        }
    }

    fn too_large(&self, what: String) -> NodeError {
        NodeError::TooLarge { node: self.node.clone(), what }
    }

    pub(super) fn nonsense(&self, detail: impl Into<String>) -> NodeError {
        NodeError::BadAnswer { node: self.node.clone(), detail: detail.into() }
    }
}

/// What was read and not yet looked at.
#[derive(Debug)]
struct Inbox {
    bytes: Vec<u8>,
    read: usize,
}

impl Inbox {
    /// The next whole frame without its length (a tick is an empty one), none when more has to
    /// be read; or else what is wrong with one that is too long.
    fn take(&mut self) -> Result<Option<Vec<u8>>, String> {
        let rest = &self.bytes[self.read..];
        let Some((head, body)) = rest.split_first_chunk() else { return Ok(None) };
        // Saturated where a usize has 16 bits, which is above the maximum either way.
        let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
        if length > MAX_FRAME {
            return Err(format!("a frame has {length} bytes (at most {MAX_FRAME})"));
        }
        let Some(frame) = body.get(..length) else { return Ok(None) };
        let end = self.read + 4 + length;
        if length > CHUNK {
            // Large ones are not copied: their memory goes with them.
            let rest = self.bytes.split_off(end);
            let mut frame = std::mem::replace(&mut self.bytes, rest);
            frame.drain(..end - length);
            self.read = 0;
            return Ok(Some(frame));
        }
        let frame = frame.to_vec();
        self.read = end;
        if self.read == self.bytes.len() {
            self.bytes.clear();
            self.read = 0;
        }
        Ok(Some(frame))
    }

    fn fill(&mut self, wire: &mut Wire, deadline: Deadline) -> std::io::Result<usize> {
        if self.read > 0 {
            self.bytes.drain(..self.read);
            self.read = 0;
        }
        let filled = self.bytes.len();
        self.bytes.resize(filled + CHUNK, 0);
        let result = wire.read(&mut self.bytes[filled..], deadline);
        self.bytes.truncate(filled + result.as_ref().map_or(0, |count| *count));
        result
    }
}

#[cfg(test)]
mod tests {
    use super::super::live_tests::peer::answering;
    use super::{Connection, Deadline, Identity, Inbox, MAX_FRAME, Wire};
    use std::time::Duration;

    #[test]
    fn no_reference_comes_twice_in_a_call_that_prints_much() {
        let (at, _thread) = answering(b"");
        let wire = Wire::connect(at, Deadline::maybe_after(None)).unwrap();
        let me = Identity { name: "c@h".into(), creation: 1 };
        let mut connection = Connection::new(wire, "a@h".into(), at, me, Duration::from_secs(1));
        let mut numbers: Vec<_> = (0..300_000).map(|_| connection.new_reference().ids).collect();
        assert!(numbers.iter().all(|ids| ids[0] <= 0x3_ffff));
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 300_000);
    }

    #[test]
    fn frames_come_whole_or_not_at_all() {
        let stream = b"\0\0\0\x02ab\0\0\0\0\0\0\0\x01c\0\0";
        let mut inbox = Inbox { bytes: Vec::new(), read: 0 };
        let mut frames = Vec::new();
        for byte in stream {
            inbox.bytes.push(*byte);
            while let Some(frame) = inbox.take().unwrap() {
                frames.push(frame);
            }
        }
        assert_eq!(frames, [b"ab".to_vec(), Vec::new(), b"c".to_vec()]);
        assert_eq!(inbox.bytes.len() - inbox.read, 2);
    }

    #[test]
    fn a_frame_beyond_the_limit_is_refused_by_its_length() {
        let head = (MAX_FRAME as u32 + 1).to_be_bytes().to_vec();
        let mut inbox = Inbox { bytes: head, read: 0 };
        assert!(inbox.take().unwrap_err().contains("at most"));
    }
}
