//! What can go wrong between this client and a node, as a user reads it.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::term::TermError;
use crate::error::{Report, Status};

/// Why a node could not be reached, or a call had no outcome.
#[derive(Debug)]
pub enum NodeError {
    /// No epmd listens there.
    EpmdRefused {
        /// The node asked for.
        node: String,
        /// Where epmd should be.
        at: SocketAddr,
    },
    /// epmd knows no such node.
    NotRegistered {
        /// The node asked for.
        node: String,
        /// Where epmd is.
        at: SocketAddr,
    },
    /// Nothing listens on the node's port.
    PortRefused {
        /// The node asked for.
        node: String,
        /// Where the node should be.
        at: SocketAddr,
    },
    /// No address was given to try.
    NoAddress {
        /// The node asked for.
        node: String,
    },
    /// The operating system could not connect.
    Connect {
        /// The node asked for.
        node: String,
        /// Where to.
        at: SocketAddr,
        /// Its reason.
        source: io::Error,
    },
    /// Something accepted the connection and then said nothing in time.
    Hung {
        /// The node asked for.
        node: String,
        /// Who is silent.
        who: Peer,
        /// Where it is.
        at: SocketAddr,
        /// How long was waited.
        limit: Duration,
    },
    /// The peer closed the connection before the two had agreed on anything.
    Closed {
        /// The node asked for.
        node: String,
        /// Who closed it.
        who: Peer,
        /// Where it is.
        at: SocketAddr,
    },
    /// The node does not take the cookie, or has another one itself.
    WrongCookie {
        /// The node asked for.
        node: String,
    },
    /// The node speaks TLS.
    Tls {
        /// The node asked for.
        node: String,
        /// Where it is.
        at: SocketAddr,
    },
    /// What listens there is no Erlang node (or no epmd).
    OtherProtocol {
        /// The node asked for.
        node: String,
        /// Who it should be.
        who: Peer,
        /// Where it is.
        at: SocketAddr,
    },
    /// The node takes no connection from here (`net_kernel:allow/1`).
    NotAllowed {
        /// The node asked for.
        node: String,
    },
    /// The node refused for now (`nok`) or takes this client for a node that it knows (`alive`).
    Declined {
        /// The node asked for.
        node: String,
        /// Its word.
        status: String,
    },
    /// The port belongs to another node.
    OtherNode {
        /// The node asked for.
        node: String,
        /// The node found.
        found: String,
        /// Where it is.
        at: SocketAddr,
    },
    /// The node is older than OTP 23.
    TooOld {
        /// The node asked for.
        node: String,
    },
    /// A call, or a wait, took too long.
    TimedOut {
        /// The node called.
        node: String,
        /// What it was to do.
        what: String,
        /// How long was waited.
        limit: Duration,
    },
    /// An evaluation took too long; it ends with the connection.
    Ended {
        /// The node called.
        node: String,
        /// What it was to do.
        what: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The node sent more at once than this client takes.
    TooLarge {
        /// The node called.
        node: String,
        /// What has too much of what.
        what: String,
    },
    /// The connection ended during a call.
    WentDown {
        /// The node called.
        node: String,
    },
    /// The node would not start a process for the call.
    CallRefused {
        /// The node called.
        node: String,
        /// What it was to do.
        what: String,
        /// Its reason.
        reason: String,
    },
    /// The node's answer makes no sense.
    BadAnswer {
        /// The node called.
        node: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The request can't be written as a term.
    BadRequest {
        /// The node called.
        node: String,
        /// Why not.
        source: TermError,
    },
    /// The node has no Elixir.
    NoElixir {
        /// The node called.
        node: String,
    },
    /// What the call printed could not be written.
    Output(io::Error),
    /// The connection broke in another way.
    Io {
        /// The node called.
        node: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The port mapper.
    Epmd,
    /// The node itself.
    Node,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Epmd => "epmd",
            Self::Node => "the node",
        })
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EpmdRefused { node, at } => {
                write!(f, "node {node} is not running: no epmd listens on {at}")
            }
            Self::NotRegistered { node, at } => {
                write!(f, "node {node} is not running: epmd on {at} does not know it")
            }
            Self::PortRefused { node, at } => {
                write!(f, "node {node} is not running: nothing listens on its port, {at}")
            }
            Self::NoAddress { node } => write!(f, "node {node} has no address to connect to"),
            Self::Connect { node, at, source } => {
                write!(f, "can't connect to {at} for node {node}: {source}")
            }
            Self::Hung { node, who, at, limit } => {
                write!(
                    f,
                    "node {node} can't be told: {who} on {at} did not answer within {:?}",
                    rounded(*limit)
                )
            }
            Self::Closed { node, who, at } => {
                write!(f, "node {node} can't be told: {who} on {at} closed the connection")
            }
            Self::WrongCookie { node } => write!(f, "node {node} refused the cookie"),
            Self::Tls { node, at } => write!(f, "node {node} on {at} speaks TLS"),
            Self::OtherProtocol { node, who, at } => {
                write!(f, "node {node} can't be told: what listens on {at} is not {who}")
            }
            Self::NotAllowed { node } => write!(f, "node {node} does not allow connections from here"),
            Self::Declined { node, status } => {
                write!(f, "node {node} declined the connection with \"{status}\"")
            }
            Self::OtherNode { node, found, at } => {
                write!(f, "node {node} can't be told: on {at} is node {found}")
            }
            Self::TooOld { node } => write!(f, "node {node} is older than OTP 23"),
            other => other.fmt_call(f),
        }
    }
}

