//! Costs that were worked out by hand.

use proptest::prelude::{any, prop_assert, proptest};
use reins_governor::{Cost, Picos, Prices, ServiceTier, Tokens, Usage, Usd};

use crate::sample::{priced, usage};
use crate::{Override, PriceBook};

#[track_caller]
fn check(vendor: &str, model: &str, usage: Usage, expected: &str) {
    let cost = PriceBook::builtin().cost(vendor, model, &usage).expect("a price");
    assert_eq!(cost.total.to_string(), expected, "{model} {usage:?}");
}

fn tiered(input: u64, output: u64, tier: ServiceTier) -> Usage {
    Usage { tier, ..usage(input, output) }
}

#[test]
fn cached_tokens_cost_their_own_rate() {
    // 1,000 × 2.50 + 500 × 1.25 + 200 × 10.00 = 5,125 dollars per million.
    check("openai", "gpt-4o", Usage { cached: Tokens(500), ..usage(1_000, 200) }, "0.005125");
    check("openai", "gpt-5-nano", Usage { cached: Tokens(1), ..Usage::default() }, "0.000000005");
}

#[test]
fn cache_writes_cost_by_how_long_they_last() {
    // 100 × 3 + 1,000 × 0.30 + 200 × 3.75 + 300 × 6 + 400 × 15 = 9,150.
    let written = Usage {
        cached: Tokens(1_000),
        cache_write: Tokens(200),
        cache_write_1h: Tokens(300),
        ..usage(100, 400)
    };
    check("anthropic", "claude-sonnet-4-5", written, "0.00915");
    // 1,000 × 1.25 × 2.50: OpenAI's only kind.
    let written = Usage { cache_write: Tokens(1_000), ..Usage::default() };
    check("openai", "gpt-5.6-terra", written, "0.0025");
}

#[test]
fn a_long_call_is_dearer_from_its_first_token_on() {
    check("anthropic", "claude-sonnet-4-5", usage(200_000, 100), "0.6015");
    // 200,000 × 6 + 1 × 0.60 + 100 × 22.50: cached tokens count for the length.
    let above = Usage { cached: Tokens(1), ..usage(200_000, 100) };
    check("anthropic", "claude-sonnet-4-5", above, "1.2022506");
    check("openai", "gpt-5.4", usage(272_000, 0), "0.68");
    check("openai", "gpt-5.4", usage(272_001, 0), "1.360005");
    check("anthropic", "claude-haiku-5-5", usage(100_000, 1_000), "0.0105");
    check("anthropic", "claude-haiku-5-5", usage(100_001, 1_000), "0.0525005");
    check("anthropic", "claude-opus-4-8", usage(900_000, 0), "4.50");
}

#[test]
fn tiers_cost_their_own_rates() {
    check("openai", "gpt-5", usage(1_000, 100), "0.00225");
    check("openai", "gpt-5", tiered(1_000, 100, ServiceTier::Flex), "0.001125");
    check("openai", "gpt-5", tiered(1_000, 100, ServiceTier::Priority), "0.0045");
    check("anthropic", "claude-haiku-4-5", tiered(1_000, 100, ServiceTier::Batch), "0.00075");
}

#[test]
fn a_tier_without_a_price_is_charged_as_the_plain_one() {
    check("anthropic", "claude-haiku-4-5", tiered(1_000, 100, ServiceTier::Priority), "0.0015");
    check("openai", "gpt-4o", tiered(1_000, 0, ServiceTier::Flex), "0.0025");
}

#[test]
fn a_long_call_costs_the_long_rates_in_every_tier() {
    check("openai", "gpt-5.4", tiered(272_000, 0, ServiceTier::Flex), "0.34");
    check("openai", "gpt-5.4", tiered(272_001, 0, ServiceTier::Flex), "1.360005");
}

#[test]
fn searches_are_charged_by_the_piece() {
    let searched = Usage { web_searches: 2, ..usage(1_000, 100) };
    check("anthropic", "claude-sonnet-4-6", searched, "0.0245");
}

#[test]
fn audio_costs_its_own_rates() {
    // 10 × 2.50 + 100 × 32 + 10 × 10 + 50 × 64 = 6,525.
    let heard = Usage { audio_input: Tokens(100), audio_output: Tokens(50), ..usage(10, 10) };
    check("openai", "gpt-audio", heard, "0.006525");
}

#[test]
fn reasoning_is_inside_the_output() {
    check("openai", "o3", Usage { reasoning: Tokens(90), ..usage(0, 100) }, "0.0008");
}

