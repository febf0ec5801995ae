//! Any text as a rule's expression in CEL.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| reins_fuzz::expression(text));
