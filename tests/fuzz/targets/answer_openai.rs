//! Any bytes as an answer in the dialect of `OpenAI`, metered and shown.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reins_dialects::OpenAi;

fuzz_target!(|bytes: &[u8]| {
    reins_fuzz::answer(&OpenAi, bytes);
    reins_fuzz::shown(bytes);
});
