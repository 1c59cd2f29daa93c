//! The programs of erts that the kernel, the loader or erlexec can't start, and flags that the VM refuses.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::term::safe;
use super::{Diagnosis, Evidence, application};
use crate::helper::env::Instance;
use crate::helper::record::Record;

const BUILD: &str = "build the release on a system like this one (or with this one's erts: include_erts)";

/// What the loader says of libraries.
pub(super) fn library(evidence: &Evidence) -> Option<Diagnosis> {
    let find = |mark: &str| evidence.log.lines().find(|line| line.contains(mark)).map(str::trim);
    if let Some(name) = evidence.log.lines().find_map(missing_library) {
        return Some(Diagnosis::new(
            "library-missing",
            format!("the VM needs the shared library {}, which is not on this host", safe(name)),
            format!(
                "install the package that has {} (apt-file search, dnf provides), or {BUILD}",
                safe(name)
            ),
        ));
    }
    // Words like these may also be a report of an application that does without its native code.
    if application::failed_otherwise(evidence) {
        return None;
    }
    let versions = ["`GLIBC_", "`GLIBCXX_", "`OPENSSL_", "`CXXABI_"];
    if let Some((said, mark)) =
        versions.iter().find_map(|mark| Some((find(&format!("version {mark}"))?, mark)))
    {
        let version = said.split(mark).nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_default();
        let name = format!("{}{version}", mark.trim_start_matches('`'));
        return Some(Diagnosis::new(
            "libc-older",
            format!(
                "a library of this host is older than the one that erts was built with: it lacks {}",
                safe(&name)
            ),
            BUILD,
        ));
    }
    let nif = find("Error relocating")
        .or_else(|| find("Failed to load NIF library").or_else(|| find("Unable to load crypto library")))?;
    Some(Diagnosis::new(
        "native-library",
        format!("native code can't be loaded: {}", safe(&told(nif).chars().take(300).collect::<String>())),
        "is it built for this system, and are its libraries (libcrypto for crypto) installed? ldd FILE.so tells",
    ))
}

/// What a loader said, without the term in which it stands.
fn told(line: &str) -> &str {
    let words = ["Failed to load NIF library", "Unable to load crypto library"];
    let from = words.iter().find_map(|words| line.find(words)).unwrap_or(0);
    line[from..].trim_end_matches(['}', ')', ']', ',', '"'])
}

/// The library, of a line in which a loader says that a program of erts lacks it: those of ports may lack theirs.
/// Source: glibc's elf/dl-error, musl's ldso/dynlink.c.
fn missing_library(line: &str) -> Option<&str> {
    let of_erts = |path: &str| {
        let name = path.trim().rsplit('/').next().unwrap_or_default();
        ["beam.smp", "erlexec", "erl_child_setup", "inet_gethost", "run_erl", "epmd"].contains(&name)
    };
    if let Some((program, rest)) = line.split_once(": error while loading shared libraries: ") {
        return of_erts(program).then(|| rest.split(':').next())?;
    }
    let (_, rest) = line.split_once("Error loading shared library ")?;
    let (name, rest) = rest.split_once(": ")?;
    let program = rest.split_once("(needed by ")?.1.trim_end().trim_end_matches(')');
    of_erts(program).then_some(name)
}

/// What erlexec, or the launcher before it, could not execute.
pub(super) fn executable(instance: &Instance, evidence: &Evidence) -> Option<Diagnosis> {
    let bin = Record::read(instance).ok().flatten()?.bindir?;
    let erlexec = evidence.log.is_empty()
        || ["erlexec: ", "cannot start ", "Exec format error", "cannot execute"]
            .iter()
            .any(|mark| evidence.log.contains(mark));
    let child = ["erl_child_setup", "inet_gethost"].into_iter().find(|name| {
        let texts = [evidence.slogan.as_deref().unwrap_or_default(), &evidence.log];
        texts.iter().any(|text| text.contains(name))
    });
    if !erlexec && child.is_none() {
        return None;
    }
    let names = child.map_or_else(|| vec!["erlexec", "beam.smp"], |child| vec![child]);
    names.iter().find_map(|name| fault(&bin.join(name)))
}

/// Why a program can't be executed, if it can't.
fn fault(path: &Path) -> Option<Diagnosis> {
    let shown = path.display();
    let Ok(meta) = std::fs::metadata(path) else {
        return Some(Diagnosis::new(
            "program-missing",
            format!("{shown} is not there"),
            "the release is not whole: unpack or build it again",
        ));
    };
    let may = rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    if !may {
        let help = if meta.permissions().mode() & 0o111 == 0 {
            "the release was copied without its modes: unpack it again, or chmod +x erts-*/bin/*"
        } else {
            "is its file system mounted noexec, or its directory closed to this user?"
        };
        return Some(Diagnosis::new("program-not-executable", format!("{shown} may not be executed"), help));
    }
    let elf = Elf::read(path);
    let Some(elf) = elf else {
        return match std::fs::read(path) {
            Ok(bytes) if bytes.starts_with(b"#!") => None,
            _ => Some(Diagnosis::new(
                "program-damaged",
                format!("{shown} is no program"),
                "the release is not whole: unpack or build it again",
            )),
        };
    };
    if elf.machine != HERE {
        return Some(Diagnosis::new(
            "architecture",
            format!("{shown} is for {}, this machine is {}", machine(elf.machine), machine(HERE)),
            "build the release for this machine, or run it on the other",
        ));
    }
    let loader = elf.loader.filter(|loader| !Path::new(loader).exists())?;
    Some(Diagnosis::new(
        "loader-missing",
        format!("{shown} was built for another C library: there is no {} here", safe(&loader)),
        "a release from Alpine (musl) does not run on glibc, nor the other way round: build it on a system like this",
    ))
}

