//! A figure: what was measured, of whom, as a median over the rounds with its range.

use serde::Serialize;

use crate::bench::target::Target;

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// One client: half of the calls took at most this.
    OneClientP50,
    /// The same, less the vendor's in the same round.
    OneClientP50Added,
    /// One client: all but a hundredth of the calls took at most this.
    OneClientP99,
    /// The same, less the vendor's in the same round.
    OneClientP99Added,
    /// Ten clients: calls.
    TenClientsRate,
    /// Ten clients: half of the calls took at most this.
    TenClientsP50,
    /// Ten clients: all but a hundredth of the calls took at most this.
    TenClientsP99,
    /// Ten clients, streams: calls.
    StreamsRate,
    /// Ten clients, streams: half of the first chunks took at most this.
    StreamsFirstChunkP50,
    /// One client, a prompt of 400 KB: half of the calls took at most this.
    LongPromptP50,
    /// The same, less the vendor's in the same round.
    LongPromptP50Added,
    /// From its start until it listens.
    Ready,
    /// Resident memory before the first call.
    MemoryAtStart,
    /// Calls that were made before the next figure.
    MemoryCalls,
    /// Resident memory after those.
    MemoryAfterCalls,
    /// Calls that were made before the next figure, each in a session of its own.
    MemorySessions,
    /// Resident memory after those.
    MemoryAfterSessions,
    /// Room in the database that the record of a call takes, with the index it is found by.
    DiskACall,
    /// What a call has written to files: journal, write-ahead log, database.
    WrittenACall,
    /// As [`Self::DiskACall`], with a thousand policies for other calls.
    DiskAmongPolicies,
    /// As [`Self::WrittenACall`], with a thousand policies for other calls.
    WrittenAmongPolicies,
    /// In process, in memory: hold, judge and settle; all but a hundredth took at most this.
    DecisionP99,
    /// In process, in memory: hold, judge and settle, on one core.
    DecisionRate,
    /// In process: two figures of spend compared by the fields of `when`.
    RuleNative,
    /// In process: the same in CEL.
    RuleCel,
    /// In process, durable, 256 in flight: calls, the database's part included.
    DurableRate,
}

/// The median over the rounds, and the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: i64,
    pub(crate) low: i64,
    pub(crate) high: i64,
}

/// One figure of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Figure {
    pub(crate) what: What,
    pub(crate) unit: &'static str,
    /// The target's name.
    pub(crate) of: String,
    /// What a record outlives, where one is kept.
    pub(crate) durability: Option<&'static str>,
    #[serde(flatten)]
    pub(crate) spread: Spread,
}

// === impl What ===

impl What {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 26] = [
        Self::OneClientP50,
        Self::OneClientP50Added,
        Self::OneClientP99,
        Self::OneClientP99Added,
        Self::TenClientsRate,
        Self::TenClientsP50,
        Self::TenClientsP99,
        Self::StreamsRate,
        Self::StreamsFirstChunkP50,
        Self::LongPromptP50,
        Self::LongPromptP50Added,
        Self::Ready,
        Self::MemoryAtStart,
        Self::MemoryCalls,
        Self::MemoryAfterCalls,
        Self::MemorySessions,
        Self::MemoryAfterSessions,
        Self::DiskACall,
        Self::WrittenACall,
        Self::DiskAmongPolicies,
        Self::WrittenAmongPolicies,
        Self::DecisionP99,
        Self::DecisionRate,
        Self::RuleNative,
        Self::RuleCel,
        Self::DurableRate,
    ];

    /// What it is called in the table, and its unit.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::OneClientP50 => ("one client, p50", "µs"),
            Self::OneClientP50Added => ("one client, p50 added", "µs"),
            Self::OneClientP99 => ("one client, p99", "µs"),
            Self::OneClientP99Added => ("one client, p99 added", "µs"),
            Self::TenClientsRate => ("ten clients", "calls/s"),
            Self::TenClientsP50 => ("ten clients, p50", "µs"),
            Self::TenClientsP99 => ("ten clients, p99", "µs"),
            Self::StreamsRate => ("streams of 50 chunks", "calls/s"),
            Self::StreamsFirstChunkP50 => ("streams, first chunk p50", "µs"),
            Self::LongPromptP50 => ("400 KB prompt, p50", "µs"),
            Self::LongPromptP50Added => ("400 KB prompt, p50 added", "µs"),
            Self::Ready => ("ready after", "ms"),
            Self::MemoryAtStart => ("memory at start", "KiB"),
            Self::MemoryCalls => ("  after so many calls", "calls"),
            Self::MemoryAfterCalls => ("  memory", "KiB"),
            Self::MemorySessions => ("  after so many sessions", "calls"),
            Self::MemoryAfterSessions => ("  memory", "KiB"),
            Self::DiskACall => ("on disk a call (aim: 400)", "bytes"),
            Self::WrittenACall => ("written a call (aim: 3000)", "bytes"),
            Self::DiskAmongPolicies => ("on disk, 1,000 other policies", "bytes"),
            Self::WrittenAmongPolicies => ("written, 1,000 other policies", "bytes"),
            Self::DecisionP99 => ("hold, judge, settle, p99", "ns"),
            Self::DecisionRate => ("hold, judge, settle", "calls/s"),
            Self::RuleNative => ("two figures of spend compared", "ns"),
            Self::RuleCel => ("  in CEL", "ns"),
            Self::DurableRate => ("durable, 256 in flight", "calls/s"),
        }
    }

    /// This figure of `target`; `None` where nothing was measured.
    pub(crate) fn figure(self, target: &Target, measured: Vec<i64>) -> Option<Figure> {
        Some(Figure {
            what: self,
            unit: self.words().1,
            of: target.name.clone(),
            durability: target.durability,
            spread: Spread::of(measured)?,
        })
    }
}

// === impl Spread ===

impl Spread {
    /// Of some rounds; `None` of none. Of an even number, the median is the lower one.
    pub(crate) fn of(mut measured: Vec<i64>) -> Option<Self> {
        measured.sort_unstable();
        let middle = measured.len().checked_sub(1)? / 2;
        let (low, high) = (*measured.first()?, *measured.last()?);
        Some(Self { median: *measured.get(middle)?, low, high })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn a_median_has_as_many_below_as_above() {
        let of = |values: &[i64]| Spread::of(values.to_vec()).map(|s| (s.low, s.median, s.high));
        assert_eq!(of(&[3, -1, 2]), Some((-1, 2, 3)));
        assert_eq!(of(&[4, 1, 2, 3]), Some((1, 2, 4)));
        assert_eq!(of(&[]), None);
    }
}
