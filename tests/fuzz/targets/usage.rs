//! Any bytes as a vendor's usage, and what it costs.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &[u8]| reins_fuzz::usage(json));
