//! What is equal, and what is not.
use std::path::PathBuf;

use reins_governor::Usd;

use super::Reckoning;
use crate::demo::figures::{Figures, Level, Sum};
use crate::demo::roll::Entry;

fn usd(text: &str) -> Usd {
    text.parse().expect(text)
}

/// Two agents, one budget, and everything as it must be.
fn equal() -> Reckoning {
    let agent = |agent, calls, blocked, told| Entry { agent, calls, blocked, told: usd(told) };
    let sum = Sum { usd: usd("0.030000001"), calls: 9, open: 0 };
    Reckoning {
        agents: vec![
            (agent("support-bot", 7, 1, "0.02"), usd("0.02")),
            (agent("writer", 3, 0, "0.010000001"), usd("0.010000001")),
        ],
        figures: Figures {
            budgets: vec![Level {
                name: "the company".into(),
                limit: usd("0.04"),
                spent: usd("0.030000001"),
                held: Usd::ZERO,
            }],
            billed: sum,
            charged: sum,
        },
        check: Ok(()),
        records: 10,
        folder: PathBuf::from("/tmp/reins-demo-x"),
    }
}

/// The only fault of a reckoning, which must say so loudly.
#[track_caller]
fn the_fault(reckoning: &Reckoning) -> String {
    let shown = reckoning.to_string();
    assert!(shown.contains("!!! NOT EQUAL !!!") && !shown.contains("equal, to"), "{shown}");
    let [fault] = <[String; 1]>::try_from(reckoning.faults()).expect("one fault");
    assert!(shown.contains(&fault), "{shown}");
    fault
}

#[test]
fn says_that_all_is_equal() {
    assert_eq!(equal().faults(), Vec::<String>::new());
    insta::assert_snapshot!(equal());
}

#[test]
fn a_nano_dollar_is_a_difference() {
    let mut reckoning = equal();
    reckoning.figures.billed.usd = usd("0.030000002");
    let fault = "the vendor billed $0.030000002 for 9 calls, the ledger charged $0.030000001 for 9";
    assert_eq!(the_fault(&reckoning), fault);
    insta::assert_snapshot!(reckoning);
}

#[test]
fn a_call_that_one_side_misses_is_a_difference() {
    let mut reckoning = equal();
    reckoning.figures.charged.calls = 8;
    assert!(the_fault(&reckoning).contains("for 9 calls, the ledger charged $0.030000001 for 8"));
}

#[test]
fn an_agent_that_was_told_something_else_is_a_difference() {
    let mut reckoning = equal();
    reckoning.agents[1].0.told = usd("0.01");
    assert_eq!(the_fault(&reckoning), "`writer` was told of $0.01 and charged $0.010000001");
}

#[test]
fn a_budget_that_was_passed_or_still_holds_is_a_fault() {
    let mut reckoning = equal();
    reckoning.figures.budgets[0].limit = usd("0.03");
    let fault = "the budget `the company` is $0.03, and $0.030000001 of it is spent";
    assert_eq!(the_fault(&reckoning), fault);
    let mut reckoning = equal();
    reckoning.figures.budgets[0].held = usd("0.002");
    assert_eq!(the_fault(&reckoning), "the budget `the company` still holds $0.002");
}

#[test]
fn calls_in_flight_and_records_that_do_not_add_up_are_faults() {
    let mut reckoning = equal();
    reckoning.figures.charged.open = 1;
    assert_eq!(the_fault(&reckoning), "calls are still in flight");
    let mut reckoning = equal();
    reckoning.check = Err("agent=writer spent $1.00, and its transactions cost $0.01".to_owned());
    assert!(the_fault(&reckoning).starts_with("agent=writer spent $1.00"));
}
