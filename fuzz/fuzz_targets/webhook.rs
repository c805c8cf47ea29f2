//! A request of any bytes at the door.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holdfast_tests::fuzz::webhook(data));
