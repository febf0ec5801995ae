//! The text of a request, counted by its dialect where its bytes do not fit into a budget.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use reins_dialects::Dialect;
use reins_governor::{Call, Text, Tokens};
use tokio::runtime::{Handle, RuntimeFlavor};

/// A body, held until its call is admitted or turned away. Never shown.
pub(crate) struct BodyText {
    dialect: Arc<dyn Dialect>,
    body: Bytes,
}

// === impl BodyText ===

impl BodyText {
    pub(crate) fn of(dialect: &Arc<dyn Dialect>, body: &Bytes) -> Arc<dyn Text> {
        Arc::new(Self { dialect: Arc::clone(dialect), body: body.clone() })
    }
}

impl Text for BodyText {
    /// Other calls are handed to another thread meanwhile, where there is one.
    fn tokens(&self, call: &Call) -> Option<Tokens> {
        let count = || self.dialect.text_tokens(&self.body, call);
        match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
            Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(count),
            Ok(_) | Err(_) => count(),
        }
    }
}

impl fmt::Debug for BodyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyText").field("dialect", &self.dialect).finish_non_exhaustive()
    }
}
