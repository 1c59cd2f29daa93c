//! What the host does not give: memory, threads, open files.

use super::files::FILES_HELP;
use super::term::safe;
use super::{Diagnosis, Evidence};
use crate::helper::env;
use crate::helper::process::Process;
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
    // Of erl_alloc.c, erl_mmap.c and the JIT, in OTP 23 to 29: an application's own words are others.
    const MARKS: [&str; 7] = [
        " bytes of memory (of type ",
        "erts_mmap: Failed to create ",
        "Failed to allocate allocator states for ",
        "Failed to allocate fix lists for ",
        "Failed to create main carrier for ",
        "jit: Failed to allocate executable",
        "jit: Cannot allocate executable",
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
    // Of erl_process.c, erl_poll.c and ethread.c, in OTP 23 to 29; an application's own words are others.
    const MARKS: [&str; 7] = [
        "Failed to create thread: ",
        "Failed to create scheduler thread",
        "Failed to create dirty cpu scheduler thread",
        "Failed to create dirty io scheduler thread",
        "Failed to create run-queue supervision thread",
        "Failed to create aux thread",
        "Failed to create poll thread",
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

/// What the kernel's messages tell of it. They are kept for long: another process may have had the pid before.
fn killing(kernel: &str, process: Process) -> Option<&str> {
    let killed = format!("Killed process {} ", process.pid);
    kernel.lines().find(|line| {
        // PRIORITY,NUMBER,MICROSECONDS,FLAGS;TEXT
        let when = line.split(',').nth(2).and_then(|micros| micros.parse::<u64>().ok());
        // Field 22 of /proc/PID/stat counts in hundredths.
        line.contains(&killed) && when.is_none_or(|micros| micros / 10_000 + 1 >= process.start())
    })
}

/// Killed by the kernel, for want of memory.
pub(super) fn killed(evidence: &Evidence) -> Option<Diagnosis> {
    let by_log = evidence.process.and_then(|process| killing(&evidence.kernel, process));
    if by_log.is_none() && !evidence.oom {
        return None;
    }
    let memory = facts().memory;
    let group = evidence.oom || by_log.is_some_and(|line| line.contains("Memory cgroup out of memory"));
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

#[cfg(test)]
mod tests {
    use super::{Evidence, Process, killed, killing};

    #[test]
    fn an_earlier_process_of_the_same_pid_is_another() {
        let kernel = "3,1000,5000000,-;Out of memory: Killed process 77 (beam.smp) total-vm:1kB\n";
        let of = |pid, start| killing(kernel, Process::named(pid, start).unwrap()).is_some();
        assert!(of("77", "400") && of("77", "500"));
        assert!(!of("77", "600") && !of("7", "400"));
    }

    #[test]
    fn another_ones_control_group_is_not_its_own() {
        let kernel = "3,1,5000000,-;Memory cgroup out of memory: Killed process 5 (x)\n\
                      3,2,5000000,-;Out of memory: Killed process 77 (beam.smp)\n";
        let of = |pid, oom| {
            let process = Process::named(pid, "400");
            killed(&Evidence { kernel: kernel.into(), process, oom, ..Evidence::default() })
        };
        let cause = |pid, oom| of(pid, oom).map(|found| found.cause).unwrap_or_default();
        assert!(cause("77", false).contains("the host had no memory left"));
        assert!(cause("5", false).contains("its control group"));
        assert!(cause("6", true).contains("its control group"));
        assert!(of("6", false).is_none());
    }
}
