//! A file of Erlang terms.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relboot_fuzz::consult(bytes));
