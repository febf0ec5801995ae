//! Any bytes as an answer, metered in every dialect, and shown.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    reins_fuzz::answer(bytes);
    reins_fuzz::shown(bytes);
});
