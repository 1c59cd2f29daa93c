//! Files that are not there, not readable, not writable, and disks without room.

use super::application::Reason;
use super::term::Term;
use super::{Diagnosis, Evidence};
use crate::helper::env::Instance;

/// A reason that names an error of the system, and mostly the file that it is about.
pub(super) fn errno(reason: &Reason<'_>, of: &str) -> Option<Diagnosis> {
    const KNOWN: [(&str, &str); 8] = [
        ("enoent", "there is no such file or directory"),
        ("eacces", "permission denied"),
        ("eperm", "it is not permitted"),
        ("erofs", "the file system is read-only"),
        ("enospc", "the disk is full"),
        ("edquot", "the disk quota is used up"),
        ("emfile", "too many open files"),
        ("enotdir", "a part of the path is no directory"),
    ];
    let (name, words) = KNOWN.into_iter().find(|(name, _)| reason.root.holds(name))?;
    let path = reason.root.find(&|term| match term {
        Term::Text(text) if text.contains('/') => Some(super::term::safe(text)),
        _ => None,
    });
    let about = path.map(|path| format!(" ({path})")).unwrap_or_default();
    let at = reason.at.as_ref().map(|at| format!(", in {at}")).unwrap_or_default();
    let cause = format!("{of}: {words}: {name}{about}{at}");
    Some(match name {
        "enospc" | "edquot" => {
            Diagnosis::new("disk-full", cause, "make room there: df -h shows how much there is")
        }
        "emfile" => Diagnosis::new("file-limit", cause, FILES_HELP),
        "enoent" | "enotdir" => Diagnosis::new(
            "file-missing",
            cause,
            "correct the path in the configuration, or make the directory",
        ),
        _ => Diagnosis::new(
            "file-refused",
            cause,
            "is it writable for the node's user? ls -ld shows its owner; below 1024, ports need root or a capability",
        ),
    })
}

pub(super) const FILES_HELP: &str = "raise the limit of open files: ulimit -n, LimitNOFILE= of a systemd unit, --ulimit nofile of a container";

/// What is left to see when the log itself could not be written, or another line names the error.
pub(super) fn disk(instance: &Instance, evidence: &Evidence) -> Option<Diagnosis> {
    let said = evidence.log.contains("No space left on device") || evidence.log.contains(",enospc");
    let full = [&instance.log, &instance.state].into_iter().find(|directory| {
        rustix::fs::statvfs(directory.as_path()).is_ok_and(|stat| stat.f_blocks > 0 && stat.f_bavail == 0)
    });
    if !said && full.is_none() {
        return None;
    }
    let place = full.map(|directory| format!(", where {} is", directory.display())).unwrap_or_default();
    let help = "make room there (df -h), or set BOOT_STATE_DIR and BOOT_LOG_DIR to directories elsewhere";
    Some(Diagnosis::new("disk-full", format!("the disk is full{place}"), help))
}
