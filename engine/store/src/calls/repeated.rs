//! What a record has several of, as JSON arrays of numbers: attempts, rules that matched, readings.

use reins_governor::{
    Attempt, ConditionKind, Matched, Name, Outcome, PresumeReason, Reason, ScopeKind, SpendRead,
    TokenKind, Tokens, Usd, VoidReason, Window,
};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::dictionary::{Dictionary, damaged, text};
use crate::StoreError;

/// The fields of one item, read one after another.
struct Fields(std::vec::IntoIter<Value>);

/// `[[number, vendor's status, outcome, why, held, charged], …]`; nothing where there is none.
pub(super) fn attempts(attempts: &[Attempt]) -> Option<String> {
    let one = |attempt: &Attempt| {
        let (outcome, why) = match attempt.outcome {
            Outcome::Open => (0, None),
            Outcome::Settled => (1, None),
            Outcome::Voided(why) => (2, Some(why.number())),
            Outcome::Presumed(why) => (3, Some(why.number())),
        };
        let (held, charged) = (attempt.held.nanos(), attempt.charged.nanos());
        json!([attempt.number, attempt.vendor_status, outcome, why, held, charged])
    };
    written(attempts.iter().map(one))
}

pub(super) fn read_attempts(list: Option<&str>) -> Result<Vec<Attempt>, StoreError> {
    items(list)?.into_iter().map(|fields| attempt(fields).ok_or_else(unknown)).collect()
}

fn attempt(mut from: Fields) -> Option<Attempt> {
    let number = from.small()?;
    let vendor_status = from.optional()?.map(u16::try_from).transpose().ok()?;
    let (outcome, why) = (from.number()?, from.optional()?);
    let why = why.map(u8::try_from).transpose().ok()?;
    let outcome = match (outcome, why) {
        (0, None) => Outcome::Open,
        (1, None) => Outcome::Settled,
        (2, Some(why)) => Outcome::Voided(VoidReason::from_number(why)?),
        (3, Some(why)) => Outcome::Presumed(PresumeReason::from_number(why)?),
        _ => return None,
    };
    Some(Attempt { number, vendor_status, outcome, held: from.usd()?, charged: from.usd()? })
}

/// `[[scope, window, spent, held, calls], …]`; nothing where there is none.
pub(super) fn readings(readings: &[SpendRead]) -> Option<String> {
    let one = |read: &SpendRead| {
        let SpendRead { kind, window, spent, held, calls } = read;
        json!([kind.number(), window.number(), spent.nanos(), held.nanos(), calls])
    };
    written(readings.iter().map(one))
}

pub(super) fn read_readings(list: Option<&str>) -> Result<Vec<SpendRead>, StoreError> {
    items(list)?.into_iter().map(|fields| reading(fields).ok_or_else(unknown)).collect()
}

fn reading(mut from: Fields) -> Option<SpendRead> {
    Some(SpendRead {
        kind: from.scope()?,
        window: from.window()?,
        spent: from.usd()?,
        held: from.usd()?,
        calls: from.number()?,
    })
}

/// `[[policy, rule, number of the reason, its figures…], …]`; nothing where there is none.
pub(super) fn matched(
    names: &mut Dictionary,
    conn: &Connection,
    matched: &[Matched],
) -> Result<Option<String>, StoreError> {
    let mut all = Vec::with_capacity(matched.len());
    for Matched { policy, rule, reason } in matched {
        let mut one = vec![names.name(conn, policy)?.into(), names.name(conn, rule)?.into()];
        one.extend(figures(reason));
        all.push(Value::Array(one));
    }
    Ok(written(all.into_iter()))
}

