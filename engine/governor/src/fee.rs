//! Fees by the model: what some models cost beside their tokens, as their names say.
//!
//! | name | vendor | source |
//! |---|---|---|
//! | `…-search-…` | `OpenAI` | <https://openai.com/api/pricing>: one search a call |
//! | `sonar…` | Perplexity | <https://docs.perplexity.ai/getting-started/pricing>: a fee a call |
//! | `sonar-deep-research` | Perplexity | the same: searches, citations, reasoning |
//! | `…:online` | `OpenRouter` | <https://openrouter.ai/docs/web-search>: results, by the piece |
//! | `compound…` | Groq | <https://console.groq.com/docs/compound/systems>: its tools |
//!
//! As known on 2026-11-21. Groq's page was read in a copy; that Perplexity charges by the call was
//! read elsewhere than on its own page, and OpenAI's was not opened. What fields of a request cost
//! beside tokens, the dialects know.

use crate::Wording;

/// What every call of a model costs beside its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelFee {
    /// Nothing.
    Nothing,
    /// A search, at the model's own price for one.
    Search,
    /// Something that no price counts.
    Unpriced(Wording),
}

// === impl ModelFee ===

impl ModelFee {
    /// The fee that the name of a model tells, with or without the maker that some vendors put
    /// before it.
    #[must_use]
    pub fn of(model: &str) -> Self {
        let bare = model.rsplit('/').next().unwrap_or(model);
        if bare.contains(":online") {
            return Self::Unpriced(Wording::new(
                "the searches that `:online` asks for have no price",
            ));
        }
        if bare.starts_with("compound") {
            return Self::Unpriced(Wording::new(
                "the tools that a `compound` model uses have no price",
            ));
        }
        match (bare.starts_with("sonar"), bare.contains("-deep-research")) {
            (true, true) => {
                Self::Unpriced(Wording::new("the searches of `sonar-deep-research` have no price"))
            }
            (true, false) => Self::Search,
            (false, _) if bare.contains("-search-") => Self::Search,
            (false, _) => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    //! Names that tell a fee, and names that do not.
    use super::ModelFee;

    #[test]
    fn a_name_tells_its_fee() {
        for (model, searches, unpriced) in [
            ("gpt-4o", false, false),
            ("o3-deep-research", false, false),
            ("gpt-4o-search-preview", true, false),
            ("openai/gpt-5-search-api", true, false),
            ("sonar", true, false),
            ("perplexity/sonar-pro", true, false),
            ("sonar-deep-research", false, true),
            ("openai/gpt-4o:online", false, true),
            ("meta/llama-3:free:online", false, true),
            ("groq/compound-mini", false, true),
            ("a-compound", false, false),
        ] {
            let fee = ModelFee::of(model);
            assert_eq!(fee == ModelFee::Search, searches, "{model}");
            assert_eq!(matches!(fee, ModelFee::Unpriced(_)), unpriced, "{model}");
        }
    }
}
