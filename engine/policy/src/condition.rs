//! Conditions, ready to ask: each says whether it holds for a call, and with which figures.

use std::sync::Arc;

use reins_governor::{
    ConditionKind, Endpoint, Facts, InputSize, Name, Pattern, Readings, Reason, TokenKind, Tokens,
    Usd,
};

use crate::expression::Expression;
use crate::schedule::Minutes;
use crate::spend::Spend;
use crate::{AmountRange, TokenLimit};

/// One condition of a rule, or one list of a policy's scope.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Agents(Vec<Pattern>),
    Teams(Vec<Pattern>),
    Vendors(Vec<Pattern>),
    Models(Vec<Pattern>),
    NotModels(Vec<Pattern>),
    Endpoints(Vec<Endpoint>),
    Roles(Vec<Name>),
    Stream(bool),
    Tokens(TokenLimit),
    Amount {
        range: AmountRange,
        /// Whether a cost that nobody knows is in the range.
        unknown: bool,
    },
    Hours(Box<Minutes>),
    Cel(Arc<Expression>),
    Spend(Spend),
}

/// What a condition, or all of a rule's, say of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It holds; with figures, where there are any.
    Holds(Option<Reason>),
    /// It does not hold.
    Misses(Reason),
    /// It reads spend, and no money is held yet.
    NeedsSpend,
    /// It cannot say.
    Errs(Arc<str>),
}

/// Asks conditions in order until one does not hold; the last figures are the telling ones.
pub(crate) fn ask_all(
    conditions: &[Condition],
    facts: &Facts<'_>,
    readings: Option<&Readings>,
) -> Finding {
    let mut telling = None;
    for condition in conditions {
        match condition.ask(facts, readings) {
            Finding::Holds(figures) => telling = figures.or(telling),
            finding @ (Finding::Misses(_) | Finding::NeedsSpend | Finding::Errs(_)) => {
                return finding;
            }
        }
    }
    Finding::Holds(telling)
}

// === impl Condition ===

impl Condition {
    fn ask(&self, facts: &Facts<'_>, readings: Option<&Readings>) -> Finding {
        let (identity, call) = (facts.identity, facts.call);
        match self {
            Self::Agents(list) => listed(list, &identity.agent, ConditionKind::Agents),
            Self::Teams(list) => match &identity.team {
                Some(team) => listed(list, team, ConditionKind::Teams),
                None => Finding::Misses(Reason::Outside { condition: ConditionKind::Teams }),
            },
            Self::Vendors(list) => listed(list, &call.vendor, ConditionKind::Vendors),
            Self::Models(list) => listed(list, &call.model, ConditionKind::Models),
            Self::NotModels(list) => inside(!any(list, &call.model), ConditionKind::NotModels),
            Self::Endpoints(list) => {
                inside(list.contains(&call.endpoint), ConditionKind::Endpoints)
            }
            Self::Roles(list) => {
                inside(list.iter().any(|role| identity.roles.contains(role)), ConditionKind::Roles)
            }
            Self::Stream(wanted) => inside(call.stream == *wanted, ConditionKind::Stream),
            Self::Tokens(limit) => limit.ask(facts),
            Self::Amount { range, unknown } => range.ask(facts.bound, *unknown),
            Self::Hours(minutes) => match minutes.hold(facts.now, facts.local) {
                Ok(hold) => inside(hold, ConditionKind::Hours),
                Err(error) => Finding::Errs(error.to_string().into()),
            },
            Self::Cel(expression) => expression.ask(facts, readings),
            Self::Spend(spend) => spend.ask(facts, readings),
        }
    }
}

fn any(list: &[Pattern], name: &str) -> bool {
    list.iter().any(|pattern| pattern.matches(name))
}

fn listed(list: &[Pattern], name: &str, condition: ConditionKind) -> Finding {
    inside(any(list, name), condition)
}

const fn inside(holds: bool, condition: ConditionKind) -> Finding {
    if holds { Finding::Holds(None) } else { Finding::Misses(Reason::Outside { condition }) }
}

// === impl AmountRange ===

impl AmountRange {
    /// Compares the bound, rounded up to a cent.
    fn ask(&self, bound: Option<Usd>, unknown: bool) -> Finding {
        let bound = bound.map(|bound| Usd::from_cents(bound.cents_up()));
        let figures = |limit, reached| Reason::Amount { bound, limit, reached };
        let told = self.min.or(self.max).unwrap_or(Usd::ZERO);
        match (bound, self.min, self.max) {
            (None, ..) if unknown => Finding::Holds(Some(figures(told, true))),
            (None, ..) => Finding::Misses(figures(told, true)),
            (Some(bound), Some(min), _) if bound < min => Finding::Misses(figures(min, false)),
            (Some(bound), _, Some(max)) if bound > max => Finding::Misses(figures(max, true)),
            (Some(bound), ..) => Finding::Holds(Some(figures(told, bound >= told))),
        }
    }
}

// === impl TokenLimit ===

impl TokenLimit {
    fn ask(&self, facts: &Facts<'_>) -> Finding {
        let input =
            self.input.map(|limit| over(TokenKind::Input, input_at_most(&facts.call.input), limit));
        let output =
            self.output.map(|limit| over(TokenKind::Output, facts.call.output_bound(), limit));
        match (input, output) {
            (Some((true, reason)), _) | (_, Some((true, reason))) => Finding::Holds(Some(reason)),
            (Some((false, reason)), _) | (None, Some((false, reason))) => Finding::Misses(reason),
            (None, None) => Finding::Misses(Reason::Outside { condition: ConditionKind::Tokens }),
        }
    }
}

/// Without a most, there may be more than any limit.
fn over(what: TokenKind, tokens: Option<Tokens>, limit: Tokens) -> (bool, Reason) {
    let over = tokens.is_none_or(|tokens| tokens > limit);
    (over, Reason::Tokens { what, tokens, limit, over })
}

/// The most tokens a request puts in: a token of text has at least one byte. `None` where the
/// request holds or names what cannot be counted in bytes of text.
const fn input_at_most(input: &InputSize) -> Option<Tokens> {
    let countable = input.images == 0
        && input.pages == 0
        && input.audio_bytes == 0
        && input.by_reference.is_none();
    if countable { Some(Tokens(input.text_bytes)) } else { None }
}

#[cfg(test)]
mod tests;
