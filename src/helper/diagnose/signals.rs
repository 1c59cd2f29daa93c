//! An end by a signal, where the one who waited for the VM could see it.

use super::{Diagnosis, End, Evidence};

/// The numbers are those of Linux on each architecture that it has an OTP for.
pub(super) fn killed(evidence: &Evidence) -> Option<Diagnosis> {
    let Some(End::Signal(number)) = evidence.end else { return None };
    let (name, help) = match number {
        9 => (
            "SIGKILL",
            "somebody sent it, or the kernel for want of memory: dmesg, journalctl -k tell the latter",
        ),
        1 => ("SIGHUP", "its terminal was closed: \"start\" runs it in the background"),
        2 | 3 | 15 => ("a signal to stop", "somebody stopped it before it could tell"),
        4 => ("SIGILL", "erts was built for a newer processor than this one: build it here"),
        6 => (
            "SIGABRT",
            "it found itself in disorder: is its native code (NIFs, drivers) sound? see the lines above",
        ),
        7 | 11 => (
            "SIGSEGV or SIGBUS",
            "native code (a NIF, a driver, the VM) has a fault: a core dump would show it",
        ),
        25 => ("SIGXFSZ", "a file grew beyond ulimit -f: raise it"),
        31 => ("SIGSYS", "a system call was forbidden (seccomp): allow what the VM needs"),
        _ => ("a signal", "kill -l NUMBER tells its name"),
    };
    Some(Diagnosis::new("killed-by-signal", format!("it was ended by {name} (signal {number})"), help))
}

#[cfg(test)]
mod tests {
    use super::{End, Evidence, killed};

    #[test]
    fn only_a_signal_is_told() {
        let of = |end| killed(&Evidence { end, ..Evidence::default() }).map(|found| found.cause);
        assert_eq!(of(Some(End::Signal(9))).as_deref(), Some("it was ended by SIGKILL (signal 9)"));
        assert_eq!((of(Some(End::Status(3))), of(None)), (None, None));
    }
}
