//! A real systemd in namespaces of its own, on an overlay of this machine's root: `tests/fixtures/systemd.sh`. Units
//! and logs are thrown away with it; the instance's directory is the one that tests see.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::instance::Instance;
use super::process::Output;
use super::tools::{need, skipped};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/systemd.sh");

/// Dropped, it ends with all that runs in it.
#[derive(Debug)]
pub(crate) struct Systemd<'a> {
    instance: &'a Instance,
    dir: PathBuf,
    leader: String,
}

impl<'a> Systemd<'a> {
    /// Boots it; `None`, told as skipped, where there is no systemd, or it can't be had in here.
    #[track_caller]
    pub(crate) fn boot(instance: &'a Instance) -> Option<Self> {
        if !need(&["systemctl", "unshare", "nsenter", "setsid"]) {
            return None;
        }
        // Its name becomes that of a cgroup.
        let name = instance.base().file_name().expect("it was made with one").to_str().expect("it is ASCII");
        let dir = instance.base().join(format!("systemd-{name}"));
        let mut command = Command::new(SCRIPT);
        // To a file: the processes in it would hold a pipe open.
        let log = instance.base().join("systemd.out");
        let out = fs::File::create(&log).expect("the test's own directory");
        command.arg("up").arg(&dir).arg(instance.base());
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(out).status();
        match status.expect("the script is there").code() {
            Some(0) => {}
            Some(99) => {
                skipped("no namespaces to boot a systemd in");
                return None;
            }
            code => panic!("systemd: {code:?}: {}", fs::read_to_string(log).unwrap_or_default()),
        }
        let leader = fs::read_to_string(dir.join("leader")).expect("the script has written it");
        Some(Self { instance, dir, leader: leader.trim_end().into() })
    }

    /// Its root directory as seen from here.
    pub(crate) fn root(&self) -> PathBuf {
        Path::new("/proc").join(&self.leader).join("root")
    }

    /// Runs a command inside, with the instance's environment.
    #[track_caller]
    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let mut command = self.instance.command(Path::new("nsenter"));
        command.args(["-t", &self.leader, "-a", "-r", "-w"]).args(args);
        self.instance.finish(&mut command, "")
    }

    /// A property of a unit, as `systemctl show` has it.
    #[track_caller]
    pub(crate) fn property(&self, unit: &str, name: &str) -> String {
        let output = self.run(&["systemctl", "show", "--value", "--property", name, unit]);
        output.stdout.trim_end().to_owned()
    }

    /// Writes a unit's file, and has it read.
    #[track_caller]
    pub(crate) fn unit(&self, name: &str, text: &str) {
        fs::write(self.root().join("etc/systemd/system").join(name), text)
            .expect("the overlay can be written to");
        self.run(&["systemctl", "daemon-reload"]).ok();
    }
}

impl Drop for Systemd<'_> {
    fn drop(&mut self) {
        // It kills by cgroup; what fails is told by the script.
        let _ = Command::new(SCRIPT).arg("down").arg(&self.dir).status();
    }
}
