//! Rates as they are written, to the pico.

use super::Rate;

#[test]
fn reads_dollars_per_million_tokens() {
    for (text, picos) in [
        ("0", 0),
        ("0.00", 0),
        ("2.5", 2_500_000),
        ("2.50", 2_500_000),
        ("0.075", 75_000),
        ("0.1375", 137_500),
        ("150", 150_000_000),
        ("0.000001", 1),
        // Rounded up, never down.
        ("0.0000001", 1),
        ("0.0000010000000000000000001", 2),
        ("18446744073709.551615", u64::MAX),
    ] {
        assert_eq!(Rate::per_million(text).map(Rate::picos), Ok(picos), "{text}");
    }
}

#[test]
fn reads_dollars_per_thousand_searches() {
    // 10 dollars a thousand are a cent each: 10¹⁰ pico-USD.
    assert_eq!(Rate::per_thousand("10").map(Rate::picos), Ok(10_000_000_000));
}

#[test]
fn refuses_what_is_no_price() {
    for text in [
        "",
        "-1",
        "-0",
        "+1",
        "1e3",
        "1_000",
        "1,5",
        "NaN",
        "free",
        " 1",
        "1.2.3",
        ".",
        ".5",
        "$1",
        "18446744073709.551616",
        "99999999999999999999999999999999",
    ] {
        let error = Rate::per_million(text).expect_err(text);
        let expected =
            format!("`{text}` is not a price in dollars: write a plain decimal such as \"2.50\"");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn shows_itself_as_it_is_written() {
    for text in ["0", "2.5", "0.075", "150", "0.000001"] {
        assert_eq!(Rate::per_million(text).expect(text).to_string(), text);
    }
}
