//! Bounds worked out by hand, and the promise that no cost passes its bound.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::{option, test_runner::TestCaseError};
use reins_governor::{Bound, Call, InputSize, NoBound, Prices, ServiceTier, Usage, Usd, Wording};

use super::AUDIO_BYTES_PER_TOKEN;
use crate::price::Limits;
use crate::sample::{call, priced};
use crate::{Override, PriceBook};

#[track_caller]
fn check(call: &Call, total: &str, input: &str, output_tokens: u64) {
    let bound = PriceBook::builtin().bound(call).expect("a bound");
    let expected = Bound {
        total: total.parse().expect(total),
        input: input.parse().expect(input),
        output_tokens,
    };
    assert_eq!(bound, expected);
}

fn capped(vendor: &str, model: &str, cap: u64) -> Call {
    Call { output_cap: Some(cap), ..call(vendor, model) }
}

fn sized(model: &str, input: InputSize) -> Call {
    Call { input, ..capped("openai", model, 0) }
}

#[test]
fn text_counts_a_token_a_byte_and_some_framing() {
    // (1,000 + 2 × 16 + 32) × 2.50 + 100 × 10.
    check(&capped("openai", "gpt-4o", 100), "0.00366", "0.00266", 100);
    // (1,000 + 2 × 16 + 1,024) × 2.00, as everything might be cached for an hour; 100 × 5.
    check(&capped("anthropic", "claude-haiku-4-5", 100), "0.004612", "0.004112", 100);
}

#[test]
fn every_choice_may_use_the_whole_cap() {
    let call = Call { choices: 3, ..capped("openai", "gpt-4o", 100) };
    check(&call, "0.00566", "0.00266", 300);
}

#[test]
fn without_a_cap_the_published_maximum_counts() {
    check(&call("openai", "gpt-4o"), "0.1665", "0.00266", 16_384);
}

#[test]
fn a_long_text_is_dearer_but_never_longer_than_the_window() {
    let text = |text_bytes| InputSize { text_bytes, ..InputSize::default() };
    // 271,968 bytes and 32 of framing are just short enough.
    check(&sized("gpt-5.4", text(271_968)), "0.68", "0.68", 0);
    check(&sized("gpt-5.4", text(271_969)), "1.360005", "1.360005", 0);
    check(&sized("gpt-5.4", text(u64::MAX)), "5.25", "5.25", 0);
}

#[test]
fn pictures_count_their_published_maximum() {
    let images = InputSize { images: 2, ..InputSize::default() };
    // (2 × 1,445 + 32) × 2.50.
    check(&sized("gpt-4o", images.clone()), "0.007305", "0.007305", 0);
    // Nobody says for this one: the whole window.
    check(&sized("gpt-5.4-mini", images), "0.30", "0.30", 0);
}

#[test]
fn sound_costs_its_own_rate() {
    let audio = InputSize { audio_bytes: 1_000, ..InputSize::default() };
    // 100 × 32 + 32 × 2.50.
    check(&sized("gpt-audio", audio.clone()), "0.00328", "0.00328", 0);
    let all = InputSize { audio_bytes: u64::MAX, text_bytes: u64::MAX, ..audio.clone() };
    check(&sized("gpt-audio", all), "4.096", "4.096", 0);
    // Its output may all be spoken.
    check(&Call { output_cap: Some(10), ..sized("gpt-audio", audio) }, "0.00392", "0.00328", 10);
}

#[test]
fn each_of_several_prompts_may_fill_the_window() {
    let input = InputSize { text_bytes: 100_000, prompts: 20, ..InputSize::default() };
    // (100,000 + 32) × 0.02: twenty windows of 8,192 have room for all of it.
    check(&sized("text-embedding-3-small", input), "0.00200064", "0.00200064", 0);
    let input = InputSize { text_bytes: 100_000, prompts: 2, ..InputSize::default() };
    // Two windows of 8,192 × 0.02.
    check(&sized("text-embedding-3-small", input), "0.00032768", "0.00032768", 0);
}

#[test]
fn what_is_named_by_reference_counts_as_the_whole_window() {
    let input = InputSize { by_reference: Some(Wording::new("file_id")), ..InputSize::default() };
    check(&sized("gpt-4o", input.clone()), "0.32", "0.32", 0);
    let local = Call { vendor: "local".into(), ..sized("llama-3", input) };
    let book = PriceBook::with_overrides(&[priced("llama-3", "1", "1")]).expect("a book");
    assert_eq!(book.bound(&local), Err(NoBound::UnboundedInput { what: Wording::new("file_id") }));
}

