//! What a `[[price]]` table says, or what is wrong with it.

use reins_governor::{ServiceTier, Tokens};

use super::Override;
use crate::sample::priced;
use crate::{PriceBook, PriceError};

fn book(overrides: &[Override]) -> PriceBook {
    PriceBook::with_overrides(overrides).expect("a book")
}

#[test]
fn a_whole_price_holds_in_every_tier_and_at_every_length() {
    let contract = Override { vendor: "openai".into(), ..priced("gpt-5.4", "2", "8") };
    let book = book(&[contract]);
    let price = book.price("openai", "gpt-5.4").expect("a price");
    for tier in
        [ServiceTier::Standard, ServiceTier::Flex, ServiceTier::Priority, ServiceTier::Batch]
    {
        assert_eq!(price.own_rates(tier), Some(price.standard));
        assert_eq!(price.rates(tier, 1_000_000), price.standard);
    }
    assert_eq!(price.standard.cached, price.standard.input);
    // What the vendor accepts at most has not changed.
    assert_eq!(price.limits.context_window, Some(Tokens(1_050_000)));
}

#[test]
fn limits_alone_leave_the_price_of_the_book() {
    let limits = Override {
        vendor: "openai".into(),
        model: "gpt-5.4".into(),
        max_output_tokens: Some(Tokens(4_000)),
        image_tokens: Some(Tokens(2_500)),
        ..Override::default()
    };
    let changed = book(&[limits]);
    let price = changed.price("openai", "gpt-5.4").expect("a price");
    let builtin = PriceBook::builtin();
    let before = builtin.price("openai", "gpt-5.4").expect("a price");
    assert_eq!((price.standard, price.long), (before.standard, before.long));
    assert_eq!(price.limits.max_output, Some(Tokens(4_000)));
    assert_eq!(price.limits.image, Some(Tokens(2_500)));
    assert_eq!(price.limits.framing_part, before.limits.framing_part);
}

#[test]
fn reads_a_table_of_the_configuration() {
    let table = r#"
        vendor = "local"
        model = "llama-*"
        input = "0.10"
        output = "0.20"
        context_window = 8192
    "#;
    let read: Override = toml::from_str(table).expect("a table");
    let expected =
        Override { context_window: Some(Tokens(8_192)), ..priced("llama-*", "0.10", "0.20") };
    assert_eq!(read, expected);
    assert!(toml::from_str::<Override>("imput = \"1\"").is_err());
}

#[test]
fn says_which_field_is_wrong_and_how_to_mend_it() {
    let good = || priced("llama", "1", "1");
    for (wrong, field, expected) in [
        (
            Override { vendor: String::new(), ..good() },
            "vendor",
            "the price of `llama` has no `vendor`: write it",
        ),
        (
            Override { model: String::new(), ..good() },
            "model",
            "the price of `` has no `model`: write it",
        ),
        (
            Override { input: None, ..good() },
            "input",
            "the price of `llama` has no `input`: write it, or `free = true`",
        ),
        (
            Override { output: None, ..good() },
            "output",
            "the price of `llama` has no `output`: write it, or `free = true`",
        ),
        (
            Override { input: None, output: None, ..good() },
            "input",
            "the price of `llama` has no `input`: write it, or `free = true`",
        ),
        (
            Override { cached: Some("cheap".into()), ..good() },
            "cached",
            "`cached` of the price of `llama`: `cheap` is not a price in dollars: write a plain \
             decimal such as \"2.50\"",
        ),
        (
            Override { web_search: Some("-1".into()), ..good() },
            "web_search",
            "`web_search` of the price of `llama`: `-1` is not a price in dollars: write a plain \
             decimal such as \"2.50\"",
        ),
        (
            Override { free: true, ..good() },
            "input",
            "the price of `llama` is free and has `input`: write one of them",
        ),
        (
            Override {
                free: true,
                input: None,
                output: None,
                web_search: Some("1".into()),
                ..good()
            },
            "web_search",
            "the price of `llama` is free and has `web_search`: write one of them",
        ),
    ] {
        let error = PriceBook::with_overrides(&[wrong]).expect_err(expected);
        assert_eq!((error.field(), error.to_string().as_str()), (field, expected));
    }
    let wrong = Override { model: "[llama".into(), ..good() };
    let error = PriceBook::with_overrides(&[wrong]).expect_err("a broken pattern");
    assert!(matches!(error, PriceError::Pattern(_)) && error.field() == "model", "{error}");
}
