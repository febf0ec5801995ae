//! A tally: what was spent and is held over one stretch of time.
//!
//! Sums are so wide that nothing saturates before it is reported: an amount that was added can
//! always be taken out again.

use reins_governor::{HoldMode, Reading, Usd};

/// What a call in flight holds, in the two ways a budget may count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amounts {
    /// The most it can cost.
    pub(crate) bound: Usd,
    /// What such calls cost lately; never more than the bound.
    pub(crate) typical: Usd,
}

/// Sums over one stretch of time, in nano-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    spent: u128,
    bound: u128,
    typical: u128,
    /// Calls that were charged.
    calls: u64,
    /// Calls in flight.
    open: u64,
}

// === impl Amounts ===

impl Amounts {
    pub(crate) const fn by(self, mode: HoldMode) -> Usd {
        match mode {
            HoldMode::Bound => self.bound,
            HoldMode::Typical => self.typical,
        }
    }
}

// === impl Tally ===

impl Tally {
    pub(crate) fn kept(spent: Usd, calls: u64) -> Self {
        Self { spent: wide(spent), calls, ..Self::default() }
    }

    pub(crate) fn hold(&mut self, amounts: Amounts) {
        self.bound += wide(amounts.bound);
        self.typical += wide(amounts.typical);
        self.open += 1;
    }

    pub(crate) fn release(&mut self, amounts: Amounts) {
        self.bound = self.bound.saturating_sub(wide(amounts.bound));
        self.typical = self.typical.saturating_sub(wide(amounts.typical));
        self.open = self.open.saturating_sub(1);
    }

    /// Adds a charge, or corrects one when negative.
    pub(crate) fn post(&mut self, nanos: i64, calls: u64) {
        let amount = u128::from(nanos.unsigned_abs());
        self.spent = if nanos < 0 {
            self.spent.saturating_sub(amount)
        } else {
            self.spent.saturating_add(amount)
        };
        self.calls = self.calls.saturating_add(calls);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.spent += other.spent;
        self.bound += other.bound;
        self.typical += other.typical;
        self.calls = self.calls.saturating_add(other.calls);
        self.open += other.open;
    }

    pub(crate) fn take(&mut self, other: &Self) {
        self.spent = self.spent.saturating_sub(other.spent);
        self.bound = self.bound.saturating_sub(other.bound);
        self.typical = self.typical.saturating_sub(other.typical);
        self.calls = self.calls.saturating_sub(other.calls);
        self.open = self.open.saturating_sub(other.open);
    }

    pub(crate) fn spent(&self) -> Usd {
        narrow(self.spent)
    }

    /// What was spent before the last `nanos` were posted.
    pub(crate) fn spent_before(mut self, nanos: i64) -> Usd {
        self.post(nanos.saturating_neg(), 0);
        self.spent()
    }

    pub(crate) fn held(&self, mode: HoldMode) -> Usd {
        narrow(self.held_nanos(mode))
    }

    /// Spent and held, in nano-USD.
    pub(crate) const fn used_nanos(&self, mode: HoldMode) -> u128 {
        self.spent + self.held_nanos(mode)
    }

    /// Whether `amount` more stays within `limit`.
    pub(crate) fn fits(&self, amount: Usd, limit: Usd, mode: HoldMode) -> bool {
        self.used_nanos(mode) + wide(amount) <= wide(limit)
    }

    /// Whether `amount` more would stay within `limit` if the calls in flight cost nothing.
    pub(crate) fn fits_spent(&self, amount: Usd, limit: Usd) -> bool {
        self.spent + wide(amount) <= wide(limit)
    }

    /// How far `limit` is passed, should all that is in flight cost its bound.
    pub(crate) fn overshoot(&self, limit: Usd) -> Usd {
        narrow(self.used_nanos(HoldMode::Bound).saturating_sub(wide(limit)))
    }

    pub(crate) fn reading(&self) -> Reading {
        Reading {
            spent: self.spent(),
            held: self.held(HoldMode::Bound),
            calls: self.calls.saturating_add(self.open),
        }
    }

    /// What is held, without what is spent.
    pub(crate) const fn in_flight(self) -> Self {
        Self { spent: 0, calls: 0, ..self }
    }

    const fn held_nanos(&self, mode: HoldMode) -> u128 {
        match mode {
            HoldMode::Bound => self.bound,
            HoldMode::Typical => self.typical,
        }
    }
}

fn wide(amount: Usd) -> u128 {
    u128::from(amount.nanos())
}

fn narrow(nanos: u128) -> Usd {
    Usd::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
