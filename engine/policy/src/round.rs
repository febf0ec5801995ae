//! One round: a judge goes through its rules for one call.

use std::sync::Arc;

use reins_governor::{
    Amendment, Blocked, Cursor, DecidedBy, Decision, Facts, Mark, Readings, Reason, Step, Tokens,
};

use crate::condition::{Finding, ask_all};
use crate::rules::{CompiledPolicy, CompiledRule};
use crate::{Action, OnError};

/// A judge on its way through the rules.
pub(crate) struct Round<'a> {
    pub(crate) facts: &'a Facts<'a>,
    /// Where it goes on: what stands before was asked already.
    pub(crate) at: Cursor,
    pub(crate) readings: Option<&'a Readings>,
    pub(crate) decision: &'a mut Decision,
}

/// What comes after a rule.
enum Turn {
    /// The next rule.
    Next,
    /// The next policy.
    EndPolicy,
    /// No rule at all.
    EndAll,
    /// The flow has something to do first, or for good.
    Say(Step),
}

/// The rule that is asked.
#[derive(Clone, Copy)]
struct Asked<'a> {
    policy: &'a CompiledPolicy,
    rule: &'a CompiledRule,
    /// Whether it only says what it would do.
    observes: bool,
}

// === impl Round ===

impl Round<'_> {
    pub(crate) fn ask_all(&mut self, policies: &[CompiledPolicy]) -> Step {
        let mut rest = policies.iter();
        while let Some(policy) = rest.next() {
            match self.ask_policy(policy) {
                Turn::Next | Turn::EndPolicy => {}
                Turn::Say(step) => return step,
                Turn::EndAll => {
                    self.decision.pass_over(u32::try_from(rest.len()).unwrap_or(u32::MAX));
                    return Step::Pass;
                }
            }
        }
        Step::Pass
    }

    fn ask_policy(&mut self, policy: &CompiledPolicy) -> Turn {
        if policy.position >= self.at.0 && !self.enter(policy) {
            return Turn::Next;
        }
        let Cursor(at) = self.at;
        let observes = policy.observes || self.facts.identity.observe;
        for rule in policy.rules.iter().filter(|rule| rule.position >= at) {
            match self.ask_rule(Asked { policy, rule, observes }) {
                Turn::Next => {}
                turn @ (Turn::EndPolicy | Turn::EndAll | Turn::Say(_)) => return turn,
            }
        }
        Turn::Next
    }

    /// Whether a policy is for this call. Most of an organization's policies are for others: that
    /// one is not asked is counted, and leaves nothing else.
    fn enter(&mut self, policy: &CompiledPolicy) -> bool {
        let outside = || matches!(ask_all(&policy.scope, self.facts, None), Finding::Misses(_));
        if policy.paused || outside() {
            self.decision.pass_over(1);
            return false;
        }
        self.decision.evaluated = true;
        self.decision.trace.rules.reserve(policy.rules.len());
        true
    }

    fn ask_rule(&mut self, asked: Asked<'_>) -> Turn {
        if !asked.rule.enabled {
            return self.pass_by(asked, Reason::Disabled);
        }
        let form = asked.rule.form(&self.facts.identity.agent);
        match ask_all(&form.conditions, self.facts, self.readings) {
            Finding::NeedsSpend => Turn::Say(Step::NeedSpend(Cursor(asked.rule.position))),
            Finding::Misses(reason) => self.pass_by(asked, reason),
            Finding::Errs(why) => self.err(asked, Reason::Erred { why }),
            Finding::Holds(Some(reason)) => self.carry_out(asked, &form.action, reason),
            Finding::Holds(None) if form.conditions.is_empty() => {
                self.carry_out(asked, &form.action, Reason::Unconditional)
            }
            Finding::Holds(None) => self.carry_out(asked, &form.action, Reason::AllConditions),
        }
    }

    fn pass_by(&mut self, asked: Asked<'_>, reason: Reason) -> Turn {
        self.decision.look(&asked.policy.name, &asked.rule.name, false, reason);
        Turn::Next
    }

    /// A rule that cannot say whether it matches is not skipped: that would let calls through.
    fn err(&mut self, asked: Asked<'_>, reason: Reason) -> Turn {
        match asked.policy.on_error {
            OnError::Allow => self.pass_by(asked, reason),
            OnError::Block => {
                let block = Action::Block { message: None, redirect_url: None };
                self.carry_out(asked, &block, reason)
            }
        }
    }

    /// Does what a rule says, and writes it down.
    fn carry_out(&mut self, asked: Asked<'_>, action: &Action, reason: Reason) -> Turn {
        let turn = self.act(asked, action, &reason);
        self.decision.look(&asked.policy.name, &asked.rule.name, true, reason);
        match turn {
            Turn::Next | Turn::EndPolicy if asked.rule.is_final && !asked.observes => Turn::EndAll,
            Turn::Next | Turn::EndPolicy | Turn::EndAll | Turn::Say(_) => turn,
        }
    }

    fn act(&mut self, asked: Asked<'_>, action: &Action, reason: &Reason) -> Turn {
        let by = asked.by();
        match action {
            Action::Warn { message } => {
                let message = told(message.as_ref(), reason);
                self.mark(Mark::Warned { by, message })
            }
            Action::Flag { message } => {
                let message = told(message.as_ref(), reason);
                self.mark(Mark::Flagged { by, message })
            }
            Action::Allow => {
                // A call that is only observed is allowed by what is in force.
                self.decision.allowed |= !asked.policy.observes;
                if asked.observes { Turn::Next } else { Turn::EndPolicy }
            }
            Action::Block { message, redirect_url } if !asked.observes => Turn::Say(Step::Block(
                asked.blocked(reason, message.as_ref(), redirect_url.clone()),
            )),
            Action::Block { .. } => self.mark(Mark::Observed { by, action: action.kind() }),
            Action::Downgrade { .. } | Action::Clip { .. } => match self.amendment(action) {
                None => Turn::Next,
                // Whether it would change the call is for the budgets to say.
                Some(Amendment::ClipToAfford { .. }) if asked.observes => Turn::Next,
                Some(_) if asked.observes => {
                    self.mark(Mark::Observed { by, action: action.kind() })
                }
                Some(amendment) => {
                    let otherwise = asked.rule.next();
                    Turn::Say(Step::Amend { amendment, by, otherwise })
                }
            },
        }
    }

    fn mark(&mut self, mark: Mark) -> Turn {
        self.decision.mark(mark);
        Turn::Next
    }

    /// How an action changes the call; `None` where the call is that way already, or was.
    fn amendment(&self, action: &Action) -> Option<Amendment> {
        let call = self.facts.call;
        match action {
            Action::Downgrade { model } => {
                let known = *model == call.model || self.facts.models_tried.contains(model);
                (!known).then(|| Amendment::Downgrade { model: Arc::clone(model) })
            }
            Action::Clip { to: None, floor } => Some(Amendment::ClipToAfford { floor: *floor }),
            Action::Clip { to: Some(to), floor } => {
                let output_cap = (*to).max(least_cap(call.thinking_budget, *floor));
                let respected = call.output_cap.is_some_and(|cap| cap <= output_cap);
                (!respected).then_some(Amendment::Clip { output_cap })
            }
            Action::Allow | Action::Block { .. } | Action::Warn { .. } | Action::Flag { .. } => {
                None
            }
        }
    }
}