/// The number of a reason, as in the binary form of a record, and its figures.
fn figures(reason: &Reason) -> Vec<Value> {
    let figures = match reason {
        Reason::AllConditions => json!([0]),
        Reason::Unconditional => json!([1]),
        Reason::Outside { condition } => json!([2, condition.number()]),
        Reason::Amount { bound, limit, reached } => {
            json!([3, bound.map(Usd::nanos), limit.nanos(), u8::from(*reached)])
        }
        Reason::Spend { kind, window, used, limit, over } => {
            let (used, limit) = (used.nanos(), limit.nanos());
            json!([4, kind.number(), window.number(), used, limit, u8::from(*over)])
        }
        Reason::Calls { kind, window, calls, limit, over } => {
            json!([5, kind.number(), window.number(), calls, limit, u8::from(*over)])
        }
        Reason::Tokens { what, tokens, limit, over } => {
            json!([6, what.number(), tokens, limit, u8::from(*over)])
        }
        Reason::NoLimit => json!([7]),
        Reason::Disabled => json!([8]),
        Reason::Erred { why } => json!([9, why]),
        Reason::Cel { figures } => json!([10, figures]),
    };
    match figures {
        Value::Array(figures) => figures,
        other => vec![other],
    }
}

pub(super) fn read_matched(
    conn: &Connection,
    list: Option<&str>,
) -> Result<Vec<Matched>, StoreError> {
    let one = |mut from: Fields| {
        let (policy, rule) =
            (from.number().ok_or_else(unknown)?, from.number().ok_or_else(unknown)?);
        let name = |number: u64| Ok::<_, StoreError>(Name::kept(text(conn, number.cast_signed())?));
        let reason = reason(from).ok_or_else(unknown)?;
        Ok(Matched { policy: name(policy)?, rule: name(rule)?, reason })
    };
    items(list)?.into_iter().map(one).collect()
}

fn reason(mut from: Fields) -> Option<Reason> {
    Some(match from.number()? {
        0 => Reason::AllConditions,
        1 => Reason::Unconditional,
        2 => Reason::Outside { condition: ConditionKind::from_number(from.small()?)? },
        3 => Reason::Amount {
            bound: from.optional()?.map(Usd::from_nanos),
            limit: from.usd()?,
            reached: from.flag()?,
        },
        4 => Reason::Spend {
            kind: from.scope()?,
            window: from.window()?,
            used: from.usd()?,
            limit: from.usd()?,
            over: from.flag()?,
        },
        5 => Reason::Calls {
            kind: from.scope()?,
            window: from.window()?,
            calls: from.number()?,
            limit: from.number()?,
            over: from.flag()?,
        },
        6 => Reason::Tokens {
            what: TokenKind::from_number(from.small()?)?,
            tokens: from.optional()?.map(Tokens),
            limit: Tokens(from.number()?),
            over: from.flag()?,
        },
        7 => Reason::NoLimit,
        8 => Reason::Disabled,
        9 => Reason::Erred { why: from.0.next()?.as_str()?.into() },
        10 => Reason::Cel { figures: from.0.next()?.as_str()?.into() },
        _ => return None,
    })
}

fn written(items: impl ExactSizeIterator<Item = Value>) -> Option<String> {
    (items.len() > 0).then(|| Value::Array(items.collect()).to_string())
}

fn items(list: Option<&str>) -> Result<Vec<Fields>, StoreError> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let items: Vec<Vec<Value>> = serde_json::from_str(list).map_err(damaged)?;
    Ok(items.into_iter().map(|fields| Fields(fields.into_iter())).collect())
}

fn unknown() -> StoreError {
    StoreError::Damaged("a list in a row of `calls` is not as it was written".into())
}

// === impl Fields ===

impl Fields {
    fn number(&mut self) -> Option<u64> {
        self.0.next()?.as_u64()
    }

    fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        self.number()?.try_into().ok()
    }

    /// A number that may be null.
    fn optional(&mut self) -> Option<Option<u64>> {
        match self.0.next()? {
            Value::Null => Some(None),
            value => value.as_u64().map(Some),
        }
    }

    fn usd(&mut self) -> Option<Usd> {
        self.number().map(Usd::from_nanos)
    }

    fn flag(&mut self) -> Option<bool> {
        self.number().map(|number| number != 0)
    }

    fn scope(&mut self) -> Option<ScopeKind> {
        ScopeKind::from_number(self.small()?)
    }

    fn window(&mut self) -> Option<Window> {
        Window::from_number(self.small()?)
    }
}
