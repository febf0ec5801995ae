//! The list is found by every name callers use, and by no other.

use super::{MODELS, Maker, find, usd};

#[test]
fn a_price_is_the_decimal_it_was_written_as() {
    for text in ["0", "15", "0.005", "22.5", "0.075", "18.75"] {
        assert_eq!(usd(text).to_string(), text);
    }
}

#[test]
fn dated_and_latest_names_are_found() {
    for (asked, name) in [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini"),
        ("gpt-4.1-nano-2025-04-14", "gpt-4.1-nano"),
        ("o3-2025-04-16", "o3"),
    ] {
        assert_eq!(find(Maker::OpenAi, asked).map(|model| model.name), Some(name), "{asked}");
    }
    for (asked, name) in [
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku"),
        ("claude-opus-4-1-20250805", "claude-opus-4-1"),
        ("claude-opus-5", "claude-opus-5"),
    ] {
        assert_eq!(find(Maker::Anthropic, asked).map(|model| model.name), Some(name), "{asked}");
    }
}

#[test]
fn other_names_are_not_found() {
    for asked in ["", "gpt-4", "gpt-4o-", "gpt-4o-2024", "gpt-4o-audio", "claude-opus-5", "-"] {
        assert!(find(Maker::OpenAi, asked).is_none(), "{asked}");
    }
}

#[test]
fn every_snapshot_leads_back_to_its_own_line() {
    for model in MODELS {
        assert_eq!(find(model.maker, model.snapshot).map(|found| found.name), Some(model.name));
        assert!(model.rates.cached <= model.rates.input && model.max_output > 0, "{}", model.name);
    }
}