#[test]
fn every_search_may_read_the_whole_window_once_more() {
    let mut call = capped("anthropic", "claude-haiku-4-5", 0);
    call.web_search = true;
    assert_eq!(
        PriceBook::builtin().bound(&call),
        Err(NoBound::UnboundedInput { what: Wording::new("web_search") })
    );
    // 3 × 200,000 × 2.00, and 2 × 0.01.
    call.web_search_cap = Some(2);
    check(&call, "1.22", "1.20", 0);
    call.web_search = false;
    check(&call, "0.004112", "0.004112", 0);
}

#[test]
fn a_model_that_searches_of_itself_holds_its_search_whatever_was_asked_for() {
    let search = Override {
        web_search: Some("25".into()),
        context_window: Some(1_000),
        ..priced("gpt-*-search-*", "1", "1")
    };
    let overrides = [priced("llama-3", "1", "1"), search, priced("sonar", "1", "1")];
    let book = PriceBook::with_overrides(&overrides).expect("a book");
    let asked = capped("local", "llama-3", 10);
    let amended = |model: &str| Call { model: model.into(), ..asked.clone() };
    // Twice the window, ten tokens out, and a search.
    let bound = book.bound(&amended("gpt-5-search-api")).expect("a bound");
    assert_eq!(bound.total.to_string(), "0.02701");
    let used = Usage { input: 2_000, output: 10, web_searches: 1, ..Usage::default() };
    let cost = book.cost("local", "gpt-5-search-api", &used).expect("a cost");
    assert_eq!(cost.total, bound.total);
    // A price without its fee is none.
    let known = Call { output_cap: Some(1), ..amended("sonar") };
    let no_window = NoBound::UnboundedInput { what: Wording::new("web_search") };
    assert_eq!(book.bound(&known), Err(no_window));
}

#[test]
fn a_cheap_tier_is_held_as_the_plain_one() {
    let asked = |tier| Call { tier, ..capped("openai", "gpt-5", 100) };
    for tier in [ServiceTier::Standard, ServiceTier::Flex, ServiceTier::Batch] {
        check(&asked(tier), "0.00233", "0.00133", 100);
    }
    check(&asked(ServiceTier::Priority), "0.00466", "0.00266", 100);
}

#[test]
fn what_nobody_prices_or_caps_has_no_bound() {
    let book = PriceBook::with_overrides(&[priced("llama-*", "1", "1")]).expect("a book");
    let audio = InputSize { audio_bytes: 1, ..InputSize::default() };
    let searching =
        Call { web_search: true, web_search_cap: Some(1), ..capped("openai", "gpt-4o", 1) };
    let extra = Call { extra_fee: Some(Wording::new("plugins")), ..capped("openai", "gpt-4o", 1) };
    for (call, expected) in [
        (call("openai", "gpt-9"), NoBound::Unpriced),
        (call("nobody", "gpt-4o"), NoBound::Unpriced),
        (call("local", "llama-3"), NoBound::UnboundedOutput),
        (sized("gpt-4o", audio), NoBound::Unpriced),
        (searching, NoBound::Unpriced),
        (extra, NoBound::UnpricedFee { what: Wording::new("plugins") }),
        (
            capped("local", "llama-3:online", 1),
            NoBound::UnpricedFee {
                what: Wording::new("the searches that `:online` asks for have no price"),
            },
        ),
        (
            Call { tier: ServiceTier::Priority, ..capped("openai", "gpt-5-nano", 1) },
            NoBound::Unpriced,
        ),
        (capped("openai", "gpt-4o", u64::MAX), NoBound::Overflow),
        (Call { choices: u64::MAX, ..capped("openai", "gpt-4o", u64::MAX) }, NoBound::Overflow),
    ] {
        assert_eq!(book.bound(&call), Err(expected.clone()), "{call:?}");
        let afforded = book.affordable_cap(&call, Usd::MAX);
        let only_too_large = matches!(expected, NoBound::Overflow | NoBound::UnboundedOutput);
        assert_eq!(afforded.is_some(), only_too_large, "{call:?}");
    }
}

#[test]
fn a_free_model_is_bound_by_nothing() {
    let free = Override {
        free: true,
        vendor: "local".into(),
        model: "llama-*".into(),
        ..Override::default()
    };
    let book = PriceBook::with_overrides(&[free]).expect("a book");
    let call = Call { web_search: true, ..call("local", "llama-3") };
    let expected = Bound { total: Usd::ZERO, input: Usd::ZERO, output_tokens: u64::MAX };
    assert_eq!(book.bound(&call), Ok(expected));
    assert_eq!(book.affordable_cap(&call, Usd::ZERO), Some(u64::MAX));
}

#[test]
fn affords_what_is_left_after_the_input() {
    let book = PriceBook::builtin();
    let call = call("openai", "gpt-4o");
    for (left, cap) in [
        ("0.00265", None),
        ("0.00266", Some(0)),
        ("0.002669999", Some(0)),
        ("0.00267", Some(1)),
        ("1.00266", Some(100_000)),
    ] {
        assert_eq!(book.affordable_cap(&call, left.parse().expect(left)), cap, "{left}");
    }
}

