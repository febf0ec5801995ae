//! Any bytes as a request and as an answer, in the dialects of the examples.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| reins_fuzz::declared(bytes));
