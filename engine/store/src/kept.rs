//! A record as it is kept in memory until it is in the database: itself, and the bytes that stand
//! for it in the journal, encoded once and without a lock.

use reins_governor::{RecordError, Scopes, Transaction, Usd};

/// A record or a draft, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) transaction: Transaction,
    /// The whole form, or the closing alone where the entry of the intent has the opening.
    pub(crate) form: Box<[u8]>,
}

// === impl Kept ===

impl Kept {
    /// A record with its whole form.
    pub(crate) fn whole(transaction: Transaction) -> Result<Self, RecordError> {
        let form = transaction.encode()?.into_boxed_slice();
        Ok(Self { transaction, form })
    }

    /// A record with its closing alone.
    pub(crate) fn closing(transaction: Transaction) -> Result<Self, RecordError> {
        let form = transaction.encode_closing()?.into_boxed_slice();
        Ok(Self { transaction, form })
    }

    /// Reads back a whole form.
    pub(crate) fn read(form: &[u8]) -> Result<Self, RecordError> {
        Ok(Self { transaction: Transaction::decode(form)?, form: form.into() })
    }

    /// The number of the try under way, or of the last one, and what was set aside for it.
    pub(crate) fn last_try(&self) -> (u32, Usd) {
        let last = self.transaction.attempts.last();
        last.map_or((0, Usd::ZERO), |attempt| (attempt.number, attempt.held))
    }

    /// The most that the last try can cost: where a budget holds what is typical, that is more than
    /// was set aside.
    pub(crate) fn most(&self) -> Usd {
        let (_, held) = self.last_try();
        held.max(self.transaction.opening.bound.unwrap_or_default())
    }

    /// Every scope the call touches.
    pub(crate) fn scopes(&self) -> Scopes {
        self.transaction.opening.who.scopes()
    }
}
