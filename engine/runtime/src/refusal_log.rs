//! The log of refusals that leave no record: one line a minute for each source, with how many there
//! were, so that no caller can fill a log.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use reins_governor::{Name, Refusal, Scope};

/// How often one source is told of.
const TELL_EVERY: Duration = Duration::from_secs(60);

/// Sources that are told apart within a minute, some hundred KB; beyond them they are told of
/// together. Names and addresses are the callers' to choose.
const SOURCES_MAX: usize = 1024;

/// What was told lately, and what was not.
#[derive(Debug, Default)]
pub(crate) struct RefusalLog {
    told: Mutex<HashMap<(&'static str, Source), Told>>,
}

/// The other end of a client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// An address.
    Address(IpAddr),
    /// A socket of this machine that has no address.
    Socket,
}

/// Who makes calls that are refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Source {
    /// A scope of an organization.
    Known(Name, Scope),
    /// Clients at this address, or on a socket of this machine.
    Peer(Peer),
    /// Anybody, where there are too many to tell them apart.
    Others,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    at: Duration,
    /// Refusals since then.
    since: u64,
}

// === impl RefusalLog ===

impl RefusalLog {
    /// Logs a refusal of a call by `peer`, unless that was done within the last minute.
    pub(crate) fn log(
        &self,
        refusal: &Refusal,
        organization: Option<&Name>,
        peer: Peer,
        now: Duration,
    ) {
        let source = match (refusal, organization) {
            (Refusal::RateLimited { scope, .. }, Some(of)) => {
                Source::Known(of.clone(), scope.clone())
            }
            _ => Source::Peer(peer),
        };
        if let Some(calls) = self.due(refusal.code(), &source, now) {
            let (code, organization) = (refusal.code(), organization.map(tracing::field::display));
            tracing::warn!(
                code, organization, %source, calls, why = %refusal, "calls were refused"
            );
        }
    }

    /// How many there were since this was last told, if it is time to tell it.
    fn due(&self, code: &'static str, source: &Source, now: Duration) -> Option<u64> {
        let mut told = self.told.lock();
        let fresh = |told: &Told| now.saturating_sub(told.at) < TELL_EVERY;
        let mut name = (code, source.clone());
        if !told.contains_key(&name) && told.len() >= SOURCES_MAX {
            told.retain(|_, told| fresh(told));
            if told.len() >= SOURCES_MAX {
                name.1 = Source::Others;
            }
        }
        let Some(last) = told.get_mut(&name) else {
            told.insert(name, Told { at: now, since: 0 });
            return Some(1);
        };
        last.since = last.since.saturating_add(1);
        if fresh(last) {
            return None;
        }
        let calls = last.since;
        *last = Told { at: now, since: 0 };
        Some(calls)
    }
}

// === impl Peer ===

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Socket => f.write_str("a socket of this machine"),
        }
    }
}

// === impl Source ===

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(_, scope) => scope.fmt(f),
            Self::Peer(peer) => peer.fmt(f),
            Self::Others => f.write_str("others"),
        }
    }
}

#[cfg(test)]
mod tests {
    //! How often who is told of.
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use super::{Peer, RefusalLog, SOURCES_MAX, Source};

    fn address(number: usize) -> Source {
        let [.., c, d] = number.to_be_bytes();
        Source::Peer(Peer::Address(IpAddr::V4(Ipv4Addr::new(10, 0, c, d))))
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_source_is_told_of_once_a_minute_with_how_many_there_were() {
        let log = RefusalLog::default();
        let told = |at| log.due("invalid_key", &address(1), seconds(at));
        let all: Vec<_> = [100, 100, 130, 159, 160, 161, 500].map(told).into();
        assert_eq!(all, [Some(1), None, None, None, Some(4), None, Some(2)]);
    }

    #[test]
    fn sources_and_codes_are_told_apart() {
        let log = RefusalLog::default();
        let told = |code, from| log.due(code, &address(from), seconds(1));
        assert_eq!(told("invalid_key", 1), Some(1));
        assert_eq!(told("invalid_key", 2), Some(1));
        assert_eq!(told("service_unavailable", 1), Some(1));
        assert_eq!(told("invalid_key", 1), None);
    }

    #[test]
    fn a_crowd_is_told_of_together_and_forgotten() {
        let log = RefusalLog::default();
        let told = |from, at| log.due("invalid_key", &address(from), seconds(at));
        let lines = (0..3 * SOURCES_MAX).filter_map(|from| told(from, 1)).count();
        assert_eq!(lines, SOURCES_MAX + 1);
        assert_eq!(log.told.lock().len(), SOURCES_MAX + 1);
        assert_eq!(told(9_999, 61), Some(1));
        assert_eq!(log.told.lock().len(), 1);
    }
}
