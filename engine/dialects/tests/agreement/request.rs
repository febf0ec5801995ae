//! What is read of a request, against what the second reader sees in it; and what a rewritten one
//! says, against what was decided.

use jiter::JsonValue;
use reins_dialects::{Dialect, Head, Read, Target};
use reins_governor::{Call, Endpoint, ServiceTier, Tokens};

use crate::second::{
    Members, Verdict, ensure, flag, member, members, number, object, once, values,
    whole_characters, word,
};

/// Fields that money depends on.
const OPENAI: [&str; 11] = [
    "model",
    "messages",
    "stream",
    "stream_options",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "service_tier",
    "tools",
    "prediction",
    "web_search_options",
];

const ANTHROPIC: [&str; 9] = [
    "model",
    "max_tokens",
    "messages",
    "system",
    "stream",
    "tools",
    "thinking",
    "service_tier",
    "speed",
];

const EMBEDDINGS: [&str; 3] = ["model", "input", "models"];

const COMPLETIONS: [&str; 8] =
    ["model", "prompt", "stream", "stream_options", "max_tokens", "n", "best_of", "service_tier"];

/// The cap of a completion that names none.
const DEFAULT_CAP: u64 = 16;

/// Fields that a rewriting may change.
const CHANGED: [&str; 4] = ["model", "max_tokens", "max_completion_tokens", "stream_options"];

/// Models to change to: one that needs escapes, and one for each field of a cap.
const MODELS: [&str; 3] = ["small \"é\"\n", "gpt-5-mini", "openai/gpt-4o"];

/// Caps to change to.
const CAPS: [u64; 2] = [1, u64::MAX];

/// Whatever is read, the second reader sees the same in it, and in what it is rewritten to.
pub(crate) fn agrees(dialect: &dyn Dialect, body: &[u8]) -> Verdict {
    let Some(read) = read(dialect, body) else { return Ok(()) };
    let text = whole_characters(body);
    let seen = object(&text)?;
    governed_once(&seen, read.call.endpoint)?;
    facts(&seen, &read.call)?;
    input(&seen, &read.call)?;
    usage_asked(&seen, dialect, body, &read)?;
    for call in changes(&read.call).filter(|call| is_changed(&read.call, call)) {
        rewritten(dialect, body, &read, &call)
            .map_err(|what| format!("{what}, rewritten to {call:?}"))?;
    }
    Ok(())
}

fn read(dialect: &dyn Dialect, body: &[u8]) -> Option<Read> {
    let to = Target { vendor: "openai".into(), connection: "connection".into() };
    let head = Head { path: dialect.path(), query: None };
    Some(dialect.read(&head, body).ok()?.bind(to))
}

/// The body that is sent for a call, where it is another one.
fn sent(dialect: &dyn Dialect, body: &[u8], read: &Read, call: &Call) -> Option<Vec<u8>> {
    let head = Head { path: dialect.path(), query: None };
    dialect.rewrite(&head, body, read, call).body
}

fn governed_once(seen: &JsonValue<'_>, endpoint: Endpoint) -> Verdict {
    let inside = |name: &str| member(seen, name).unwrap_or(&JsonValue::Null);
    match endpoint {
        Endpoint::ChatCompletions => {
            once(seen, &OPENAI)?;
            once(inside("stream_options"), &["include_usage"])?;
        }
        Endpoint::Embeddings => once(seen, &EMBEDDINGS)?,
        Endpoint::Completions => {
            once(seen, &COMPLETIONS)?;
            once(inside("stream_options"), &["include_usage"])?;
        }
        Endpoint::Messages => {
            once(seen, &ANTHROPIC)?;
            once(inside("thinking"), &["type", "budget_tokens"])?;
            for tool in values(inside("tools")) {
                once(tool, &["type", "max_uses"])?;
            }
        }
    }
    for message in values(inside("messages")) {
        once(message, &["content"])?;
        for part in member(message, "content").map_or(&[][..], values) {
            once(part, &["type"])?;
        }
    }
    Ok(())
}

