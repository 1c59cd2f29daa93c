//! Tests against real nodes, each started for its test with an epmd of its own, and against
//! hostile peers.

mod calls;
mod evaluate;
mod hostile;
pub(super) mod peer;
mod reach;
mod real;
