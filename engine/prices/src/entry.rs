//! An entry of the book as it is written in TOML.

use std::sync::{Arc, LazyLock};

use jiff::civil::Date;
use reins_governor::Tokens;
use serde::Deserialize;

use crate::price::{Limits, Price};
use crate::{Rate, RateError, Rates};

/// The files of the book, one a vendor.
pub(crate) const FILES: [&str; 2] =
    [include_str!("../book/openai.toml"), include_str!("../book/anthropic.toml")];

/// The book that comes with this program.
// WHY: should a file not be readable, its models have no price, and their calls are refused. A test
// holds that every file is.
pub(crate) static BUILTIN: LazyLock<Vec<Vendor>> =
    LazyLock::new(|| FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect());

/// One file: the models of one vendor.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vendor {
    /// Whose prices these are.
    pub(crate) vendor: Box<str>,
    /// The day of the newest figure in the file.
    pub(crate) date: Date,
    /// What the vendor puts around a request, in tokens.
    pub(crate) framing_call: Tokens,
    /// What the vendor puts around each part, in tokens.
    pub(crate) framing_part: Tokens,
    /// The models.
    #[serde(rename = "model")]
    pub(crate) models: Vec<Entry>,
}

/// One model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Its name; dated versions of it go by the same price.
    pub(crate) name: Box<str>,
    /// Other names it goes by.
    #[serde(default)]
    pub(crate) aliases: Vec<Box<str>>,
    /// Shapes of names it goes by, such as those of fine-tuned models.
    #[serde(default)]
    pub(crate) patterns: Vec<reins_governor::Pattern>,
    pub(crate) source: Arc<str>,
    pub(crate) date: Date,
    context_window: Option<Tokens>,
    max_output_tokens: Option<Tokens>,
    image_tokens: Option<Tokens>,
    page_tokens: Option<Tokens>,
    #[serde(default)]
    free: bool,
    /// Its prices over time, oldest first.
    #[serde(rename = "price")]
    pub(crate) prices: Vec<Period>,
}

/// What a model costs from some day on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Period {
    /// The first day; none for the oldest price.
    pub(crate) valid_from: Option<Date>,
    pub(crate) standard: Rates,
    /// Beyond how many input tokens `long` holds.
    pub(crate) long_above: Option<Tokens>,
    pub(crate) long: Option<Rates>,
    pub(crate) flex: Option<Rates>,
    pub(crate) priority: Option<Rates>,
    pub(crate) batch: Option<Rates>,
    /// Dollars per thousand searches.
    #[serde(default, deserialize_with = "fee")]
    pub(crate) web_search: Option<Rate>,
}

fn fee<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Rate>, D::Error> {
    let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    let read: Result<Rate, RateError> = Rate::per_thousand(&text);
    read.map(Some).map_err(serde::de::Error::custom)
}

// === impl Entry ===

impl Entry {
    /// What is in force on a day; without a day, the last known.
    pub(crate) fn period(&self, on: Option<Date>) -> Option<&Period> {
        let begun = |from: Option<Date>| on.is_none_or(|day| from.is_none_or(|from| from <= day));
        self.prices.iter().rev().find(|period| begun(period.valid_from))
    }

    /// The price in force on a day; without a day, the last known.
    pub(crate) fn price(&self, vendor: &Vendor, on: Option<Date>) -> Option<Price> {
        let period = self.period(on)?;
        Some(Price {
            free: self.free,
            standard: period.standard,
            long: period.long_above.zip(period.long),
            flex: period.flex,
            priority: period.priority,
            batch: period.batch,
            web_search: period.web_search,
            limits: self.limits(vendor),
            source: Arc::clone(&self.source),
            date: Some(self.date),
        })
    }

    const fn limits(&self, vendor: &Vendor) -> Limits {
        Limits {
            context_window: self.context_window,
            max_output: self.max_output_tokens,
            image: self.image_tokens,
            page: self.page_tokens,
            framing_call: vendor.framing_call,
            framing_part: vendor.framing_part,
        }
    }
}

#[cfg(test)]
mod tests;
