//! A judge that does what a closure says, and remembers what it was asked.

use std::fmt;
use std::sync::Mutex;

use crate::{
    Amendment, Blocked, Cursor, DecidedBy, Decision, Facts, Judge, Mark, ReadKey, Readings, Reason,
    ScopeKind, Step, Tokens, Usd, Window,
};

/// What the closure sees.
pub(super) struct Asked<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) at: Cursor,
    pub(super) readings: Option<&'a Readings>,
    pub(super) decision: &'a mut Decision,
}

type Rule = Box<dyn Fn(Asked<'_>) -> Step + Send + Sync>;

/// The closure, and each cursor it was asked at: with readings or not.
pub(super) struct Script {
    rule: Rule,
    seen: Mutex<Vec<(Cursor, bool)>>,
}

/// Where a rule goes on that reads spend.
pub(super) const SPEND: Cursor = Cursor(1);

/// What rules of these tests read: the agent's day, then that of a user the caller has not named.
const READS: [ReadKey; 2] = [
    ReadKey { kind: ScopeKind::Agent, window: Window::Daily },
    ReadKey { kind: ScopeKind::User, window: Window::Daily },
];

impl Script {
    pub(super) fn new(rule: impl Fn(Asked<'_>) -> Step + Send + Sync + 'static) -> Self {
        let rule = Box::new(rule);
        Self { rule, seen: Mutex::default() }
    }

    /// Lets every call go.
    pub(super) fn passing() -> Self {
        Self::new(|_| Step::Pass)
    }

    /// Takes these steps one after another, then passes.
    pub(super) fn steps(steps: Vec<Step>) -> Self {
        let steps = Mutex::new(steps.into_iter());
        Self::new(move |asked| {
            let step = steps.lock().expect("no panic").next().unwrap_or(Step::Pass);
            if !matches!(step, Step::Pass | Step::NeedSpend(_)) {
                look(asked.decision, true);
            }
            step
        })
    }

    /// Blocks what takes the agent's day over `limit`, this call's own hold included.
    pub(super) fn at_most(limit: Usd) -> Self {
        Self::new(move |mut asked| spend_at_most(limit, &mut asked))
    }

    pub(super) fn seen(&self) -> Vec<(Cursor, bool)> {
        self.seen.lock().expect("no panic").clone()
    }
}

/// The rule of [`Script::at_most`].
pub(super) fn spend_at_most(limit: Usd, asked: &mut Asked<'_>) -> Step {
    let (Some(readings), SPEND) = (asked.readings, asked.at) else {
        return if asked.at == Cursor::END { Step::Pass } else { Step::NeedSpend(SPEND) };
    };
    let used = readings.get(0).expect("one reading per declared key").used();
    let over = used > limit;
    look(asked.decision, over);
    if over { block() } else { Step::Pass }
}

/// Writes down that the rule was looked at.
pub(super) fn look(decision: &mut Decision, matched: bool) {
    decision.evaluated = true;
    decision.look(&"house".into(), &"rule".into(), matched, Reason::AllConditions);
}

pub(super) fn block() -> Step {
    Step::Block(Blocked {
        by: house(),
        message: "no more today".into(),
        reason: "over".to_owned(),
        redirect_url: None,
    })
}

pub(super) fn downgrade(model: &str) -> Step {
    amend(Amendment::Downgrade { model: model.into() }, Cursor::END)
}

pub(super) fn clip(output_cap: u64) -> Step {
    amend(Amendment::Clip { output_cap: Tokens(output_cap) }, Cursor::END)
}

pub(super) fn amend(amendment: Amendment, otherwise: Cursor) -> Step {
    Step::Amend { amendment, by: house(), otherwise }
}

/// The one rule of these tests.
pub(super) fn house() -> DecidedBy {
    DecidedBy::Rule { policy: "house".into(), rule: "rule".into() }
}

/// A warning of a rule.
pub(super) fn warning(message: &str) -> Mark {
    Mark::Warned { by: house(), message: message.into() }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Script")
    }
}

impl Judge for Script {
    fn reads(&self) -> &[ReadKey] {
        &READS
    }

    fn run(
        &self,
        facts: &Facts<'_>,
        at: Cursor,
        readings: Option<&Readings>,
        decision: &mut Decision,
    ) -> Step {
        self.seen.lock().expect("no panic").push((at, readings.is_some()));
        (self.rule)(Asked { facts, at, readings, decision })
    }
}
