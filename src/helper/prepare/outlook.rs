//! What a start would decide, for who looks without starting. Writes nothing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::request::Request;
use super::{Plan, cookie, erts};
use crate::error::Failure;
use crate::names::NodeName;

/// What counts for a look at the host.
pub(in crate::helper) struct Outlook {
    /// The args file, where there is one.
    pub vm_args: Option<PathBuf>,
    /// The configuration, where there is one.
    pub config: Option<PathBuf>,
    /// The node's name, unless it has none.
    pub node: Option<NodeName>,
    /// The port that it will listen on, where that is fixed.
    pub dist_port: Option<u16>,
    /// Whether it will ask epmd.
    pub asks_epmd: bool,
    /// The directory of `erlexec`.
    pub bin: PathBuf,
    /// The cookie and where it is from.
    pub cookie: cookie::Found,
}

/// Takes the options of `prepare`.
///
/// # Errors
/// Those that would end a start.
pub(in crate::helper) fn look(arguments: Vec<OsString>) -> Result<Outlook, Failure> {
    let Plan { vm_args, config, identity, erts, cookie, whole, .. } =
        Plan::make(&Request::parse(arguments)?)?;
    let own_epmd = ["-epmd_module", "-start_epmd"].iter().any(|flag| !whole.get(flag).is_empty());
    Ok(Outlook {
        vm_args,
        config: config.map(|config| config.without_suffix().with_added_extension("config")),
        asks_epmd: identity.node.is_some() && identity.dist_port.is_none() && !own_epmd,
        node: identity.node,
        dist_port: identity.dist_port,
        bin: erts.bin,
        cookie,
    })
}

/// The directory of the `erlexec` that a start would use.
///
/// # Errors
/// When there is none.
pub(in crate::helper) fn erts_bin(root: &Path, vsn: &str) -> Result<PathBuf, Failure> {
    erts::locate(root, vsn).map(|erts| erts.bin)
}
