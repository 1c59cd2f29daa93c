//! Tests against real nodes and against hostile peers.

pub(super) mod peer;
