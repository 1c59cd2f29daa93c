//! Hosts that do not give enough: memory, address space, open files.

use super::{dies_of, told, with_flags};
use crate::support::cgroup::Limits;
use crate::support::instance::Instance;
use crate::support::process::Output;
use crate::support::releases::rebar3;
use crate::support::tools::need;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn start_after(instance: &Instance, words: &[String]) -> Output {
    let mut command = instance.command(Path::new(&words[0]));
    instance.finish(command.args(&words[1..]).arg(instance.entry()).arg("start"), "")
}

fn limited(limit: &str) -> Vec<String> {
    ["sh", "-c", &format!("ulimit {limit} && exec \"$@\""), "sh"].map(str::to_owned).to_vec()
}

#[test]
fn address_space_and_files() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).kit();
    for (limit, said) in
        [("-v 300000", "the VM got no memory (erts_mmap: "), ("-v 1500000", "ulimit -v allows 1464 MiB")]
    {
        told(&instance, &start_after(&instance, &limited(limit)), "address-space", said);
    }
    told(&instance, &start_after(&instance, &limited("-n 20")), "file-limit", "as many files as it needs");
}

#[test]
fn threads_that_a_user_may_not_have() {
    // The kernel does not count root's.
    const USER: u32 = 61_777;
    let Some(raw) = rebar3() else { return };
    if !rustix::process::getuid().is_root() || !need(&["setpriv"]) {
        return;
    }
    let mut instance = Instance::of(raw).kit();
    fs::set_permissions(instance.base(), fs::Permissions::from_mode(0o755)).unwrap();
    let state = instance.base().join("state");
    fs::create_dir(&state).unwrap();
    std::os::unix::fs::chown(&state, Some(USER), Some(USER)).unwrap();
    instance.set("BOOT_STATE_DIR", state.to_str().unwrap());
    let user = format!("setpriv --reuid={USER} --regid={USER} --clear-groups --");
    let with = |limit: &str| {
        let words: Vec<String> = user.split(' ').map(str::to_owned).chain(limited(limit)).collect();
        start_after(&instance, &words)
    };
    if with("-u 1000").status != 0 {
        // The directory that the tests are in can't be reached by others.
        return;
    }
    instance.run(&["stop"]).ok();
    let output = with("-u 12");
    told(&instance, &output, "process-limit", "the VM can't start its threads (");
    assert!(output.stderr.contains("processes of this user: 12"), "{output}");
}

#[test]
fn memory_that_nobody_has() {
    let Some(raw) = rebar3() else { return };
    let instance = Instance::of(raw).env("BOOT_VM_CHECK", "warn").kit();
    // More than a processor can address.
    let huge = with_flags(&instance, "+MMscs 200000000");
    dies_of(&instance, "memory", "the VM got no memory (erts_mmap: Failed to create super carrier");
    drop(huge);
    let huge = with_flags(&instance, "-eval binary:copy(<<0>>,1bsl(45))");
    dies_of(&instance, "memory", "bytes of memory (of type ");
    drop(huge);
}

#[test]
fn a_control_group_without_memory() {
    let (Some(raw), Some(group)) = (rebar3(), Limits { memory: Some(24 << 20), ..Limits::default() }.group())
    else {
        return;
    };
    let instance = Instance::of(raw).kit();
    let output = start_after(&instance, &group.on_the_host());
    told(&instance, &output, "killed-for-memory", "its control group has used up its memory (24 MiB)");
}
