//! Replay: a call judged once more, from its record.

use jiff::tz::Offset;

use crate::{
    Cursor, Decision, Facts, Judge, Matched, Outcome, PresumeReason, ReadKey, Reading, Readings,
    SpendRead, Step, Trace, Transaction,
};

/// The most steps of one replay: each is a rule that reads spend, or one that changes nothing.
///
/// A judge that needs more goes round in circles: the flow itself allows fewer.
const STEPS_MAX: usize = 100_000;

/// What a replay says beside the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Each rule that was looked at said the same, in the same order.
    Equal,
    /// The same rules matched. The record has no digest of its whole trace: the call is under way,
    /// or its process died.
    MatchedEqual,
    /// Some rule says something else.
    Differs,
}

// === impl Transaction ===

impl Transaction {
    /// Judges the call again by `judge`, on the facts and the spend that the record has: the same
    /// policies give the same trace, bit for bit.
    #[must_use]
    pub fn replay(&self, judge: &dyn Judge) -> Decision {
        let opening = &*self.opening;
        let now = opening.judged_at.unwrap_or(opening.at);
        let facts = Facts {
            identity: &opening.who,
            call: &opening.call,
            bound: opening.bound,
            now,
            local: Offset::from_seconds(opening.utc_offset_s)
                .unwrap_or(Offset::UTC)
                .to_datetime(now),
            attempt: opening.attempt,
            models_tried: &opening.models_tried,
        };
        let recorded = readings(judge.reads(), &opening.readings);
        let (mut decision, mut at, mut readings) = (Decision::default(), Cursor::START, None);
        for _ in 0..STEPS_MAX {
            let next = match judge.run(&facts, at, readings, &mut decision) {
                Step::Pass | Step::Block(_) => break,
                Step::NeedSpend(cursor) => {
                    readings = Some(&recorded);
                    cursor
                }
                // The record has the call as judged last: what would change it did so before.
                Step::Amend { otherwise, .. } => otherwise,
            };
            if self.ended_at_step(&decision.trace) {
                break;
            }
            at = next;
        }
        decision
    }

    /// Compares the trace of a replay with the record.
    #[must_use]
    pub fn agrees_with(&self, trace: &Trace) -> Agreement {
        let matched: Vec<Matched> = trace.matched();
        match self.trace_digest {
            _ if matched != self.opening.matched => Agreement::Differs,
            Some(digest) if trace.digest() == Some(digest) => Agreement::Equal,
            Some(_) => Agreement::Differs,
            None if !self.ended_in_order() => Agreement::MatchedEqual,
            None if trace.rules.is_empty() => Agreement::Equal,
            None => Agreement::Differs,
        }
    }

    /// Whether the call ended where its judge waits for something: a budget refused it, or its
    /// client left.
    fn ended_at_step(&self, trace: &Trace) -> bool {
        self.was_never_sent() && trace.digest() == self.trace_digest
    }

    /// Whether the call's own process wrote its end, and with it the digest.
    fn ended_in_order(&self) -> bool {
        let last = self.attempts.last().map(|attempt| attempt.outcome);
        let lost = |why| matches!(why, PresumeReason::ProcessLost | PresumeReason::OwnerLost);
        self.ended_at.is_some() && !matches!(last, Some(Outcome::Presumed(why)) if lost(why))
    }

    /// Whether the call ended before an attempt was made.
    const fn was_never_sent(&self) -> bool {
        self.attempts.is_empty() && self.ended_at.is_some()
    }
}

/// What the record has for each key that a judge reads; a scope that the caller was in none of was
/// read as nothing spent.
fn readings(keys: &[ReadKey], recorded: &[SpendRead]) -> Readings {
    let read = |key: &ReadKey| {
        let of_key = |read: &&SpendRead| (read.kind, read.window) == (key.kind, key.window);
        let read = recorded.iter().find(of_key);
        read.map_or_else(Reading::default, |read| Reading {
            spent: read.spent,
            held: read.held,
            calls: read.calls,
        })
    };
    Readings(keys.iter().map(read).collect())
}