fn facts(seen: &JsonValue<'_>, call: &Call) -> Verdict {
    let caps = [number(seen, "max_tokens"), number(seen, "max_completion_tokens")];
    let (cap, choices, thinking) = match call.endpoint {
        Endpoint::ChatCompletions => {
            let predicted = u64::from(member(seen, "prediction").is_some());
            let differ = !caps.contains(&None) && caps[0] != caps[1];
            ensure(!differ, || "two caps were read".to_owned())?;
            (caps[0].or(caps[1]), number(seen, "n").unwrap_or(1) + predicted, 0)
        }
        Endpoint::Embeddings => (Some(0), 1, 0),
        Endpoint::Completions => {
            let answers = number(seen, "n").unwrap_or(1).max(number(seen, "best_of").unwrap_or(1));
            (caps[0].or(Some(DEFAULT_CAP)), answers * prompts(seen, "prompt").max(1), 0)
        }
        Endpoint::Messages => {
            let thinking = member(seen, "thinking");
            (caps[0], 1, thinking.and_then(|it| number(it, "budget_tokens")).unwrap_or(0))
        }
    };
    let streams = call.endpoint != Endpoint::Embeddings && flag(seen, "stream");
    let ours = (Some(&*call.model), call.stream, call.output_cap.map(Tokens::get), call.choices);
    let theirs = (word(seen, "model"), streams, cap, choices);
    ensure(ours == theirs, || format!("read as {ours:?}, seen as {theirs:?}"))?;
    let (ours, theirs) =
        ((call.thinking_budget.get(), call.tier), (thinking, tier(seen, call.endpoint)));
    ensure(ours == theirs, || format!("read as {ours:?}, seen as {theirs:?}"))
}

fn tier(seen: &JsonValue<'_>, endpoint: Endpoint) -> ServiceTier {
    let fast = word(seen, "speed") == Some("fast");
    use Endpoint::{ChatCompletions, Completions};
    match (endpoint, word(seen, "service_tier")) {
        (ChatCompletions | Completions, Some("flex")) => ServiceTier::Flex,
        (ChatCompletions | Completions, Some("priority" | "fast")) => ServiceTier::Priority,
        (ChatCompletions | Completions, Some("batch")) => ServiceTier::Batch,
        (Endpoint::Messages, _) if fast => ServiceTier::Priority,
        _ => ServiceTier::Standard,
    }
}

/// Prompts in a field that may be a text, texts, ids of tokens, or lists of those.
fn prompts(seen: &JsonValue<'_>, field: &str) -> u64 {
    let Some(value) = member(seen, field) else { return 0 };
    match value {
        JsonValue::Null => 0,
        JsonValue::Array(_) => {
            let is_id = |value: &&JsonValue<'_>| {
                matches!(value, JsonValue::Int(_) | JsonValue::BigInt(_) | JsonValue::Float(_))
            };
            let (ids, others): (Vec<_>, Vec<_>) = values(value).iter().partition(is_id);
            let inside =
                |value: &&JsonValue<'_>| values(value).iter().filter(|value| !is_id(value)).count();
            let more: usize = others.iter().map(inside).sum();
            u64::try_from(others.len() + more + usize::from(!ids.is_empty())).unwrap_or(u64::MAX)
        }
        _ => 1,
    }
}

/// No text of a message goes uncounted, and no prompt.
fn input(seen: &JsonValue<'_>, call: &Call) -> Verdict {
    let field = match call.endpoint {
        Endpoint::Embeddings => "input",
        Endpoint::Completions => "prompt",
        Endpoint::ChatCompletions | Endpoint::Messages => return messages(seen, call),
    };
    let counted = call.input.prompts;
    let expected = prompts(seen, field);
    ensure(counted == expected, || format!("{expected} prompts are counted as {counted}"))?;
    let value = member(seen, field).unwrap_or(&JsonValue::Null);
    let said = if let JsonValue::Str(text) = value { text.len() } else { 0 };
    let text = values(value).iter().map(|value| match value {
        JsonValue::Str(text) => text.len(),
        other => values(other).len(),
    });
    let text = said + text.sum::<usize>();
    let counted = call.input.text_bytes;
    let enough = u64::try_from(text).is_ok_and(|text| text <= counted);
    ensure(enough, || format!("{text} bytes of text are counted as {counted}"))
}

