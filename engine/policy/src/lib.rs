//! Policies and rules, compiled into a judge of calls.

mod policy;

pub use policy::{
    Action, AmountRange, Conditions, Mode, OnError, Override, Policy, PolicyScope, Rule, Schedule,
    SpendCondition, Status, TokenLimit,
};
