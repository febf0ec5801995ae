//! Limits under a clock that the test turns.

use std::num::NonZeroU32;
use std::time::Duration;

use reins_governor::{Identity, Name, Scope, ScopeKind, samples};

use super::{Limit, Limits};

fn caller(agent: &str, session: Option<&str>) -> Identity {
    Identity { session: session.map(Name::kept), ..samples::caller(agent) }
}

fn limit(kind: ScopeKind, pattern: &str, calls_per_second: u32, burst: u32) -> Limit {
    Limit {
        kind,
        pattern: pattern.parse().expect(pattern),
        calls_per_second: NonZeroU32::new(calls_per_second).expect("a rate"),
        burst: NonZeroU32::new(burst).expect("a burst"),
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// How many of `calls` calls at `now` get through.
fn through(limits: &Limits, who: &Identity, calls: usize, now: Duration) -> usize {
    (0..calls).filter(|_| limits.take(who, now).is_ok()).count()
}

#[test]
fn a_burst_goes_through_and_then_the_rate_holds() {
    let limits = Limits::new(vec![limit(ScopeKind::Agent, "*", 10, 5)]);
    let bot = caller("bot", None);
    assert_eq!(through(&limits, &bot, 100, ms(1_000)), 5);
    assert_eq!(through(&limits, &bot, 100, ms(1_099)), 0);
    assert_eq!(through(&limits, &bot, 100, ms(1_100)), 1);
    assert_eq!(through(&limits, &bot, 100, ms(1_400)), 3);
    assert_eq!(through(&limits, &bot, 100, ms(60_000)), 5);
}

#[test]
fn a_refusal_says_when_to_come_again_and_that_instant_holds() {
    let limits = Limits::new(vec![limit(ScopeKind::Agent, "*", 4, 1)]);
    let bot = caller("bot", None);
    assert_eq!(limits.take(&bot, ms(0)), Ok(()));
    let scope = Scope::new(ScopeKind::Agent, "bot".into());
    assert_eq!(limits.take(&bot, ms(100)), Err((scope, ms(150))));
    assert_eq!(limits.take(&bot, ms(250)), Ok(()));
}

#[test]
fn each_name_has_its_own_bucket_and_others_have_none() {
    let limits = Limits::new(vec![limit(ScopeKind::Agent, "bot-*", 1, 2)]);
    assert_eq!(through(&limits, &caller("bot-a", None), 10, ms(0)), 2);
    assert_eq!(through(&limits, &caller("bot-b", None), 10, ms(0)), 2);
    assert_eq!(through(&limits, &caller("clerk", None), 10, ms(0)), 10);
}

#[test]
fn a_noisy_agent_takes_nothing_from_the_organization_once_it_is_refused() {
    let wide = limit(ScopeKind::Organization, "*", 1, 10);
    let narrow = limit(ScopeKind::Agent, "*", 1, 3);
    let limits = Limits::new(vec![wide, narrow]);
    assert_eq!(through(&limits, &caller("noisy", None), 100, ms(0)), 3);
    assert_eq!(through(&limits, &caller("a", None), 100, ms(0)), 3);
    assert_eq!(through(&limits, &caller("b", None), 100, ms(0)), 3);
    assert_eq!(through(&limits, &caller("c", None), 100, ms(0)), 1);
    let (scope, _) = limits.take(&caller("d", None), ms(0)).expect_err("the organization is full");
    assert_eq!(scope.kind, ScopeKind::Organization);
}

#[test]
fn a_clock_that_goes_back_or_to_the_end_of_time_gives_nothing_away() {
    let limits = Limits::new(vec![limit(ScopeKind::Agent, "*", 1, 1)]);
    let bot = caller("bot", None);
    assert_eq!(limits.take(&bot, ms(5_000)), Ok(()));
    assert!(limits.take(&bot, ms(0)).is_err());
    assert_eq!(limits.take(&bot, Duration::MAX), Ok(()));
    assert!(limits.take(&bot, Duration::MAX).is_err());
}

#[test]
fn names_that_are_quiet_are_forgotten_by_themselves() {
    let limits = Limits::new(vec![limit(ScopeKind::Session, "*", 100, 1)]);
    for step in 0..200_000_u64 {
        let who = caller("bot", Some(&format!("session-{step}")));
        assert_eq!(limits.take(&who, Duration::from_micros(step * 10)), Ok(()));
    }
    assert!(limits.names() < 20_000, "{} names are remembered", limits.names());
    limits.tidy();
    assert!(limits.names() <= 2_000, "{} names are remembered", limits.names());
}

#[test]
fn an_edit_refills_no_bucket_of_a_limit_that_stays() {
    let (slow, quick) =
        (limit(ScopeKind::Agent, "*", 1, 3), limit(ScopeKind::Organization, "*", 10, 10));
    let first = Limits::new(vec![slow.clone(), quick]);
    let bot = caller("bot", None);
    assert_eq!(through(&first, &bot, 100, ms(0)), 3);
    // In another order, beside a new one, and with a limit that was raised.
    let more = limit(ScopeKind::Organization, "*", 20, 20);
    let second = first.replaced_by(vec![more, limit(ScopeKind::Session, "*", 1, 1), slow.clone()]);
    assert_eq!(through(&second, &bot, 100, ms(0)), 0);
    assert_eq!(through(&second, &bot, 100, ms(1_000)), 1);
    // Calls that still go by the version before count in both.
    assert_eq!(through(&first, &bot, 100, ms(1_000)), 0);
    // Two that are the same go on as two.
    let twice = second.replaced_by(vec![slow.clone(), slow]);
    assert_eq!(through(&twice, &bot, 100, ms(3_000)), 2);
}

#[test]
fn no_limit_refuses_nobody() {
    assert_eq!(through(&Limits::new(Vec::new()), &caller("bot", None), 1_000, ms(0)), 1_000);
}