// Any call, any price, any usage that such a call can have.

const MODELS: [(&str, &str); 8] = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-5"),
    ("openai", "gpt-5.4"),
    ("openai", "gpt-audio"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-5-5"),
    ("local", "full"),
    ("local", "bare"),
];

fn book() -> PriceBook {
    let bare = priced("bare", "0.0000015", "0.7");
    let full = Override {
        cached: Some("9".into()),
        cache_write: Some("0.5".into()),
        audio_input: Some("0.25".into()),
        audio_output: Some("0.1".into()),
        web_search: Some("3.3".into()),
        context_window: Some(5_000),
        image_tokens: Some(7),
        ..priced("full", "3", "1")
    };
    PriceBook::with_overrides(&[bare, full]).expect("a book")
}

fn tier() -> impl Strategy<Value = ServiceTier> {
    prop_oneof![
        4 => Just(ServiceTier::Standard),
        1 => Just(ServiceTier::Flex),
        1 => Just(ServiceTier::Priority),
        1 => Just(ServiceTier::Batch),
    ]
}

fn size() -> impl Strategy<Value = InputSize> {
    let by_reference = option::weighted(0.1, Just(Wording::new("file_id")));
    let few = || prop_oneof![3 => Just(0), 1 => 0..5_u64];
    let bytes = || prop_oneof![0..2_000_u64, 0..2_000_000_u64];
    let audio = prop_oneof![Just(0), bytes()];
    (bytes(), 0..50_u64, few(), few(), audio, by_reference, few(), few()).prop_map(
        |(text_bytes, parts, images, pages, audio_bytes, by_reference, prompts, rereads)| {
            InputSize {
                text_bytes,
                parts,
                images,
                pages,
                audio_bytes,
                by_reference,
                prompts,
                rereads,
            }
        },
    )
}

fn calls() -> impl Strategy<Value = Call> {
    let searches = option::weighted(0.3, 0..4_u64);
    let cap = option::weighted(0.9, 0..200_000_u64);
    (0..MODELS.len(), size(), cap, 0..4_u64, tier(), searches).prop_map(
        |(model, input, output_cap, choices, tier, searches)| {
            let (vendor, model) = MODELS[model];
            Call {
                input,
                output_cap,
                choices,
                tier,
                web_search: searches.is_some(),
                web_search_cap: searches,
                ..call(vendor, model)
            }
        },
    )
}

/// The most text, the most audio and the most of both that `call` can put in.
fn room(limits: &Limits, call: &Call) -> (u64, u64, u64) {
    let size = &call.input;
    let searches = if call.web_search { call.web_search_cap.unwrap_or_default() } else { 0 };
    let passes = 1 + searches.max(size.rereads);
    let prompts = size.prompts.max(1);
    let most = limits.context_window.map_or(u64::MAX, |window| window * prompts * passes);
    let hidden = size.by_reference.is_some()
        || (size.images > 0 && limits.image.is_none())
        || (size.pages > 0 && limits.page.is_none());
    if passes > 1 || hidden {
        return (most, most, most);
    }
    let text = size.text_bytes
        + size.parts * limits.framing_part
        + limits.framing_call
        + size.images * limits.image.unwrap_or_default()
        + size.pages * limits.page.unwrap_or_default();
    (text, size.audio_bytes.div_ceil(AUDIO_BYTES_PER_TOKEN), most)
}

/// As much of `whole` as a share of 2¹⁶ says; the largest share is all of it.
fn part(whole: u64, share: u16) -> u64 {
    let part = u128::from(whole) * u128::from(share) / u128::from(u16::MAX);
    u64::try_from(part).expect("no more than the whole")
}

/// A usage that `call` can have: `shares` say how much of what is allowed goes where.
fn within(book: &PriceBook, call: &Call, output_tokens: u64, shares: [u16; 8]) -> Usage {
    let price = book.price(&call.vendor, &call.model).expect("a price");
    let (text, audio, most) = room(&price.limits, call);
    let hears = price.standard.audio_input.is_some();
    let speaks = price.standard.audio_output.is_some();
    let audio_input = if hears { part(audio.min(most), shares[0]) } else { 0 };
    let text = part(text.min(most - audio_input), shares[1]);
    let cached = part(text, shares[2]);
    let cache_write = part(text - cached, shares[3]);
    let cache_write_1h = part(text - cached - cache_write, shares[4]);
    let tokens = part(output_tokens, shares[5]);
    let audio_output = if speaks { part(tokens, shares[6]) } else { 0 };
    let searches = if call.web_search { call.web_search_cap.unwrap_or_default() } else { 0 };
    Usage {
        input: text - cached - cache_write - cache_write_1h,
        cached,
        cache_write,
        cache_write_1h,
        output: tokens - audio_output,
        reasoning: 0,
        audio_input,
        audio_output,
        web_searches: part(searches, shares[7]),
        tier: ServiceTier::Standard,
    }
}

