//! The words of Reins and the flow of a governed call.
//!
//! Read `admit.rs` first: it is the flow. Everything else here is a word it uses. This crate is
//! pure: it knows no runtime, no server, no SQL and no wasm, and time is always an argument.

mod admit;
mod admitted;
mod case;

mod action;
mod call;
mod clock;
mod fee;
mod identity;
mod name;
mod scope;
mod text;
mod words;

mod money;
mod usage;

mod prices;

mod budget;
mod pattern;
mod window;

mod ledger;
mod readings;

mod condition_kind;
mod decided;
mod judge;
mod replay;
mod trace;

mod form;
mod opening;
mod refusal;
mod snapshot;
mod transaction;

#[cfg(any(test, feature = "samples"))]
pub mod samples;

pub use action::Action;
pub use admit::{Asking, Turned, admit, turn_away};
pub use admitted::{Admitted, Answered, Closed, Ending, NotAgain};
pub use budget::{Budget, BudgetScope, Budgets, HoldMode, OnExceed};
pub use call::{Amendment, Call, Endpoint, Facts, InputSize, ServiceTier, Wording};
pub use clock::Clock;
pub use condition_kind::ConditionKind;
pub use decided::DecidedBy;
pub use fee::ModelFee;
pub use identity::{Environment, Identity, KeyId, has_key_form, holds_key_form};
pub use judge::{Blocked, Cursor, Judge, Step};
pub use ledger::{
    Ask, Charge, Claim, End, Fault, Held, HoldId, Holding, Ledger, LedgerFuture, Overshoot,
    PresumeReason, Receipt, Short, Unheld, VoidReason,
};
pub use money::{MoneyError, Picos, Usd};
pub use name::{Name, NameError};
pub use opening::Opening;
pub use pattern::{Pattern, PatternError};
pub use prices::{Bound, Cost, NoBound, Prices};
pub use readings::{ReadKey, Reading, Readings, SpendRead, Standing};
pub use refusal::{BudgetStop, Refusal, Unbounded, Unidentified};
pub use replay::Agreement;
pub use scope::{Scope, ScopeKind, Scopes};
pub use snapshot::Snapshot;
pub use text::Text;
pub use trace::{Decision, Looked, Mark, Matched, Reason, TokenKind, Trace, TraceDigest};
pub use transaction::{
    Accuracy, Attempt, Latency, Outcome, RECORD_VERSION, RecordError, Status, Transaction,
    TransactionId,
};
pub use usage::Usage;
pub use window::{Window, WindowError};