/// The numbers of machines in ELF headers.
const MACHINES: [(u16, &str); 6] =
    [(3, "x86"), (62, "x86_64"), (40, "arm"), (183, "aarch64"), (243, "riscv64"), (21, "ppc64")];

const HERE: u16 = if cfg!(target_arch = "aarch64") {
    183
} else if cfg!(target_arch = "riscv64") {
    243
} else if cfg!(target_arch = "arm") {
    40
} else {
    62
};

fn machine(number: u16) -> String {
    let known = MACHINES.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("machine {number}"), |(_, name)| (*name).to_owned())
}

/// What the header of a program says.
struct Elf {
    machine: u16,
    loader: Option<String>,
}

impl Elf {
    /// Of a file in this machine's byte order.
    fn read(path: &Path) -> Option<Self> {
        let mut bytes = Vec::new();
        File::open(path).ok()?.take(64 << 10).read_to_end(&mut bytes).ok()?;
        if !bytes.starts_with(b"\x7fELF") {
            return None;
        }
        let half = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
        let word = |at: usize| {
            let bytes = bytes.get(at..at + 8)?.try_into().ok()?;
            usize::try_from(u64::from_le_bytes(bytes)).ok()
        };
        let machine = half(18)?;
        // 64 bits: the program headers, of which type 3 names the loader.
        let loader = || {
            let (start, length, count) = (word(32)?, usize::from(half(54)?), usize::from(half(56)?));
            let header = (0..count).map(|n| start + n * length).find(|at| half(*at) == Some(3))?;
            let (offset, size) = (word(header + 8)?, word(header + 32)?);
            let text = bytes.get(offset..offset.checked_add(size)?)?;
            Some(String::from_utf8_lossy(text).trim_end_matches('\0').to_owned())
        };
        let loader = if bytes.get(4) == Some(&2) { loader() } else { None };
        Some(Self { machine, loader })
    }
}

/// A flag that the VM refuses, with its whole usage behind it.
pub(super) fn flag(evidence: &Evidence) -> Option<Diagnosis> {
    let mut lines = evidence.log.lines().map(str::trim).filter(|line| !line.is_empty());
    let usage = |line: &str| line.starts_with("Usage: ") && line.contains(" [flags] [ -- [init_args]");
    let mut last = None;
    let refused = lines.find_map(|line| {
        if usage(line) {
            return last;
        }
        last = Some(line);
        None
    });
    let refused = refused.or_else(|| evidence.log.lines().find(|line| line.starts_with("erlexec: ")))?;
    // The program's path is no news.
    let said = refused.split_once("unknown flag").map_or(refused, |(_, rest)| rest).trim();
    let text = match refused.contains("unknown flag") {
        true => format!("the VM has no flag {}", safe(&said.replacen('-', "+", 1))),
        false => format!("the VM refuses a flag: {}", safe(said)),
    };
    let id = refused.contains("unknown flag");
    let help = "correct vm.args, or the variable that it comes from (ERL_FLAGS, ERL_AFLAGS, ERL_ZFLAGS): \
                \"vmargs\" prints all of them";
    Some(match id {
        true => Diagnosis::new("flag-unknown", text, help),
        false => Diagnosis::new("flag-value", text, help),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Elf, HERE, fault, machine, missing_library};

    #[test]
    fn a_loader_tells_of_libraries_of_erts() {
        let glibc = "/rel/erts-13/bin/beam.smp: error while loading shared libraries: libz.so.1: cannot open shared object file: No such file or directory";
        let musl = "Error loading shared library libz.so.1: No such file or directory (needed by /rel/erts-13/bin/beam.smp)";
        assert_eq!([glibc, musl].map(missing_library), [Some("libz.so.1"); 2]);
        let port = [glibc, musl].map(|line| line.replace("beam.smp", "my_port"));
        assert_eq!(port.each_ref().map(|line| missing_library(line)), [None; 2]);
    }

    #[test]
    fn this_program_is_for_this_machine() {
        let me = std::env::current_exe().unwrap();
        assert_eq!(Elf::read(&me).map(|elf| elf.machine), Some(HERE));
        assert!(fault(&me).is_none());
        assert_eq!(fault(Path::new("/nonexistent")).map(|found| found.id), Some("program-missing"));
        assert_eq!(machine(183), "aarch64");
    }
}
