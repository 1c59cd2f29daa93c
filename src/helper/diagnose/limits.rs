//! What the host does not give: memory, threads, open files.

use super::files::FILES_HELP;
use super::term::safe;
use super::{Diagnosis, Evidence};
use crate::helper::env;
use crate::host::{Facts, Limits, Memory};

fn size(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "unknown".into(), |bytes| format!("{} MiB", bytes >> 20))
}

fn line<'a>(evidence: &'a Evidence, marks: &[&str]) -> Option<&'a str> {
    let texts = [evidence.slogan.as_deref(), Some(evidence.log.as_str())].into_iter().flatten();
    texts.flat_map(str::lines).find(|line| marks.iter().any(|mark| line.contains(mark))).map(str::trim)
}

fn facts() -> Facts {
    Facts::collect(&env::roots())
}

/// Memory that the VM asked for in vain.
pub(super) fn memory(evidence: &Evidence) -> Option<Diagnosis> {
    const MARKS: [&str; 7] = [
        "Cannot allocate ",
        "Cannot reallocate ",
        "erts_mmap: Failed",
        "Failed to create super carrier",
        "Failed to allocate",
        "Out of memory",
        "Could not allocate",
    ];
    let said = line(evidence, &MARKS)?;
    let Memory { limit, available, .. } = facts().memory;
    let address_space = rustix::process::getrlimit(rustix::process::Resource::As).current;
    if let Some(bytes) = address_space {
        return Some(Diagnosis::new(
            "address-space",
            format!("the VM got no memory ({}): ulimit -v allows {}", safe(said), size(Some(bytes))),
            "take the limit away (ulimit -v unlimited, LimitAS=infinity): a VM reserves more than it uses",
        ));
    }
    Some(Diagnosis::new(
        "memory",
        format!(
            "the VM got no memory ({}); available: {}, limit: {}",
            safe(said),
            size(available),
            size(limit)
        ),
        "look at +hms, +hmbs, +MMscs, +P and +Q in vm.args, which reserve memory at the start; or give it more",
    ))
}

/// Threads that could not be made.
pub(super) fn threads(evidence: &Evidence) -> Option<Diagnosis> {
    const MARKS: [&str; 4] = [
        "Failed to create thread",
        "failed to create thread",
        "Failed to create poll thread",
        "Failed to fork",
    ];
    let said = line(evidence, &MARKS)?;
    if let Some(bytes) = rustix::process::getrlimit(rustix::process::Resource::As).current {
        return Some(Diagnosis::new(
            "address-space",
            format!(
                "the VM can't start its threads ({}): ulimit -v allows {}",
                safe(said),
                size(Some(bytes))
            ),
            "take the limit away (ulimit -v unlimited, LimitAS=infinity): a VM reserves more than it uses",
        ));
    }
    let Limits { nproc, pids, .. } = facts().limits;
    let limit = |limit: Option<u64>| limit.map_or_else(|| "no limit".into(), |limit| limit.to_string());
    Some(Diagnosis::new(
        "process-limit",
        format!(
            "the VM can't start its threads ({}): processes of this user: {}, of the control group: {}",
            safe(said),
            limit(nproc),
            limit(pids)
        ),
        "raise ulimit -u (LimitNPROC=, TasksMax=, --pids-limit), or start fewer threads: +S, +A, +SDio in vm.args",
    ))
}

/// Too few open files.
pub(super) fn files(evidence: &Evidence) -> Option<Diagnosis> {
    line(
        evidence,
        &[": emfile", "Too many open files", "{error,emfile}", "error_creating_pipe", "in spawn_init: 24"],
    )?;
    let Limits { nofile, .. } = facts().limits;
    let limit = nofile.map_or_else(String::new, |limit| format!(": {limit} are allowed"));
    Some(Diagnosis::new(
        "file-limit",
        format!("the VM can't open as many files as it needs{limit}"),
        FILES_HELP,
    ))
}

/// Killed by the kernel, for want of memory.
pub(super) fn killed(evidence: &Evidence) -> Option<Diagnosis> {
    let by_log = evidence.pid.is_some_and(|pid| evidence.kernel.contains(&format!("Killed process {pid} ")));
    if !by_log && !evidence.oom {
        return None;
    }
    let memory = facts().memory;
    let group = evidence.oom || evidence.kernel.contains("Memory cgroup out of memory");
    let text = if group {
        format!("the kernel killed it: its control group has used up its memory ({})", size(memory.limit))
    } else {
        format!("the kernel killed it: the host had no memory left (of {})", size(memory.total))
    };
    Some(Diagnosis::new(
        "killed-for-memory",
        text,
        "give it more (MemoryMax=, --memory, resources.limits.memory), or let it use less: \"vmargs --explain\" \
         shows what was sized by it",
    ))
}
