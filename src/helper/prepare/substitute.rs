//! Variables in the files of relx releases: when they are replaced, and what must not be left of them.

use crate::error::Failure;
use crate::helper::env;
use crate::vmargs::{Environment, substitute};

/// The variables that have relx's scripts replace others in plain files: relx's name and its older one.
const SWITCHES: [&str; 2] = ["RELX_REPLACE_OS_VARS", "REPLACE_OS_VARS"];

/// Whether variables in plain files are to be replaced, too.
pub(super) fn wanted() -> bool {
    let is_on = |value: String| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0");
    SWITCHES.into_iter().filter_map(env::var).any(is_on)
}

/// The text of a file with its variables replaced; lines that begin with `comment` are comments.
pub(super) fn file(text: &str, shown: &str, comment: char) -> Result<String, Failure> {
    let environment: Environment = std::env::vars_os().collect();
    Ok(substitute(text, shown, &environment, comment)?)
}
