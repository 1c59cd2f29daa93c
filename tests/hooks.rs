//! The contract of hooks, in all shells: which ones run and when, what they may do, what happens when they fail.

mod executed;
mod failing;
mod foreground;
mod looping;
mod order;
mod restored;
mod starting;
mod trust;