fn messages(seen: &JsonValue<'_>, call: &Call) -> Verdict {
    let mut text = 0;
    for message in member(seen, "messages").map_or(&[][..], values) {
        text += word(message, "content").map_or(0, str::len);
        let parts = member(message, "content").map_or(&[][..], values);
        text += parts.iter().filter_map(|part| word(part, "text")).map(str::len).sum::<usize>();
    }
    let counted = call.input.text_bytes;
    let enough = u64::try_from(text).is_ok_and(|text| text <= counted);
    ensure(enough, || format!("{text} bytes of text are counted as {counted}"))
}

/// A stream is made to tell its usage, and the client sees that only where it asked.
fn usage_asked(seen: &JsonValue<'_>, dialect: &dyn Dialect, body: &[u8], read: &Read) -> Verdict {
    let asked = member(seen, "stream_options").is_some_and(|it| flag(it, "include_usage"));
    let hidden = matches!(read.call.endpoint, Endpoint::ChatCompletions | Endpoint::Completions);
    let hides = hidden && read.call.stream && !asked;
    let changes = sent(dialect, body, read, &read.call).is_some();
    ensure(hides == dialect.filter(read).is_some(), || format!("asked: {asked}, not so seen"))?;
    ensure(hides == changes, || format!("asked: {asked}, but rewritten: {changes}"))
}

/// Calls that a decision may make of this one.
fn changes(call: &Call) -> impl Iterator<Item = Call> {
    let models = MODELS.map(|model| Call { model: model.into(), ..call.clone() });
    let caps = CAPS.map(|cap| Call { output_cap: Some(Tokens(cap)), ..call.clone() });
    let both = Call { output_cap: Some(Tokens(7)), ..models[0].clone() };
    models.into_iter().chain(caps).chain([both])
}

/// Embeddings have no cap to change.
fn is_changed(read: &Call, call: &Call) -> bool {
    read.endpoint != Endpoint::Embeddings || read.output_cap == call.output_cap
}

fn rewritten(dialect: &dyn Dialect, body: &[u8], first: &Read, call: &Call) -> Verdict {
    let Some(changed) = sent(dialect, body, first, call) else {
        return ensure(*call == first.call, || "nothing was changed".to_owned());
    };
    let second = read(dialect, &changed).ok_or("it cannot be read")?;
    let expected = Call {
        web_search: second.call.web_search,
        web_search_cap: second.call.web_search_cap,
        ..call.clone()
    };
    let found = &second.call;
    ensure(*found == expected, || format!("it is read as {found:?}"))?;
    let again = sent(dialect, &changed, &second, found).is_some();
    ensure(!again, || "it is to be rewritten once more".to_owned())?;
    let (before, after) = (whole_characters(body), whole_characters(&changed));
    let (before, after) = (object(&before)?, object(&after)?);
    facts(&after, call)?;
    let options = |seen| others(member(seen, "stream_options"), &["include_usage"]);
    let same = others(Some(&before), &CHANGED) == others(Some(&after), &CHANGED)
        && options(&before) == options(&after);
    ensure(same, || "something else is changed as well".to_owned())
}

/// The members that have none of these names.
fn others<'a, 'b>(
    value: Option<&'b JsonValue<'a>>,
    names: &[&str],
) -> Vec<&'b (std::borrow::Cow<'a, str>, JsonValue<'a>)> {
    let members: &Members<'a> = value.map_or(&[], members);
    members.iter().filter(|(name, _)| !names.contains(&&**name)).collect()
}
