//! A text with variables.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relboot_fuzz::src_substitute(bytes));
