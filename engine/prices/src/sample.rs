//! Calls and usages to try prices on.

use reins_governor::{Call, Endpoint, InputSize, Tokens, Usage};

use crate::Override;

/// A small call without an output cap.
pub(crate) fn call(vendor: &str, model: &str) -> Call {
    Call {
        input: InputSize { text_bytes: 1_000, parts: 2, ..InputSize::default() },
        ..Call::new(vendor, model, Endpoint::ChatCompletions)
    }
}

/// Plain input and output.
pub(crate) fn usage(input: u64, output: u64) -> Usage {
    Usage { input: Tokens(input), output: Tokens(output), ..Usage::default() }
}

/// A price of a local model.
pub(crate) fn priced(model: &str, input: &str, output: &str) -> Override {
    Override {
        vendor: "local".into(),
        model: model.into(),
        input: Some(input.into()),
        output: Some(output.into()),
        ..Override::default()
    }
}
