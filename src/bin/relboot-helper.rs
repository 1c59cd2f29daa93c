//! The helper that travels inside a release.

fn main() {}
