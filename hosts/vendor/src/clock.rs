//! The one place that reads the wall clock; only ids and `created` fields depend on it.

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970 (UTC).
#[expect(clippy::disallowed_methods, reason = "this is the clock.rs the ban points to")]
pub(crate) fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs())
}
