//! Costs worked out by hand.

use rust_decimal::Decimal;

use super::{Usage, exact_usd, rounded_up, usd_text};
use crate::prices::{Maker, find};

fn check(maker: Maker, model: &str, usage: Usage, expected: &str) {
    let model = find(maker, model).unwrap();
    assert_eq!(usd_text(exact_usd(model, &usage)), expected);
}

#[test]
fn openai_cached_tokens_cost_less() {
    let usage = Usage { input: 100, cached: 900, output: 50, ..Usage::default() };
    // 100 × 2.5 + 900 × 1.25 + 50 × 10 = 1875 per million
    check(Maker::OpenAi, "gpt-4o", usage, "0.001875000");
}

#[test]
fn one_token_of_the_cheapest_kind_is_exact() {
    let usage = Usage { cached: 1, ..Usage::default() };
    check(Maker::OpenAi, "gpt-5-nano", usage, "0.000000005");
}

#[test]
fn anthropic_writes_have_two_prices() {
    let usage = Usage {
        input: 10,
        cached: 100,
        cache_write_5m: 1000,
        cache_write_1h: 10_000,
        output: 7,
        reasoning: 3,
    };
    // 10 × 3 + 100 × 0.3 + 1000 × 3.75 + 10000 × 6 + 7 × 15 = 63915 per million
    check(Maker::Anthropic, "claude-sonnet-4-5", usage, "0.063915000");
}

#[test]
fn a_prompt_longer_than_the_step_pays_the_long_rates_throughout() {
    let at = Usage { input: 150_000, cached: 50_000, output: 1, ..Usage::default() };
    check(Maker::Anthropic, "claude-sonnet-4-5", at, "0.465015000");
    let above = Usage { input: 150_001, ..at };
    // 150001 × 6 + 50000 × 0.6 + 22.5 = 930028.5 per million
    check(Maker::Anthropic, "claude-sonnet-4-5", above, "0.930028500");
}

#[test]
fn the_largest_counts_do_not_overflow() {
    let usage = Usage { input: u64::MAX, output: u64::MAX, ..Usage::default() };
    let model = find(Maker::Anthropic, "claude-opus-4-1").unwrap();
    assert_eq!(exact_usd(model, &usage).to_string(), "1660206966633859.645350");
}

#[test]
fn rounding_goes_up_to_a_nano_dollar() {
    for (exact, up) in [("0.0000000001", "0.000000001"), ("0.000000001", "0.000000001"), ("0", "0")]
    {
        let exact: Decimal = exact.parse().unwrap();
        assert_eq!(rounded_up(exact), up.parse().unwrap());
    }
    assert_eq!(usd_text("0.00000000012".parse().unwrap()), "0.00000000012");
}
