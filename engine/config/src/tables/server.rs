//! `[server]`: what keeps the server itself in bounds.

use std::time::Duration;

use crate::process::{Drain, ServerLimits};
use crate::reader::{Reader, Spellings};
use crate::value::Value;

/// The limits of a file that names none.
pub(crate) const DEFAULT: ServerLimits = ServerLimits {
    // Long contexts with some images; beyond it 413.
    max_body_bytes: 32 << 20,
    // 64 KiB for each of the calls at once.
    max_bodies_bytes: 512 << 20,
    // A client on any network writes its headers within this.
    header_timeout: Duration::from_secs(10),
    // 32 MiB at 9 Mbit/s.
    body_timeout: Duration::from_secs(30),
    // Longer than usual clients keep a connection, so that they close it, not we.
    idle_timeout: Duration::from_secs(75),
    // Two sockets each stay well below 65,536 open files.
    max_connections: 16_384,
    // Beyond it, an overload would only queue: 503 at once is better.
    max_calls: 8_192,
    // Most streams in flight end within two minutes.
    shutdown_timeout: Duration::from_secs(120),
    drain: Drain {
        // Callers that leave are few, unless somebody makes them leave.
        max_calls: 256,
        // 128 k tokens, as a stream of events of 250 bytes each, twice.
        max_bytes: 64 << 20,
        // The vendor bills what it generates in the meantime; the usage comes at the end.
        timeout: Duration::from_secs(120),
    },
};

/// Bodies are kept in memory: no cap on them can be larger than this.
const BYTES_MAX: u64 = 1 << 30;
/// No machine has more memory than this for them all.
const ALL_BYTES_MAX: u64 = 1 << 40;
/// No machine carries more connections or calls at once.
const COUNT_MAX: u64 = 1_000_000;

pub(crate) fn read(mut table: Reader<'_>) -> Option<ServerLimits> {
    let max_body_bytes = bytes(&mut table, &["max_body_bytes"], DEFAULT.max_body_bytes);
    let max_bodies_bytes = bodies(&mut table, max_body_bytes);
    let header_timeout = wait(&mut table, &["header_timeout"], DEFAULT.header_timeout);
    let body_timeout = wait(&mut table, &["body_timeout"], DEFAULT.body_timeout);
    let idle_timeout = wait(&mut table, &["idle_timeout"], DEFAULT.idle_timeout);
    let max_connections = count(&mut table, &["max_connections"], DEFAULT.max_connections);
    let max_calls = count(&mut table, &["max_calls"], DEFAULT.max_calls);
    let shutdown_timeout = wait(&mut table, &["shutdown_timeout"], DEFAULT.shutdown_timeout);
    let drain = drain(&mut table);
    Some(ServerLimits {
        max_body_bytes: max_body_bytes?,
        max_bodies_bytes: max_bodies_bytes?,
        header_timeout: header_timeout?,
        body_timeout: body_timeout?,
        idle_timeout: idle_timeout?,
        max_connections: max_connections?,
        max_calls: max_calls?,
        shutdown_timeout: shutdown_timeout?,
        drain: drain?,
    })
}

/// All bodies together: one of the largest must fit.
fn bodies(table: &mut Reader<'_>, one: Option<u64>) -> Option<u64> {
    let one = one.unwrap_or(DEFAULT.max_body_bytes);
    let default = DEFAULT.max_bodies_bytes.max(one);
    table.defaulted(&["max_bodies_bytes"], default, |value| {
        let all = value.whole(1..=ALL_BYTES_MAX)?;
        let hint = "write at least as many bytes as `max_body_bytes`";
        if all < one {
            value.bad("a body of the largest size does not fit", hint)
        } else {
            Some(all)
        }
    })
}

fn drain(table: &mut Reader<'_>) -> Option<Drain> {
    let max_calls = count(table, &["drain_max_calls"], DEFAULT.drain.max_calls);
    let max_bytes = bytes(table, &["drain_max_bytes"], DEFAULT.drain.max_bytes);
    let timeout = wait(table, &["drain_timeout"], DEFAULT.drain.timeout);
    Some(Drain { max_calls: max_calls?, max_bytes: max_bytes?, timeout: timeout? })
}

/// A time to wait.
pub(crate) fn wait(table: &mut Reader<'_>, name: Spellings, default: Duration) -> Option<Duration> {
    table.defaulted(name, default, Value::duration)
}

fn bytes(table: &mut Reader<'_>, name: Spellings, default: u64) -> Option<u64> {
    table.defaulted(name, default, |value| value.whole(1..=BYTES_MAX))
}

fn count(table: &mut Reader<'_>, name: Spellings, default: u32) -> Option<u32> {
    table.defaulted(name, default, |value| value.whole(1..=COUNT_MAX))
}
