//! A call that was stopped: why, and what is known of it.

use reins_governor::{Name, Refusal, TransactionId};

/// A call that was stopped.
#[derive(Debug)]
pub struct Stopped {
    /// Why.
    pub refusal: Refusal,
    /// Its record, where there is one.
    pub id: Option<TransactionId>,
    /// Its organization, where the caller was recognised.
    pub organization: Option<Name>,
}

/// Marks the answer to a call whose caller was not recognised: its connection may be evicted.
#[derive(Clone, Copy, Debug)]
pub struct Unrecognised;

impl From<Refusal> for Box<Stopped> {
    fn from(refusal: Refusal) -> Self {
        Self::new(Stopped { refusal, id: None, organization: None })
    }
}
