//! What a command said, as one text: status, standard output and standard error are compared together.
//! It must not hide more than what differs from run to run: directories, the host's name, pids.

use std::path::Path;
use std::process::Command;

use super::instance::Instance;
use super::process::Output;

impl Instance {
    /// Runs `bin/NAME ARGS`: a line with the status, then standard output, then standard error with
    /// `! ` before each line. The release's root is ROOT, the directory around it BASE, the host HOST,
    /// and `pid 123` is `pid N`.
    #[track_caller]
    pub(crate) fn said(&self, args: &[&str]) -> String {
        self.told(&self.run(args))
    }

    /// The same of a command that was run by other means.
    pub(crate) fn told(&self, output: &Output) -> String {
        let mut text = format!("{}\n{}", output.status, output.stdout);
        for line in output.stderr.lines() {
            text.push_str("! ");
            text.push_str(line);
            text.push('\n');
        }
        self.neutral(&text)
    }

    /// A text without what differs from run to run.
    pub(crate) fn neutral(&self, text: &str) -> String {
        let host = host();
        let show = |path: &Path| path.to_str().expect("the target directory's path is UTF-8").to_owned();
        let text = text.replace(&show(self.path()), "ROOT").replace(&show(self.base()), "BASE");
        without_pids(&text.replace(&format!("@{host}"), "@HOST"))
    }

    /// Runs `bin/NAME ARGS` with the release tree mounted read-only, or, where only root could do
    /// that, with directories that can't be written to.
    #[track_caller]
    pub(crate) fn run_read_only(&self, args: &[&str]) -> Output {
        const SCRIPT: &str =
            "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" && shift && exec \"$@\"";
        if !rustix::process::getuid().is_root() {
            let mut chmod = Command::new("find");
            chmod.arg(self.path()).args(["-type", "d", "-exec", "chmod", "a-w", "{}", "+"]);
            assert!(chmod.status().expect("find is there").success());
            return self.run(args);
        }
        let mut command = self.command(Path::new("unshare"));
        command.args(["-m", "sh", "-c", SCRIPT, "sh"]).arg(self.path()).arg(self.entry()).args(args);
        self.finish(&mut command, "")
    }
}

/// The host's name as short node names have it.
pub(crate) fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// `pid 123` as `pid N`.
fn without_pids(text: &str) -> String {
    let mut parts = text.split("pid ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        out.push_str(if rest.len() < part.len() { "pid N" } else { "pid " });
        out.push_str(rest);
    }
    out
}
