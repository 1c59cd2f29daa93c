//! A command of an instance on a terminal of its own, with somebody who types. It must not wait for ever: the
//! script behind it ends when nothing that it waits for comes for a minute.

use std::path::Path;
use std::process::Command;

use super::instance::Instance;

/// `bin/NAME` on a terminal, its arguments to be added: each time the first of a pair is printed, the second
/// is typed, as it is.
pub(crate) fn terminal(instance: &Instance, steps: &[(&str, &str)]) -> Command {
    let mut command = instance.command(Path::new("python3"));
    command.env("TERM", "vt100");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/terminal.py"));
    for (expect, send) in steps {
        command.args([expect, send]);
    }
    command.arg("--").arg(instance.entry());
    command
}
