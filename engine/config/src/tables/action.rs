//! `action`: what happens to a call that a rule matches.

use std::sync::Arc;

use reins_governor::Tokens;
use reins_policy::Action;

use crate::reader::Reader;
use crate::targets::{Calls, Targets};
use crate::value::Value;

/// The least useful cap of a clip by default: a sentence or two.
pub(crate) const FLOOR: Tokens = Tokens(64);
/// No model writes more in one answer.
const TOKENS_MAX: u64 = 10_000_000;
/// Every form of an action.
const HINT: &str = "write \"allow\", \"block\", \"warn\", \"flag\", \"clip\", { clip = 1000 } or \
                    { downgrade = \"gpt-4o-mini\" }";

/// What an action says, before it is put together.
#[derive(Clone, Copy)]
enum Word {
    Allow,
    Block,
    Warn,
    Flag,
    Clip,
}

/// What a rule tells people.
pub(crate) struct Telling {
    message: Option<Arc<str>>,
    redirect_url: Option<Arc<str>>,
}

/// The calls of a rule, and where they could go instead.
#[derive(Clone, Copy)]
pub(crate) struct Going<'a> {
    pub(crate) calls: Calls<'a>,
    pub(crate) targets: &'a Targets<'a>,
}

fn sentence(value: &Value<'_>) -> Option<Arc<str>> {
    let text = value.text()?;
    if text.trim().is_empty() {
        return value.bad("a message is empty", "leave it out, or say what people can do");
    }
    Some(text.into())
}

/// An address of the web, or a path that the caller's own pages know.
fn url(value: &Value<'_>) -> Option<Arc<str>> {
    let text = value.text()?;
    let web = text.starts_with("https://") || text.starts_with("http://");
    let path = text.starts_with('/') && !text.starts_with("//");
    let fits = |uri: &http::Uri| path || (web && uri.host().is_some());
    let read = text.parse::<http::Uri>().ok().filter(fits);
    if read.is_none() {
        let hint = "write an address such as \"https://example.com/upgrade\", or a path";
        return value.bad(format!("`{text}` is not an address to send people to"), hint);
    }
    Some(text.into())
}

/// A cap or a floor, in tokens.
pub(crate) fn tokens(value: &Value<'_>) -> Option<Tokens> {
    value.whole(1..=TOKENS_MAX).map(Tokens)
}

pub(crate) fn read(value: &Value<'_>, telling: &Telling, going: &Going<'_>) -> Option<Action> {
    let action = match value.as_table() {
        Some(table) => from_table(value, table, going),
        None => Some(from_word(word(value)?, telling)),
    };
    warn_of_unheard(value, telling, action.as_ref()?);
    action
}

fn word(value: &Value<'_>) -> Option<Word> {
    match value.as_text() {
        Some("downgrade") => return value.bad("a downgrade needs a model", HINT),
        Some("approve") => return value.bad("`approve` does not exist yet in this version", HINT),
        _ => {}
    }
    value.word(&[
        ("allow", Word::Allow),
        ("pass", Word::Allow),
        ("block", Word::Block),
        ("warn", Word::Warn),
        ("alert", Word::Warn),
        ("flag", Word::Flag),
        ("clip", Word::Clip),
    ])
}

fn from_word(word: Word, telling: &Telling) -> Action {
    let message = telling.message.clone();
    match word {
        Word::Allow => Action::Allow,
        Word::Block => Action::Block { message, redirect_url: telling.redirect_url.clone() },
        Word::Warn => Action::Warn { message },
        Word::Flag => Action::Flag { message },
        Word::Clip => Action::Clip { to: None, floor: FLOOR },
    }
}

fn from_table(value: &Value<'_>, mut table: Reader<'_>, going: &Going<'_>) -> Option<Action> {
    let downgrade = |model: &Value<'_>| going.targets.model(model, going.calls);
    match (table.field(&["clip"]), table.field(&["downgrade"])) {
        (Some(cap), None) => clip(&cap),
        (None, Some(model)) => Some(Action::Downgrade { model: downgrade(&model)? }),
        (None, None) | (Some(_), Some(_)) => value.bad("one thing happens, not none or two", HINT),
    }
}

/// `{ clip = 1000 }` or `{ clip = { to = 1000, floor = 100 } }`.
fn clip(value: &Value<'_>) -> Option<Action> {
    let Some(mut table) = value.as_table() else {
        let to = tokens(value)?;
        return Some(Action::Clip { to: Some(to), floor: FLOOR.min(to) });
    };
    let to = table.optional(&["to"], tokens)?;
    let floor = table.defaulted(&["floor"], FLOOR.min(to.unwrap_or(FLOOR)), tokens)?;
    Some(Action::Clip { to, floor })
}

/// A message that nobody will see is probably a mistake.
fn warn_of_unheard(value: &Value<'_>, telling: &Telling, action: &Action) {
    let (message, redirect) = match action {
        Action::Block { .. } => (false, false),
        Action::Warn { .. } | Action::Flag { .. } => (false, true),
        Action::Allow | Action::Downgrade { .. } | Action::Clip { .. } => (true, true),
    };
    let word = action.kind().word();
    if message && telling.message.is_some() {
        value.place.warn(format!("`{word}` shows nobody the message"), "leave `message` out");
    }
    if redirect && telling.redirect_url.is_some() {
        let what = format!("`{word}` sends nobody anywhere");
        value.place.warn(what, "leave `redirect_url` out");
    }
}

// === impl Telling ===

impl Telling {
    /// What `table` tells; `None` where it is wrong.
    pub(crate) fn of(table: &mut Reader<'_>) -> Option<Self> {
        let message = table.optional(&["message"], sentence);
        let redirect_url = table.optional(&["redirect_url", "redirectUrl"], url);
        Some(Self { message: message?, redirect_url: redirect_url? })
    }
}

// === impl Going ===

impl<'a> Going<'a> {
    /// The calls of a rule within a policy, or of an override within a rule.
    pub(crate) fn narrowed(self, own: Calls<'a>) -> Self {
        Self { calls: self.calls.narrowed(own), ..self }
    }
}
