//! A case: one call while it is judged, with everything that was said and done to it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use smallvec::SmallVec;

use crate::{
    Amendment, Ask, Asking, Attempt, Blocked, Bound, Budget, BudgetStop, Call, Charge, Claim,
    Clock, Cursor, Decision, Facts, Holding, Latency, Mark, NoBound, OnExceed, Outcome, Refusal,
    Scope, Short, Snapshot, Status, Step, Transaction, Usage, Usd,
};

/// How often a call may be changed before it is refused instead.
///
/// A call that four rules or budgets have changed and a fifth still wants to change goes round in
/// circles; no policy that we know of changes a call more than twice.
const AMENDMENTS_MAX: usize = 4;

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
    amendments: usize,
    cursor: Cursor,
    /// The call changed since the hold was taken, or none was taken: readings are not its own.
    stale: bool,
    /// A rule asked to clip rather than refuse, and not below this many tokens.
    clip_floor: Option<u64>,
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
            amendments: 0,
            cursor: Cursor::START,
            stale: true,
            clip_floor: None,
            snapshot,
            clock,
            asking,
            bound,
        }
    }

    /// The same call once more, after an attempt that failed: judged anew, nothing forgotten.
    pub(crate) fn reopen(mut self, attempts: Vec<Attempt>) -> Self {
        self.now = self.clock.now();
        self.attempts = attempts;
        self.cursor = Cursor::START;
        self.stale = true;
        self.decision.restart();
        self
    }

    pub(crate) fn call(&self) -> &Call {
        &self.asking.call
    }

    /// Asks the judge to go on from where it stopped.
    pub(crate) fn judge(&mut self, holding: Option<&Holding>) -> Next {
        let started = self.clock.monotonic();
        let judge = Arc::clone(&self.snapshot.judge);
        let readings = holding.filter(|_| !self.stale).map(|holding| &holding.readings);
        let zone = self.snapshot.zone.clone();
        let cursor = self.cursor;
        let mut decision = std::mem::take(&mut self.decision);
        let step = judge.run(&self.facts(&zone), cursor, readings, &mut decision);
        self.decision = decision;
        self.latency.policy_us += self.since(started);
        self.follow(step)
    }

    fn follow(&mut self, step: Step) -> Next {
        match step {
            Step::Block(blocked) => Next::Block(Refusal::Blocked(blocked)),
            Step::NeedSpend(cursor) => {
                self.cursor = cursor;
                Next::Hold
            }
            Step::Amend(amendment, otherwise) => {
                let by = self.decision.trace.0.last();
                let by = by.map(|l| (Arc::clone(&l.policy), Arc::clone(&l.rule)));
                self.amend(amendment, by.unwrap_or_default(), otherwise)
            }
            Step::Pass if self.snapshot.default_deny && !self.decision.allowed => {
                Next::Block(Refusal::Blocked(denied_by_default()))
            }
            // The judge is not asked again after a pass: it may go on from the end.
            Step::Pass if self.stale => {
                self.cursor = Cursor::END;
                Next::Hold
            }
            Step::Pass => Next::Go,
        }
    }

    fn facts<'a>(&'a self, zone: &TimeZone) -> Facts<'a> {
        Facts {
            identity: &self.asking.identity,
            call: &self.asking.call,
            bound: self.bound.as_ref().ok().map(|bound| bound.total),
            now: self.now,
            local: zone.to_datetime(self.now),
            attempt: u32::try_from(self.attempts.len()).unwrap_or(u32::MAX).saturating_add(1),
            models_tried: &self.models_tried,
        }
    }

    /// What to set aside, and where.
    pub(crate) fn ask(&self) -> Result<Ask<'_>, Refusal> {
        let identity = &self.asking.identity;
        let claim = |(index, budget, scope): (usize, &Budget, Scope)| Claim {
            scope,
            window: budget.window,
            budget: Some(index),
        };
        let mut claims: SmallVec<[Claim; 8]> =
            self.snapshot.budgets.counting(identity).map(claim).collect();
        let bound = match &self.bound {
            Ok(bound) => bound.total,
            Err(_) if claims.is_empty() => Usd::ZERO,
            Err(no_bound) => return Err(self.no_bound(*no_bound)),
        };
        let reads = self.snapshot.judge.reads();
        claims.extend(reads.iter().filter_map(|read| {
            let name = identity.name(read.kind)?;
            let scope = Scope::new(read.kind, Arc::clone(name));
            Some(Claim { scope, window: read.window, budget: None })
        }));
        Ok(Ask {
            budgets: &self.snapshot.budgets,
            scopes: identity.scopes(),
            claims,
            reads,
            model: (&self.asking.call.vendor, &self.asking.call.model),
            bound,
            zone: &self.snapshot.zone,
            now: self.now,
        })
    }

    fn no_bound(&self, no_bound: NoBound) -> Refusal {
        let unbounded = |code, what| Refusal::Unbounded { code, what };
        match no_bound {
            NoBound::Unpriced => Refusal::Unpriced { model: Arc::clone(&self.call().model) },
            NoBound::UnboundedInput { what } => unbounded("unbounded_input", what),
            NoBound::UnboundedOutput => unbounded(
                "unbounded_output",
                "the request has no output cap, the connection has no default_max_tokens, and \
                 the model's maximum is not known",
            ),
            NoBound::Overflow => unbounded("overflow", "its price is more than can be counted"),
        }
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
                let by = Arc::clone(&budget.name);
                self.decision.mark(Mark::Warned { by, rule: "".into(), message: message.into() });
            }
        }
    }

    /// A budget fell short: changes the call as the budget or a rule asks, or refuses it.
    pub(crate) fn exceeded(&mut self, short: &Short) -> Result<(), Refusal> {
        let snapshot = Arc::clone(&self.snapshot);
        let Some(budget) = snapshot.budgets.get(short.standing.budget) else {
            return Err(Refusal::Internal { what: "a budget fell short that is not there".into() });
        };
        let refusal = self.over_budget(budget, short);
        let amendment = self.mended(budget, short);
        let by = (Arc::clone(&budget.name), Arc::<str>::from(""));
        match amendment.map(|amendment| self.amend(amendment, by, Cursor::END)) {
            Some(Next::Again) if self.cursor == Cursor::START => Ok(()),
            _ => Err(refusal),
        }
    }

    /// What makes the call fit: the clip that a rule asked for, else what the budget asks for.
    fn mended(&self, budget: &Budget, short: &Short) -> Option<Amendment> {
        let clipped = self.clip_floor.and_then(|floor| self.affordable(short, floor));
        clipped.or_else(|| match &budget.on_exceed {
            OnExceed::Clip { floor } => self.affordable(short, *floor),
            OnExceed::Downgrade { model } => {
                Some(Amendment::Downgrade { model: Arc::clone(model) })
            }
            OnExceed::Block | OnExceed::Warn => None,
        })
    }

    /// The clip that makes the call fit what is left, where that is still useful.
    fn affordable(&self, short: &Short, floor: u64) -> Option<Amendment> {
        let left = short.standing.left();
        let cap = self.snapshot.prices.affordable_cap(self.call(), left)?;
        let floor = floor.max(self.call().thinking_budget.saturating_add(1));
        let lower = self.call().output_cap.is_none_or(|now| cap < now);
        (cap >= floor && lower).then_some(Amendment::Clip { output_cap: cap })
    }

    /// Changes the call and starts the rules again; goes on at `otherwise` where there is nothing
    /// to change.
    fn amend(&mut self, to: Amendment, by: (Arc<str>, Arc<str>), otherwise: Cursor) -> Next {
        let mark = match to {
            Amendment::ClipToAfford { floor } => {
                self.clip_floor = Some(floor);
                None
            }
            Amendment::Downgrade { model } => self.downgrade(model, by),
            Amendment::Clip { output_cap } => self.clip(output_cap, by),
        };
        let Some(mark) = mark else {
            self.cursor = otherwise;
            return Next::Again;
        };
        if self.amendments == AMENDMENTS_MAX {
            return Next::Block(Refusal::Blocked(changed_too_often(&self.decision)));
        }
        self.amendments += 1;
        self.decision.restart();
        self.decision.mark(mark);
        self.bound = self.snapshot.prices.bound(self.call());
        self.cursor = Cursor::START;
        self.stale = true;
        Next::Again
    }

    fn downgrade(&mut self, to: Arc<str>, (by, rule): (Arc<str>, Arc<str>)) -> Option<Mark> {
        let from = Arc::clone(&self.asking.call.model);
        if to == from || self.models_tried.contains(&to) {
            return None;
        }
        self.models_tried.push(Arc::clone(&from));
        self.asking.call.model = Arc::clone(&to);
        Some(Mark::Downgraded { by, rule, from, to })
    }

    fn clip(&mut self, to: u64, (by, rule): (Arc<str>, Arc<str>)) -> Option<Mark> {
        let call = &mut self.asking.call;
        let fits = call.output_cap.is_some_and(|cap| cap <= to);
        if fits || to <= call.thinking_budget {
            return None;
        }
        call.output_cap = Some(to);
        Some(Mark::Clipped { by, rule, to })
    }

    fn over_budget(&self, budget: &Budget, short: &Short) -> Refusal {
        let standing = &short.standing;
        Refusal::OverBudget(BudgetStop {
            budget: Arc::clone(&budget.name),
            scope: standing.scope.clone(),
            used: standing.spent,
            held: standing.held,
            limit: standing.limit,
            window: budget.window,
            bound: self.bound.as_ref().map_or(Usd::ZERO, |bound| bound.total),
            resets_at: short.fits_at,
            only_in_flight: short.only_in_flight,
            as_429: self.snapshot.budget_429,
        })
    }

    pub(crate) fn spent_holding(&mut self, started: Duration) {
        self.latency.hold_us += self.since(started);
    }

    /// Microseconds since `started`.
    pub(crate) fn since(&self, started: Duration) -> u64 {
        let elapsed = self.clock.monotonic().saturating_sub(started);
        u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX)
    }

    /// The record of a call that is about to be sent.
    pub(crate) fn draft(&self) -> Box<Transaction> {
        let held = self.bound.as_ref().map_or(Usd::ZERO, |bound| bound.total);
        let mut draft = self.transaction();
        draft.held = draft.held.saturating_add(held);
        draft.attempts.push(Attempt {
            number: u32::try_from(draft.attempts.len()).unwrap_or(u32::MAX).saturating_add(1),
            vendor_status: None,
            outcome: Outcome::Open,
            held,
            charged: Usd::ZERO,
        });
        Box::new(draft)
    }

    /// The record of a call that is not sent.
    pub(crate) fn refused(&self, refusal: &Refusal) -> Transaction {
        let mut record = self.transaction();
        let (policy, rule) = refusal.stopped_by();
        record.status = Status::Blocked;
        record.action = "block";
        record.policy = Some(policy);
        record.rule = rule;
        record.reason = Some(refusal.reason().into());
        record.ended_at = Some(self.clock.now());
        record
    }

    fn transaction(&self) -> Transaction {
        let (asking, call, who) = (&self.asking, &self.asking.call, &*self.asking.identity);
        let verdict = Verdict::of(&self.decision);
        Transaction {
            id: asking.id,
            organization: Arc::clone(&who.organization),
            team: who.team.clone(),
            agent: Arc::clone(&who.agent),
            user: who.user.clone(),
            session: who.session.clone(),
            parent: who.parent.clone(),
            key: who.key.clone(),
            environment: who.environment,
            roles: Arc::clone(&who.roles),
            metadata: who.metadata.clone(),
            vendor: Arc::clone(&call.vendor),
            connection: Arc::clone(&call.connection),
            model_asked: Arc::clone(&self.model_asked),
            model_used: Arc::clone(&call.model),
            endpoint: call.endpoint,
            stream: call.stream,
            bound: self.bound.as_ref().ok().map(|bound| bound.total),
            held: self.attempts.iter().map(|attempt| attempt.held).sum(),
            tokens: Usage::default(),
            cost: Charge::default(),
            price_version: Arc::clone(self.snapshot.prices.version()),
            accuracy: crate::Accuracy::Exact,
            status: verdict.status,
            action: verdict.action,
            policy: verdict.policy,
            rule: verdict.rule,
            reason: verdict.reason,
            policy_version: Arc::clone(&self.snapshot.version),
            evaluated: self.decision.evaluated,
            trace: self.decision.trace.clone(),
            attempts: self.attempts.clone(),
            latency: self.latency,
            at: asking.at,
            ended_at: None,
        }
    }
}

