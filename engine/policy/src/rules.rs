//! The compiled policies of one snapshot: the judge itself.

use reins_governor::{Cursor, Decision, Facts, Judge, Name, Pattern, ReadKey, Readings, Step};

use crate::condition::Condition;
use crate::round::Round;
use crate::{Action, OnError};

/// Compiled policies. Made by [`compile`](crate::compile()).
#[derive(Clone, Debug)]
pub struct Rules {
    /// In the order in which they are asked.
    pub(crate) policies: Vec<CompiledPolicy>,
    /// Every figure of spend that a rule in force reads.
    pub(crate) reads: Vec<ReadKey>,
}

/// A policy, ready to ask.
#[derive(Clone, Debug)]
pub(crate) struct CompiledPolicy {
    pub(crate) name: Name,
    /// Where a judge that goes on finds it: cursors count policies and rules alike, flat.
    pub(crate) position: u32,
    pub(crate) paused: bool,
    pub(crate) observes: bool,
    pub(crate) on_error: OnError,
    pub(crate) scope: Vec<Condition>,
    pub(crate) rules: Vec<CompiledRule>,
}

/// A rule, ready to ask.
#[derive(Clone, Debug)]
pub(crate) struct CompiledRule {
    pub(crate) name: Name,
    pub(crate) position: u32,
    pub(crate) enabled: bool,
    pub(crate) is_final: bool,
    /// For everybody whom no override is for.
    pub(crate) plain: Form,
    /// For some agents, in order: the first that matches counts.
    pub(crate) overrides: Vec<(Vec<Pattern>, Form)>,
}

/// What a rule asks, and does.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    /// Those that read spend stand last.
    pub(crate) conditions: Vec<Condition>,
    pub(crate) action: Action,
}

// === impl Rules ===

impl Rules {
    /// Puts policies in the order of their priorities; of equals, the first one stays first.
    pub(crate) fn new(mut policies: Vec<(i64, CompiledPolicy)>, reads: Vec<ReadKey>) -> Self {
        policies.sort_by_key(|(priority, _)| *priority);
        let mut policies: Vec<_> = policies.into_iter().map(|(_, policy)| policy).collect();
        let mut positions = 0_u32..;
        for policy in &mut policies {
            policy.position = positions.next().unwrap_or(u32::MAX);
            for rule in &mut policy.rules {
                rule.position = positions.next().unwrap_or(u32::MAX);
            }
        }
        Self { policies, reads }
    }
}

impl Judge for Rules {
    fn reads(&self) -> &[ReadKey] {
        &self.reads
    }

    fn run(
        &self,
        facts: &Facts<'_>,
        at: Cursor,
        readings: Option<&Readings>,
        decision: &mut Decision,
    ) -> Step {
        Round { facts, at, readings, decision }.ask_all(&self.policies)
    }
}

// === impl CompiledRule ===

impl CompiledRule {
    /// What the rule is for this agent.
    pub(crate) fn form(&self, agent: &str) -> &Form {
        let meant = |(agents, _): &&(Vec<Pattern>, Form)| agents.iter().any(|p| p.matches(agent));
        self.overrides.iter().find(meant).map_or(&self.plain, |(_, form)| form)
    }

    /// Where a judge goes on that has carried out this rule.
    pub(crate) const fn next(&self) -> Cursor {
        if self.is_final { Cursor::END } else { Cursor(self.position.saturating_add(1)) }
    }
}
