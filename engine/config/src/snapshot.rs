//! An organization's settings as calls are judged by them.

use std::sync::Arc;

use reins_governor::{Judge, Prices, Snapshot};

use crate::organization::Organization;
use crate::sold::Sold;

impl Organization {
    /// The snapshot of these settings, with their policies compiled and their prices in force.
    #[must_use]
    pub fn snapshot(&self, judge: Arc<dyn Judge>, prices: Arc<dyn Prices>) -> Snapshot {
        Snapshot {
            version: Arc::clone(&self.digest),
            organization: self.id.clone(),
            zone: self.zone.clone(),
            judge,
            budgets: self.budgets.clone(),
            prices: Arc::new(Sold::new(prices, &self.connections)),
            default_deny: self.default_deny,
            budget_429: self.budget_status.is_429(),
        }
    }
}
