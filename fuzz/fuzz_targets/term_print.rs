//! Terms from bytes, and back to text.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relboot_fuzz::term_print(bytes));
