//! A stream on which every step has a deadline. Knows bytes and time, no protocol.

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

/// The stream. A time-out is [`ErrorKind::TimedOut`]; an end of the stream within what had to
/// be read, and any way in which the peer cut it, is [`ErrorKind::UnexpectedEof`].
#[derive(Debug)]
pub(super) struct Wire {
    stream: Stream,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    /// To a process that speaks with the node in this one's place.
    Unix(UnixStream),
}

impl Stream {
    fn read(&mut self, buffer: &mut [u8], limit: Option<Duration>) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(limit).and_then(|()| stream.read(buffer)),
            Self::Unix(stream) => stream.set_read_timeout(limit).and_then(|()| stream.read(buffer)),
        }
    }

    fn write(&mut self, bytes: &[u8], limit: Option<Duration>) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.set_write_timeout(limit).and_then(|()| stream.write(bytes)),
            Self::Unix(stream) => stream.set_write_timeout(limit).and_then(|()| stream.write(bytes)),
        }
    }
}

impl Wire {
    pub(super) fn connect(to: SocketAddr, deadline: Deadline) -> io::Result<Self> {
        let stream = match deadline.left()? {
            Some(left) => TcpStream::connect_timeout(&to, left),
            None => TcpStream::connect(to),
        }
        .map_err(plain)?;
        // Each frame is one write; waiting for another one would only cost time.
        stream.set_nodelay(true)?;
        Ok(Self { stream: Stream::Tcp(stream) })
    }

    pub(super) fn over(stream: UnixStream) -> Self {
        Self { stream: Stream::Unix(stream) }
    }

    /// Whatever is there, at least a byte; 0 at the end of the stream.
    pub(super) fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        loop {
            match self.stream.read(buffer, deadline.left()?).map_err(plain) {
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
            match self.stream.write(bytes, deadline.left()?).map_err(plain) {
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
