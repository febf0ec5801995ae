//! Rounds: every load to every target in turn, again and again, so that what drifts, drifts for
//! all alike.

use std::time::Duration;

use tokio::runtime::Runtime;

use crate::bench::Fault;
use crate::bench::ask::Ask;
use crate::bench::gateway::Shipped;
use crate::bench::load::{Load, Seen};
use crate::bench::target::Target;

/// Callers at once, where it is more than one.
const TEN: usize = 10;

/// One kind of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// One caller, short answers.
    OneClient,
    /// Ten callers, short answers.
    TenClients,
    /// Ten callers, answers of 50 chunks.
    Streams,
    /// One caller, a prompt of 400 KB.
    LongPrompt,
}

/// What is measured, and how often.
pub(crate) struct Rounds<'a> {
    /// What calls are sent to; the first is the vendor itself.
    pub(crate) targets: Vec<Target>,
    /// Gateways among them, to be waited for.
    pub(crate) gateways: &'a [Shipped],
    /// How often.
    pub(crate) rounds: u32,
    /// How long each load goes on.
    pub(crate) slice: Duration,
}

/// What was seen of one part: for each target, one for each round.
pub(crate) type SeenOf = Vec<Vec<Seen>>;

// === impl Part ===

impl Part {
    /// All of them.
    pub(crate) const ALL: [Self; 4] =
        [Self::OneClient, Self::TenClients, Self::Streams, Self::LongPrompt];

    fn load(self, time: Duration) -> Load {
        let (callers, ask) = match self {
            Self::OneClient => (1, Ask::short()),
            Self::TenClients => (TEN, Ask::short()),
            Self::Streams => (TEN, Ask::stream()),
            Self::LongPrompt => (1, Ask::long()),
        };
        Load { callers, ask, time, calls_max: u64::MAX }
    }
}

// === impl Rounds ===

impl Rounds<'_> {
    /// How many loads are sent in all.
    pub(crate) fn slices(targets: usize, rounds: u32) -> u32 {
        let slices = targets.saturating_mul(Part::ALL.len());
        u32::try_from(slices).unwrap_or(u32::MAX).saturating_mul(rounds).max(1)
    }

    /// Sends every load.
    pub(crate) fn run(&self, runtime: &Runtime) -> Result<Vec<(Part, SeenOf)>, Fault> {
        let mut all: Vec<(Part, SeenOf)> =
            Part::ALL.map(|part| (part, vec![Vec::new(); self.targets.len()])).into();
        for _ in 0..self.rounds {
            for (part, seen) in &mut all {
                let load = part.load(self.slice);
                for (target, seen) in self.targets.iter().zip(seen) {
                    seen.push(runtime.block_on(self.send(&load, target))?);
                }
            }
        }
        Ok(all)
    }

    async fn send(&self, load: &Load, target: &Target) -> Result<Seen, Fault> {
        let seen = load.send(target).await?;
        if let Some(gateway) = self.gateways.iter().find(|gateway| gateway.target == *target) {
            gateway.settle().await?;
        }
        Ok(seen)
    }
}
