//! The names that an expression may use, in one table: what each is, where it comes from, and an
//! example that is true. The checker, the evaluation and `policies/CEL.md` are made of it.

use std::sync::{Arc, LazyLock};

use reins_cel::{Name, Reader, Type, Value};
use reins_governor::{Usd, Window};

use crate::sight::Sight;

/// A name.
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "it holds functions")]
pub struct Term {
    /// The name, such as `call.model`.
    pub path: &'static str,
    /// What it stands for.
    pub kind: TermKind,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// An expression with it that is true of the sample call.
    pub example: &'static str,
    pub(crate) value: fn(&Sight<'_>) -> Value,
    /// Whether there is a value, for names that may have none.
    pub(crate) has: Option<fn(&Sight<'_>) -> bool>,
}

/// A function of spend.
#[derive(Clone, Copy, Debug)]
pub struct ReaderTerm {
    /// Its name, such as `spend.day`.
    pub path: &'static str,
    /// What it stands for.
    pub kind: TermKind,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// How it is written.
    pub written: &'static str,
    /// An expression with it that is true of the sample call.
    pub example: &'static str,
    /// Over which time; `None` where an argument says so.
    pub(crate) window: Option<Window>,
}

/// The kinds of value that names have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// An amount of US dollars.
    Money,
    /// An instant.
    Instant,
    /// A JSON object.
    Json,
}

// === impl TermKind ===

impl TermKind {
    /// Its word in CEL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Flag => "bool",
            Self::Number => "int",
            Self::Text => "string",
            Self::Texts => "list(string)",
            Self::Money => "usd",
            Self::Instant => "timestamp",
            Self::Json => "map(string, dyn)",
        }
    }

    fn checked(self) -> Type {
        match self {
            Self::Flag => Type::Bool,
            Self::Number => Type::Int,
            Self::Text => Type::String,
            Self::Texts => Type::List(Box::new(Type::String)),
            Self::Money => Type::Money,
            Self::Instant => Type::Timestamp,
            Self::Json => Type::Map(Box::new(Type::String), Box::new(Type::Dyn)),
        }
    }
}

/// The names, as the checker wants them.
pub(crate) fn names() -> &'static [Name] {
    static CHECKED: LazyLock<Vec<Name>> = LazyLock::new(|| {
        let name = |term: &Term| Name {
            path: term.path.to_owned(),
            kind: term.kind.checked(),
            optional: term.has.is_some(),
        };
        NAMES.iter().map(name).collect()
    });
    &CHECKED
}

/// The functions of spend, as the checker wants them.
pub(crate) fn readers() -> &'static [Reader] {
    static CHECKED: LazyLock<Vec<Reader>> = LazyLock::new(|| {
        let reader = |term: &ReaderTerm| Reader {
            path: term.path.to_owned(),
            kind: term.kind.checked(),
            arguments: term.written.matches("', '").count() + 1,
            example: term.written.to_owned(),
        };
        READERS.iter().map(reader).collect()
    });
    &CHECKED
}

