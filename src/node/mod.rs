//! A client of one Erlang node.

mod term;

pub use term::{BigInt, Export, Pid, Port, Reference, Term, TermError};
