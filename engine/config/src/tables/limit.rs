//! `[[limit]]`: how many calls a second somebody may make.

use std::num::NonZeroU32;

use reins_governor::{Name, ScopeKind};

use crate::organization::Limit;
use crate::reader::Reader;
use crate::tables::scope;
use crate::value::Value;

/// Calls a second that an organization may make by default: 1,000.
const ORGANIZATION: NonZeroU32 = NonZeroU32::MIN.saturating_add(999);
/// More than one machine carries: a typing error.
const RATE_MAX: u64 = 1_000_000;

pub(crate) fn read(mut table: Reader<'_>, of: Option<&Name>) -> Option<Limit> {
    let scope = scope::read(&mut table, of);
    let hint = "write how many calls may come, such as calls_per_second = 50";
    let rate = table.required(&["calls_per_second"], hint, number);
    let burst = table.optional(&["burst"], number);
    let ((kind, pattern), calls_per_second) = (scope?, rate?);
    Some(Limit { kind, pattern, calls_per_second, burst: burst?.unwrap_or(calls_per_second) })
}

fn number(value: &Value<'_>) -> Option<NonZeroU32> {
    value.whole(1..=RATE_MAX).and_then(NonZeroU32::new)
}

/// The organization always has a limit: a limit on agents does not lift it.
pub(crate) fn with_default(mut limits: Vec<Limit>) -> Vec<Limit> {
    if !limits.iter().any(|limit| limit.kind == ScopeKind::Organization) {
        let (kind, rate) = (ScopeKind::Organization, ORGANIZATION);
        let everyone = "*".parse().ok();
        let limit = |pattern| Limit { kind, pattern, calls_per_second: rate, burst: rate };
        limits.extend(everyone.map(limit));
    }
    limits
}
