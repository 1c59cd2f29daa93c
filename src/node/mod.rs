//! A client of one Erlang node: finds its port, shakes hands as a hidden node without a name of
//! its own, calls functions, and shows what they print. It never listens, reads no environment
//! variable and no file, looks up no host name, and prints nothing.
//!
//! One file per layer: `term` (values), `wire` (bytes with deadlines), `epmd`, `handshake`,
//! `connection` (frames), `control` (messages), `io_protocol`, `call`, `boot`, `eval`.

mod boot;
mod call;
mod connection;
mod control;
mod epmd;
mod error;
mod eval;
#[doc(hidden)]
pub mod fuzz;
mod handshake;
mod io_protocol;
#[cfg(test)]
mod live_tests;
mod term;
mod wire;

pub use boot::Boot;
pub use call::{Outcome, os_pid};
pub use connection::{Connection, Keep};
pub use error::{NodeError, Peer};
pub use eval::{Answer, Code, Evaluated, Language, erlang_term, evaluate};
pub use io_protocol::{Discard, Io};
pub use term::{BigInt, Export, Inspected, Json, Pid, Port, Reference, Term, TermError};

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::names::NodeName;
use handshake::Refusal;
use wire::{Deadline, Wire};

/// The secret that nodes share. It is never printed, and overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie(Vec<u8>);

impl Cookie {
    /// The cookie of exactly these bytes: no newline is cut off.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    fn secret(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(...)")
    }
}

impl Drop for Cookie {
    fn drop(&mut self) {
        self.0.fill(0);
        // Otherwise the compiler may leave out a write that nobody reads.
        std::hint::black_box(&self.0);
    }
}

/// Which node to reach, and how.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its full name.
    pub name: NodeName,
    /// Its cookie.
    pub cookie: Cookie,
    /// The addresses of its host, in the order to try them.
    pub addresses: Vec<IpAddr>,
    /// Where epmd listens on that host; 4369 unless set otherwise.
    pub epmd_port: u16,
    /// The node's own port when it is fixed; epmd is not asked then.
    pub dist_port: Option<u16>,
}

/// Connects to the node within `limit`, trying one address after the other while the node is not
/// to be found there. This is a ping: a node that shakes hands is alive.
///
/// # Errors
/// Says who refused what, as precisely as it can be told; of several addresses the one that
/// came nearest to the node.
pub fn connect(target: &Target, limit: Duration) -> Result<Connection, NodeError> {
    let mut best: Option<NodeError> = None;
    let deadline = Deadline::after(limit);
    for (position, address) in target.addresses.iter().enumerate() {
        // An address that swallows everything must leave time for the others.
        let left = deadline.left().map_or(Duration::ZERO, |left| left.unwrap_or(limit));
        let share = left / (target.addresses.len() - position).try_into().unwrap_or(u32::MAX);
        match Attempt::new(target, *address, share).connect(limit) {
            Ok(connection) => return Ok(connection),
            Err(error) => {
                let found = nearness(&error);
                if best.as_ref().is_none_or(|best| found > nearness(best)) {
                    best = Some(error);
                }
                // A node answered: no other address will do better.
                if found == NODE_ANSWERED {
                    break;
                }
            }
        }
    }
    Err(best.unwrap_or_else(|| NodeError::NoAddress { node: target.name.to_string() }))
}

/// Asks epmd, or knocks at a fixed port, whether the node is there; says nothing to the node itself.
///
/// # Errors
/// As [`connect`].
pub fn registered(target: &Target, limit: Duration) -> Result<(), NodeError> {
    let mut best: Option<NodeError> = None;
    let share = limit / target.addresses.len().max(1).try_into().unwrap_or(u32::MAX);
    for address in &target.addresses {
        let attempt = Attempt::new(target, *address, share);
        match attempt.knock() {
            Ok(()) => return Ok(()),
            Err(error) if best.as_ref().is_none_or(|best| nearness(&error) > nearness(best)) => {
                best = Some(error);
            }
            Err(_) => {}
        }
    }
    Err(best.unwrap_or_else(|| NodeError::NoAddress { node: target.name.to_string() }))
}

