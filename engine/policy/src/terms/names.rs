//! The table of names: facts of the call, and who makes it.

use std::sync::Arc;

use reins_cel::Value;
use reins_governor::{Tokens, Usd};

use crate::sight::Sight;
use crate::terms::Term;
use crate::terms::TermKind::{self, Flag, Instant, Json, Money, Number, Text, Texts};

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
        "what is asked for, such as `chat_completions`, `messages` or `embeddings`",
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
            |s| {
                number(
                    s.facts.call.output_cap.map(Tokens::get),
                    "the call names no cap: ask `has(call.cap)` first",
                )
            },
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
                    s.facts.call.output_bound().map(Tokens::get),
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
        |s| Value::count(s.facts.call.thinking_budget.get()),
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
