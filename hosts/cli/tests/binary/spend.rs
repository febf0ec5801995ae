//! `reins spend` against the vendor's own books.

use std::cell::Cell;

use jiff::Timestamp;
use reins_governor::Clock;
use reins_runtime::MachineClock;
use serde_json::{Value, json};

use crate::place::Place;
use crate::server::{KEY, Server, Shop};

const BUDGETS: &str = r#"
[[budget]]
name = "all of acme"
scope = { organization = "acme" }
limit_usd = "10.00"
window = "monthly"

[[budget]]
name = "an agent, a day"
scope = { agent = "*" }
limit_usd = "1.00"
window = "daily"

[[budget]]
name = "support, 24 hours"
scope = { agent = "support-bot" }
limit_usd = "0.50"
window = "rolling 24h"

[[budget]]
name = "a team, an hour"
scope = { team = "*" }
limit_usd = "0.25"
window = "hourly"
"#;

/// An amount as Reins writes it: at least two decimals, no zeros after the second.
pub(crate) fn usd(nanos: u128) -> String {
    let (whole, rest) = (nanos / 1_000_000_000, format!("{:09}", nanos % 1_000_000_000));
    let rest = rest.trim_end_matches('0');
    format!("{whole}.{rest:0<2}")
}

/// `limit` less what was billed.
fn left(limit_nanos: u128, billed: u128) -> String {
    usd(limit_nanos - billed)
}

fn spend(place: &Place, more: &[&str]) -> Value {
    place.run(&[&["spend", "--json"], more].concat()).json()
}

/// The statement once it is as it must become: a loaded machine may take a while.
pub(crate) fn spend_once(place: &Place, is: impl Fn(&Value) -> bool) -> Value {
    let started = std::time::Instant::now();
    loop {
        let statement = spend(place, &[]);
        if is(&statement) || started.elapsed().as_secs() > 20 {
            return statement;
        }
    }
}

/// The budgets of a statement without the instants, which the clock decides.
fn budgets(statement: &Value) -> Vec<Value> {
    let lines = statement["budgets"].as_array().expect("a list").iter();
    lines
        .map(|line| {
            let mut line = line.clone();
            line.as_object_mut().expect("an object").remove("resets_at").expect("an instant");
            line
        })
        .collect()
}

fn line(name: &str, scope: &str, window: &str, limit: &str, spent: u128, left: &str) -> Value {
    json!({
        "name": name, "scope": scope, "window": window, "limit_usd": limit,
        "spent_usd": usd(spent), "held_usd": "0.00", "left_usd": left,
    })
}

#[test]
fn it_is_what_the_vendor_billed() {
    let shop = Shop::open();
    let place = shop.place(BUDGETS);
    let server = Server::start(&place);
    for agent in ["support-bot", "support-bot", "clerk"] {
        assert_eq!(server.call(KEY, agent).status, 200);
    }
    let billed = shop.billed_nanos();
    let each = billed / 3;
    let (two, zero) = (2 * each, 0);
    let statement = spend_once(&place, |statement| statement["calls"] == 3);
    assert_eq!(statement["organization"], "acme");
    assert_eq!(statement["spent_usd"], usd(billed));
    assert_eq!(statement["held_usd"], "0.00");
    assert_eq!(statement["calls"], 3);
    let day = |agent, spent| {
        let scope = format!("agent={agent}");
        line("an agent, a day", &scope, "daily", "1.00", spent, &left(1_000_000_000, spent))
    };
    let rolling = line(
        "support, 24 hours",
        "agent=support-bot",
        "rolling 24h",
        "0.50",
        two,
        &left(500_000_000, two),
    );
    assert_eq!(
        budgets(&statement),
        [
            line(
                "all of acme",
                "organization=acme",
                "monthly",
                "10.00",
                billed,
                &left(10_000_000_000, billed)
            ),
            day("clerk", each),
            day("support-bot", two),
            rolling.clone(),
            line("a team, an hour", "team=*", "hourly", "0.25", zero, "0.25"),
        ]
    );
    let support = spend(&place, &["--scope", "agent=support-bot"]);
    assert_eq!((&support["spent_usd"], &support["calls"]), (&json!(usd(two)), &json!(2)));
    assert_eq!(budgets(&support), [day("support-bot", two), rolling]);
    drop(server);
    assert_eq!(spend(&place, &[]), statement, "and after the server was killed");
    shop.close();
}

#[test]
fn windows_say_when_they_reset() {
    let shop = Shop::open();
    let place = shop.place(BUDGETS);
    let server = Server::start(&place);
    let calls = Cell::new(0);
    let resets = |name: &str| {
        let statement = spend_once(&place, |statement| statement["calls"] == calls.get());
        let lines = statement["budgets"].as_array().expect("a list");
        let line = lines.iter().find(|line| line["name"] == name).expect(name);
        let at = line["resets_at"].as_str().map(|at| at.parse::<Timestamp>().expect(at));
        at.map(|at| at.in_tz("Europe/Berlin").expect("a zone"))
    };
    assert_eq!(resets("support, 24 hours"), None, "nothing is spent that could leave");
    assert_eq!(server.call(KEY, "support-bot").status, 200);
    calls.set(1);
    let called = MachineClock::new().now();
    let wall = |name| resets(name).expect(name);
    assert_eq!((wall("all of acme").day(), wall("all of acme").hour()), (1, 0));
    assert_eq!(wall("an agent, a day").hour(), 0);
    assert_eq!(wall("a team, an hour").minute(), 0);
    // A call leaves a rolling day after that day, and at most a quarter of an hour later.
    let after = wall("support, 24 hours").timestamp().duration_since(called);
    assert!((1440..=1455).contains(&after.as_mins()), "{after}");
    drop(server);
    shop.close();
}

#[test]
fn people_get_a_page() {
    let shop = Shop::open();
    let place = shop.place(
        "[[price]]\nvendor = \"openai\"\nmodel = \"gpt-4o-mini\"\ninput = \"0\"\n\
         output = \"50000\"\n\
         [[budget]]\nname = \"clerks\"\nscope = { agent = \"clerk-*\" }\nlimit_usd = \"5\"\n\
         window = \"daily\"\n[[budget]]\nname = \"guests\"\nscope = { agent = \"guest-*\" }\n\
         limit_usd = \"25000000\"\nwindow = \"rolling 24h\"\n",
    );
    let server = Server::start(&place);
    for agent in ["clerk-1", "clerk-2", "clerk-2"] {
        assert_eq!(server.call(KEY, agent).status, 200);
    }
    spend_once(&place, |statement| statement["calls"] == 3);
    let page = place.run(&["spend"]).to_string();
    insta::assert_snapshot!(without_resets(&page));
    drop(server);
    shop.close();
}

/// A page without its last column, which the clock decides.
fn without_resets(page: &str) -> String {
    let column = page.lines().find_map(|line| line.find("RESETS")).expect("a table");
    let cut = |line: &str| {
        let is_row = line.contains('░') || line.contains('█') || line.contains("RESETS");
        let kept = line.chars().take(if is_row { column } else { usize::MAX });
        kept.collect::<String>().trim_end().to_owned() + "\n"
    };
    page.lines().map(cut).collect()
}

#[test]
fn a_store_that_is_not_there_is_not_made() {
    let shop = Shop::open();
    let place = shop.place("");
    insta::assert_snapshot!(place.run(&["spend"]));
    assert!(!place.file("reins.db").exists());
    shop.close();
}

#[test]
fn a_scope_that_cannot_be_read_is_refused() {
    let ran = Place::bare().run(&["spend", "--scope", "robot=r2"]);
    insta::assert_snapshot!(ran);
}
