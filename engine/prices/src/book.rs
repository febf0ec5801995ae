//! The price book: every price in force, and the version they go by.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use reins_governor::{Bound, Call, Cost, NoBound, Prices, Tokens, Usage, Usd};

use crate::bound::{affordable_cap, bound};
use crate::cost::cost;
use crate::entry::{BUILTIN, Vendor};
use crate::shelf::Shelf;
use crate::version::version;
use crate::{Override, Price, PriceError};

/// Every price in force: those that a user wrote, else those that come with this program.
#[derive(Clone, Debug)]
pub struct PriceBook {
    version: Arc<str>,
    own: HashMap<Box<str>, Shelf>,
    builtin: HashMap<Box<str>, Shelf>,
}

// === impl PriceBook ===

impl PriceBook {
    /// The prices that come with this program, the last one known of each model, announced ones
    /// included.
    #[must_use]
    pub fn builtin() -> Self {
        Self::without_overrides(None)
    }

    /// The last prices known, with `overrides` over them.
    ///
    /// # Errors
    /// The first override that does not hold.
    pub fn with_overrides(overrides: &[Override]) -> Result<Self, PriceError> {
        Self::without_overrides(None).overridden(None, overrides)
    }

    /// The prices that were or will be in force on a day, as far as this program knows them, with
    /// `overrides` over them.
    ///
    /// # Errors
    /// The first override that does not hold.
    pub fn on(day: Date, overrides: &[Override]) -> Result<Self, PriceError> {
        Self::without_overrides(Some(day)).overridden(Some(day), overrides)
    }

    /// The price of a model; `None` where nobody says.
    #[must_use]
    pub fn price(&self, vendor: &str, model: &str) -> Option<&Price> {
        find_in(&self.own, vendor, model).or_else(|| find_in(&self.builtin, vendor, model))
    }

    fn without_overrides(on: Option<Date>) -> Self {
        let builtin = BUILTIN.iter().map(|vendor| (vendor.vendor.clone(), shelf(vendor, on)));
        Self { version: version(on, &[]), own: HashMap::new(), builtin: builtin.collect() }
    }

    fn overridden(mut self, on: Option<Date>, overrides: &[Override]) -> Result<Self, PriceError> {
        for each in overrides {
            let pattern = each.pattern()?;
            let price = each.price(find_in(&self.builtin, &each.vendor, &each.model))?;
            let shelf = self.own.entry(each.vendor.as_str().into()).or_default();
            shelf.pattern(pattern, &Arc::new(price));
        }
        Ok(Self { version: version(on, overrides), ..self })
    }
}

fn shelf(vendor: &Vendor, on: Option<Date>) -> Shelf {
    let mut shelf = Shelf::default();
    for entry in &vendor.models {
        let Some(price) = entry.price(vendor, on).map(Arc::new) else { continue };
        shelf.name(&entry.name, &price);
        entry.aliases.iter().for_each(|alias| shelf.name(alias, &price));
        entry.patterns.iter().for_each(|pattern| shelf.pattern(pattern.clone(), &price));
    }
    shelf
}

fn find_in<'a>(
    shelves: &'a HashMap<Box<str>, Shelf>,
    vendor: &str,
    model: &str,
) -> Option<&'a Price> {
    shelves.get(vendor)?.find(model).map(AsRef::as_ref)
}

impl Prices for PriceBook {
    fn version(&self) -> &Arc<str> {
        &self.version
    }

    fn bound(&self, call: &Call) -> Result<Bound, NoBound> {
        bound(self.price(&call.vendor, &call.model).ok_or(NoBound::Unpriced)?, call)
    }

    fn affordable_cap(&self, call: &Call, left: Usd) -> Option<Tokens> {
        affordable_cap(self.price(&call.vendor, &call.model)?, call, left)
    }

    fn cost(&self, vendor: &str, model: &str, usage: &Usage) -> Option<Cost> {
        cost(self.price(vendor, model)?, usage)
    }
}

#[cfg(test)]
mod tests;
