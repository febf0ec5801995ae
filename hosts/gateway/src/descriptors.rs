//! File descriptors: how many this process may have open, and how they are divided.
//!
//! | share | for |
//! |---|---|
//! | [`RESERVE`] | the store, the log, name lookups, the configuration file |
//! | connections | clients, with or without a key |
//! | calls | one connection to a vendor for each call at once |
//! | idle | connections to vendors that are kept for later calls |
//!
//! Without it, clients that open connections and send nothing use up what the store needs.

use reins_config::ServerLimits;
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::serve::ServeError;

/// Reserved for everything that is neither a client's nor a vendor's connection. An idle gateway
/// has 30 open; the rest is for short-lived ones: a vendor's second address that is tried
/// beside the first, the configuration file, a connection that is accepted only to be refused.
const RESERVE: u64 = 128;
/// The least limit to start with: room for a dozen calls beside the reserve.
const LEAST: u64 = RESERVE + 64;
/// The highest limit that is counted with: more than a configuration can use.
const COUNTED_MAX: u64 = 1 << 24;
/// Idle connections to vendors get one in so many of the descriptors beyond the reserve: without
/// them each call opens a connection, which is slower and no failure.
const IDLE_PART: u64 = 8;
/// The most idle connections: a thousand for each of eight vendors.
const IDLE_MAX: u64 = 8_192;

/// The division of the descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// How many the process may have open.
    pub(crate) limit: u64,
    /// Connections of clients at once.
    pub(crate) connections: u32,
    /// Calls at once.
    pub(crate) calls: u32,
    /// Idle connections to vendors.
    pub(crate) idle: u32,
}

/// Raises the soft limit of this process to the hard one, and divides it. Each of the `files` of
/// further organizations has one descriptor for what the kernel reports of it; those that come
/// later take theirs from the reserve.
///
/// # Errors
/// When the limit is lower than [`LEAST`].
pub(crate) fn share(asked: &ServerLimits, files: usize) -> Result<Shares, ServeError> {
    let (limit, files) = (raised(), u64::try_from(files).unwrap_or(u64::MAX));
    let least = LEAST.saturating_add(files);
    if limit < least {
        return Err(ServeError::Descriptors { limit, least });
    }
    let shares = Shares::of(limit.saturating_sub(files), asked);
    let Shares { connections, calls, idle, .. } = shares;
    tracing::info!(limit, connections, calls, idle, "the file descriptors are divided");
    if connections < asked.max_connections || calls < asked.max_calls {
        tracing::warn!(
            limit,
            connections,
            calls,
            max_connections = asked.max_connections,
            max_calls = asked.max_calls,
            "the limit of open files is too low for `max_connections` and `max_calls`: fewer are \
             in force; raise it with `ulimit -n`, or LimitNOFILE in systemd"
        );
    }
    Ok(shares)
}

/// The limit of this process.
pub(crate) fn limit() -> u64 {
    getrlimit(Resource::Nofile).current.map_or(COUNTED_MAX, |limit| limit.min(COUNTED_MAX))
}

/// The limit of this process, after it was raised.
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

/// Whether a connection failed because this machine has no descriptor, memory or port left.
pub(crate) fn is_exhausted(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.and_then(Errno::from_io_error).is_some_and(is_exhaustion) {
            return true;
        }
        // WHY: `io::Error::source` skips the error that it wraps.
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
    /// Divides `limit`, which may be too low for all that the configuration asks for.
    pub(crate) fn of(limit: u64, asked: &ServerLimits) -> Self {
        let left = limit.saturating_sub(RESERVE);
        let idle = (left / IDLE_PART).min(IDLE_MAX);
        let left = left - idle;
        let (clients, calls) = (u64::from(asked.max_connections), u64::from(asked.max_calls));
        // Each call has a client, and an idle client has no call: clients get four sevenths, calls
        // three, unless one of the two asks for less.
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
    //! How a limit is divided.
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
    fn a_high_limit_gives_all_that_is_asked_for() {
        let got = shares(65_536, 16_384, 8_192);
        assert_eq!((got.connections, got.calls), (16_384, 8_192));
        let few = shares(1_024, 16_384, 8_192);
        assert_eq!((few.connections, few.calls, few.idle), (448, 336, 112));
        assert_eq!(shares(1_024, 16_384, 20).connections, 764, "what calls do not need");
    }

    #[test]
    fn a_lack_of_descriptors_is_told_from_a_vendor_that_is_down() {
        for (code, ours) in [(24, true), (23, true), (99, true), (111, false), (104, false)] {
            let error = io::Error::other(io::Error::from_raw_os_error(code));
            assert_eq!(is_exhausted(&error), ours, "{code}");
        }
    }
}
