//! The invariants of the timeline, over any sequence of clock readings, pauses and restarts.

mod world;

use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use reins_governor::{Usd, Window};

use self::world::{Deed, World};
use super::{STRETCHES_MAX, Timeline};
use crate::Slot;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Jumps from just noticed to ten years, many of them near a window's length or its edges.
fn far() -> impl Strategy<Value = i64> {
    let lengths = [3, MINUTE, 299, 300, HOUR, DAY, 7 * DAY, 31 * DAY, YEAR, 10 * YEAR];
    let near = (prop::sample::select(lengths.to_vec()), -400..400_i64).prop_map(|(l, by)| l + by);
    let seconds = prop_oneof![3..7_200_i64, 3..40 * DAY, near];
    (seconds, any::<bool>()).prop_map(|(by, back)| if back { -by.max(3) } else { by.max(3) })
}

/// How long time passes: mostly within an hour, at times over days.
fn while_() -> impl Strategy<Value = i64> {
    prop_oneof![6 => 0..20 * MINUTE, 3 => 0..3 * HOUR, 1 => 0..40 * DAY]
}

fn deed(jumps: bool) -> impl Strategy<Value = Deed> {
    let jump = if jumps { 4 } else { 0 };
    let restart_far = prop_oneof![4 => Just(0), jump => far()];
    prop_oneof![
        10 => (1..1_000_u64).prop_map(Deed::Hold),
        7 => (0..4_usize, 1..1_000_u64, any::<bool>())
            .prop_map(|(ago, nanos, presumed)| Deed::Finish { ago, nanos, presumed }),
        2 => (0..4_usize, 1..1_000_u64).prop_map(|(ago, nanos)| Deed::Correct { ago, nanos }),
        7 => while_().prop_map(Deed::Pass),
        jump => far().prop_map(Deed::Jump),
        jump => Just(Deed::SetRight),
        3 => (while_(), restart_far).prop_map(|(pause, jump)| Deed::Restart { pause, jump }),
        1 => Just(Deed::Evict),
    ]
}

/// Instants shortly before clocks change, months end and years end.
fn starts() -> impl Strategy<Value = i64> {
    let edges = [
        "2026-03-28T20:00:00Z",
        "2026-10-24T20:00:00Z",
        "2026-11-01T03:00:00Z",
        "2026-09-06T02:00:00Z",
        "2026-04-04T12:00:00Z",
        "2028-02-28T22:00:00Z",
        "2026-12-31T20:00:00Z",
        "2026-06-03T10:00:00Z",
    ];
    let second = |edge: &str| edge.parse::<Timestamp>().expect(edge).as_second();
    let edges = edges.map(second).to_vec();
    (prop::sample::select(edges), 0..DAY).prop_map(|(edge, after)| edge + after)
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Santiago",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, ..ProptestConfig::default() })]

    /// Invariants 1 and 2 after each deed, and 3 at the end.
    #[test]
    fn no_clock_forgets_spend_or_keeps_it_for_ever(
        zone in zones(),
        start in starts(),
        deeds in prop::collection::vec(deed(true), 1..70),
    ) {
        let mut world = World::new(zone, start);
        for deed in deeds {
            world.happen(&deed);
            world.no_spend_is_missing();
        }
        world.all_spend_leaves();
    }

    /// Where the clock never jumps, windows are exact, across restarts as well.
    #[test]
    fn a_clock_that_never_jumps_counts_exactly(
        zone in zones(),
        start in starts(),
        deeds in prop::collection::vec(deed(false), 1..70),
    ) {
        let mut world = World::new(zone, start);
        for deed in deeds {
            world.happen(&deed);
            world.spend_is_exact();
        }
    }
}

/// The deeds above do lead where the invariants say something: how often is asserted.
#[test]
fn the_deeds_meet_every_case() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let worlds = (zones(), starts(), prop::collection::vec(deed(true), 1..70));
    let mut seen = world::Seen::default();
    for _ in 0..300 {
        let tree = worlds.new_tree(&mut runner).expect("values");
        let (zone, start, deeds) = tree.current();
        let mut world = World::new(zone, start);
        for deed in deeds {
            world.happen(&deed);
            world.no_spend_is_missing();
        }
        seen.add(&world.seen);
    }
    seen.is_enough();
}

