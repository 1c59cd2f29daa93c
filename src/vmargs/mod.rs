//! From a template and the host's facts to the vm.args that erlexec reads, and what they say of
//! the node's name and cookie.
//!
//! Pure: files, environment and facts come in as arguments, text goes out. Prints nothing, and no
//! message carries a value from the environment or a cookie.

mod args;
mod error;
mod flags;
mod secret;
mod words;

pub use args::{Args, Include, Occurrence};
pub use error::{Error, Place};
pub use secret::{CookieRule, Secret};
