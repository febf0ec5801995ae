//! The book's own order: every file, model and figure is what it has to be.

use std::collections::HashSet;

use reins_governor::ServiceTier;

use super::{BUILTIN, Entry, FILES, Period, Vendor};
use crate::{Limits, Rates};

fn models() -> impl Iterator<Item = (&'static Vendor, &'static Entry)> {
    BUILTIN.iter().flat_map(|vendor| vendor.models.iter().map(move |model| (vendor, model)))
}

fn periods() -> impl Iterator<Item = (&'static Entry, &'static Period)> {
    models().flat_map(|(_, model)| model.prices.iter().map(move |period| (model, period)))
}

/// Every rate of `low` is at most that of `high`.
fn at_most(low: Rates, high: Rates) -> bool {
    high.dearer(low) == high
}

#[test]
fn every_file_can_be_read() {
    for file in FILES {
        if let Err(error) = toml::from_str::<Vendor>(file) {
            panic!("{error}");
        }
    }
    assert_eq!(BUILTIN.len(), FILES.len());
    assert!(models().count() >= 90);
}

#[test]
fn every_model_says_where_its_price_is_from() {
    for (vendor, model) in models() {
        let known = model.source.starts_with("https://") || model.source.starts_with("pydantic/");
        assert!(known, "{}: `{}`", model.name, model.source);
        assert!(model.date.year() >= 2024, "{}", model.name);
        assert!(model.date <= vendor.date, "{} is newer than its file", model.name);
    }
}

#[test]
fn every_name_stands_once() {
    for vendor in BUILTIN.iter() {
        let mut seen = HashSet::new();
        for model in &vendor.models {
            for name in model.aliases.iter().chain([&model.name]) {
                assert!(seen.insert(name), "`{name}` stands twice");
            }
        }
    }
}

#[test]
fn every_price_begins_after_the_one_before() {
    for (_, model) in models() {
        let mut days = model.prices.iter().map(|period| period.valid_from);
        assert_eq!(days.next(), Some(None), "{} has no oldest price", model.name);
        let rest: Vec<_> = days.collect();
        assert!(rest.iter().all(Option::is_some), "{}", model.name);
        assert!(rest.is_sorted(), "{}", model.name);
    }
}

#[test]
fn every_tier_is_on_its_side_of_the_plain_one() {
    for (model, period) in periods() {
        for cheap in [period.flex, period.batch].into_iter().flatten() {
            assert!(at_most(without_audio(cheap), period.standard), "{}", model.name);
        }
        for dear in [period.priority, period.long].into_iter().flatten() {
            assert!(at_most(without_audio(period.standard), dear), "{}", model.name);
        }
        assert_eq!(period.long.is_some(), period.long_above.is_some(), "{}", model.name);
    }
}

fn without_audio(rates: Rates) -> Rates {
    Rates { audio_input: None, audio_output: None, ..rates }
}

#[test]
fn caches_are_read_for_less_and_written_for_more() {
    for (model, period) in periods() {
        let Rates { input, cached, cache_write, cache_write_1h, .. } = period.standard;
        assert!(cached <= input, "{}", model.name);
        assert!(input <= cache_write && cache_write <= cache_write_1h, "{}", model.name);
    }
}

#[test]
fn only_what_is_free_costs_nothing() {
    for (vendor, model) in models() {
        let price = model.price(vendor, None).expect("a price");
        let rates = price.rates(ServiceTier::Standard, 0);
        assert_eq!(price.free, rates.input.picos() == 0, "{}", model.name);
        assert!(price.limits.max_output <= price.limits.context_window, "{}", model.name);
    }
}

#[test]
fn an_unknown_model_is_framed_as_much_as_any() {
    for vendor in BUILTIN.iter() {
        assert!(vendor.framing_call <= Limits::UNKNOWN.framing_call, "{}", vendor.vendor);
        assert!(vendor.framing_part <= Limits::UNKNOWN.framing_part, "{}", vendor.vendor);
    }
}

#[test]
fn a_misspelt_field_is_refused() {
    let file = FILES[0].replacen("max_output_tokens", "max_output_token", 1);
    assert!(toml::from_str::<Vendor>(&file).is_err());
}
