//! What calls cost lately, by vendor and model: for budgets that hold what is typical.

use std::collections::VecDeque;

use hashbrown::HashMap;
use reins_governor::{Ask, HoldMode, Usd};

use crate::tally::Amounts;

/// Charges that are remembered of each model.
const LATELY: usize = 256;
/// Fewer charges than this say nothing about the dearest hundredth.
const LATELY_MIN: usize = 32;
/// Models that are remembered; a budget in dollars admits only priced ones, and books have fewer.
const MODELS_MAX: usize = 4_096;

/// Names a model within one ledger's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ModelIndex(usize);

/// What calls cost lately.
#[derive(Clone, Debug, Default)]
pub(crate) struct Typical {
    index: HashMap<Box<str>, HashMap<Box<str>, ModelIndex>>,
    models: Vec<Lately>,
}

/// The last charges of one model, twice: by age and by size.
#[derive(Clone, Debug, Default)]
struct Lately {
    by_age: VecDeque<Usd>,
    by_size: Vec<Usd>,
}

// === impl Typical ===

impl Typical {
    /// What `ask` holds, and where its charge shall be remembered.
    pub(crate) fn amounts(&mut self, ask: &Ask<'_>) -> (Amounts, Option<ModelIndex>) {
        let model = if wanted(ask) { self.model(ask.model) } else { None };
        let lately = model.and_then(|model| self.models.get(model.0));
        let typical = lately.and_then(Lately::p99).map_or(ask.bound, |p99| p99.min(ask.bound));
        (Amounts { bound: ask.bound, typical }, model)
    }

    pub(crate) fn charge(&mut self, model: Option<ModelIndex>, charged: Usd) {
        if let Some(lately) = model.and_then(|model| self.models.get_mut(model.0)) {
            lately.push(charged);
        }
    }

    fn model(&mut self, (vendor, model): (&str, &str)) -> Option<ModelIndex> {
        let known = self.index.get(vendor).and_then(|models| models.get(model));
        if known.is_some() || self.models.len() >= MODELS_MAX {
            return known.copied();
        }
        let index = ModelIndex(self.models.len());
        self.models.push(Lately::default());
        self.index.entry(vendor.into()).or_default().insert(model.into(), index);
        Some(index)
    }
}

/// Whether some budget of `ask` holds what is typical.
fn wanted(ask: &Ask<'_>) -> bool {
    let budgets = ask.claims.iter().filter_map(|claim| ask.budgets.get(claim.budget?));
    budgets.into_iter().any(|budget| budget.hold == HoldMode::Typical)
}

// === impl Lately ===

impl Lately {
    fn push(&mut self, charged: Usd) {
        if self.by_age.len() == LATELY
            && let Some(oldest) = self.by_age.pop_front()
        {
            let at = self.by_size.partition_point(|size| *size < oldest);
            self.by_size.remove(at);
        }
        self.by_age.push_back(charged);
        let at = self.by_size.partition_point(|size| *size < charged);
        self.by_size.insert(at, charged);
    }

    /// The smallest charge that at least 99 in a hundred do not pass.
    fn p99(&self) -> Option<Usd> {
        let enough = self.by_size.len() >= LATELY_MIN;
        let rank = (self.by_size.len() * 99).div_ceil(100);
        self.by_size.get(rank.checked_sub(1)?).filter(|_| enough).copied()
    }
}
