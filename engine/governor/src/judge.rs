//! The judge: what policies say of a call, one step at a time.

use std::fmt;
use std::sync::Arc;

use crate::{Amendment, DecidedBy, Decision, Facts, ReadKey, Readings};

/// Where a judge goes on after the hold was taken. Zero is the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor(pub u32);

/// What a judge says next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Every rule was looked at, and none stops the call.
    Pass,
    /// A rule stops the call.
    Block(Blocked),
    /// The next rule reads spend: hold, then go on there.
    NeedSpend(Cursor),
    /// A rule changes the call; the change is made and the rules start again.
    Amend {
        /// The change.
        amendment: Amendment,
        /// Whose it is.
        by: DecidedBy,
        /// Where the judge goes on if the change is none: it asks for a model that was tried
        /// already, or that is not sold where the call goes.
        otherwise: Cursor,
    },
}

/// Who stopped a call by the policies, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Whose block it is.
    pub by: DecidedBy,
    /// The sentence for the caller: the rule's message, else the reason with its figures,
    /// else whose rule it is.
    pub message: Arc<str>,
    /// The reason with its figures, as in the trace.
    pub reason: String,
    /// Where the rule sends people to.
    pub redirect_url: Option<Arc<str>>,
}

/// The compiled policies of one snapshot.
pub trait Judge: Send + Sync + fmt::Debug {
    /// Every figure of spend that some rule reads, so that the ledger counts it.
    fn reads(&self) -> &[ReadKey];

    /// Looks at rules from `at` on, in order, writing into `decision` what was looked at and what
    /// goes on record. `readings` has one entry per key of [`Judge::reads`], once money is held.
    fn run(
        &self,
        facts: &Facts<'_>,
        at: Cursor,
        readings: Option<&Readings>,
        decision: &mut Decision,
    ) -> Step;
}

// === impl Cursor ===

impl Cursor {
    /// Before the first rule.
    pub const START: Self = Self(0);
    /// After the last rule, however many there are: a judge asked to go on here passes.
    pub const END: Self = Self(u32::MAX);
}
