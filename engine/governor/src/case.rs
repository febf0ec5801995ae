//! A case: one call while it is judged, with everything that was said and done to it.

mod ask;
mod blocks;
mod change;
mod record;
mod verdict;

pub(crate) use record::whole_micros;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::{
    Action, Asking, Attempt, Bound, Call, Clock, Cursor, DecidedBy, Decision, Facts, Holding,
    Latency, Mark, NoBound, Readings, Refusal, Snapshot, Step, Tokens,
};

/// What comes next for a case.
#[derive(Debug)]
pub(crate) enum Next {
    /// It is refused.
    Block(Refusal),
    /// It was changed: judge it again.
    Again,
    /// Money must be set aside before the judge can go on.
    Hold,
    /// Every rule was looked at.
    Go,
}

/// One call while it is judged.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) asking: Asking,
    pub(crate) decision: Decision,
    pub(crate) latency: Latency,
    pub(crate) bound: Result<Bound, NoBound>,
    /// When it came, or when it was last opened again.
    now: Timestamp,
    /// Attempts before this one, ended.
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) model_asked: Arc<str>,
    models_tried: Vec<Arc<str>>,
    /// Its text in bytes, whatever was counted since.
    text_bytes: u64,
    /// The model that its text was counted for.
    counted_for: Option<Arc<str>>,
    amendments: usize,
    cursor: Cursor,
    /// The call changed since the hold was taken, or none was taken: readings are not its own.
    stale: bool,
    /// What the judge read of spend; at its end it reads nothing.
    readings: Option<Readings>,
    /// A rule asked to clip rather than refuse, and not below this many tokens.
    clip_floor: Option<Tokens>,
}

// === impl Case ===

impl Case {
    pub(crate) fn open(snapshot: Arc<Snapshot>, clock: Arc<dyn Clock>, asking: Asking) -> Self {
        let bound = snapshot.prices.bound(&asking.call);
        Self {
            now: asking.at,
            latency: asking.latency,
            model_asked: Arc::clone(&asking.call.model),
            decision: Decision::default(),
            attempts: Vec::new(),
            models_tried: Vec::new(),
            text_bytes: asking.call.input.text_bytes,
            counted_for: None,
            amendments: 0,
            cursor: Cursor::START,
            stale: true,
            readings: None,
            clip_floor: None,
            snapshot,
            clock,
            asking,
            bound,
        }
    }

    /// The same call once more, after an attempt that failed: judged anew, nothing forgotten.
    pub(crate) fn reopen(&mut self, attempts: Vec<Attempt>) {
        self.now = self.clock.now();
        self.attempts = attempts;
        self.cursor = Cursor::START;
        self.stale = true;
        self.readings = None;
        self.decision.restart();
    }

    pub(crate) const fn call(&self) -> &Call {
        &self.asking.call
    }

    /// Which try at the vendor this is, from 1.
    fn attempt(&self) -> u32 {
        u32::try_from(self.attempts.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Asks the judge to go on from where it stopped.
    pub(crate) fn judge(&mut self, holding: Option<&Holding>) -> Next {
        let started = self.clock.monotonic();
        let readings = holding.filter(|_| !self.stale).map(|holding| &holding.readings);
        let facts = Facts {
            identity: &self.asking.identity,
            call: &self.asking.call,
            bound: self.bound.as_ref().ok().map(|bound| bound.total),
            now: self.now,
            local: self.snapshot.zone.to_datetime(self.now),
            attempt: self.attempt(),
            models_tried: &self.models_tried,
        };
        let judge = &*self.snapshot.judge;
        let step = judge.run(&facts, self.cursor, readings, &mut self.decision);
        self.readings = readings.filter(|_| self.cursor != Cursor::END).cloned();
        self.latency.policy_us += self.since(started);
        self.follow(step)
    }

    fn follow(&mut self, step: Step) -> Next {
        match step {
            Step::Block(blocked) => Next::Block(Refusal::Blocked(blocked)),
            // Spend was told: a judge that asks for it once more would do so for ever.
            Step::NeedSpend(_) if !self.stale => Next::Block(self.circling()),
            Step::NeedSpend(cursor) => {
                self.cursor = cursor;
                Next::Hold
            }
            Step::Amend { amendment, by, otherwise } => self.amend(amendment, by, otherwise),
            Step::Pass => self.passed(),
        }
    }

    /// No rule stops the call.
    fn passed(&mut self) -> Next {
        if self.snapshot.default_deny && !self.decision.allowed {
            let denied = blocks::denied_by_default();
            if !self.asking.identity.observe {
                return Next::Block(Refusal::Blocked(denied));
            }
            self.decision.mark(Mark::Observed { by: denied.by, action: Action::Block });
        }
        if !self.stale {
            return Next::Go;
        }
        // The judge is not asked again after a pass: it may go on from the end.
        self.cursor = Cursor::END;
        Next::Hold
    }

    /// The judge goes round in circles.
    pub(crate) fn circling(&self) -> Refusal {
        Refusal::Blocked(blocks::circling(&self.decision))
    }

    /// The money is set aside: readings are the call's own from here on.
    pub(crate) fn held(&mut self, holding: &Holding) {
        self.stale = false;
        for standing in &holding.standings {
            let Some(budget) = self.snapshot.budgets.get(standing.budget) else { continue };
            let over = standing.spent.saturating_add(standing.held) > standing.limit;
            if over || budget.warning_reached(standing.spent).is_some() {
                let message = format!(
                    "{} budget of {}: ${} of ${} is spent",
                    budget.window, standing.scope, standing.spent, standing.limit
                );
                let by = DecidedBy::Budget { budget: budget.name.clone() };
                self.decision.mark(Mark::Warned { by, message: message.into() });
            }
        }
    }

    pub(crate) fn spent_holding(&mut self, started: Duration) {
        self.latency.hold_us += self.since(started);
    }

    /// Microseconds since `started`.
    pub(crate) fn since(&self, started: Duration) -> u64 {
        let elapsed = self.clock.monotonic().saturating_sub(started);
        u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
    }
}
