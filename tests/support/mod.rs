//! What tests stand on: tools of the machine, real releases, instances of them, measurements.
//! It knows OTP and the two binaries as programs; it must not use the crate's own modules, so that
//! a fault there can't hide itself here.
#![allow(dead_code, reason = "offered to all tests; which of them use what changes with each")]

pub(crate) mod cgroup;
pub(crate) mod delivery;
pub(crate) mod faults;
pub(crate) mod http;
pub(crate) mod instance;
pub(crate) mod made;
pub(crate) mod process;
pub(crate) mod releases;
pub(crate) mod running;
pub(crate) mod said;
pub(crate) mod strace;
pub(crate) mod systemd;
pub(crate) mod terminal;
pub(crate) mod tools;
