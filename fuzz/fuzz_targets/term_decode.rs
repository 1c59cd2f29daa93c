//! Terms from bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relboot_fuzz::term_decode(bytes));
