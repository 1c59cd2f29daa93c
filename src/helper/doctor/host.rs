//! What the host offers: room, limits, memory, time, language.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Finding;
use crate::error::Failure;
use crate::helper::env::{self, Instance};
use crate::helper::prepare;
use crate::helper::status::size_of;
use crate::host::{Directory, Facts};

const MIB: u64 = 1 << 20;
/// Below this much room logs and state soon have none.
const ROOM: u64 = 100 * MIB;
/// What the VM takes with nothing in it, with some to spare.
const VM: u64 = 128 * MIB;
/// As many files as a small node opens, and as connections want.
const FILES: (u64, u64) = (128, 1024);
/// 2025-01-01: no kit is older.
const PAST: u64 = 1_735_689_600;

pub(super) fn directories(instance: &Instance) -> Vec<Finding> {
    let look = |id, path: &Path, trust: fn(&Path) -> Result<(), Failure>| {
        let directory = Directory::look(path);
        if !directory.writable {
            let fix = "make it writable for the node's user, or set BOOT_STATE_DIR (BOOT_LOG_DIR for logs) to another";
            return Finding::error(id, format!("{} can't be written", path.display()), fix);
        }
        match directory.exists.then(|| trust(path)) {
            Some(Err(failure)) => Finding::failure(id, &failure),
            _ if directory.exists && fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o077 != 0) => {
                Finding::warning(
                    id,
                    format!("{} is not private: others can look into it", path.display()),
                    format!("chmod 700 {}", shell_escape::unix::escape(path.to_string_lossy())),
                )
            }
            Some(Ok(())) => Finding::ok(id, path.display().to_string()),
            None => Finding::ok(id, format!("{} (made by the first start)", path.display())),
        }
    };
    let places = [&instance.state, &instance.log];
    let (free, place) = places
        .into_iter()
        .filter_map(|path| Some((Directory::look(path).free?, path)))
        .min()
        .unwrap_or((u64::MAX, &instance.log));
    let room = format!("{} free at {}", size_of(free), place.display());
    let fix = "make room there, or set BOOT_STATE_DIR or BOOT_LOG_DIR to a directory on another file system";
    let space = match free {
        ..MIB => Finding::error("dirs.space", room, fix),
        MIB..ROOM => Finding::warning("dirs.space", room, fix),
        u64::MAX => Finding::ok("dirs.space", "not known"),
        _ => Finding::ok("dirs.space", room),
    };
    vec![
        look("dirs.state", &instance.state, prepare::trust),
        look("dirs.log", &instance.log, prepare::trust_log),
        space,
    ]
}

pub(super) fn examine(instance: &Instance, kind: &str) -> Vec<Finding> {
    let facts = Facts::collect(&env::roots());
    vec![files(&facts), processes(&facts), memory(&facts), clock(instance), locale(kind)]
}

fn files(facts: &Facts) -> Finding {
    const ID: &str = "host.files";
    // What "start" raises the limit to is bounded by it.
    let Some(limit) = facts.limits.nofile_hard else { return Finding::ok(ID, "no limit of open files") };
    let text = format!("a process may open {limit} files");
    let fix = "LimitNOFILE= of the systemd unit, ulimit -Hn, or /etc/security/limits.conf";
    match limit {
        _ if limit < FILES.0 => Finding::error(ID, text, fix),
        _ if limit < FILES.1 => Finding::warning(ID, text, fix),
        _ => Finding::ok(ID, text),
    }
}

fn processes(facts: &Facts) -> Finding {
    const ID: &str = "host.processes";
    // Schedulers of both kinds, dirty I/O, poll and helper threads, and programs beside it.
    let need = 2 * facts.cpu.count as u64 + 32;
    let of_user = facts.limits.nproc.filter(|_| !rustix::process::geteuid().is_root());
    match of_user.into_iter().chain(facts.limits.pids).min() {
        Some(limit) if limit < need => Finding::error(
            ID,
            format!("{limit} processes and threads at most, and the VM alone has about {need}"),
            "TasksMax= or LimitNPROC= of the systemd unit, --pids-limit of the container, ulimit -u",
        ),
        Some(limit) => Finding::ok(ID, format!("{limit} processes and threads at most")),
        None => Finding::ok(ID, "no limit of processes"),
    }
}

fn memory(facts: &Facts) -> Finding {
    const ID: &str = "host.memory";
    let fix = "give the host or its control group more, or stop what else runs there";
    let least = facts.memory.limit.into_iter().chain(facts.memory.available).min();
    match (least, facts.memory.limit) {
        (Some(least), _) if least < VM => Finding::warning(
            ID,
            format!("{} are left, and the VM alone takes about half of {}", size_of(least), size_of(VM)),
            fix,
        ),
        (Some(least), Some(limit)) => {
            Finding::ok(ID, format!("{} may be used, {} are free", size_of(limit), size_of(least)))
        }
        _ => Finding::ok(ID, "not known"),
    }
}

fn clock(instance: &Instance) -> Finding {
    const ID: &str = "host.clock";
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    let built = fs::metadata(instance.version_dir()).map_or(0, |meta| meta.mtime().max(0).unsigned_abs());
    let fix = "timedatectl tells whether the clock is set by the network";
    if now < PAST || now + 86_400 < built {
        return Finding::warning(ID, "the clock is behind the files of the release", fix);
    }
    // An empty one is UTC; one that begins with ":" or "/" is a file, others may be rules.
    match env::var("TZ") {
        Some(zone)
            if zone.contains('/')
                && !Path::new("/usr/share/zoneinfo").join(zone.trim_start_matches(':')).exists() =>
        {
            Finding::warning(
                ID,
                format!("TZ={zone} is in no file of this host: local time is UTC"),
                "install tzdata, or unset TZ",
            )
        }
        _ => Finding::ok(ID, "set, and so is the time zone"),
    }
}

fn locale(kind: &str) -> Finding {
    const ID: &str = "host.locale";
    let named = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| Some((name, env::var(name)?)));
    let utf8 = |value: &str| value.to_lowercase().replace('-', "").contains("utf8");
    match named {
        Some((name, value)) if utf8(&value) => Finding::ok(ID, format!("{name}={value}")),
        _ if env::var("ELIXIR_ERL_OPTIONS").is_some_and(|it| it.contains("+fnu")) => {
            Finding::ok(ID, "UTF-8 by +fnu")
        }
        other => {
            let text = other
                .map_or_else(|| "no locale is set".to_owned(), |(name, value)| format!("{name}={value}"));
            if kind == "mix" {
                return Finding::warning(
                    ID,
                    format!("{text}: Elixir wants names of files in UTF-8"),
                    "LANG=C.UTF-8 in the node's environment",
                );
            }
            Finding::ok(ID, format!("{text}: text on terminals is latin1"))
        }
    }
}