/// A name that always has a value.
const fn term(
    path: &'static str,
    kind: TermKind,
    value: fn(&Sight<'_>) -> Value,
    about: &'static str,
    example: &'static str,
) -> Term {
    Term { path, kind, about, example, value, has: None }
}

const fn reader(
    path: &'static str,
    kind: TermKind,
    window: Option<Window>,
    about: &'static str,
    [written, example]: [&'static str; 2],
) -> ReaderTerm {
    ReaderTerm { path, kind, about, written, example, window }
}

/// A text that there may not be.
fn text(text: Option<Arc<str>>) -> Value {
    text.map_or_else(|| Value::from(""), Value::text)
}

fn money(amount: Option<Usd>) -> Value {
    let unknown = "what this call costs at most is not known: ask `has(call.maximum_cost)` first";
    amount.map_or_else(|| Value::error(unknown), Value::money)
}

fn number(number: Option<u64>, unknown: &str) -> Value {
    number.map_or_else(|| Value::error(unknown), Value::count)
}

use TermKind::{Flag, Instant, Json, Money, Number, Text, Texts};

/// Every name.
pub const NAMES: [Term; 37] = [
    term(
        "call.model",
        Text,
        |s| Value::text(Arc::clone(&s.facts.call.model)),
        "the model, as the request or a downgrade names it",
        "call.model == 'gpt-4o'",
    ),
    term(
        "call.vendor",
        Text,
        |s| Value::text(Arc::clone(&s.facts.call.vendor)),
        "whose prices hold",
        "call.vendor in ['openai', 'anthropic']",
    ),
    term(
        "call.connection",
        Text,
        |s| Value::text(Arc::clone(&s.facts.call.connection)),
        "the connection that carries it",
        "call.connection == 'openai'",
    ),
    term(
        "call.endpoint",
        Text,
        |s| Value::from(s.facts.call.endpoint.word()),
        "what is asked for: `chat_completions` or `messages`",
        "call.endpoint == 'chat_completions'",
    ),
    term(
        "call.streaming",
        Flag,
        |s| Value::from(s.facts.call.stream),
        "whether the answer comes in pieces",
        "!call.streaming",
    ),
    Term {
        has: Some(|s| s.facts.call.output_cap.is_some()),
        ..term(
            "call.cap",
            Number,
            |s| number(s.facts.call.output_cap, "the call names no cap: ask `has(call.cap)` first"),
            "the most output tokens an answer may have, where the request says so",
            "has(call.cap) && call.cap <= 4096",
        )
    },
    term(
        "call.choices",
        Number,
        |s| Value::count(s.facts.call.choices),
        "answers asked for: each may use the whole cap",
        "call.choices == 1",
    ),
    Term {
        has: Some(|s| s.facts.call.output_bound().is_some()),
        ..term(
            "call.maximum_output",
            Number,
            |s| {
                number(
                    s.facts.call.output_bound(),
                    "the call names no cap: ask `has(call.maximum_output)` first",
                )
            },
            "the most output tokens of all answers: cap × choices, where there is a cap",
            "has(call.maximum_output) && call.maximum_output <= 4096",
        )
    },
    term(
        "call.thinking_budget",
        Number,
        |s| Value::count(s.facts.call.thinking_budget),
        "output tokens set aside for thinking",
        "call.thinking_budget == 0",
    ),
    Term {
        has: Some(|s| s.facts.bound.is_some()),
        ..term(
            "call.maximum_cost",
            Money,
            |s| money(s.facts.bound),
            "the most the call can cost, where that is known",
            "has(call.maximum_cost) && call.maximum_cost < 0.25",
        )
    },
    term(
        "call.tier",
        Text,
        |s| Value::from(s.facts.call.tier.word()),
        "the tier asked for: `standard`, `flex`, `priority` or `batch`",
        "call.tier == 'standard'",
    ),
    term(
        "call.text_bytes",
        Number,
        |s| Value::count(s.facts.call.input.text_bytes),
        "bytes of text put in, never fewer than its tokens",
        "call.text_bytes <= 100000",
    ),
    term(
        "call.parts",
        Number,
        |s| Value::count(s.facts.call.input.parts),
        "messages, tools and other parts",
        "call.parts < 100",
    ),
    term(
        "call.images",
        Number,
        |s| Value::count(s.facts.call.input.images),
        "images put in",
        "call.images == 0",
    ),
    term(
        "call.pages",
        Number,
        |s| Value::count(s.facts.call.input.pages),
        "pages of documents put in, at the most",
        "call.pages == 0",
    ),
    term(
        "call.audio_bytes",
        Number,
        |s| Value::count(s.facts.call.input.audio_bytes),
        "bytes of audio put in",
        "call.audio_bytes == 0",
    ),
    term(
        "call.by_reference",
        Flag,
        |s| Value::from(s.facts.call.input.by_reference.is_some()),
        "whether part of the input is only named, such as a file by its id",
        "!call.by_reference",
    ),
    term(
        "call.tool_results",
        Number,
        |s| Value::count(s.facts.call.tool_results),
        "results of tools among the messages: how deep an agent's loop is",
        "call.tool_results < 50",
    ),
    term(
        "call.web_search",
        Flag,
        |s| Value::from(s.facts.call.web_search),
        "whether the vendor may make paid searches",
        "!call.web_search",
    ),
    term(
        "call.attempt",
        Number,
        |s| Value::count(s.facts.attempt.into()),
        "which try at the vendor this is, from 1",
        "call.attempt == 1",
    ),
    term(
        "call.models_tried",
        Texts,
        |s| Value::texts(s.facts.models_tried.iter().cloned()),
        "the models the call had before downgrades",
        "!('gpt-5' in call.models_tried)",
    ),
    term(
        "call.time",
        Instant,
        |s| {
            let now = s.facts.now;
            Value::instant(now.as_second(), now.subsec_nanosecond())
        },
        "when the call came",
        "call.time > timestamp('2026-01-01T00:00:00Z')",
    ),
    term(
        "call.hour",
        Number,
        |s| Value::from(i64::from(s.facts.local.hour())),
        "the hour on the organization's clock, 0 to 23",
        "call.hour >= 9 && call.hour < 17",
    ),
    term(
        "call.minute",
        Number,
        |s| Value::from(i64::from(s.facts.local.minute())),
        "the minute of that hour, 0 to 59",
        "call.minute == 0",
    ),
    term(
        "call.weekday",
        Number,
        |s| Value::from(i64::from(s.facts.local.weekday().to_monday_one_offset())),
        "the day of the week on that clock, 1 (Monday) to 7 (Sunday)",
        "call.weekday <= 5",
    ),
    term(
        "call.day",
        Number,
        |s| Value::from(i64::from(s.facts.local.day())),
        "the day of the month, 1 to 31",
        "call.day == 5",
    ),
    term(
        "call.month",
        Number,
        |s| Value::from(i64::from(s.facts.local.month())),
        "the month, 1 to 12",
        "call.month == 5",
    ),
    term(
        "organization",
        Text,
        |s| Value::text(s.facts.identity.organization.shared()),
        "the organization",
        "organization == 'acme'",
    ),
    term(
        "team",
        Text,
        |s| text(s.facts.identity.team.as_ref().map(|name| name.shared())),
        "the team; `''` where there is none",
        "team == 'support'",
    ),
    term(
        "agent",
        Text,
        |s| Value::text(s.facts.identity.agent.shared()),
        "the agent",
        "agent.startsWith('support-')",
    ),
    term(
        "user",
        Text,
        |s| text(s.facts.identity.user.as_ref().map(|name| name.shared())),
        "the end user; `''` where there is none",
        "user == ''",
    ),
    term(
        "session",
        Text,
        |s| text(s.facts.identity.session.as_ref().map(|name| name.shared())),
        "the session; `''` where there is none",
        "session == ''",
    ),
    term(
        "parent",
        Text,
        |s| text(s.facts.identity.parent.as_ref().map(|name| name.shared())),
        "the session that started this one; `''` where there is none",
        "parent == ''",
    ),
    term(
        "key",
        Text,
        |s| Value::text(s.facts.identity.key_name.shared()),
        "the name of the key that was shown",
        "key == 'ci'",
    ),
    term(
        "environment",
        Text,
        |s| Value::from(s.facts.identity.environment.word()),
        "`live` or `test`",
        "environment == 'live'",
    ),
    term(
        "roles",
        Texts,
        |s| Value::texts(s.facts.identity.roles.iter().map(reins_governor::Name::shared)),
        "what the user may be called",
        "'trial' in roles",
    ),
    term(
        "metadata",
        Json,
        |s| s.metadata(),
        "the caller's own JSON object; empty where there is none",
        "has(metadata.ticket) && metadata.ticket == 'A-1'",
    ),
];

const HOURLY: Option<Window> = Some(Window::Hourly);
const DAILY: Option<Window> = Some(Window::Daily);
const WEEKLY: Option<Window> = Some(Window::Weekly);
const MONTHLY: Option<Window> = Some(Window::Monthly);

/// Every function of spend.
pub const READERS: [ReaderTerm; 16] = [
    reader(
        "spend.hour",
        Money,
        HOURLY,
        "charged and set aside since the full hour, this call at its most included",
        ["spend.hour('agent')", "spend.hour('agent') > 1.00"],
    ),
    reader(
        "spend.day",
        Money,
        DAILY,
        "the same since midnight",
        ["spend.day('agent')", "spend.day('agent') > 1.00"],
    ),
    reader(
        "spend.week",
        Money,
        WEEKLY,
        "the same since Monday",
        ["spend.week('team')", "spend.week('team') > 1.00"],
    ),
    reader(
        "spend.month",
        Money,
        MONTHLY,
        "the same since the first of the month",
        ["spend.month('organization')", "spend.month('organization') > 1.00"],
    ),
    reader(
        "spend.rolling",
        Money,
        None,
        "the same in the time before the call",
        ["spend.rolling('agent', '24h')", "spend.rolling('agent', '24h') > 1.00"],
    ),
    reader(
        "held.hour",
        Money,
        HOURLY,
        "set aside for calls in flight that began since the full hour, this one included",
        ["held.hour('agent')", "held.hour('agent') > 0.01"],
    ),
    reader(
        "held.day",
        Money,
        DAILY,
        "the same since midnight",
        ["held.day('agent')", "held.day('agent') > 0.01"],
    ),
    reader(
        "held.week",
        Money,
        WEEKLY,
        "the same since Monday",
        ["held.week('team')", "held.week('team') > 0.01"],
    ),
    reader(
        "held.month",
        Money,
        MONTHLY,
        "the same since the first of the month",
        ["held.month('organization')", "held.month('organization') > 0.01"],
    ),
    reader(
        "held.rolling",
        Money,
        None,
        "the same in the time before the call",
        ["held.rolling('agent', '24h')", "held.rolling('agent', '24h') > 0.01"],
    ),
    reader(
        "calls.hour",
        Number,
        HOURLY,
        "calls since the full hour, this one included",
        ["calls.hour('session')", "calls.hour('agent') > 10"],
    ),
    reader(
        "calls.day",
        Number,
        DAILY,
        "the same since midnight",
        ["calls.day('agent')", "calls.day('agent') > 10"],
    ),
    reader(
        "calls.week",
        Number,
        WEEKLY,
        "the same since Monday",
        ["calls.week('team')", "calls.week('team') > 10"],
    ),
    reader(
        "calls.month",
        Number,
        MONTHLY,
        "the same since the first of the month",
        ["calls.month('organization')", "calls.month('organization') > 10"],
    ),
    reader(
        "calls.rolling",
        Number,
        None,
        "the same in the time before the call",
        ["calls.rolling('session', '1h')", "calls.rolling('agent', '1h') > 10"],
    ),
    reader(
        "remaining",
        Money,
        None,
        "what a budget has left for the caller, this call at its most taken off; the largest \
         amount where it does not count the caller",
        ["remaining('support bot, a day')", "remaining('support bot, a day') < 5.00"],
    ),
];

#[cfg(test)]
mod tests;
