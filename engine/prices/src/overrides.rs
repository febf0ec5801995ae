//! Overrides: prices that a user writes over those of the book.

use reins_governor::{Pattern, PatternError, Tokens};
use serde::Deserialize;

use crate::price::{Limits, Price};
use crate::rates::Written;
use crate::{Rate, RateError, Rates};

/// One `[[price]]` table: rates in dollars per million tokens, as decimal strings.
///
/// With rates it is a whole price, the same in every tier and at every length, and needs `input`
/// and `output`. Without rates it changes the limits of a model that the book prices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Override {
    /// Whose model.
    pub vendor: String,
    /// Its name (dated versions of it included), or a pattern such as `llama-*`.
    pub model: String,
    /// Nothing is charged.
    pub free: bool,
    /// Plain input.
    pub input: Option<String>,
    /// Input read from the vendor's cache; plain where left out.
    pub cached: Option<String>,
    /// Input written to the cache; plain where left out.
    pub cache_write: Option<String>,
    /// Input written to the cache for an hour; as `cache_write` where left out.
    pub cache_write_1h: Option<String>,
    /// Output, reasoning included.
    pub output: Option<String>,
    /// Audio heard; without it such tokens have no price.
    pub audio_input: Option<String>,
    /// Audio spoken; without it such tokens have no price.
    pub audio_output: Option<String>,
    /// Dollars per thousand searches of the vendor's.
    pub web_search: Option<String>,
    /// Output of one answer at most, in tokens.
    pub max_output_tokens: Option<Tokens>,
    /// Input and output of one request together at most, in tokens.
    pub context_window: Option<Tokens>,
    /// One image at most, in tokens.
    pub image_tokens: Option<Tokens>,
    /// One page of a document at most, in tokens.
    pub page_tokens: Option<Tokens>,
}

/// Why an override does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// A field that has to be there is not.
    #[error("the price of `{model}` has no `{field}`: write it")]
    Missing {
        /// The model or pattern.
        model: String,
        /// The field.
        field: &'static str,
    },
    /// Neither free, nor a rate that every price has.
    #[error("the price of `{model}` has no `{field}`: write it, or `free = true`")]
    Unpriced {
        /// The model or pattern.
        model: String,
        /// The field.
        field: &'static str,
    },
    /// A rate is no plain decimal.
    #[error("`{field}` of the price of `{model}`: {source}")]
    Rate {
        /// The model or pattern.
        model: String,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        source: RateError,
    },
    /// Free, and with a rate all the same.
    #[error("the price of `{model}` is free and has `{field}`: write one of them")]
    FreeAndPriced {
        /// The model or pattern.
        model: String,
        /// The field.
        field: &'static str,
    },
    /// The model is no pattern.
    #[error("`model` of a price: {0}")]
    Pattern(#[from] PatternError),
}

// === impl PriceError ===

impl PriceError {
    /// The field of the `[[price]]` table that is wrong.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::Missing { field, .. }
            | Self::Unpriced { field, .. }
            | Self::Rate { field, .. }
            | Self::FreeAndPriced { field, .. } => field,
            Self::Pattern(_) => "model",
        }
    }
}

// === impl Override ===

impl Override {
    /// Which models this is about.
    pub(crate) fn pattern(&self) -> Result<Pattern, PriceError> {
        match (self.vendor.is_empty(), self.model.is_empty()) {
            (true, _) => Err(self.missing("vendor")),
            (_, true) => Err(self.missing("model")),
            _ => Ok(self.model.parse()?),
        }
    }

    /// The price this makes, over what the book says of the model, where it says anything.
    pub(crate) fn price(&self, book: Option<&Price>) -> Result<Price, PriceError> {
        let written = |(_, text): &(_, &Option<String>)| text.is_some();
        let rate = self.rate_fields().into_iter().find(written);
        let fee = [("web_search", &self.web_search)].into_iter().find(written);
        let mut price = match (self.free, rate, fee, book) {
            (true, Some((field, _)), _, _) | (true, _, Some((field, _)), _) => {
                return Err(self.free_and(field));
            }
            (true, None, None, _) => self.flat(Rates::default()),
            (false, None, _, Some(book)) => book.clone(),
            (false, _, _, _) => self.flat(self.rates()?),
        };
        price.limits = self.limits(book.map_or(Limits::UNKNOWN, |book| book.limits));
        price.web_search = self.rate("web_search", self.web_search.as_ref())?.or(price.web_search);
        Ok(price)
    }

    /// The same rates in every tier.
    fn flat(&self, rates: Rates) -> Price {
        Price {
            free: self.free,
            standard: rates,
            long: None,
            flex: Some(rates),
            priority: Some(rates),
            batch: Some(rates),
            web_search: None,
            limits: Limits::UNKNOWN,
            source: "override".into(),
            date: None,
        }
    }

    fn rates(&self) -> Result<Rates, PriceError> {
        let rate = |field, text: &Option<String>| self.rate(field, text.as_ref());
        let needed = |field, text| rate(field, text)?.ok_or_else(|| self.unpriced(field));
        Ok(Rates::from(Written {
            input: needed("input", &self.input)?,
            cached: rate("cached", &self.cached)?,
            cache_write: rate("cache_write", &self.cache_write)?,
            cache_write_1h: rate("cache_write_1h", &self.cache_write_1h)?,
            output: needed("output", &self.output)?,
            audio_input: rate("audio_input", &self.audio_input)?,
            audio_output: rate("audio_output", &self.audio_output)?,
        }))
    }

    const fn rate_fields(&self) -> [(&'static str, &Option<String>); 7] {
        [
            ("input", &self.input),
            ("cached", &self.cached),
            ("cache_write", &self.cache_write),
            ("cache_write_1h", &self.cache_write_1h),
            ("output", &self.output),
            ("audio_input", &self.audio_input),
            ("audio_output", &self.audio_output),
        ]
    }

    fn rate(&self, field: &'static str, text: Option<&String>) -> Result<Option<Rate>, PriceError> {
        let read = if field == "web_search" { Rate::per_thousand } else { Rate::per_million };
        let wrong = |source| PriceError::Rate { model: self.model.clone(), field, source };
        text.map(|text| read(text)).transpose().map_err(wrong)
    }

    fn limits(&self, book: Limits) -> Limits {
        Limits {
            context_window: self.context_window.or(book.context_window),
            max_output: self.max_output_tokens.or(book.max_output),
            image: self.image_tokens.or(book.image),
            page: self.page_tokens.or(book.page),
            ..book
        }
    }

    fn missing(&self, field: &'static str) -> PriceError {
        PriceError::Missing { model: self.model.clone(), field }
    }

    fn unpriced(&self, field: &'static str) -> PriceError {
        PriceError::Unpriced { model: self.model.clone(), field }
    }

    fn free_and(&self, field: &'static str) -> PriceError {
        PriceError::FreeAndPriced { model: self.model.clone(), field }
    }
}

#[cfg(test)]
mod tests;
