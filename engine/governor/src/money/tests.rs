//! Amounts read, written, rounded and bounded.

use super::{Picos, Usd};
use proptest::prelude::*;

#[test]
fn reads_and_writes_plain_decimals() {
    for (text, nanos, shown) in [
        ("5.00", 5_000_000_000, "5.00"),
        ("5", 5_000_000_000, "5.00"),
        ("0.00015", 150_000, "0.00015"),
        ("0.000000001", 1, "0.000000001"),
        ("12.3456", 12_345_600_000, "12.3456"),
        ("9223372036.854775807", 9_223_372_036_854_775_807, "9223372036.854775807"),
    ] {
        let amount: Usd = text.parse().expect(text);
        assert_eq!((amount.nanos(), amount.to_string()), (nanos, shown.to_owned()));
    }
}

#[test]
fn refuses_what_is_not_an_amount() {
    for text in [
        "",
        ".",
        "5.",
        ".5",
        "-1",
        "+1",
        "1e3",
        "1,000",
        "0.0000000001",
        "9223372036.854775808",
        "99999999999999999999",
    ] {
        assert!(text.parse::<Usd>().is_err(), "`{text}` was read as an amount");
    }
}

#[test]
fn a_call_is_rounded_up_once() {
    assert_eq!(Picos(1).round_up(), Some(Usd::from_nanos(1)));
    assert_eq!(Picos(1_000).round_up(), Some(Usd::from_nanos(1)));
    assert_eq!(Picos(1_001).round_up(), Some(Usd::from_nanos(2)));
    assert_eq!(Picos(u128::MAX).round_up(), None);
    assert_eq!(Picos(150_025).to_string(), "0.000000150025");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(nanos in 0..=Usd::MAX.nanos()) {
        let amount = Usd::from_nanos(nanos);
        prop_assert_eq!(amount.to_string().parse::<Usd>().expect("own text"), amount);
    }

    #[test]
    fn sums_never_wrap(a in any::<u64>(), b in any::<u64>()) {
        let (a, b) = (Usd::from_nanos(a), Usd::from_nanos(b));
        prop_assert!(a.saturating_add(b) >= a.max(b));
        prop_assert!(a.saturating_sub(b) <= a);
    }
}
