//! What a host is started with.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use reins_governor::Clock;

/// Looks up an environment variable.
pub type Variables = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a host is started with.
#[derive(Clone)]
pub struct Start {
    /// The main file. The further organizations' lie in the folder `organizations` beside it.
    pub config: PathBuf,
    /// The environment.
    pub variables: Variables,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Losses that the operator accepts.
    pub accepted: Accepted,
}

/// Losses that the operator accepts at this start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Entries of the journal that are missing.
    pub loss: bool,
    /// The root secret, and with it every key that was made under it.
    pub lost_secret: bool,
}

impl fmt::Debug for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Start").field("config", &self.config).finish_non_exhaustive()
    }
}