/// Mostly nothing or everything: that is where bounds break.
fn share() -> impl Strategy<Value = u16> {
    prop_oneof![Just(0), Just(u16::MAX), any::<u16>()]
}

fn shares() -> impl Strategy<Value = [u16; 8]> {
    proptest::array::uniform8(share())
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(4_000))]

    /// What is held always suffices, in the tier asked for and in the plain one.
    #[test]
    fn no_cost_passes_its_bound(call in calls(), shares in shares()) {
        let book = book();
        let Ok(bound) = book.bound(&call) else { return Ok(()) };
        let usage = within(&book, &call, bound.output_tokens, shares);
        for tier in [ServiceTier::Standard, call.tier] {
            let usage = Usage { tier, ..usage };
            let cost = book.cost(&call.vendor, &call.model, &usage);
            let cost = cost.ok_or_else(|| TestCaseError::fail(format!("no cost: {usage:?}")))?;
            prop_assert!(cost.total <= bound.total, "{cost:?} > {bound:?} for {usage:?}");
            prop_assert!(cost.input.round_up() <= Some(bound.input), "{cost:?} > {bound:?}");
        }
    }

    /// A bound is what the dearest usage costs, and no more.
    #[test]
    fn some_usage_reaches_its_bound(text_bytes in 1..100_000_u64, cap in 0..9_999_u64) {
        let book = book();
        let input = InputSize { text_bytes, ..InputSize::default() };
        let call = Call { input, ..capped("local", "bare", cap) };
        let input = text_bytes + Limits::UNKNOWN.framing_call;
        let usage = Usage { input, output: cap, ..Usage::default() };
        let cost = book.cost("local", "bare", &usage).map(|cost| cost.total);
        prop_assert_eq!(book.bound(&call).map(|bound| bound.total).ok(), cost);
    }

    /// One token more than what is afforded is too much, and what is afforded is not.
    #[test]
    fn an_affordable_cap_is_the_last_that_fits(call in calls(), left in 0..5_000_000_000_u64) {
        let book = book();
        let left = Usd::from_nanos(left);
        let with = |cap| book.bound(&Call { output_cap: Some(cap), ..call.clone() });
        match book.affordable_cap(&call, left) {
            Some(cap) => {
                prop_assert!(with(cap).is_ok_and(|bound| bound.total <= left));
                prop_assert!(with(cap + 1).is_ok_and(|bound| bound.total > left));
            }
            None => prop_assert!(with(0).map_or(true, |bound| bound.total > left)),
        }
    }

    /// More of anything is never bound by less.
    #[test]
    fn a_bound_grows_with_everything(call in calls(), more in 0..100_000_u64) {
        let book = book();
        let Ok(bound) = book.bound(&call) else { return Ok(()) };
        let mut grown: Vec<Call> = Vec::new();
        let counts: [fn(&mut Call) -> &mut u64; 6] = [
            |call| &mut call.input.text_bytes,
            |call| &mut call.input.parts,
            |call| &mut call.input.images,
            |call| &mut call.input.pages,
            |call| &mut call.choices,
            |call| call.output_cap.get_or_insert(u64::from(u32::MAX)),
        ];
        for count in counts {
            let mut larger = call.clone();
            *count(&mut larger) += more;
            grown.push(larger);
        }
        for larger in grown {
            match book.bound(&larger) {
                Ok(more) => prop_assert!(bound.total <= more.total && bound.input <= more.input),
                Err(why) => prop_assert_eq!(why == NoBound::Unpriced, false, "{:?}", larger),
            }
        }
    }

    /// No figure makes it panic or wrap.
    #[test]
    fn any_call_can_be_asked_for(
        figures in proptest::array::uniform10(prop_oneof![Just(u64::MAX), Just(0), any::<u64>()]),
        model in 0..MODELS.len(),
        tier in tier(),
    ) {
        let book = book();
        let [text_bytes, parts, images, pages, audio_bytes, cap, choices, more @ ..] = figures;
        let [searches, prompts, rereads] = more;
        let (vendor, model) = MODELS[model];
        let by_reference = None;
        let call = Call {
            input: InputSize {
                text_bytes, parts, images, pages, audio_bytes, by_reference, prompts, rereads,
            },
            output_cap: Some(cap),
            choices,
            tier,
            web_search: searches > 0,
            web_search_cap: Some(searches),
            ..call(vendor, model)
        };
        let _ = book.affordable_cap(&call, Usd::MAX);
        if let Ok(bound) = book.bound(&call) {
            prop_assert!(bound.input <= bound.total);
        }
    }
}
