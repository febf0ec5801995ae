//! `reins explain`: the record of a call and its trace, judged again by the version of then.

use insta::assert_snapshot;
use serde_json::json;

use crate::place::Place;
use crate::server::{KEY, Server, Shop};

const POLICY: &str = r#"
[[policy]]
name = "house"

[[policy.rule]]
name = "no-interns"
when = { agents = ["intern"] }
action = "block"
message = "interns ask their tutor"

[[policy.rule]]
name = "a day"
when = { spend = { scope = "agent", window = "daily", limit_usd = "0.000001" } }
action = "warn"

[[policy]]
name = "others"
scope = { teams = ["elsewhere"] }

[[policy.rule]]
name = "never"
action = "block"
"#;

/// The page without what changes from run to run.
fn page(place: &Place, id: &str) -> String {
    let ran = place.run(&["explain", id]);
    let mut page = ran.answer().to_owned();
    let at = page.lines().find_map(|line| line.strip_prefix("at")).expect("when").trim().to_owned();
    let versions = page.lines().find(|line| line.starts_with("versions")).expect("versions");
    page = page.replace(versions, "versions     …").replace(&at, "…").replace(id, "txn_…");
    page
}

#[test]
fn a_call_is_explained_by_the_version_of_then() {
    let shop = Shop::open();
    let place = shop.place(POLICY);
    let server = Server::start(&place);
    let blocked = server.call(KEY, "intern");
    let warned = server.call(KEY, "clerk");
    assert_eq!((blocked.status, warned.status), (403, 200));
    let shown = page(&place, blocked.transaction());
    assert_snapshot!("blocked", shown);
    assert_snapshot!("warned", page(&place, warned.transaction()));

    // The file of today has no word in it.
    let today = std::fs::read_to_string(place.file("reins.toml")).expect("text");
    let head = today.split("[[policy]]").next().expect("its head");
    place.write(head);
    assert_eq!(page(&place, blocked.transaction()), shown);

    let json = place.run(&["explain", blocked.transaction(), "--json"]).json();
    assert_eq!(json["replay"], json!({"agreement": "equal", "why": null}));
    assert_eq!(json["transaction"]["id"], blocked.transaction());
    assert_eq!(json["passed_over"], 0);
    let rule = json!({
        "policy": "house",
        "rule": "no-interns",
        "matched": true,
        "reason": {"kind": "all_conditions"},
        "sentence": "every condition holds",
    });
    assert_eq!(json["trace"], json!([rule]));
}

#[test]
fn an_id_that_is_none_and_a_call_that_is_not_there_are_said() {
    let shop = Shop::open();
    let place = shop.place("");
    drop(Server::start(&place));
    let id = "txn_01KBB1QW3J8Y6T4M2N0P5R7S9V";
    for arguments in [["explain", id], ["explain", "req_12"]] {
        let name = format!("not there, {}", arguments[1]);
        assert_snapshot!(name, place.run(&arguments));
    }
}
