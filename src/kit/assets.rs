//! The scripts that go into every kit byte for byte: one line each, a path in `script-templates/`.
//! Knows nothing of releases; a test holds the table and the directory to each other.

/// A file of `script-templates/` without holes.
pub struct Asset {
    /// Its path in `script-templates/`, which mirrors the release: `boot/` is `releases/VSN/boot/`.
    pub path: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

impl Asset {
    /// Programs are executable; what the core sources (`.sh`) and documents are not.
    #[must_use]
    pub fn mode(&self) -> u32 {
        if self.bytes.starts_with(b"#!") && !self.path.ends_with(".sh") { 0o755 } else { 0o644 }
    }
}

macro_rules! assets {
    ($($path:literal),* $(,)?) => {
        &[$(Asset {
            path: $path,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/script-templates/", $path)),
        }),*]
    };
}

/// All of them, sorted by path.
pub const ASSETS: &[Asset] = assets![
    "boot/api.sh",
    "boot/become.sh",
    "boot/commands/attach.sh",
    "boot/commands/console.sh",
    "boot/commands/console_clean.sh",
    "boot/commands/doctor.sh",
    "boot/commands/downgrade.sh",
    "boot/commands/escript.sh",
    "boot/commands/eval.sh",
    "boot/commands/facts.sh",
    "boot/commands/foreground.sh",
    "boot/commands/help.sh",
    "boot/commands/hooks.sh",
    "boot/commands/info.sh",
    "boot/commands/install.sh",
    "boot/commands/logs.sh",
    "boot/commands/pid.sh",
    "boot/commands/ping.sh",
    "boot/commands/plugins.sh",
    "boot/commands/reboot.sh",
    "boot/commands/remote.sh",
    "boot/commands/restart.sh",
    "boot/commands/rpc.sh",
    "boot/commands/start.sh",
    "boot/commands/status.sh",
    "boot/commands/stop.sh",
    "boot/commands/unpack.sh",
    "boot/commands/upgrade.sh",
    "boot/commands/version.sh",
    "boot/commands/versions.sh",
    "boot/commands/vmargs.sh",
    "boot/core.sh",
    "boot/env.sh",
    "boot/erts.sh",
    "boot/hooks.sh",
    "boot/node.sh",
    "boot/phase.sh",
    "boot/plain.sh",
    "boot/state.sh",
    "boot/within.sh",
    "plugins/README.md",
];

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{ASSETS, Asset};
    use crate::kit::render::TEMPLATES;

    fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { collect(&path, files) } else { files.push(path) }
        }
    }

    #[test]
    fn the_table_is_the_directory() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("script-templates");
        let mut files = Vec::new();
        collect(&root, &mut files);
        let mut there: Vec<_> =
            files.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap()).collect();
        there.retain(|path| !TEMPLATES.contains(path));
        there.sort_unstable();
        let listed: Vec<_> = ASSETS.iter().map(|asset| asset.path).collect();
        assert_eq!(listed, there, "ASSETS and script-templates/ differ (the table is sorted)");
    }

    #[test]
    fn modes_follow_from_what_a_file_is() {
        let mode = |path, bytes| Asset { path, bytes }.mode();
        assert_eq!(mode("boot/core.sh", b"# shellcheck shell=sh\n"), 0o644);
        assert_eq!(mode("boot/x.sh", b"#!/bin/sh\n"), 0o644);
        assert_eq!(mode("boot/plugins/a/pre_start", b"#!/usr/bin/env python3\n"), 0o755);
        assert_eq!(mode("plugins/README.md", b"# Plugins\n"), 0o644);
    }
}