impl NodeError {
    /// The messages of what can go wrong once there is a connection.
    fn fmt_call(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut { node, what, limit } | Self::Ended { node, what, limit } => {
                write!(f, "{what} on node {node} took longer than {:?}", rounded(*limit))
            }
            Self::TooLarge { node, what } => write!(f, "node {node} sent too much at once: {what}"),
            Self::WentDown { node } => write!(f, "node {node} went down during the call"),
            Self::CallRefused { node, what, reason } => {
                write!(f, "node {node} refused to start {what}: {reason}")
            }
            Self::BadAnswer { node, detail } => {
                write!(f, "answer of node {node} makes no sense: {detail}")
            }
            Self::BadRequest { node, source } => {
                write!(f, "request to node {node} can't be sent: {source}")
            }
            Self::NoElixir { node } => write!(f, "node {node} has no elixir"),
            Self::Io { node, source } => write!(f, "connection to node {node} failed: {source}"),
            // All others are written by `fmt`.
            _ => write!(f, "output of the call can't be written"),
        }?;
        match self {
            Self::Output(source) => write!(f, ": {source}"),
            _ => Ok(()),
        }
    }
}

/// To milliseconds: what was left of a limit after other steps is no round number.
fn rounded(limit: Duration) -> Duration {
    let micros = limit.as_micros().saturating_add(500);
    u64::try_from(micros / 1000).map_or(limit, Duration::from_millis)
}

impl Error for NodeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Connect { source, .. } | Self::Io { source, .. } | Self::Output(source) => Some(source),
            Self::BadRequest { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl Report for NodeError {
    fn status(&self) -> Status {
        match self {
            Self::EpmdRefused { .. } | Self::NotRegistered { .. } | Self::PortRefused { .. } => {
                Status::NotRunning
            }
            Self::TimedOut { .. } | Self::Ended { .. } => Status::TimedOut,
            Self::WentDown { .. }
            | Self::TooLarge { .. }
            | Self::CallRefused { .. }
            | Self::BadAnswer { .. }
            | Self::BadRequest { .. }
            | Self::NoElixir { .. }
            | Self::Output(_)
            | Self::Io { .. } => Status::Failed,
            _ => Status::Unreachable,
        }
    }

    fn help(&self) -> Option<String> {
        let text = match self {
            Self::EpmdRefused { .. } | Self::NotRegistered { .. } | Self::PortRefused { .. } => {
                "start the node; if it runs, compare its name, host and ports with the ones above"
            }
            Self::NoAddress { .. } => "write the node's host with its address in /etc/hosts",
            Self::Connect { .. } => "check the address, and the firewall between here and there",
            Self::Hung { .. } => "the VM is stopped or overloaded: look at its process and its logs",
            Self::Closed { .. } => {
                "the node may be on its way up or down, speak TLS, or be older than OTP 23: read its log"
            }
            Self::WrongCookie { .. } => "use the cookie that the node was started with",
            Self::Tls { .. } => {
                "for TLS distribution use `erl -proto_dist inet_tls` with the node's -ssl_dist_optfile"
            }
            Self::OtherProtocol { .. } | Self::OtherNode { .. } => {
                "find out who uses that port; the node may have another one"
            }
            Self::NotAllowed { .. } => "let this host in with net_kernel:allow/1 on the node",
            Self::Declined { .. } => "try again",
            Self::TooOld { .. } => "run the release on OTP 23 or later",
            Self::TimedOut { .. } => "give it more time; what was started on the node goes on there",
            Self::Ended { .. } => "give it more time; what ran on the node was ended",
            Self::TooLarge { .. } => "ask for it in pieces, or have the node write it to a file",
            Self::WentDown { .. } => "read the node's log",
            Self::NoElixir { .. } => "evaluate Erlang instead, or put elixir into the release",
            Self::CallRefused { .. }
            | Self::BadAnswer { .. }
            | Self::BadRequest { .. }
            | Self::Output(_)
            | Self::Io { .. } => return None,
        };
        Some(text.into())
    }
}
