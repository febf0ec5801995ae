//! The clock as an argument: hosts read the real one, tests turn a fake one.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

/// What time it is.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The wall clock, for windows, records and expiry.
    fn now(&self) -> Timestamp;

    /// A clock that never goes back, from any origin: for latencies, and for telling when the wall
    /// clock jumps. Best one that also runs while the machine sleeps.
    fn monotonic(&self) -> Duration;
}
