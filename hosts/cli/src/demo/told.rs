//! What an agent was told about its call: in the answer's headers, its trailers, or a refusal.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use http::HeaderMap;
use reins_governor::{TransactionId, Usd};
use serde::Deserialize;

/// What an agent was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The agent.
    pub(crate) agent: &'static str,
    /// The model it asked for.
    pub(crate) asked: &'static str,
    /// The model it was given, where that is another.
    pub(crate) given: Option<String>,
    /// What was done to the call.
    pub(crate) action: Action,
    /// What it cost.
    pub(crate) cost: Option<Usd>,
    /// Tokens of its answer.
    pub(crate) tokens: Option<u64>,
    /// What the tightest budget has left.
    pub(crate) left: Option<Usd>,
    /// The policy, rule or budget behind the action.
    pub(crate) by: Option<String>,
    /// What else there is to say.
    pub(crate) note: Option<String>,
    /// Its record's name.
    pub(crate) id: Option<TransactionId>,
}

/// What was done to a call, or what its agent did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// It went through.
    Pass,
    /// With a warning.
    Warn,
    /// Marked for somebody to look at.
    Flag,
    /// With a cheaper model.
    Downgrade,
    /// With a lower output cap.
    Clip,
    /// Not at all.
    Block,
    /// Its agent hung up.
    Left,
    /// The ledger says what the call cost whose agent had hung up.
    Charged,
}

/// A refusal, as both dialects word it.
#[derive(Deserialize)]
struct Refused {
    error: Worded,
}

#[derive(Deserialize)]
struct Worded {
    message: String,
    rule: Option<String>,
    #[serde(flatten)]
    budget: Option<Short>,
}

/// The figures of a budget that did not suffice.
#[derive(Deserialize)]
struct Short {
    budget_used_usd: Usd,
    budget_held_usd: Usd,
    budget_limit_usd: Usd,
    budget_bound_usd: Usd,
}

// === impl Told ===

impl Told {
    /// What the headers of an answer tell; `None` where the answer is not one of Reins.
    pub(crate) fn of(
        agent: &'static str,
        asked: &'static str,
        headers: &HeaderMap,
    ) -> Option<Self> {
        let mut told = Self {
            agent,
            asked,
            given: text(headers, "x-reins-model").map(Cow::into_owned),
            action: Action::from_word(&text(headers, "x-reins-action")?)?,
            cost: None,
            tokens: None,
            left: None,
            by: text(headers, "x-reins-policy").map(Cow::into_owned),
            note: text(headers, "x-reins-warning").map(Cow::into_owned),
            id: text(headers, "x-reins-transaction-id").and_then(|id| id.parse().ok()),
        };
        told.hear(headers);
        Some(told)
    }

    /// Takes in the figures of headers or trailers.
    pub(crate) fn hear(&mut self, headers: &HeaderMap) {
        self.cost = figure(headers, "x-reins-cost").or(self.cost);
        self.tokens = figure(headers, "x-reins-tokens-out").or(self.tokens);
        self.left = figure(headers, "x-reins-budget-remaining").or(self.left);
    }

    /// Takes in the body of a refusal.
    pub(crate) fn hear_refusal(&mut self, body: &[u8]) {
        let Ok(Refused { error }) = serde_json::from_slice(body) else { return };
        self.by = error.rule.or(self.by.take());
        self.note = Some(error.budget.map_or(error.message, |short| short.to_string()));
    }

    /// The model, and the one it became.
    pub(crate) fn model(&self) -> Cow<'static, str> {
        match &self.given {
            Some(given) => format!("{} → {given}", self.asked).into(),
            None => self.asked.into(),
        }
    }

    /// Who is behind the action, why, and what is left.
    pub(crate) fn remark(&self) -> String {
        let by = self.by.as_ref().map(|by| format!("`{by}`"));
        let clipped = self.tokens.filter(|_| self.action == Action::Clip);
        let clipped = clipped.map(|tokens| format!("cut to {tokens} tokens"));
        let left = self.left.map(|left| format!("left ${left}"));
        let parts = [by, self.note.clone(), clipped, left];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

fn figure<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    text(headers, name)?.parse().ok()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
}

/// The sentence of the refusal, without what stands beside it on the screen.
impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { budget_used_usd, budget_held_usd, budget_limit_usd, budget_bound_usd } = self;
        write!(f, "${budget_used_usd} spent and ${budget_held_usd} held of ${budget_limit_usd}")?;
        write!(f, ", asks for ${budget_bound_usd}")
    }
}

// === impl Action ===

impl Action {
    fn from_word(word: &str) -> Option<Self> {
        let answers =
            [Self::Pass, Self::Warn, Self::Flag, Self::Downgrade, Self::Clip, Self::Block];
        answers.into_iter().find(|action| action.word() == word)
    }

    /// The word that is shown.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Flag => "flag",
            Self::Downgrade => "downgrade",
            Self::Clip => "clip",
            Self::Block => "block",
            Self::Left => "left",
            Self::Charged => "charged",
        }
    }
}

#[cfg(test)]
mod tests;
