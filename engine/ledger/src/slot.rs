//! Slots: the grain in which spend is kept.

use reins_governor::{Scope, Usd};

/// The length of a slot. Every UTC offset in use is a multiple of five minutes, so every window of
/// every zone is a whole number of slots.
pub const SLOT_SECONDS: i64 = 300;

/// What one scope spent in one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its first second, in ledger time where it is kept: see [`crate::Timeline`].
    pub start: i64,
    /// Charged.
    pub spent: Usd,
    /// Calls.
    pub calls: u64,
}

/// A change to what one scope spent in one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Whose spend.
    pub scope: Scope,
    /// The first second of the slot the call was held in, in ledger time.
    pub slot: i64,
    /// The change in nano-USD; a correction may be negative.
    pub nanos: i64,
    /// The change in calls.
    pub calls: i64,
}

/// The slot that `second` is in.
pub(crate) const fn slot_of(second: i64) -> i64 {
    floor(second, SLOT_SECONDS)
}

/// The largest multiple of `width` that is not after `second`.
pub(crate) const fn floor(second: i64, width: i64) -> i64 {
    second.saturating_sub(second.rem_euclid(width))
}
