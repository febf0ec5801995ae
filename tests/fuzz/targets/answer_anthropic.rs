//! Any bytes as an answer in the dialect of Anthropic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reins_dialects::Anthropic;

fuzz_target!(|bytes: &[u8]| reins_fuzz::answer(&Anthropic, bytes));
