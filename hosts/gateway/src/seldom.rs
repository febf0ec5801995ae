//! Seldom: what can happen at any rate is told once a minute, with how often it did.

use std::time::Duration;

use parking_lot::Mutex;

/// How often it is told.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// One thing that can happen.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    told: Option<Duration>,
    since: u64,
}

// === impl Seldom ===

impl Seldom {
    /// It happened. How often it did since it was last told, if it is time to tell it.
    pub(crate) fn due(&self, now: Duration) -> Option<u64> {
        let mut state = self.0.lock();
        state.since = state.since.saturating_add(1);
        let fresh = state.told.is_some_and(|told| now.saturating_sub(told) < TELL_EVERY);
        if fresh {
            return None;
        }
        state.told = Some(now);
        Some(std::mem::take(&mut state.since))
    }
}

#[cfg(test)]
mod tests {
    //! How often it is told.
    use std::time::Duration;

    use super::Seldom;

    #[test]
    fn it_is_told_at_once_and_then_once_a_minute() {
        let seldom = Seldom::default();
        let at = |seconds| seldom.due(Duration::from_secs(seconds));
        assert_eq!([at(0), at(1), at(59), at(60), at(61)], [Some(1), None, None, Some(3), None]);
    }
}
