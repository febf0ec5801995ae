//! A call: the facts of one request, never its content.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::{Timestamp, civil::DateTime};
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::words::words;
use crate::{Identity, ModelFee, Usd, form};

/// What kind of answer a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `OpenAI` chat completions.
    ChatCompletions,
    /// Anthropic messages.
    Messages,
    /// `OpenAI` embeddings.
    Embeddings,
    /// `OpenAI` completions of a text, from before there were chats.
    Completions,
}

/// The speed a vendor serves a call at, which some vendors price apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ServiceTier {
    /// The plain one.
    #[default]
    Standard,
    /// Cheaper and slower.
    Flex,
    /// Dearer and faster.
    Priority,
    /// Cheaper, answered within a day.
    Batch,
}

/// What a request has, in words for people: each dialect and price book has its own, so that there
/// is no list of them. They are shown, and nothing is decided by them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Encode, Decode)]
#[serde(transparent)]
#[cbor(transparent)]
pub struct Wording(#[cbor(n(0), with = "form::wording")] Cow<'static, str>);

/// How much a request puts in, as far as it can be seen without counting tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct InputSize {
    /// Bytes of text (as UTF-8) in messages, tools and schemas, or less where somebody counted:
    /// never fewer than its tokens.
    #[cbor(n(0), skip_if = "form::is_default")]
    pub text_bytes: u64,
    /// Messages, tools and other parts that cost a few tokens of framing each.
    #[cbor(n(1), skip_if = "form::is_default")]
    pub parts: u64,
    /// Images, whatever their size.
    #[cbor(n(2), skip_if = "form::is_default")]
    pub images: u64,
    /// Pages of documents, at the most.
    #[cbor(n(3), skip_if = "form::is_default")]
    pub pages: u64,
    /// Bytes of audio.
    #[cbor(n(4), skip_if = "form::is_default")]
    pub audio_bytes: u64,
    /// What makes the input unknowable from the request alone, such as `file_id`.
    #[n(5)]
    pub by_reference: Option<Wording>,
    /// How often the vendor may read its input again for one answer, with what its own tools found.
    #[cbor(n(6), skip_if = "form::is_default")]
    pub rereads: u64,
    /// Prompts that are answered apart, each of which may fill the model's window; none stands for
    /// one.
    #[cbor(n(7), skip_if = "form::is_default")]
    pub prompts: u64,
}

/// The facts of one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Encode, Decode)]
#[cbor(map)]
pub struct Call {
    /// Whose prices hold, such as `openai`.
    #[cbor(n(0), with = "form::text")]
    pub vendor: Arc<str>,
    /// The connection that will carry it.
    #[cbor(n(1), with = "form::text")]
    pub connection: Arc<str>,
    /// The model, as the request or an amendment names it.
    #[serde(rename = "model_sent")]
    #[cbor(n(2), with = "form::text")]
    pub model: Arc<str>,
    /// What is asked for.
    #[n(3)]
    pub endpoint: Endpoint,
    /// Whether the answer comes in pieces.
    #[cbor(n(4), skip_if = "form::is_default")]
    pub stream: bool,
    /// How much goes in.
    #[cbor(n(5), skip_if = "form::is_default")]
    pub input: InputSize,
    /// The most output tokens an answer may have, where the request or an amendment says so.
    #[n(6)]
    pub output_cap: Option<u64>,
    /// Answers asked for: each may use the whole cap.
    #[n(7)]
    pub choices: u64,
    /// Tokens set aside for thinking; the cap cannot go below.
    #[cbor(n(8), skip_if = "form::is_default")]
    pub thinking_budget: u64,
    /// The tier asked for.
    #[cbor(n(9), skip_if = "form::is_default")]
    pub tier: ServiceTier,
    /// Results of tools among the messages: how deep an agent's loop is.
    #[cbor(n(10), skip_if = "form::is_default")]
    pub tool_results: u64,
    /// Whether the request lets the vendor make paid searches; see [`Call::searches`].
    #[cbor(n(11), skip_if = "form::is_default")]
    pub web_search: bool,
    /// The most paid searches, where the request says so.
    #[n(12)]
    pub web_search_cap: Option<u64>,
    /// What the request asks for that costs extra and has no price; see [`Call::unpriced_fee`].
    #[n(13)]
    pub extra_fee: Option<Wording>,
}

