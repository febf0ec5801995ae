//! Prices with what each connection sells beside them.

use std::collections::HashMap;
use std::sync::Arc;

use reins_governor::{Bound, Call, Cost, Name, NoBound, Pattern, Prices, Tokens, Usage, Usd};

use crate::organization::Connection;

/// Prices of models, and which connection has which models.
#[derive(Debug)]
pub(crate) struct Sold {
    prices: Arc<dyn Prices>,
    connections: HashMap<Name, Vec<Pattern>>,
}

// === impl Sold ===

impl Sold {
    pub(crate) fn new(prices: Arc<dyn Prices>, connections: &[Connection]) -> Self {
        let models = |each: &Connection| (each.name.clone(), each.models.clone());
        Self { prices, connections: connections.iter().map(models).collect() }
    }
}

impl Prices for Sold {
    fn version(&self) -> &Arc<str> {
        self.prices.version()
    }

    fn bound(&self, call: &Call) -> Result<Bound, NoBound> {
        self.prices.bound(call)
    }

    fn affordable_cap(&self, call: &Call, left: Usd) -> Option<Tokens> {
        self.prices.affordable_cap(call, left)
    }

    fn cost(&self, vendor: &str, model: &str, usage: &Usage) -> Option<Cost> {
        self.prices.cost(vendor, model, usage)
    }

    /// A caller who names a connection gets there with any model: its list says nothing of such a
    /// call, or else naming it would be a way round every rule that asks for a cheaper model.
    fn sells(&self, call: &Call, model: &str) -> bool {
        let listed = self.connections.get(&*call.connection).is_none_or(|list| {
            let lists = |name: &str| list.iter().any(|pattern| pattern.matches(name));
            lists(model) || !lists(&call.model)
        });
        listed && self.prices.sells(call, model)
    }
}
