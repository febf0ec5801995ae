//! Any bytes as a request in the dialect of Anthropic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reins_dialects::Anthropic;

fuzz_target!(|body: &[u8]| reins_fuzz::request(&Anthropic, body));
