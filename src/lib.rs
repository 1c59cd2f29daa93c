//! relboot: boot kits for OTP releases. The library behind two programs, the generator
//! (`relboot`) and the helper that travels inside a release (`relboot-helper`).
//!
//! Imports point one way: `main → cmd → {cli, config, release, kit} → {names, error}` and
//! `helper → {vmargs, host, node, names, error}`; `vmargs`, `host` and `node` know of neither. `consult`, which
//! reads Erlang terms, knows of none and serves all.

pub mod cli;
pub mod cmd;
pub mod config;
pub mod consult;
pub mod error;
pub mod helper;
pub mod host;
pub mod kit;
pub mod names;
pub mod node;
pub mod release;
pub mod vmargs;
