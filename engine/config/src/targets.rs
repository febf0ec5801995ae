//! Targets: whether a cheaper model can take over a call, on the same connection and at a price.

use std::sync::Arc;

use reins_governor::Pattern;
use reins_prices::PriceBook;

use crate::organization::Connection;
use crate::value::Value;

/// What downgrades may lead to.
pub(crate) struct Targets<'a> {
    pub(crate) connections: &'a [Connection],
    /// `None` where they could not be read: then any model may have a price.
    pub(crate) prices: Option<&'a PriceBook>,
    /// Whether every connection and price could be read; if not, nothing can be missed.
    pub(crate) whole: bool,
}

/// The calls that may go to a cheaper model: of these vendors and models, none meaning any.
#[derive(Clone, Copy, Default)]
pub(crate) struct Calls<'a> {
    pub(crate) vendors: &'a [Pattern],
    pub(crate) models: &'a [Pattern],
}

// === impl Targets ===

impl Targets<'_> {
    /// Reads the model that these calls are to go to instead.
    pub(crate) fn model(&self, value: &Value<'_>, calls: Calls<'_>) -> Option<Arc<str>> {
        let model = value.plain()?;
        if model.contains(['*', '?']) {
            return value.bad(format!("`{model}` is not one model"), "name one model, without `*`");
        }
        if self.whole {
            self.check(value, &model, calls);
        }
        Some(model)
    }

    fn check(&self, value: &Value<'_>, model: &str, calls: Calls<'_>) {
        let sellers = || self.connections.iter().filter(|each| sells(each, model));
        let reachable = |each: &&Connection| calls.may_go_to(each);
        let price = |book: &PriceBook, each: &Connection| book.price(&each.vendor, model).is_some();
        let priced = |each: &&Connection| self.prices.is_none_or(|book| price(book, each));
        if sellers().next().is_none() {
            let hint = "name a model that a connection sells: see their `models`";
            value.place.at_odds(format!("no connection sells `{model}`"), hint);
        } else if !sellers().any(|each| priced(&each)) {
            let hint = "correct the name, or add a [[price]] for it";
            value.place.at_odds(format!("`{model}` has no price"), hint);
        } else if !sellers().filter(reachable).any(|each| priced(&each)) {
            let hint =
                "a downgrade keeps the connection: name a model that the calls' own one sells";
            value.place.at_odds(format!("`{model}` is not sold where these calls go"), hint);
        }
    }
}

// === impl Calls ===

impl<'a> Calls<'a> {
    /// These, with what `own` says of them going first.
    pub(crate) fn narrowed(self, own: Self) -> Self {
        let or = |own: &'a [Pattern], outer| if own.is_empty() { outer } else { own };
        Self { vendors: or(own.vendors, self.vendors), models: or(own.models, self.models) }
    }

    /// A shape of names may be that of a model which the connection sells.
    fn may_go_to(self, connection: &Connection) -> bool {
        let sold = |model: &Pattern| !model.is_exact() || sells(connection, model.text());
        is_among(self.vendors, &connection.vendor)
            && (self.models.is_empty() || self.models.iter().any(sold))
    }
}

fn sells(connection: &Connection, model: &str) -> bool {
    connection.models.iter().any(|pattern| pattern.matches(model))
}

fn is_among(patterns: &[Pattern], name: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(name))
}
