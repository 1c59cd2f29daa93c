//! A stream on which every step has a deadline. Knows bytes and time, no protocol.

use std::fmt::Debug;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

/// The moment until which something may take; none means that it may take for ever.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    end: Option<Instant>,
    limit: Duration,
}

impl Deadline {
    /// In `limit` from now; a limit beyond the clock's reach is none.
    pub(super) fn after(limit: Duration) -> Self {
        Self { end: Instant::now().checked_add(limit), limit }
    }

    /// In `limit` from now, or never.
    pub(super) fn maybe_after(limit: Option<Duration>) -> Self {
        limit.map_or(Self { end: None, limit: Duration::MAX }, Self::after)
    }

    /// How long it was from the start.
    pub(super) fn limit(self) -> Duration {
        self.limit
    }

    /// This one, or `limit` from now when that is earlier.
    pub(super) fn or_after(self, limit: Duration) -> Self {
        let other = Self::after(limit);
        match (self.end, other.end) {
            (Some(end), Some(earlier)) if end <= earlier => self,
            _ => other,
        }
    }

    /// The earlier one of the two.
    pub(super) fn earlier(self, other: Self) -> Self {
        match (self.end, other.end) {
            (Some(end), Some(earlier)) if earlier < end => other,
            (None, _) => other,
            _ => self,
        }
    }

    /// The time left, none when there is no deadline.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] once it has passed.
    pub(super) fn left(self) -> io::Result<Option<Duration>> {
        let Some(end) = self.end else { return Ok(None) };
        match end.checked_duration_since(Instant::now()) {
            // Sockets take a time-out of nothing for none at all.
            Some(left) if left >= Duration::from_micros(1) => Ok(Some(left)),
            _ => Err(ErrorKind::TimedOut.into()),
        }
    }
}

/// What a wire can be made of.
pub(super) trait Stream: Read + Write + Debug + Send {
    fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()>;
    fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        Self::set_read_timeout(self, limit)
    }

    fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        Self::set_write_timeout(self, limit)
    }
}

/// To a process that speaks with the node in this one's place.
impl Stream for UnixStream {
    fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        Self::set_read_timeout(self, limit)
    }

    fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        Self::set_write_timeout(self, limit)
    }
}

/// The stream. A time-out is [`ErrorKind::TimedOut`]; an end of the stream within what had to
/// be read, and any way in which the peer cut it, is [`ErrorKind::UnexpectedEof`].
#[derive(Debug)]
pub(super) struct Wire {
    stream: Box<dyn Stream>,
}

impl Wire {
    pub(super) fn over(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream) }
    }

    pub(super) fn connect(to: SocketAddr, deadline: Deadline) -> io::Result<Self> {
        let stream = match deadline.left()? {
            Some(left) => TcpStream::connect_timeout(&to, left),
            None => TcpStream::connect(to),
        }
        .map_err(plain)?;
        // Each frame is one write; waiting for another one would only cost time.
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    /// Whatever is there, at least a byte; 0 at the end of the stream.
    pub(super) fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        loop {
            self.stream.set_read_timeout(deadline.left()?)?;
            match self.stream.read(buffer).map_err(plain) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                other => return other,
            }
        }
    }

    pub(super) fn read_exact(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read(&mut buffer[filled..], deadline)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                count => filled += count,
            }
        }
        Ok(())
    }

    pub(super) fn write_all(&mut self, mut bytes: &[u8], deadline: Deadline) -> io::Result<()> {
        while !bytes.is_empty() {
            self.stream.set_write_timeout(deadline.left()?)?;
            match self.stream.write(bytes).map_err(plain) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// One kind for each meaning: systems have two for a time-out and several for a cut.
fn plain(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => {
            ErrorKind::UnexpectedEof.into()
        }
        _ => error,
    }
}
