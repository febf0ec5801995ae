//! The price book, by the names of its models.

use jiff::civil::date;
use reins_governor::{Prices, Tokens, Usage, Usd};
use reins_prices::{Price, PriceBook};
use toml::{Table, Value};

/// The files of the book.
const FILES: [&str; 2] = [
    include_str!("../../../../engine/prices/book/openai.toml"),
    include_str!("../../../../engine/prices/book/anthropic.toml"),
];

/// The book, and each vendor's models with all their names.
pub(crate) struct Book {
    prices: PriceBook,
    models: Vec<(String, String)>,
}

// === impl Book ===

impl Book {
    pub(crate) fn read() -> Self {
        let prices = PriceBook::on(date(2026, 11, 21), &[]).expect("the book");
        let tables = FILES.map(|text| text.parse::<Table>().expect("a file of the book"));
        let models = tables.iter().flat_map(models_of).collect();
        Self { prices, models }
    }

    /// Each model, with its vendor.
    pub(crate) fn models(&self) -> impl Iterator<Item = (&str, &str)> {
        self.models.iter().map(|(vendor, model)| (&**vendor, &**model))
    }

    pub(crate) fn price(&self, vendor: &str, model: &str) -> Option<&Price> {
        self.prices.price(vendor, model)
    }

    /// Models of which a million tokens of output cost that many cents, or more.
    pub(crate) fn big(&self, cents: u64) -> impl Iterator<Item = (&str, &str)> {
        self.models().filter(move |(vendor, model)| {
            output_of(&self.prices, vendor, model)
                .is_some_and(|cost| cost >= Usd::from_cents(cents))
        })
    }
}

fn models_of(table: &Table) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let vendor = text(&table["vendor"]);
    let mut found = Vec::new();
    for model in table["model"].as_array().expect("models") {
        let aliases = model.get("aliases").and_then(Value::as_array);
        let names = aliases.into_iter().flatten().chain([&model["name"]]);
        found.extend(names.map(|name| (vendor.clone(), text(name))));
    }
    found
}

/// What a million tokens of output cost.
pub(crate) fn output_of(prices: &dyn Prices, vendor: &str, model: &str) -> Option<Usd> {
    let usage = Usage { output: Tokens(1_000_000), ..Usage::default() };
    prices.cost(vendor, model, &usage).map(|cost| cost.total)
}

/// What a million tokens of input cost.
pub(crate) fn input_of(prices: &dyn Prices, vendor: &str, model: &str) -> Option<Usd> {
    let usage = Usage { input: Tokens(1_000_000), ..Usage::default() };
    prices.cost(vendor, model, &usage).map(|cost| cost.total)
}
