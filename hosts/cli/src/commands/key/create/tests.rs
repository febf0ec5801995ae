//! When keys expire.

use jiff::{Timestamp, tz::TimeZone};

use super::{expiry, key_name};

fn berlin() -> TimeZone {
    TimeZone::get("Europe/Berlin").expect("a zone")
}

fn now() -> Timestamp {
    "2026-03-28T12:00:00Z".parse().expect("an instant")
}

#[test]
fn expiry_is_an_instant_a_day_or_a_while() {
    for (text, at) in [
        ("2026-12-31T10:00:00Z", "2026-12-31T10:00:00Z"),
        ("2026-12-31T10:00:00+01:00", "2026-12-31T09:00:00Z"),
        ("2027-01-31", "2027-01-30T23:00:00Z"),
        ("24h", "2026-03-29T12:00:00Z"),
        // The clocks of Berlin go forward that night: the same time of the next day is near.
        ("1 day", "2026-03-29T11:00:00Z"),
        ("90 days", "2026-06-26T11:00:00Z"),
    ] {
        let expires = expiry(text, &berlin(), now()).expect(text);
        assert_eq!(expires.to_string(), at, "{text}");
    }
}

#[test]
fn expiry_is_not_in_the_past() {
    for text in ["2026-03-28", "2026-03-28T12:00:00Z", "0 days", "-1 day", "soon", ""] {
        let error = expiry(text, &berlin(), now()).expect_err(text).to_string();
        assert!(error.starts_with(&format!("`{text}` is not when")), "{error}");
    }
}

#[test]
fn a_key_has_a_name_that_a_budget_can_write() {
    assert_eq!(&*key_name(" support-bot ").expect("a name"), "support-bot");
    for text in ["", "a\u{1b}[31mb", "ci-*", "a?", "[a]", "{a}", "a\\b"] {
        assert!(key_name(text).is_err(), "`{text}` was taken");
    }
}
