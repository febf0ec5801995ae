//! Any text as a rule's expression: refused with where it is wrong, or judged within its bounds.

use std::thread;
use std::time::{Duration, Instant};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use reins_governor::{
    Budgets, Call, Cursor, Decision, Endpoint, Environment, Facts, Identity, Judge, KeyId, Name,
    Reading, Readings, Usd,
};
use reins_policy::{
    Action, Conditions, Flaw, Mode, OnError, Policy, PolicyScope, Rule, Rules, Status, compile,
};

use crate::second::{Verdict, ensure};

/// A quarter of what a thread of the server has: an overflow ends the process, and is a finding.
const STACK_BYTES: usize = 512 * 1024;

/// What 20,000 steps may take on a machine that does other work meanwhile.
const TIME_MAX: Duration = Duration::from_secs(1);

/// Compiles the text as a rule, and judges a call by it, without and with money held.
pub(crate) fn is_refused_or_ends(text: &str) -> Verdict {
    let text = text.to_owned();
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || held(&text));
    let thread = thread.map_err(|error| error.to_string())?;
    thread.join().unwrap_or_else(|_| Err("it panicked".to_owned()))
}

fn held(text: &str) -> Verdict {
    match compile(&[policy(text)], &Budgets::default(), &TimeZone::UTC) {
        Err(flaws) => flaws.iter().try_for_each(|flaw| stands_inside(flaw, text)),
        Ok((rules, _)) => {
            judged(&rules, None)?;
            let (spent, held) = (Usd::from_cents(450), Usd::from_cents(5));
            let reading = Reading { spent, held, calls: 12 };
            let readings = rules.reads().iter().map(|_| reading).collect();
            judged(&rules, Some(&Readings(readings)))
        }
    }
}

fn stands_inside(flaw: &Flaw, text: &str) -> Verdict {
    let Flaw::Cel { span, .. } = flaw else { return Err(format!("another flaw: {flaw}")) };
    let inside = span.start <= span.end && span.end <= text.len();
    ensure(inside, || format!("{span:?} is outside of the expression: {flaw}"))
}

fn judged(rules: &Rules, readings: Option<&Readings>) -> Verdict {
    let (identity, call) = (identity(), Call::new("openai", "gpt-4o", Endpoint::ChatCompletions));
    let facts = Facts {
        identity: &identity,
        call: &call,
        bound: Some(Usd::from_cents(5)),
        now: Timestamp::UNIX_EPOCH,
        local: DateTime::constant(2026, 5, 5, 12, 0, 0, 0),
        attempt: 1,
        models_tried: &["gpt-5".into()],
    };
    let begun = Instant::now();
    let one = rules.run(&facts, Cursor::START, readings, &mut Decision::default());
    let took = begun.elapsed();
    ensure(took < TIME_MAX, || format!("it took {took:?}"))?;
    let other = rules.run(&facts, Cursor::START, readings, &mut Decision::default());
    ensure(one == other, || format!("once {one:?}, and once {other:?}"))
}

fn identity() -> Identity {
    let metadata = r#"{"ticket":"A-1","n":3,"x":1.5,"tags":["a","b","c"],"in":{"a":{"b":null}}}"#;
    Identity {
        organization: Name::kept("acme"),
        team: Some(Name::kept("support")),
        agent: Name::kept("support-bot"),
        user: None,
        session: Some(Name::kept("s-1")),
        parent: None,
        key: KeyId(Name::kept("key_ci")),
        key_name: Name::kept("ci"),
        environment: Environment::Live,
        roles: ["trial", "beta"].map(Name::kept).into(),
        metadata: Some(metadata.into()),
        observe: false,
    }
}

fn policy(cel: &str) -> Policy {
    let rule = Rule {
        name: Name::kept("r"),
        enabled: true,
        when: Conditions { cel: Some(cel.into()), ..Conditions::default() },
        action: Action::Flag { message: None },
        is_final: false,
        overrides: Vec::new(),
    };
    Policy {
        name: Name::kept("p"),
        description: None,
        priority: 0,
        status: Status::Active,
        mode: Mode::Enforce,
        scope: PolicyScope::default(),
        rules: vec![rule],
        on_error: OnError::Block,
    }
}
