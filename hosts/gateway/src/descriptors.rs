//! Descriptors: how many files and sockets this process may have open, and who gets how many.
//!
//! | share | for |
//! |---|---|
//! | [`RESERVE`] | the store, the log, name lookups, the file: never given away |
//! | connections | clients, with a key or without |
//! | calls | one connection to a vendor for each call at once |
//! | idle | connections to vendors that are kept for the next call |
//!
//! Without shares, strangers who open connections and say nothing would take what the store needs.

use reins_config::ServerLimits;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::serve::ServeError;

/// Kept back for everything that is neither a client nor a vendor. In use there are some 40: the
/// database, its log and its lock (20), the journal's files and folder (5), the runtime (10), the
/// log and the listener (5). The rest is for what is opened for a moment: a second address of a
/// vendor that is tried beside the first, the file when it is read, a connection that is accepted
/// only to be refused.
const RESERVE: u64 = 128;
/// With less than this left, hardly a call could be made.
const LEAST: u64 = RESERVE + 64;
/// The most that is counted with: more connections and calls than any file may name.
const COUNTED_MAX: u64 = 1 << 24;
/// Idle connections to vendors: at most this part of what is left,
const IDLE_PART: u64 = 8;
/// and at most so many, a thousand each for some vendors.
const IDLE_MAX: u64 = 8_192;

/// Who gets how many descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// How many the process may have open.
    pub(crate) limit: u64,
    /// Connections of clients at once.
    pub(crate) connections: u32,
    /// Calls at once.
    pub(crate) calls: u32,
    /// Connections to vendors that nobody uses.
    pub(crate) idle: u32,
}

/// Raises the limit of this process as far as it may be raised, and shares it out.
///
/// # Errors
/// When so few are allowed that the store itself could run out of them.
pub(crate) fn share(asked: &ServerLimits) -> Result<Shares, ServeError> {
    let limit = raised();
    if limit < LEAST {
        return Err(ServeError::Descriptors { limit, least: LEAST });
    }
    let shares = Shares::of(limit, asked);
    let Shares { connections, calls, idle, .. } = shares;
    tracing::info!(limit, connections, calls, idle, "descriptors are shared out");
    if connections < asked.max_connections || calls < asked.max_calls {
        tracing::warn!(
            limit,
            connections,
            calls,
            max_connections = asked.max_connections,
            max_calls = asked.max_calls,
            "the limit of open files does not suffice for `max_connections` and `max_calls`, and \
             fewer are in force: raise it with `ulimit -n`, or LimitNOFILE in systemd"
        );
    }
    Ok(shares)
}

/// How many descriptors the process may have open.
pub(crate) fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.map_or(COUNTED_MAX, |limit| limit.min(COUNTED_MAX))
}

/// The limit, after it was raised from what a shell gives to what the system allows.
fn raised() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        if let Err(error) = raised {
            tracing::warn!(%error, "the limit of open files could not be raised");
        }
    }
    limit()
}

/// Whether a failure to open a socket is of this machine: it has no descriptor, memory or port left.
pub(crate) fn is_exhausted(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.and_then(Errno::from_io_error).is_some_and(is_exhaustion) {
            return true;
        }
        // WHY: an error of the system that wraps another skips it when asked for its source.
        let wrapped = io.and_then(std::io::Error::get_ref);
        cause = wrapped.map_or_else(|| error.source(), |inner| Some(inner));
    }
    false
}

fn is_exhaustion(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::ADDRNOTAVAIL
    )
}

// === impl Shares ===

impl Shares {
    /// Shares out `limit`, in which all that the file asks for may not fit.
    pub(crate) fn of(limit: u64, asked: &ServerLimits) -> Self {
        let left = limit.saturating_sub(RESERVE);
        let idle = (left / IDLE_PART).min(IDLE_MAX);
        let left = left - idle;
        let (clients, calls) = (u64::from(asked.max_connections), u64::from(asked.max_calls));
        // A call has a client, and a client that rests between two calls has none: so clients get
        // the larger half, unless one of the two asks for less.
        let calls = calls.min((left * 3 / 7).max(left.saturating_sub(clients)));
        let connections = clients.min(left - calls);
        Self { limit, connections: count(connections), calls: count(calls), idle: count(idle) }
    }
}

fn count(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    //! Who gets how many.
    use std::io;
    use std::time::Duration;

    use reins_config::{Drain, ServerLimits};

    use super::{RESERVE, Shares, is_exhausted};

    fn shares(limit: u64, max_connections: u32, max_calls: u32) -> Shares {
        let drain = Drain { max_calls: 1, max_bytes: 1, timeout: Duration::ZERO };
        let asked = ServerLimits {
            max_body_bytes: 1,
            max_bodies_bytes: 1,
            header_timeout: Duration::ZERO,
            body_timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
            max_connections,
            max_calls,
            shutdown_timeout: Duration::ZERO,
            drain,
        };
        Shares::of(limit, &asked)
    }

    #[test]
    fn all_shares_fit_into_what_is_left() {
        for limit in [192, 256, 1_024, 4_096, 65_536, 1 << 20] {
            for (connections, calls) in [(16_384, 8_192), (16_384, 10), (10, 8_192), (1, 1)] {
                let got = shares(limit, connections, calls);
                let sum = got.connections + got.calls + got.idle;
                assert!(u64::from(sum) + RESERVE <= limit, "{got:?}");
                assert!(got.connections >= 1 && got.calls >= 1 && got.idle >= 1, "{got:?}");
                assert!(got.connections <= connections && got.calls <= calls, "{got:?}");
            }
        }
    }

    #[test]
    fn where_all_fits_each_gets_what_it_asks_for() {
        let got = shares(65_536, 16_384, 8_192);
        assert_eq!((got.connections, got.calls), (16_384, 8_192));
        let few = shares(1_024, 16_384, 8_192);
        assert_eq!((few.connections, few.calls, few.idle), (448, 336, 112));
        assert_eq!(shares(1_024, 16_384, 20).connections, 764, "what calls do not need");
    }

    #[test]
    fn what_is_of_this_machine_is_told_from_what_is_of_the_vendor() {
        for (code, ours) in [(24, true), (23, true), (99, true), (111, false), (104, false)] {
            let error = io::Error::other(io::Error::from_raw_os_error(code));
            assert_eq!(is_exhausted(&error), ours, "{code}");
        }
    }
}
