//! Targets: whether a cheaper model can take over a call, on the same connection and at a price.

use std::sync::Arc;

use reins_governor::Pattern;
use reins_prices::PriceBook;

use crate::settings::Connection;
use crate::value::Value;

/// What downgrades may lead to.
pub(crate) struct Targets<'a> {
    pub(crate) connections: &'a [Connection],
    pub(crate) prices: &'a PriceBook,
    /// Whether every connection and price could be read; if not, nothing can be missed.
    pub(crate) whole: bool,
}

// === impl Targets ===

impl Targets<'_> {
    /// Reads the model that calls are to go to instead. `vendors` says where these calls may be
    /// going; none means anywhere.
    pub(crate) fn model(&self, value: &Value<'_>, vendors: &[Pattern]) -> Option<Arc<str>> {
        let model = value.name()?;
        if model.contains(['*', '?']) {
            return value.bad(format!("`{model}` is not one model"), "name one model, without `*`");
        }
        if self.whole {
            self.check(value, &model, vendors);
        }
        Some(model)
    }

    fn check(&self, value: &Value<'_>, model: &str, vendors: &[Pattern]) {
        let sellers = || self.connections.iter().filter(|each| sells(each, model));
        let reachable = |each: &&Connection| is_among(vendors, &each.vendor);
        let priced = |each: &&Connection| self.prices.price(&each.vendor, model).is_some();
        if sellers().next().is_none() {
            let hint = "name a model that a connection sells: see their `models`";
            value.place.at_odds(format!("no connection sells `{model}`"), hint);
        } else if !sellers().any(|each| priced(&each)) {
            let hint = "correct the name, or add a [[price]] for it";
            value.place.at_odds(format!("`{model}` has no price"), hint);
        } else if !sellers().filter(reachable).any(|each| priced(&each)) {
            let hint = "a downgrade keeps the vendor: name a model of the vendor the calls go to";
            value.place.at_odds(format!("`{model}` is not sold where these calls go"), hint);
        }
    }
}

fn sells(connection: &Connection, model: &str) -> bool {
    connection.models.iter().any(|pattern| pattern.matches(model))
}

fn is_among(patterns: &[Pattern], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
}
