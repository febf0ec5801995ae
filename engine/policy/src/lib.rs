//! Policies and rules, compiled into a judge of calls.
//!
//! Policies are asked by ascending priority, their rules from top to bottom:
//!
//! | what matches | this policy | later policies | the call |
//! |---|---|---|---|
//! | `allow` | ends | are asked | goes on: no `allow` overrules another policy's `block` |
//! | `block` | ends | end | is refused |
//! | `warn`, `flag` | goes on | are asked | goes on, marked |
//! | `downgrade`, `clip` | starts again | start again | is changed, unless it was so already |
//!
//! A `final` rule that matches ends all policies, never budgets, limits or keys. A policy that
//! observes ends and changes nothing. A rule that errs is not skipped: its policy's `on_error`
//! decides.

mod policy;

mod compile;
mod flaw;
mod rules;

mod condition;
mod expression;
mod schedule;
mod sight;
mod spend;
mod terms;

mod round;

#[cfg(test)]
mod sample;

pub use compile::compile;
pub use flaw::{Flaw, Place, Warning};
pub use policy::{
    Action, AmountRange, Conditions, Mode, OnError, Override, Policy, PolicyScope, Rule, Schedule,
    SpendCondition, Status, TokenLimit,
};
pub use rules::Rules;
pub use terms::{NAMES, READERS, ReaderTerm, Term, TermKind};
