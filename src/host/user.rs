//! Who runs the node.

use serde::Serialize;

use super::Roots;

/// The user of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct User {
    /// The effective user id.
    pub uid: u32,
    /// The name in `/etc/passwd`; `None` for an id without an entry.
    pub name: Option<String>,
    /// `HOME` when it is set, else the directory in `/etc/passwd`.
    pub home: Option<String>,
}

impl User {
    pub(super) fn collect(_roots: &Roots) -> Self {
        Self::default()
    }
}
