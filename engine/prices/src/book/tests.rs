//! Which model has which price.

use jiff::civil::date;
use reins_governor::Prices;

use super::PriceBook;
use crate::sample::priced;
use crate::{Override, Price};

/// Input and output in dollars per million tokens.
fn rates(price: &Price) -> (String, String) {
    (price.standard.input.to_string(), price.standard.output.to_string())
}

#[test]
fn the_commonest_models_cost_what_their_vendors_say() {
    let book = PriceBook::builtin();
    for (vendor, model, input, cached, output) in [
        ("openai", "gpt-4o", "2.5", "1.25", "10"),
        ("openai", "gpt-4o-mini", "0.15", "0.075", "0.6"),
        ("openai", "gpt-4.1", "2", "0.5", "8"),
        ("openai", "gpt-5", "1.25", "0.125", "10"),
        ("openai", "gpt-5-mini", "0.25", "0.025", "2"),
        ("openai", "o3", "2", "0.5", "8"),
        ("openai", "o4-mini", "1.1", "0.275", "4.4"),
        ("anthropic", "claude-sonnet-4-5", "3", "0.3", "15"),
        ("anthropic", "claude-haiku-4-5", "1", "0.1", "5"),
        ("anthropic", "claude-opus-4-8", "5", "0.5", "25"),
    ] {
        let price = book.price(vendor, model).expect(model);
        assert_eq!(rates(price), (input.to_owned(), output.to_owned()), "{model}");
        assert_eq!(price.standard.cached.to_string(), cached, "{model}");
    }
}

#[test]
fn a_name_finds_the_most_particular_price() {
    let book = PriceBook::builtin();
    for (vendor, model, input) in [
        ("openai", "gpt-4o-2024-08-06", Some("2.5")),
        ("openai", "gpt-4o-2024-05-13", Some("5")),
        ("openai", "gpt-4o-2031-01-01", Some("2.5")),
        ("openai", "gpt-4-0613", Some("30")),
        ("openai", "ft:gpt-4o-2024-08-06:acme::abc123", Some("3.75")),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc123", Some("0.3")),
        ("openai", "ft:gpt-4o-mini-turbo", None),
        ("openai", "ft:gpt-5:acme", None),
        ("openai", "gpt-9", None),
        ("openai", "gpt-4o-", None),
        ("openai", "gpt-4o-ultra", None),
        ("openai", "my-gpt-4o", None),
        ("openai", "GPT-4o", None),
        ("openai", "", None),
        ("openai", "claude-sonnet-4-5", None),
        ("anthropic", "claude-sonnet-4-5-20250929", Some("3")),
        ("anthropic", "claude-sonnet-4-20250514", Some("3")),
        ("anthropic", "claude-3-5-haiku-latest", Some("0.8")),
        ("anthropic", "claude-opus-4-1-20250805", Some("15")),
        ("anthropic", "claude-opus-4-5-20251101", Some("5")),
        ("anthropic", "claude-opus-9", None),
    ] {
        let found = book.price(vendor, model).map(|price| rates(price).0);
        assert_eq!(found.as_deref(), input, "{vendor} {model}");
    }
}

#[test]
fn a_price_holds_from_its_first_day_on() {
    for (day, model, input) in [
        (date(2025, 6, 9), "o3", "10"),
        (date(2025, 6, 10), "o3", "2"),
        (date(2026, 7, 29), "gpt-5.6-terra", "2.5"),
        (date(2026, 7, 30), "gpt-5.6-terra", "2"),
        (date(2026, 8, 20), "gpt-5.6-sol", "5"),
        (date(2026, 11, 21), "gpt-5.6-sol", "4"),
        (date(2026, 11, 22), "gpt-5.6-sol", "5"),
    ] {
        let book = PriceBook::on(day, &[]).expect("a book");
        let price = book.price("openai", model).expect(model);
        assert_eq!(rates(price).0, input, "{model} on {day}");
    }
}

#[test]
fn the_version_follows_what_is_in_force() {
    let version = |book: PriceBook| book.version().to_string();
    let builtin = version(PriceBook::builtin());
    let overridden = |input| {
        let overrides = [priced("llama", input, "1")];
        version(PriceBook::with_overrides(&overrides).expect("a book"))
    };
    assert!(builtin.starts_with("2026-") && builtin.len() == 23, "{builtin}");
    assert_eq!(builtin, version(PriceBook::with_overrides(&[]).expect("a book")));
    assert_ne!(builtin, overridden("1"));
    assert_ne!(overridden("1"), overridden("2"));
    let on = |day| version(PriceBook::on(day, &[]).expect("a book"));
    assert_eq!(on(date(2026, 11, 22)), builtin);
    assert_ne!(on(date(2026, 11, 21)), builtin);
}

#[test]
fn an_override_wins_over_the_book() {
    let contract = Override { vendor: "openai".into(), ..priced("gpt-4o", "2", "8") };
    let mini = Override { vendor: "openai".into(), ..priced("gpt-4o-mini*", "0.1", "0.5") };
    let rest = Override { vendor: "openai".into(), ..priced("gpt-*", "99", "99") };
    let book = PriceBook::with_overrides(&[rest, contract, mini]).expect("a book");
    for (model, input) in [
        ("gpt-4o", "2"),
        ("gpt-4o-2024-05-13", "2"),
        ("gpt-4o-mini", "0.1"),
        ("gpt-4o-mini-2024-07-18", "0.1"),
        ("gpt-9", "99"),
        ("o3", "2"),
    ] {
        let price = book.price("openai", model).expect(model);
        assert_eq!(rates(price).0, input, "{model}");
    }
}
