//! Any bytes as a request, in every dialect.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| reins_fuzz::request(body));
