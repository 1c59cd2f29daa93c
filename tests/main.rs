//! The integration tests, an index: one binary, one module per concern.

// `cfg(test)` tells clippy that all of such a file is test code.
#[cfg(test)]
mod docs;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod foreground;
#[cfg(test)]
mod harness_selftest;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod trouble;

mod support;
