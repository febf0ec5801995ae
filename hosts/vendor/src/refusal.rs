//! Why the vendor does not answer a call; each dialect words it its own way.

use crate::prices::Model;

/// An answer with a status of 400 or more.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// What is wrong; `None` for the dialect's usual words for the status.
    pub(crate) message: Option<String>,
    /// The field at fault (OpenAI).
    pub(crate) param: Option<&'static str>,
    /// OpenAI's code, where it has one.
    pub(crate) code: Option<&'static str>,
    /// Seconds.
    pub(crate) retry_after: Option<u64>,
}

impl Refusal {
    /// The usual refusal of a status; a 429 says when to come back.
    pub(crate) fn of_status(status: u16, retry_after: Option<u64>) -> Self {
        let retry_after = retry_after.or((status == 429).then_some(1));
        Self { status, message: None, param: None, code: None, retry_after }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::of_status(400, None) }
    }

    pub(crate) fn bad_field(
        param: &'static str,
        code: Option<&'static str>,
        message: String,
    ) -> Self {
        Self { param: Some(param), code, ..Self::bad_request(message) }
    }

    pub(crate) fn no_such_path() -> Self {
        Self { message: Some("Not found".to_owned()), ..Self::of_status(404, None) }
    }

    /// OpenAI's words for a cap its reasoning models do not take.
    pub(crate) fn old_cap() -> Self {
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. \
                       Use 'max_completion_tokens' instead.";
        Self::bad_field("max_tokens", Some("unsupported_parameter"), message.to_owned())
    }

    /// OpenAI's words for a cap above the published maximum.
    pub(crate) fn openai_cap(param: &'static str, cap: u64, model: &Model) -> Self {
        let most = model.max_output;
        let message = format!(
            "{param} is too large: {cap}. This model supports at most {most} completion tokens, \
             whereas you provided {cap}."
        );
        Self::bad_field(param, Some("invalid_value"), message)
    }

    /// Anthropic's words for a cap above the published maximum.
    pub(crate) fn anthropic_cap(cap: u64, model: &Model) -> Self {
        Self::bad_request(format!(
            "max_tokens: {cap} > {}, which is the maximum allowed number of output tokens for {}",
            model.max_output, model.snapshot
        ))
    }
}
