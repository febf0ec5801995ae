//! Days that are not 24 hours long: a daily budget begins anew at the organization's midnight, and
//! not a moment before, whatever the clocks do.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use reins_governor::Clock;

use crate::rig::{Inside, Site, Speech, Wall, call};

fn instant(zone: &str, wall: &str) -> Timestamp {
    let zone = TimeZone::get(zone).unwrap();
    let wall: DateTime = wall.parse().unwrap();
    wall.to_zoned(zone).unwrap().timestamp()
}

/// One call of the day fits; whether this one was let through.
async fn fits(gateway: &Inside) -> bool {
    let answer = call(gateway.address, &Speech::OpenAi.ask(100, false).script("output=100")).await;
    let status = answer.unwrap().status;
    assert!(matches!(status, 200 | 403), "{status}");
    status == 200
}

/// Spends a day's money in its first minute, then asks again in its last second and at its end.
async fn day(zone: &str, from: &str, to: &str, hours: i64) {
    let (start, end) = (instant(zone, from), instant(zone, to));
    assert_eq!(end.duration_since(start).as_hours(), hours, "{zone} {from}");
    let clock = Wall::at(start);
    let site = Site::bare().await;
    let budget = "[[budget]]\nname = \"a day\"\nscope = { organization = \"acme\" }\n\
                  limit_usd = \"0.0019\"\nwindow = \"daily\"\n";
    let head = site
        .head("process")
        .replace("id = \"acme\"", &format!("id = \"acme\"\ntimezone = \"{zone}\""));
    site.write(&(head + budget));
    let gateway = Inside::at(&site, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let seconds = |seconds: i64| Span::new().seconds(seconds);
    assert!(fits(&gateway).await, "{zone} {from}: the first call of the day");
    for later in [1, 3_600, hours * 3_600 / 2, hours * 3_600 - 1] {
        clock.pass_to(start.checked_add(seconds(later)).unwrap());
        assert!(!fits(&gateway).await, "{zone} {from}: {later} s into a day of {hours} h");
    }
    clock.pass_to(end);
    assert!(fits(&gateway).await, "{zone} {to}: the day after begins anew");
    assert!(!fits(&gateway).await, "{zone} {to}: and has its own limit");
    // A clock that is set back gives no money back.
    clock.jump(-3_600);
    assert!(!fits(&gateway).await, "{zone} {to}: the clock went back");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_ends_at_midnight_however_long_it_was() {
    let days = [
        ("Europe/Berlin", "2026-10-25T00:00", "2026-10-26T00:00", 25),
        ("Europe/Berlin", "2026-03-29T00:00", "2026-03-30T00:00", 23),
        ("Europe/Berlin", "2026-06-01T00:00", "2026-06-02T00:00", 24),
        ("America/New_York", "2026-11-01T00:00", "2026-11-02T00:00", 25),
        ("America/Santiago", "2026-09-06T01:00", "2026-09-07T00:00", 23),
        ("Asia/Kathmandu", "2028-02-29T00:00", "2028-03-01T00:00", 24),
        ("Asia/Kolkata", "2026-12-31T00:00", "2027-01-01T00:00", 24),
    ];
    for (zone, from, to, hours) in days {
        day(zone, from, to, hours).await;
    }
    println!(
        "midnight: {} days of 23, 24 and 25 hours in 5 zones: closed to the last second, open at \
         midnight, a clock set back gives nothing",
        days.len()
    );
}
