//! Windows walked day by day through the years, against the wall clocks of many zones.

use jiff::Timestamp;
use jiff::civil::{Weekday, date};
use jiff::tz::TimeZone;
use reins_governor::Window;

use super::{Calendar, Rolling, Span, span};
use crate::SLOT_SECONDS;

/// Zones with turns at midnight, by half an hour, on other half years, or none at all.
const ZONES: [&str; 20] = [
    "UTC",
    "Europe/Berlin",
    "Europe/London",
    "Europe/Dublin",
    "America/New_York",
    "America/Los_Angeles",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/Havana",
    "America/Asuncion",
    "Atlantic/Azores",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
];

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect(name)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("an instant")
}

fn second(text: &str) -> i64 {
    text.parse::<Timestamp>().expect(text).as_second()
}

/// Every window from the one at `from` to the one at `to`.
fn walk(window: Window, zone: &TimeZone, from: i64, to: i64) -> Vec<Span> {
    let mut spans = vec![span(window, zone, at(from))];
    while spans.last().expect("one").end <= to {
        let next = span(window, zone, at(spans.last().expect("one").end));
        assert_eq!(next.start, spans.last().expect("one").end, "{window} leaves a hole");
        spans.push(next);
    }
    spans
}

fn decade() -> (i64, i64) {
    (second("2020-01-01T12:00:00Z"), second("2030-01-01T12:00:00Z"))
}

#[test]
fn days_begin_when_the_date_on_the_wall_changes() {
    let (from, to) = decade();
    for name in ZONES {
        let zone = zone(name);
        let wall = |second| zone.to_datetime(at(second)).date();
        let days = walk(Window::Daily, &zone, from, to);
        assert!((3_653..=3_655).contains(&days.len()), "{name} has {} days", days.len());
        for day in days {
            assert_eq!(wall(day.start), wall(day.end - 1), "{name} {day:?}");
            assert_ne!(wall(day.start - 1), wall(day.start), "{name} {day:?}");
            assert_ne!(wall(day.end - 1), wall(day.end), "{name} {day:?}");
        }
    }
}

#[test]
fn weeks_begin_on_monday_and_months_on_the_first() {
    let (from, to) = decade();
    for name in ZONES {
        let zone = zone(name);
        let wall = |second| zone.to_datetime(at(second)).date();
        for week in walk(Window::Weekly, &zone, from, to) {
            assert_eq!(wall(week.start).weekday(), Weekday::Monday, "{name} {week:?}");
            assert_eq!(wall(week.end - 1).weekday(), Weekday::Sunday, "{name} {week:?}");
        }
        let months = walk(Window::Monthly, &zone, from, to);
        for month in &months {
            assert_eq!(wall(month.start).day(), 1, "{name} {month:?}");
            assert_eq!(wall(month.end - 1), wall(month.start).last_of_month(), "{name} {month:?}");
        }
        assert_eq!(months.len(), 121, "{name}");
    }
}

#[test]
fn hours_begin_when_the_wall_shows_a_full_hour_or_is_turned() {
    let (from, to) = (second("2024-01-01T00:00:00Z"), second("2025-12-31T00:00:00Z"));
    for name in ZONES {
        let zone = zone(name);
        let offset = |second| zone.to_offset(at(second));
        for hour in walk(Window::Hourly, &zone, from, to) {
            let full = zone.to_datetime(at(hour.start)).minute() == 0;
            assert!(full || offset(hour.start) != offset(hour.start - 1), "{name} {hour:?}");
            assert!(hour.end - hour.start <= 3_600, "{name} {hour:?}");
            assert_eq!(offset(hour.start), offset(hour.end - 1), "{name} {hour:?}");
        }
    }
}

#[test]
fn every_slot_of_a_year_is_in_the_window_that_its_wall_says() {
    let zone = zone("Australia/Lord_Howe");
    let mut calendar = Calendar::new();
    calendar.turn_to(&zone);
    let (from, to) = (second("2025-01-01T00:00:00Z"), second("2026-01-01T00:00:00Z"));
    for slot in (from..to).step_by(usize::try_from(SLOT_SECONDS).expect("positive")) {
        for window in [Window::Hourly, Window::Daily, Window::Weekly, Window::Monthly] {
            let cached = calendar.span(window, slot + 7);
            assert!(cached.contains(slot));
            if slot % 7_200 == 0 {
                assert_eq!(cached, span(window, &zone, at(slot + 7)), "{window} at {slot}");
            }
        }
    }
}

