//! The integration tests, an index: one binary, one module per concern.

// `cfg(test)` tells clippy that all of such a file is test code.
#[cfg(test)]
mod harness_selftest;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod shells;

mod support;
