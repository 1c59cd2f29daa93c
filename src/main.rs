//! The generator: parse, run, report.

use std::process::ExitCode;

use clap::Parser;
use relboot::cli::Cli;
use relboot::{cmd, error};

fn main() -> ExitCode {
    // clap itself ends with 2 on wrong usage and with 0 after --help and --version.
    let cli = Cli::parse();
    match cmd::run(&cli) {
        Ok(status) => status.into(),
        Err(failure) => error::report(&*failure).into(),
    }
}
