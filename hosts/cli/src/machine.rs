//! The machine: what a command gets from outside, in one place.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use reins_governor::Clock;
use reins_runtime::{MachineClock, Variables};

/// What a command gets from outside.
#[derive(Clone)]
pub(crate) struct Machine {
    /// The environment.
    pub(crate) variables: Variables,
    /// The clock.
    pub(crate) clock: Arc<dyn Clock>,
}

// === impl Machine ===

impl Machine {
    /// The machine that this runs on.
    #[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
    pub(crate) fn this() -> Self {
        Self {
            variables: Arc::new(|name| std::env::var(name).ok()),
            clock: Arc::new(MachineClock::new()),
        }
    }

    /// The day whose prices hold.
    pub(crate) fn today(&self) -> Date {
        self.clock.now().to_zoned(TimeZone::UTC).date()
    }

    /// The value of a variable that is set to something.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        (self.variables)(name).filter(|value| !value.is_empty())
    }
}
