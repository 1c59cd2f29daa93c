//! The integration tests, an index: one binary, one module per concern.

// `cfg(test)` tells clippy that all of such a file is test code.
#[cfg(test)]
mod counts;
#[cfg(test)]
mod foreground;
#[cfg(test)]
mod harness_selftest;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod mix;
#[cfg(test)]
mod trouble;

mod support;