/// A cap counts the tokens set aside for thinking, which cannot be clipped: the rest must still
/// be worth it.
const fn least_cap(thinking_budget: Tokens, floor: Tokens) -> Tokens {
    let answer = if floor.get() == 0 { Tokens(1) } else { floor };
    if thinking_budget.get() == 0 { floor } else { thinking_budget.plus(answer) }
}

/// The rule's own message, else the reason with its figures.
fn told(message: Option<&Arc<str>>, reason: &Reason) -> Arc<str> {
    message.map_or_else(|| reason.to_string().into(), Arc::clone)
}

// === impl Asked ===

impl Asked<'_> {
    fn by(&self) -> DecidedBy {
        let (policy, rule) = (self.policy.name.clone(), self.rule.name.clone());
        DecidedBy::Rule { policy, rule }
    }

    fn blocked(
        &self,
        reason: &Reason,
        message: Option<&Arc<str>>,
        redirect_url: Option<Arc<str>>,
    ) -> Blocked {
        let (policy, rule) = (&self.policy.name, &self.rule.name);
        let says_nothing = match reason {
            Reason::AllConditions | Reason::Unconditional => true,
            Reason::Cel { figures } => figures.is_empty(),
            _ => false,
        };
        let message = if message.is_none() && says_nothing {
            format!("the rule `{rule}` of `{policy}` blocks this call").into()
        } else {
            told(message, reason)
        };
        Blocked { by: self.by(), message, reason: reason.to_string(), redirect_url }
    }
}

#[cfg(test)]
mod tests;
