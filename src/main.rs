//! The generator: parse, run, report.

fn main() {}
