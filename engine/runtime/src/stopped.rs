//! A call that was stopped: why, and what is known of it.

use reins_governor::{Name, Refusal, TransactionId, Turned};

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

// === impl Stopped ===

impl Stopped {
    /// The same, of a caller of this organization.
    pub fn of(self, organization: &Name) -> Self {
        Self { organization: Some(organization.clone()), ..self }
    }
}

impl From<Refusal> for Box<Stopped> {
    fn from(refusal: Refusal) -> Self {
        Self::new(Stopped { refusal, id: None, organization: None })
    }
}

impl From<Box<Turned>> for Box<Stopped> {
    fn from(turned: Box<Turned>) -> Self {
        let Turned { id, refusal, .. } = *turned;
        Self::new(Stopped { refusal, id: Some(id), organization: None })
    }
}
