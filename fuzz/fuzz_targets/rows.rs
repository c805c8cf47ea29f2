//! A file of rows of any bytes.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdfast_tests::fuzz::rows(data));
