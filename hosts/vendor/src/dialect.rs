//! The wire formats, and what each of them is asked to word.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::ask::Ask;
use crate::frames::Frame;
use crate::plan::Plan;
use crate::prices::{Maker, Model};
use crate::refusal::Refusal;
use crate::{anthropic, cohere, ollama, openai};

/// The most answers to one call, as OpenAI documents `n`.
const MOST_CHOICES: u64 = 128;

/// The wire format of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenAi,
    Anthropic,
    Embeddings,
    Completions,
    Cohere,
    Ollama,
}

impl Dialect {
    /// All of them.
    const ALL: [Self; 6] = [
        Self::OpenAi,
        Self::Anthropic,
        Self::Embeddings,
        Self::Completions,
        Self::Cohere,
        Self::Ollama,
    ];

    /// The one that is posted to at this path.
    pub(crate) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.endpoint() == path)
    }

    pub(crate) fn maker(self) -> Maker {
        match self {
            Self::OpenAi | Self::Embeddings | Self::Completions => Maker::OpenAi,
            Self::Anthropic => Maker::Anthropic,
            Self::Cohere => Maker::Cohere,
            Self::Ollama => Maker::Ollama,
        }
    }

    pub(crate) fn vendor(self) -> &'static str {
        match self.maker() {
            Maker::OpenAi => "openai",
            Maker::Anthropic => "anthropic",
            Maker::Cohere => "cohere",
            Maker::Ollama => "ollama",
        }
    }

    pub(crate) fn endpoint(self) -> &'static str {
        match self {
            Self::OpenAi => "/v1/chat/completions",
            Self::Anthropic => "/v1/messages",
            Self::Embeddings => "/v1/embeddings",
            Self::Completions => "/v1/completions",
            Self::Cohere => "/v2/chat",
            Self::Ollama => "/api/chat",
        }
    }

    /// The call's output cap, or why the vendor does not take it.
    pub(crate) fn cap(self, ask: &Ask<'_>, model: &Model) -> Result<u64, Refusal> {
        match self {
            Self::OpenAi => openai::cap(ask, model),
            Self::Anthropic => anthropic::cap(ask, model),
            Self::Embeddings => Ok(0),
            Self::Completions => openai::completions::cap(ask, model),
            Self::Cohere => Ok(cohere::cap(ask, model)),
            Self::Ollama => Ok(ollama::cap(ask, model)),
        }
    }

    /// How many answers one call gets.
    pub(crate) fn choices(self, ask: &Ask<'_>) -> u64 {
        match self {
            Self::OpenAi => ask.n.unwrap_or(1).clamp(1, MOST_CHOICES),
            Self::Anthropic | Self::Cohere | Self::Ollama => 1,
            Self::Embeddings => ask.prompts().0,
            Self::Completions => ask.n.unwrap_or(1).clamp(1, MOST_CHOICES) * ask.prompts().0,
        }
    }

    /// How many answers are made and billed, of which one call may get the best.
    pub(crate) fn made(self, ask: &Ask<'_>) -> u64 {
        match (self, ask.best_of) {
            (Self::Completions, Some(best_of)) => {
                self.choices(ask).max(best_of.clamp(1, MOST_CHOICES) * ask.prompts().0)
            }
            (_, _) => self.choices(ask),
        }
    }

    /// The tokens of a call's input.
    pub(crate) fn input(self, ask: &Ask<'_>, body_bytes: usize) -> u64 {
        match self {
            Self::OpenAi | Self::Anthropic | Self::Cohere | Self::Ollama => {
                ask.prompt_tokens(body_bytes)
            }
            Self::Embeddings | Self::Completions => ask.prompts().1,
        }
    }

    /// Whether the answer comes in events.
    pub(crate) fn streams(self, ask: &Ask<'_>) -> bool {
        match self {
            Self::Embeddings => false,
            Self::Ollama => ask.stream != Some(false),
            Self::OpenAi | Self::Anthropic | Self::Completions | Self::Cohere => {
                ask.stream == Some(true)
            }
        }
    }

    pub(crate) fn whole(self, plan: &Plan) -> String {
        match self {
            Self::OpenAi => openai::whole::body(plan),
            Self::Anthropic => anthropic::whole::body(plan),
            Self::Embeddings => openai::embeddings::body(plan),
            Self::Completions => openai::completions::body(plan),
            Self::Cohere => cohere::body(plan),
            Self::Ollama => ollama::body(plan),
        }
    }

    pub(crate) fn events(self, plan: &Plan) -> Vec<Frame> {
        match self {
            Self::OpenAi => openai::stream::events(plan),
            Self::Anthropic => anthropic::stream::events(plan),
            Self::Embeddings => Vec::new(),
            Self::Completions => openai::completions::events(plan),
            Self::Cohere => cohere::events(plan),
            Self::Ollama => ollama::events(plan),
        }
    }

    pub(crate) fn refusal(self, refusal: &Refusal, request_id: &str) -> String {
        match self.maker() {
            Maker::OpenAi => openai::refusal(refusal),
            Maker::Anthropic => anthropic::refusal(refusal, request_id),
            Maker::Cohere => cohere::refusal(refusal, request_id),
            Maker::Ollama => ollama::refusal(refusal),
        }
    }

    /// What a vendor says that failed after it had answered with 200: overloaded, in its words.
    pub(crate) fn failure(self, plan: &Plan) -> String {
        let status = match self.maker() {
            Maker::OpenAi | Maker::Cohere | Maker::Ollama => 503,
            Maker::Anthropic => 529,
        };
        self.refusal(&Refusal::of_status(status, None), &format!("req_{}", plan.unique))
    }

    /// The same as an event of a stream.
    pub(crate) fn failure_event(self, plan: &Plan) -> String {
        let failure = self.failure(plan);
        match self.maker() {
            Maker::OpenAi => openai::stream::error(&failure),
            Maker::Anthropic => anthropic::stream::error(&failure),
            Maker::Cohere => cohere::failed(),
            Maker::Ollama => format!("{failure}\n"),
        }
    }

    pub(crate) fn unknown_model(self, asked: &str) -> Refusal {
        match self.maker() {
            Maker::OpenAi => openai::unknown_model(asked),
            Maker::Anthropic => anthropic::unknown_model(asked),
            Maker::Cohere | Maker::Ollama => Refusal {
                message: Some(format!("model '{asked}' not found")),
                ..Refusal::of_status(404, None)
            },
        }
    }

    /// The id of a call, as the vendor writes it.
    pub(crate) fn call_id(self, unique: &str) -> String {
        match self {
            Self::OpenAi => format!("chatcmpl-{unique}"),
            Self::Anthropic => format!("msg_01{unique}"),
            Self::Embeddings => format!("embd-{unique}"),
            Self::Completions => format!("cmpl-{unique}"),
            Self::Cohere | Self::Ollama => unique.to_owned(),
        }
    }

    /// The headers each answer of this vendor carries.
    pub(crate) fn sign(self, headers: &mut HeaderMap, unique: &str) {
        let mut set = |name, value| headers.insert(HeaderName::from_static(name), value);
        let id = HeaderValue::from_str(&format!("req_{unique}"));
        let id = id.unwrap_or(HeaderValue::from_static("req"));
        match self.maker() {
            Maker::OpenAi => {
                set("x-request-id", id);
                set("openai-organization", HeaderValue::from_static("pretend-vendor"));
                set("openai-processing-ms", HeaderValue::from_static("1"));
                set("openai-version", HeaderValue::from_static("2020-10-01"));
            }
            Maker::Cohere | Maker::Ollama => {
                set("x-request-id", id);
            }
            Maker::Anthropic => {
                set("request-id", id);
                set("anthropic-organization-id", HeaderValue::from_static("pretend-vendor"));
            }
        }
    }
}
