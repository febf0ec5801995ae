//! Which instants a schedule holds at, on which wall.

use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

use super::{Minutes, Unreadable};
use crate::Schedule;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect(name)
}

fn minutes(cron: &str, zone: Option<&str>, home: &TimeZone) -> Minutes {
    let schedule = Schedule { cron: cron.into(), zone: zone.map(Into::into) };
    Minutes::read(&schedule, home).expect(cron)
}

fn holds(cron: &str, in_zone: Option<&str>, home: &str, at: &str) -> bool {
    let (home, now): (_, Timestamp) = (zone(home), at.parse().expect(at));
    minutes(cron, in_zone, &home).hold(now, home.to_datetime(now)).expect(cron)
}

const OFFICE: &str = "* 9-17 * * MON-FRI";
const NIGHT: &str = "* 22-23,0-5 * * *";

#[test]
fn holds_in_the_minutes_that_the_pattern_names() {
    for (cron, at, expected) in [
        (OFFICE, "2026-05-05T09:00:00Z", true),
        (OFFICE, "2026-05-05T17:59:59Z", true),
        (OFFICE, "2026-05-05T18:00:00Z", false),
        (OFFICE, "2026-05-05T08:59:59.999Z", false),
        (OFFICE, "2026-05-09T12:00:00Z", false),
        (OFFICE, "2026-05-10T12:00:00Z", false),
        (OFFICE, "2026-05-08T12:00:00Z", true),
        (NIGHT, "2026-05-05T22:00:00Z", true),
        (NIGHT, "2026-05-06T05:59:00Z", true),
        (NIGHT, "2026-05-06T06:00:00Z", false),
        ("0-29 * * * *", "2026-05-05T12:29:59Z", true),
        ("0-29 * * * *", "2026-05-05T12:30:00Z", false),
        ("* * L * *", "2028-02-29T00:00:00Z", true),
        ("* * L * *", "2028-02-28T23:59:00Z", false),
        ("* * * FEB *", "2026-02-01T00:00:00Z", true),
        ("* * * FEB *", "2026-03-01T00:00:00Z", false),
        ("* * 1 * MON", "2026-06-01T00:00:00Z", true),
        ("* * 1 * MON", "2026-07-01T00:00:00Z", true),
        ("* * * * SUN#1", "2026-05-03T10:00:00Z", true),
        ("* * * * SUN#1", "2026-05-10T10:00:00Z", false),
        ("* * * * 7", "2026-05-10T10:00:00Z", true),
    ] {
        assert_eq!(holds(cron, None, "UTC", at), expected, "{cron} at {at}");
    }
}

#[test]
fn the_wall_is_the_organizations_unless_the_schedule_names_another() {
    let at = "2026-05-05T07:30:00Z";
    for (in_zone, home, expected) in [
        (None, "UTC", false),
        (None, "Europe/Berlin", true),
        (Some("Europe/Berlin"), "UTC", true),
        (Some("Europe/Berlin"), "Europe/Berlin", true),
        (Some("America/New_York"), "Europe/Berlin", false),
        (Some("Asia/Kolkata"), "America/New_York", true),
    ] {
        assert_eq!(holds(OFFICE, in_zone, home, at), expected, "{in_zone:?} in {home}");
    }
}

/// How many minutes of that day on that wall the pattern means.
fn minutes_of_day(cron: &str, wall: &str, day: &str) -> usize {
    let home = zone(wall);
    let read = minutes(cron, None, &home);
    let start = day.parse::<jiff::civil::Date>().expect(day).to_zoned(home.clone()).expect(day);
    let end = start.tomorrow().expect(day).timestamp();
    let minute = jiff::SignedDuration::from_mins(1);
    let instants = std::iter::successors(Some(start.timestamp()), |at| Some(*at + minute));
    instants
        .take_while(|at| *at < end)
        .filter(|at| read.hold(*at, home.to_datetime(*at)).expect(cron))
        .count()
}

#[test]
fn where_clocks_change_an_hour_is_skipped_or_holds_twice() {
    for (cron, wall, day, expected) in [
        ("* 2 * * *", "Europe/Berlin", "2026-03-28", 60),
        ("* 2 * * *", "Europe/Berlin", "2026-03-29", 0),
        ("* 2 * * *", "Europe/Berlin", "2026-10-25", 120),
        ("* * * * *", "Europe/Berlin", "2026-03-29", 23 * 60),
        ("* * * * *", "Europe/Berlin", "2026-10-25", 25 * 60),
        ("* 1 * * *", "America/New_York", "2026-11-01", 120),
        ("* 2 * * *", "America/New_York", "2026-03-08", 0),
        ("* 1-2 * * *", "Australia/Lord_Howe", "2026-04-05", 150),
        ("* 2 * * *", "Australia/Lord_Howe", "2026-10-04", 30),
        (OFFICE, "Europe/Berlin", "2026-03-30", 9 * 60),
    ] {
        assert_eq!(minutes_of_day(cron, wall, day), expected, "{cron} in {wall} on {day}");
    }
}

fn refused(cron: &str, zone: Option<&str>) -> String {
    let schedule = Schedule { cron: cron.into(), zone: zone.map(Into::into) };
    match Minutes::read(&schedule, &TimeZone::UTC).expect_err(cron) {
        Unreadable::Cron(why) => why,
        Unreadable::Zone(zone) => format!("zone {zone}"),
    }
}

#[test]
fn refuses_what_is_no_schedule() {
    for (cron, zone, expected) in [
        ("", None, "it is empty"),
        ("* 22-5 * * *", None, "range out of bounds"),
        ("* 24 * * *", None, "number out of bounds"),
        ("* * * *", None, "pattern must have 5 fields when seconds are disallowed"),
        ("0 * * * * *", None, "pattern must have 5 fields when seconds are disallowed"),
        (", * * * *", None, "it names no minute or no hour"),
        ("* , * * *", None, "it names no minute or no hour"),
        ("* * * * *", Some("Mars/Olympus"), "zone Mars/Olympus"),
    ] {
        assert_eq!(refused(cron, zone), expected, "{cron} {zone:?}");
    }
}

#[test]
fn knows_a_schedule_of_one_minute_an_hour() {
    for (cron, expected) in
        [("0 22 * * *", true), ("@daily", true), ("* 22 * * *", false), ("0,30 * * * *", false)]
    {
        assert_eq!(minutes(cron, None, &TimeZone::UTC).is_one_minute(), expected, "{cron}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_text_stops_the_process(cron in "\\PC{0,24}", fields in "[0-9A-Z*/,#?+@ -]{0,24}") {
        for cron in [cron, fields] {
            let schedule = Schedule { cron: cron.as_str().into(), zone: Some(cron.into()) };
            drop(Minutes::read(&schedule, &TimeZone::UTC));
        }
    }

    #[test]
    fn a_zone_of_ones_own_is_like_an_organization_there(
        second in 0_i64..4_000_000_000,
        office in any::<bool>(),
    ) {
        let cron = if office { OFFICE } else { NIGHT };
        let (home, there) = (zone("America/Sao_Paulo"), zone("Asia/Kathmandu"));
        let now = Timestamp::from_second(second).expect("an instant");
        let abroad = minutes(cron, Some("Asia/Kathmandu"), &home);
        let at_home = minutes(cron, None, &there);
        prop_assert_eq!(
            abroad.hold(now, home.to_datetime(now)).expect(cron),
            at_home.hold(now, there.to_datetime(now)).expect(cron)
        );
    }
}