#[test]
fn days_that_the_clock_bends() {
    for (name, day, begins, minutes) in [
        ("Europe/Berlin", date(2025, 3, 30), "2025-03-29T23:00:00Z", 1_380),
        ("Europe/Berlin", date(2025, 10, 26), "2025-10-25T22:00:00Z", 1_500),
        ("Australia/Lord_Howe", date(2025, 4, 6), "2025-04-05T13:00:00Z", 1_470),
        ("Australia/Lord_Howe", date(2025, 10, 5), "2025-10-04T13:30:00Z", 1_410),
        // No midnight: the day begins at one.
        ("America/Havana", date(2025, 3, 9), "2025-03-09T05:00:00Z", 1_380),
        ("Asia/Beirut", date(2025, 3, 30), "2025-03-29T22:00:00Z", 1_380),
        // Two midnights: the day begins at the first.
        ("America/Havana", date(2025, 11, 2), "2025-11-02T04:00:00Z", 1_500),
        // Turned back from one past midnight: the evening before is shown twice.
        ("America/St_Johns", date(2006, 10, 29), "2006-10-29T02:30:00Z", 1_500),
        // A leap day, and the day before one that was left out of the calendar.
        ("UTC", date(2024, 2, 29), "2024-02-29T00:00:00Z", 1_440),
        ("Pacific/Apia", date(2011, 12, 29), "2011-12-29T10:00:00Z", 1_440),
    ] {
        let zone = zone(name);
        let noon = zone.to_timestamp(day.at(12, 0, 0, 0)).expect("noon");
        let span = span(Window::Daily, &zone, noon);
        assert_eq!(at(span.start).to_string(), begins, "{name} {day}");
        assert_eq!(span.end - span.start, minutes * 60, "{name} {day}");
    }
}

#[test]
fn days_follow_each_other_where_midnight_comes_twice() {
    for (name, from, to) in [
        ("America/St_Johns", "2006-10-20T00:00:00Z", "2006-11-05T00:00:00Z"),
        ("America/St_Johns", "2007-03-01T00:00:00Z", "2007-03-20T00:00:00Z"),
        ("Pacific/Apia", "2011-12-20T00:00:00Z", "2012-01-10T00:00:00Z"),
    ] {
        let zone = zone(name);
        let days = walk(Window::Daily, &zone, second(from), second(to));
        let (first, last) = (days.first().expect("one"), days.last().expect("one"));
        let mut slot = first.start;
        while slot < last.end {
            let day = span(Window::Daily, &zone, at(slot));
            assert!(day.contains(slot) && days.contains(&day), "{name} {slot} is in {day:?}");
            slot += SLOT_SECONDS;
        }
    }
}

#[test]
fn a_rolling_window_counts_all_of_its_length_and_little_more() {
    for (hours, width) in [
        (1, 300),
        (8, 300),
        (9, 900),
        (24, 900),
        (48, 1_800),
        (96, 3_600),
        (97, 7_200),
        (168, 7_200),
        (720, 43_200),
        (8_784, 345_600),
    ] {
        let rolling = Rolling::new(hours);
        assert_eq!(rolling.width, width, "{hours} h");
        assert!(rolling.length <= 96 * width, "{hours} h");
        let now = second("2025-06-01T12:34:56Z");
        let span = span(Window::Rolling { hours }, &TimeZone::UTC, at(now));
        let age = now - span.start;
        assert!((rolling.length..rolling.length + width).contains(&age), "{hours} h: {age}");
        assert!(span.contains(now) && span.start % width == 0);
        assert!(rolling.leaves(span.start) > now);
        assert!(rolling.leaves(span.start - width) <= now);
    }
}

#[test]
fn an_offset_of_odd_seconds_still_gives_whole_slots() {
    let offset = jiff::tz::Offset::from_seconds(-(44 * 60 + 30)).expect("an offset");
    let zone = TimeZone::fixed(offset);
    let (from, to) = (second("2025-01-01T00:00:00Z"), second("2025-01-03T00:00:00Z"));
    for window in [Window::Hourly, Window::Daily] {
        for span in walk(window, &zone, from, to) {
            assert_eq!((span.start % SLOT_SECONDS, span.end % SLOT_SECONDS), (0, 0), "{window}");
            // The first slot whose first second is in the window.
            let late = zone.to_datetime(at(span.start));
            assert_eq!((late.minute(), late.second()), (0, 30), "{window} {span:?}");
        }
    }
}

#[test]
fn the_ends_of_the_calendar_do_not_stop_the_count() {
    for window in [Window::Hourly, Window::Daily, Window::Weekly, Window::Monthly] {
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert!(span(window, &TimeZone::UTC, end).contains(end.as_second()), "{window} {end}");
        }
    }
}

#[test]
fn a_new_zone_ends_what_the_old_one_said() {
    let mut calendar = Calendar::new();
    let now = second("2025-06-01T12:00:00Z");
    let (berlin, utc) = (zone("Europe/Berlin"), TimeZone::UTC);
    let first = calendar.epoch();
    let in_utc = calendar.span(Window::Daily, now);
    calendar.turn_to(&utc);
    assert!(calendar.holds_for(first, &utc));
    calendar.turn_to(&berlin);
    assert!(!calendar.holds_for(first, &berlin) && !calendar.holds_for(first, &utc));
    assert_eq!(calendar.span(Window::Daily, now).start, in_utc.start - 2 * 3_600);
}
