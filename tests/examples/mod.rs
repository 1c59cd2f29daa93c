//! The plugins in hooks-examples/, dropped into real releases: what they do, and what happens when
//! what they talk to is slow, refuses or is not there. They must work by the public contract alone.

mod migrate;
mod notify_webhook;
mod wait_for_tcp;

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::instance::Instance;
use crate::support::instance::copy::copy_tree;
use crate::support::process::Output;
use crate::support::releases::Raw;

fn example(plugin: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks-examples").join(plugin)
}

/// Drops a plugin into a release. A checkout may be writable by a group; a hook may not.
fn install(instance: &Instance, plugin: &str) {
    let to = instance.path().join("plugins").join(plugin);
    copy_tree(&example(plugin), &to);
    fs::set_permissions(&to, fs::Permissions::from_mode(0o755)).unwrap();
    for entry in fs::read_dir(&to).unwrap() {
        fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o644)).unwrap();
    }
}

fn add_hook(instance: &Instance, plugin: &str, phase: &str, text: &str) {
    let dir = instance.path().join("plugins").join(plugin);
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join(phase), text).unwrap();
}

/// An instance with a plugin, and one behind it that refuses to start: whether the first let the start
/// go on shows without a VM.
fn stopped_short(raw: &'static Raw, plugin: &str) -> Instance {
    let instance = Instance::of(raw).kit();
    install(&instance, plugin);
    add_hook(&instance, "zz", "pre_start", "return 9\n");
    instance
}

const GOES_ON: &str = "error: plugin zz: pre_start failed with status 9";

fn run_with(instance: &Instance, env: &[(&str, &str)], args: &[&str]) -> Output {
    instance.finish(instance.command(&instance.entry()).args(args).envs(env.iter().copied()), "")
}

/// A port of 127.0.0.1 on which nobody listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
