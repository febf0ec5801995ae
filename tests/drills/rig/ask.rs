//! A call as a client words it.

use reins_vendor::prices::Maker;

use super::KEY;

/// A vendor's wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speech {
    OpenAi,
    Anthropic,
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

// === impl Speech ===

impl Speech {
    pub(crate) const BOTH: [Self; 2] = [Self::OpenAi, Self::Anthropic];

    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
        }
    }

    pub(crate) const fn maker(self) -> Maker {
        match self {
            Self::OpenAi => Maker::OpenAi,
            Self::Anthropic => Maker::Anthropic,
        }
    }

    /// A call of this vendor's with at most so many tokens of output.
    pub(crate) fn ask(self, max_tokens: u64, stream: bool) -> Ask {
        let model = match self {
            Self::OpenAi => "gpt-4o",
            Self::Anthropic => "claude-sonnet-4-5",
        };
        let options = match self {
            Self::OpenAi if stream => r#","stream_options":{"include_usage":true}"#,
            Self::OpenAi | Self::Anthropic => "",
        };
        Ask::of(
            self.path(),
            format!(
                r#"{{"model":"{model}","max_tokens":{max_tokens},"stream":{stream}{options},"messages":[{{"role":"user","content":"say something"}}]}}"#
            ),
        )
    }
}

// === impl Ask ===

impl Ask {
    /// A request with the callers' key.
    pub(crate) fn of(path: &str, body: impl Into<Vec<u8>>) -> Self {
        let bare = Self { path: path.to_owned(), headers: Vec::new(), body: body.into() };
        bare.with("authorization", &format!("Bearer {KEY}"))
    }

    /// The same with a header in place of one of that name.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same, doing at the vendor what the script says.
    pub(crate) fn script(self, words: &str) -> Self {
        self.with("x-test-script", words)
    }
}
