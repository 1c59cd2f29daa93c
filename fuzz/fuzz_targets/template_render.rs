//! A template.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| relboot_fuzz::template_render(bytes));
