//! The text of a request, for who must know it more closely than by its bytes.

use std::fmt;

use crate::{Call, Tokens};

/// Counts the text of one request. It never shows it.
pub trait Text: fmt::Debug + Send + Sync {
    /// At most how many tokens the text has for the vendor and model of `call`; `None` where nobody
    /// knows how they count.
    fn tokens(&self, call: &Call) -> Option<Tokens>;
}