/// A change to a call that policies or a budget asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amendment {
    /// Use this cheaper model.
    Downgrade {
        /// The model to use.
        model: Arc<str>,
    },
    /// Let the answer have at most this many tokens.
    Clip {
        /// The new cap, in tokens.
        output_cap: u64,
    },
    /// Lower the cap to what the budgets still afford, but not below a minimum.
    ClipToAfford {
        /// The least useful cap, in tokens.
        floor: u64,
    },
}

/// All that a policy may look at, before spend.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Who calls.
    pub identity: &'a Identity,
    /// What is asked.
    pub call: &'a Call,
    /// The most it can cost; `None` where that is not known.
    pub bound: Option<Usd>,
    /// When.
    pub now: Timestamp,
    /// When, on the organization's wall.
    pub local: DateTime,
    /// Which try at the vendor this is, from 1.
    pub attempt: u32,
    /// Models this call had before amendments.
    pub models_tried: &'a [Arc<str>],
}

// === impl Wording ===

impl Wording {
    /// These words.
    #[must_use]
    pub const fn new(words: &'static str) -> Self {
        Self(Cow::Borrowed(words))
    }

    /// Words that a record has.
    #[must_use]
    pub fn kept(words: &str) -> Self {
        Self(Cow::Owned(words.to_owned()))
    }

    /// The words as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Wording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// === impl Endpoint ===

words!(Endpoint {
    ChatCompletions = 0 "chat_completions",
    Messages = 1 "messages",
    Embeddings = 2 "embeddings",
    Completions = 3 "completions",
});

// === impl ServiceTier ===

words!(ServiceTier {
    Standard = 0 "standard",
    Flex = 1 "flex",
    Priority = 2 "priority",
    Batch = 3 "batch",
});

// === impl Call ===

impl Call {
    /// A plain call of a vendor's model, before anything else is known of it.
    #[must_use]
    pub fn new(vendor: &str, model: &str, endpoint: Endpoint) -> Self {
        Self {
            vendor: vendor.into(),
            connection: vendor.into(),
            model: model.into(),
            endpoint,
            stream: false,
            input: InputSize::default(),
            output_cap: None,
            choices: 1,
            thinking_budget: 0,
            tier: ServiceTier::default(),
            tool_results: 0,
            web_search: false,
            web_search_cap: None,
            extra_fee: None,
        }
    }

    /// Tokens the answer may have in all, where that is known.
    #[must_use]
    pub fn output_bound(&self) -> Option<u64> {
        self.output_cap.map(|cap| cap.saturating_mul(self.choices.max(1)))
    }

    /// The most paid searches there can be, `None` where nothing limits them: those that the
    /// request lets the vendor make, and the one that a model makes of itself.
    ///
    /// INVARIANT: what follows from the model is not kept beside it, so that it holds for whatever
    /// model an amendment has put there.
    #[must_use]
    pub fn searches(&self) -> Option<u64> {
        let own = u64::from(ModelFee::of(&self.model) == ModelFee::Search);
        let asked = if self.web_search { self.web_search_cap? } else { 0 };
        Some(asked.max(own))
    }

    /// What costs extra and has no price, by the request or by the model.
    #[must_use]
    pub fn unpriced_fee(&self) -> Option<Wording> {
        match ModelFee::of(&self.model) {
            ModelFee::Unpriced(what) => Some(what),
            ModelFee::Nothing | ModelFee::Search => self.extra_fee.clone(),
        }
    }
}