#[test]
fn parts_are_exact_and_the_sum_is_rounded_up_once() {
    // Three tokens at 137.5 nano-USD, and one at 2,200.
    let used = Usage { cached: Tokens(3), tier: ServiceTier::Flex, ..usage(0, 1) };
    let cost = PriceBook::builtin().cost("openai", "o4-mini", &used).expect("a price");
    assert_eq!(cost.input.to_string(), "0.0000004125");
    assert_eq!(cost.output.to_string(), "0.0000022");
    assert_eq!(cost.fees, Picos::default());
    assert_eq!(cost.total.nanos(), 2_613);
}

#[test]
fn what_has_no_price_has_no_cost() {
    let book = PriceBook::builtin();
    for (vendor, model, used) in [
        ("openai", "gpt-9", usage(1, 1)),
        ("nobody", "gpt-4o", usage(1, 1)),
        ("openai", "gpt-4o", Usage { audio_input: Tokens(1), ..Usage::default() }),
        ("openai", "gpt-4o", Usage { audio_output: Tokens(1), ..Usage::default() }),
        ("openai", "gpt-4o", Usage { web_searches: 1, ..Usage::default() }),
    ] {
        assert_eq!(book.cost(vendor, model, &used), None, "{vendor} {model} {used:?}");
    }
}

#[test]
fn a_free_model_costs_nothing_whatever_it_used() {
    let free = Override { free: true, input: None, output: None, ..priced("llama-*", "", "") };
    let book = PriceBook::with_overrides(&[free]).expect("a book");
    let used =
        Usage { audio_input: Tokens(1), web_searches: u64::MAX, ..usage(u64::MAX, u64::MAX) };
    assert_eq!(book.cost("local", "llama-3", &used), Some(Cost::default()));
}

#[test]
fn more_than_can_be_counted_is_no_cost() {
    let book = PriceBook::builtin();
    let all = Usage {
        cached: Tokens(u64::MAX),
        cache_write: Tokens(u64::MAX),
        cache_write_1h: Tokens(u64::MAX),
        web_searches: u64::MAX,
        ..usage(u64::MAX, u64::MAX)
    };
    assert_eq!(book.cost("anthropic", "claude-sonnet-4-5", &all), None);
    assert_eq!(book.cost("openai", "gpt-4o", &usage(u64::MAX, 0)), None);
    // Just below: 9.2 billion dollars at 2.50 per million.
    let most = Usd::MAX.nanos() / 2_500;
    assert!(book.cost("openai", "gpt-4o", &usage(most, 0)).is_some());
    assert_eq!(book.cost("openai", "gpt-4o", &usage(most + 1, 0)), None);
}

proptest! {
    /// More of anything never costs less.
    #[test]
    fn cost_grows_with_every_count(counts in any::<[u32; 8]>(), kind in 0..8_usize, more: u32) {
        let book = PriceBook::builtin();
        let used = |counts: [u64; 8]| Usage {
            input: Tokens(counts[0]),
            cached: Tokens(counts[1]),
            cache_write: Tokens(counts[2]),
            cache_write_1h: Tokens(counts[3]),
            output: Tokens(counts[4]),
            audio_input: Tokens(counts[5]),
            audio_output: Tokens(counts[6]),
            web_searches: counts[7],
            ..Usage::default()
        };
        let mut counts = counts.map(u64::from);
        for (vendor, model) in [("anthropic", "claude-sonnet-4-5"), ("openai", "gpt-audio")] {
            // What the one does not price, the other does.
            let unpriced: &[usize] = if vendor == "openai" { &[7] } else { &[5, 6] };
            for kind in unpriced {
                counts[*kind] = 0;
            }
            let less = book.cost(vendor, model, &used(counts)).expect("a cost");
            let mut grown = counts;
            grown[kind] += u64::from(more);
            if !unpriced.contains(&kind) {
                let all = book.cost(vendor, model, &used(grown)).expect("a cost");
                prop_assert!(less.total <= all.total);
            }
        }
    }

    /// No count makes it panic.
    #[test]
    fn any_usage_can_be_asked_for(input: u64, cached: u64, output: u64, web_searches: u64) {
        let used = Usage { cached: Tokens(cached), web_searches, ..usage(input, output) };
        for model in ["claude-opus-4-8", "claude-sonnet-4"] {
            let cost = PriceBook::builtin().cost("anthropic", model, &used);
            let adds_up = cost.is_none_or(|cost| {
                cost.input.plus(cost.output).plus(cost.fees).round_up() == Some(cost.total)
            });
            prop_assert!(adds_up);
        }
    }
}
