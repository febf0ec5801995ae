//! The price list: the prices in force here, and the family whose usage each vendor writes.

use std::sync::Arc;

use reins_config::{Checked, Connection, Main};
use reins_dialects::{Found, usage_from_json};
use reins_governor::{Prices, Usage};
use reins_prices::{PriceBook, PriceError};

use super::quote::{NoQuote, Question, Quote};
use crate::machine::Machine;

/// What is needed to price a call.
#[derive(Debug)]
pub(crate) struct PriceList {
    prices: Arc<dyn Prices>,
    connections: Vec<Connection>,
}

// === impl PriceList ===

impl PriceList {
    /// The prices of a file; without one, those that come with this program.
    pub(crate) fn of(main: Option<Main>, machine: &Machine) -> Result<Self, PriceError> {
        Ok(match main {
            Some(Main { first: Checked { organization, snapshot, .. }, .. }) => {
                Self { prices: snapshot.prices, connections: organization.connections }
            }
            None => {
                let prices = Arc::new(PriceBook::on(machine.today(), &[])?);
                Self { prices, connections: Vec::new() }
            }
        })
    }

    /// Answers a line of JSON.
    pub(crate) fn answer<'a>(&'a self, line: &'a [u8]) -> Result<Quote<'a>, NoQuote> {
        let Question { vendor, model, usage } =
            serde_json::from_slice(line).map_err(|error| NoQuote::Question(error.to_string()))?;
        self.quote(&vendor, &model, usage.get().as_bytes())
    }

    /// What a call cost that used what `usage` says, in the vendor's own words.
    pub(crate) fn quote(
        &self,
        vendor: &str,
        model: &str,
        usage: &[u8],
    ) -> Result<Quote<'_>, NoQuote> {
        let usage = match self.usage(vendor, usage) {
            Found::Usage(usage) => usage,
            Found::Missing => return Err(NoQuote::Missing),
            Found::Absurd(field) => return Err(NoQuote::Absurd(field)),
        };
        let cost = self.prices.cost(vendor, model, &usage);
        let cost = cost.ok_or_else(|| self.unpriced(vendor, model))?;
        Ok(Quote::new(cost, usage, self.prices.version()))
    }

    /// What a vendor tells, as its family writes it: the file's word for that, else its own name.
    fn usage(&self, vendor: &str, json: &[u8]) -> Found {
        let known = self.connections.iter().find(|connection| &*connection.vendor == vendor);
        match known {
            Some(connection) => connection.family.usage(json),
            None => usage_from_json(vendor, json),
        }
    }

    fn unpriced(&self, vendor: &str, model: &str) -> NoQuote {
        let (vendor, model) = (vendor.to_owned(), model.to_owned());
        match self.prices.cost(&vendor, &model, &Usage::default()) {
            None => NoQuote::Unpriced { vendor, model },
            Some(_) => NoQuote::PartUnpriced { vendor, model },
        }
    }
}
