//! Log throttle: an event that may occur at any rate is logged once a minute, with its count.

use std::time::Duration;

use parking_lot::Mutex;

/// How often it is logged.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// One kind of event.
#[derive(Debug, Default)]
pub struct LogThrottle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    logged: Option<Duration>,
    count: u64,
}

// === impl LogThrottle ===

impl LogThrottle {
    /// Counts an event. The events since the last log line, where one is due.
    pub fn due(&self, now: Duration) -> Option<u64> {
        let mut state = self.0.lock();
        state.count = state.count.saturating_add(1);
        let fresh = state.logged.is_some_and(|logged| now.saturating_sub(logged) < LOG_EVERY);
        if fresh {
            return None;
        }
        state.logged = Some(now);
        Some(std::mem::take(&mut state.count))
    }
}

#[cfg(test)]
mod tests {
    //! When a line is due.
    use std::time::Duration;

    use super::LogThrottle;

    #[test]
    fn a_line_is_due_at_once_and_then_once_a_minute() {
        let throttle = LogThrottle::default();
        let at = |seconds| throttle.due(Duration::from_secs(seconds));
        assert_eq!([at(0), at(1), at(59), at(60), at(61)], [Some(1), None, None, Some(3), None]);
    }
}
