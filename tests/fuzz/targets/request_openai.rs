//! Any bytes as a request in the dialect of `OpenAI`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reins_dialects::OpenAi;

fuzz_target!(|body: &[u8]| reins_fuzz::request(&OpenAi, body));
