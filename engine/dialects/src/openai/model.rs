//! What the name of a model of `OpenAI` tells.

/// Models of `OpenAI` that do not think unseen, by the beginning of their names. Any other may.
const NOT_THINKING: [&str; 5] = ["gpt-3.5", "gpt-4", "chatgpt-4o", "davinci-", "babbage-"];

/// A model's name without the maker that some vendors put before it.
pub(super) fn bare(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}

pub(super) fn may_think_unseen(model: &str) -> bool {
    !NOT_THINKING.iter().any(|name| bare(model).starts_with(name))
}
