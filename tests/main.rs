//! The integration tests, an index: one binary, one module per concern.

// `cfg(test)` tells clippy that all of such a file is test code.
#[cfg(test)]
mod checks;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod complaints;
#[cfg(test)]
mod consult;
#[cfg(test)]
mod cookie;
#[cfg(test)]
mod corpora;
#[cfg(test)]
mod counts;
#[cfg(test)]
mod diagnose;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod eval;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod facts;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod foreground;
#[cfg(test)]
mod guide;
#[cfg(test)]
mod harness_selftest;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod hosts;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod instances;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod lint;
#[cfg(test)]
mod locks;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod mix;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod remote;
#[cfg(test)]
mod restart;
#[cfg(test)]
mod rpc;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod shells;
#[cfg(test)]
mod sizing;
#[cfg(test)]
mod start;
#[cfg(test)]
mod state;
#[cfg(test)]
mod status;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod stop_plain;
#[cfg(test)]
mod supervise;
#[cfg(test)]
mod supervise_detached;
#[cfg(test)]
mod supervise_first;
#[cfg(test)]
mod supervise_terminal;
#[cfg(test)]
mod sys_config;
#[cfg(test)]
mod sys_config_guide;
#[cfg(test)]
mod systemd;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod trouble;
#[cfg(test)]
mod unasked;
#[cfg(test)]
mod unseen;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod upgrade_refused;
#[cfg(test)]
mod users;
#[cfg(test)]
mod vmargs;
#[cfg(test)]
mod vmargs_arg;

mod support;