/// A decision in one word, and who is behind it.
struct Verdict {
    status: Status,
    action: &'static str,
    policy: Option<Arc<str>>,
    rule: Option<Arc<str>>,
    reason: Option<Arc<str>>,
}

// === impl Verdict ===

impl Verdict {
    /// The weightiest mark decides; of equals, the first.
    fn of(decision: &Decision) -> Self {
        let weightiest = decision.marks.iter().rev().max_by_key(|mark| weight(mark));
        let Some(mark) = weightiest else { return Self::unmarked(decision) };
        let (status, action, by, rule, reason) = match mark {
            Mark::Downgraded { by, rule, from, to } => {
                let reason = format!("`{from}` was replaced by `{to}`").into();
                (Status::Downgraded, "downgrade", by, rule, reason)
            }
            Mark::Clipped { by, rule, to } => {
                let reason = format!("the output cap was lowered to {to} tokens").into();
                (Status::Clipped, "clip", by, rule, reason)
            }
            Mark::Flagged { by, rule, message } => {
                (Status::Flagged, "flag", by, rule, Arc::clone(message))
            }
            Mark::Warned { by, rule, message } => {
                (Status::Warned, "warn", by, rule, Arc::clone(message))
            }
            Mark::Observed { by, rule, action } => {
                let reason = format!("observed only: the rule would {action}").into();
                (Status::Observed, "pass", by, rule, reason)
            }
        };
        let rule = (!rule.is_empty()).then(|| Arc::clone(rule));
        Self { status, action, policy: Some(Arc::clone(by)), rule, reason: Some(reason) }
    }

    fn unmarked(decision: &Decision) -> Self {
        let bypassed = !decision.evaluated && !decision.trace.0.is_empty();
        let status = if bypassed { Status::Bypassed } else { Status::Passed };
        Self { status, action: "pass", policy: None, rule: None, reason: None }
    }
}

const fn weight(mark: &Mark) -> u8 {
    match mark {
        Mark::Downgraded { .. } => 4,
        Mark::Clipped { .. } => 3,
        Mark::Flagged { .. } => 2,
        Mark::Warned { .. } => 1,
        Mark::Observed { .. } => 0,
    }
}

fn denied_by_default() -> Blocked {
    let message = "no rule allows this call, and the organization refuses what none allows";
    Blocked {
        policy: "default".into(),
        rule: "deny".into(),
        message: message.into(),
        reason: message.into(),
        redirect_url: None,
    }
}

fn changed_too_often(decision: &Decision) -> Blocked {
    let last = decision.trace.0.last();
    let (policy, rule) = last.map_or_else(Default::default, |l| (l.policy.clone(), l.rule.clone()));
    let message = format!("rules wanted to change this call more than {AMENDMENTS_MAX} times");
    Blocked { policy, rule, message: message.as_str().into(), reason: message, redirect_url: None }
}
