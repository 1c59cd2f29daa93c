//! Programs of erts that do not run on this machine, and flags that they refuse.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::{Changed, beginning, dies_of, with_flags};
use crate::support::instance::Instance;
use crate::support::releases::rebar3;

/// `bytes` with the first occurrence of `from` replaced by something as long.
fn patched(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|part| part == from).expect("the program names it");
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

#[test]
fn programs_that_do_not_run_here() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    let bin = beginning(instance.path(), "erts-").join("bin");
    let beam = bin.join("beam.smp");
    let bytes = fs::read(&beam).unwrap();

    let mut foreign = bytes[..4096].to_vec();
    let (machine, name) = if cfg!(target_arch = "aarch64") { (62, "x86_64") } else { (183, "aarch64") };
    foreign[18] = machine;
    for program in ["beam.smp", "erlexec"] {
        let other = Changed::to(bin.join(program), &foreign);
        dies_of(&instance, "architecture", &format!("bin/{program} is for {name}, this machine is "));
        drop(other);
    }
    let loader = patched(bytes.clone(), b"/ld-linux-", b"/ld-nosuch");
    let other = Changed::to(beam.clone(), &loader);
    dies_of(&instance, "loader-missing", "built for another C library: there is no /lib");
    drop(other);
    // No C library has it, and each program asks for some version of its symbols.
    let at = bytes.windows(9).position(|part| part.starts_with(b"GLIBC_2.3")).expect("it names versions");
    let mut version = bytes.clone();
    version[at + 6..at + 9].copy_from_slice(b"9.9");
    let other = Changed::to(beam.clone(), &version);
    dies_of(&instance, "libc-older", "is older than the one that erts was built with: it lacks GLIBC_9.9");
    drop(other);
    let other = Changed::to(beam.clone(), &patched(bytes, b"libtinfo.so", b"libnosuc.so"));
    dies_of(&instance, "library-missing", "needs the shared library libnosuc.so");
    drop(other);
    let other = Changed::to(beam.clone(), b"\x7fELF");
    dies_of(&instance, "program-damaged", "bin/beam.smp is no program");
    drop(other);
    let gone = Changed::gone(beam.clone());
    dies_of(&instance, "program-missing", "bin/beam.smp is not there");
    drop(gone);
    let gone = Changed::gone(bin.join("erl_child_setup"));
    dies_of(&instance, "program-missing", "bin/erl_child_setup is not there");
    drop(gone);
    let copy = Changed::to(beam.clone(), b"\x7fELF");
    fs::set_permissions(&beam, fs::Permissions::from_mode(0o644)).unwrap();
    dies_of(&instance, "program-not-executable", "bin/beam.smp may not be executed");
    drop(copy);
    let heart = Changed::gone(bin.join("heart"));
    let flag = with_flags(&instance, "-heart");
    dies_of(&instance, "heart-missing", "the program heart does not run");
    drop((heart, flag));
    assert_eq!(instance.said(&["start"]), "0\n");
}

#[test]
fn flags_that_the_vm_refuses() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).env("BOOT_VM_CHECK", "warn").kit();
    let flag = with_flags(&instance, "+Zzz 3");
    dies_of(&instance, "flag-unknown", "the VM has no flag +Zzz");
    drop(flag);
    let flag = with_flags(&instance, "+P 3");
    let stderr = dies_of(&instance, "flag-value", "the VM refuses a flag: bad number of processes 3");
    assert!(stderr.lines().count() < 40, "not its whole usage: {stderr}");
    drop(flag);
}