/// The port that epmd knows of the node, or its fixed one.
#[must_use]
pub fn port(target: &Target, limit: Duration) -> Option<u16> {
    target.addresses.iter().find_map(|address| Attempt::new(target, *address, limit).port().ok())
}

const NODE_ANSWERED: u8 = 4;

/// How far an attempt came, for the choice of what to report.
fn nearness(error: &NodeError) -> u8 {
    match error {
        NodeError::Connect { .. } => 0,
        NodeError::EpmdRefused { .. } => 1,
        NodeError::NotRegistered { .. } | NodeError::PortRefused { .. } => 2,
        NodeError::Hung { .. } | NodeError::Closed { .. } | NodeError::OtherProtocol { .. } => 3,
        _ => NODE_ANSWERED,
    }
}

/// One address, one deadline.
struct Attempt<'a> {
    target: &'a Target,
    node: String,
    address: IpAddr,
    share: Duration,
    deadline: Deadline,
}

impl<'a> Attempt<'a> {
    fn new(target: &'a Target, address: IpAddr, share: Duration) -> Self {
        let node = target.name.to_string();
        Self { target, node, address, share, deadline: Deadline::after(share) }
    }

    /// `limit` becomes the connection's own for later.
    fn connect(&self, limit: Duration) -> Result<Connection, NodeError> {
        let at = SocketAddr::new(self.address, self.port()?);
        let mut wire = Wire::connect(at, self.deadline).map_err(|error| self.lost(Peer::Node, at, error))?;
        let host = self.target.name.host();
        let ours = handshake::random();
        let me = handshake::shake(&mut wire, &self.node, host, &self.target.cookie, ours, self.deadline)
            .map_err(|refusal| self.refused(at, refusal))?;
        Ok(Connection::new(wire, self.node.clone(), at, me, limit))
    }

    fn knock(&self) -> Result<(), NodeError> {
        let at = SocketAddr::new(self.address, self.port()?);
        if self.target.dist_port.is_some() {
            Wire::connect(at, self.deadline).map_err(|error| self.lost(Peer::Node, at, error))?;
        }
        Ok(())
    }

    fn port(&self) -> Result<u16, NodeError> {
        if let Some(port) = self.target.dist_port {
            return Ok(port);
        }
        let at = SocketAddr::new(self.address, self.target.epmd_port);
        let node = self.node.clone();
        match epmd::port(self.target.name.alive(), at, self.deadline) {
            Ok(epmd::Answer::Port(port)) => Ok(port),
            Ok(epmd::Answer::Unknown) => Err(NodeError::NotRegistered { node, at }),
            Ok(epmd::Answer::TooOld) => Err(NodeError::TooOld { node }),
            Ok(epmd::Answer::Nonsense) => Err(NodeError::OtherProtocol { node, who: Peer::Epmd, at }),
            Err(error) => Err(self.lost(Peer::Epmd, at, error)),
        }
    }

    fn lost(&self, who: Peer, at: SocketAddr, source: io::Error) -> NodeError {
        let node = self.node.clone();
        match (source.kind(), who) {
            (ErrorKind::ConnectionRefused, Peer::Epmd) => NodeError::EpmdRefused { node, at },
            (ErrorKind::ConnectionRefused, Peer::Node) => NodeError::PortRefused { node, at },
            (ErrorKind::TimedOut, _) => NodeError::Hung { node, who, at, limit: self.share },
            (ErrorKind::UnexpectedEof, _) => NodeError::Closed { node, who, at },
            _ => NodeError::Connect { node, at, source },
        }
    }

    fn refused(&self, at: SocketAddr, refusal: Refusal) -> NodeError {
        let node = self.node.clone();
        match refusal {
            Refusal::Tls => NodeError::Tls { node, at },
            Refusal::OtherProtocol => NodeError::OtherProtocol { node, who: Peer::Node, at },
            Refusal::NotAllowed => NodeError::NotAllowed { node },
            Refusal::Declined(status) => NodeError::Declined { node, status },
            Refusal::OtherNode(found) => NodeError::OtherNode { node, found, at },
            Refusal::TooOld => NodeError::TooOld { node },
            Refusal::WrongCookie => NodeError::WrongCookie { node },
            Refusal::Io(error) => self.lost(Peer::Node, at, error),
        }
    }
}