fn slot(start: i64) -> Slot {
    Slot { start, spent: Usd::from_nanos(1), calls: 1 }
}

#[test]
fn a_clock_that_jumps_all_the_time_leaves_so_many_stretches_and_forgets_nothing() {
    let noon = 1_800_000_000;
    let (mut timeline, mut wall) = (Timeline::default(), noon);
    for jump in 1..500_i64 {
        let by = if jump % 2 == 0 { -HOUR * jump } else { HOUR * jump };
        wall += 10 + by;
        timeline.jump(wall, by);
        assert!(timeline.past.len() <= STRETCHES_MAX);
        let now = Timestamp::from_second(wall).expect("a time");
        let spent = slot(noon - noon.rem_euclid(300));
        let rolling = Window::Rolling { hours: 3 };
        let since = timeline.earliest(rolling, &TimeZone::UTC, now);
        assert!(since <= spent.start, "after {jump} jumps");
        let dated = timeline.dated(rolling, &TimeZone::UTC, &[spent], now);
        assert!(dated.slots[0].start >= wall - 3 * HOUR, "after {jump} jumps");
    }
}

#[test]
fn a_stretch_is_let_go_after_the_longest_window() {
    let (mut timeline, wall) = (Timeline::default(), 1_800_000_000);
    timeline.jump(wall, HOUR);
    assert_eq!(timeline.resume(wall + 400 * DAY, wall), None);
    assert_eq!(timeline.past.len(), 1, "no store ran meanwhile");
    timeline.jump(wall + 800 * DAY, -3);
    assert_eq!(timeline.past.len(), 1, "the first is gone, this one is left");
    let now = Timestamp::from_second(wall + 800 * DAY).expect("a time");
    let longest = Window::Rolling { hours: 24 * 366 };
    let dated = timeline.dated(longest, &TimeZone::UTC, &[slot(1_799_999_700)], now);
    assert!(dated.slots[0].start < now.as_second() - 370 * DAY);
}

#[test]
fn times_at_the_ends_of_all_numbers_are_no_matter() {
    let mut timeline = Timeline::default();
    assert_eq!(timeline.resume(1_800_000_000, i64::MIN), None, "an empty store");
    for seconds in [i64::MAX, i64::MIN, -1, i64::MAX] {
        timeline.jump(1_800_000_000, seconds);
        timeline.resume(1_800_000_000, i64::MAX);
        timeline.resume(i64::MIN, i64::MAX);
        for hours in [1, u32::MAX] {
            let window = Window::Rolling { hours };
            let slots = [slot(i64::MIN), slot(0), slot(i64::MAX)];
            timeline.dated(window, &TimeZone::UTC, &slots, Timestamp::MAX);
            timeline.dated(Window::Monthly, &TimeZone::UTC, &slots, Timestamp::MIN);
            assert!(timeline.earliest(window, &TimeZone::UTC, Timestamp::MIN) < i64::MAX);
        }
    }
}

#[test]
fn stretches_that_became_one_leave_windows_in_time() {
    let (mut timeline, mut wall) = (Timeline::default(), 1_800_000_000);
    for jump in 0..1_000 {
        let by = if jump % 2 == 0 { 100 * HOUR } else { -100 * HOUR };
        wall += 400 + by;
        timeline.jump(wall, by);
    }
    let oldest = timeline.past[0];
    wall += 6 * HOUR;
    let now = Timestamp::from_second(wall).expect("a time");
    let rolling = Window::Rolling { hours: 5 };
    let slots = [slot(1_800_000_000), slot(oldest.end - oldest.end.rem_euclid(300))];
    let dated = timeline.dated(rolling, &TimeZone::UTC, &slots, now);
    assert!(dated.slots.iter().all(|slot| slot.start < wall - 6 * HOUR), "{dated:?}");
}
