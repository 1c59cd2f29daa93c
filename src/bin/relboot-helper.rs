//! The helper that travels inside a release. Everything is in the library's `helper`.

use std::process::ExitCode;

fn main() -> ExitCode {
    relboot::helper::run(std::env::args_os().skip(1).collect()).into()
}
