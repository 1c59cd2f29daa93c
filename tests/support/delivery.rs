//! How a version comes to an instance: packed by `relboot tar`, copied to releases/. And whether it changed anything.

use std::fs;
use std::path::{Path, PathBuf};

use super::instance::Instance;
use super::process::Output;
use super::releases::Raw;

/// A release with both versions and the kit of 0.2.0, in a place of its own, and its tarball.
#[derive(Debug)]
pub(crate) struct Packed {
    pub build: Instance,
    pub tarball: PathBuf,
}

impl Packed {
    /// 0.2.0 of `raw`; `project` holds files to be written below the directory in which generate runs.
    #[track_caller]
    pub(crate) fn new(raw: &'static Raw, project: &[(&str, &str)]) -> Self {
        let build = Instance::of(raw).version_2().plain();
        for (file, text) in project {
            write(&build.base().join(file), text);
        }
        build.generate(&[]).ok();
        let tarball = build.base().join("demo-0.2.0.tar.gz");
        build.tar(&tarball).ok();
        Self { build, tarball }
    }

    /// Copies the tarball to where `upgrade` looks for it.
    pub(crate) fn deliver(&self, instance: &Instance) {
        let to = instance.path().join("releases/demo-0.2.0.tar.gz");
        fs::copy(&self.tarball, to).expect("releases/ can be written to");
    }
}

impl Instance {
    /// Runs `relboot tar` on this release.
    #[track_caller]
    pub(crate) fn tar(&self, output: &Path) -> Output {
        let mut tar = self.command(Path::new(env!("CARGO_BIN_EXE_relboot")));
        self.finish(tar.arg("tar").arg(self.path()).arg("--output").arg(output), "")
    }

    /// The names, modes and contents of the release, but for what the running node writes.
    #[track_caller]
    pub(crate) fn fingerprint(&self) -> String {
        let script = "find . -path ./tmp -prune -o -printf '%p %m %l\\n' | sort; \
             find . -path ./tmp -prune -o -type f -print0 | sort -z | xargs -0 sha256sum";
        let mut command = self.command(Path::new("sh"));
        self.finish(command.args(["-c", script]).current_dir(self.path()), "").ok()
    }
}

/// Writes a file, and the folders above it.
pub(crate) fn write(file: &Path, text: &str) {
    let folder = file.parent().expect("a file has a folder");
    fs::create_dir_all(folder).and_then(|()| fs::write(file, text)).expect("the test's own directory");
}
