//! `reins key` and `reins connection key`, alone and beside a running server.

use serde_json::Value;

use crate::place::Place;
use crate::server::{KEY, Server, Shop};

const FILE: &str = "[organization]\nid = \"acme\"\n[[connection]]\nvendor = \"openai\"\n\
                    key = \"stored\"\n[[connection]]\nvendor = \"anthropic\"\n";

fn keys(place: &Place) -> Vec<Value> {
    let Value::Array(keys) = place.run(&["key", "list", "--json"]).json() else {
        panic!("not a list");
    };
    keys
}

/// Asks until the server has taken a change in; it has a second for that.
fn until(status: u16, ask: impl Fn() -> u16) -> bool {
    let started = std::time::Instant::now();
    while ask() != status {
        if started.elapsed().as_secs() > 20 {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

#[test]
fn a_key_is_alone_on_stdout_and_nowhere_in_the_store() {
    let place = Place::with(FILE);
    let made = place.run(&["key", "create", "--name", "ci", "--agent", "support-bot"]);
    let key = made.answer();
    assert!(key.starts_with("rns_live_") && !key.contains(char::is_whitespace), "{made}");
    assert!(made.stderr.starts_with("key_") && !made.stderr.contains(key), "{made}");
    let listed = keys(&place);
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (&listed[0]["name"], &listed[0]["pins"]["agent"]),
        (&"ci".into(), &"support-bot".into())
    );
    for file in ["reins.db", "reins.db-wal"] {
        let bytes = std::fs::read(place.file(file)).unwrap_or_default();
        let found = bytes.windows(key.len()).any(|part| part == key.as_bytes());
        assert!(!found, "the key is in {file}");
    }
    let secret = key.trim_start_matches("rns_live_");
    assert!(!place.run(&["key", "list"]).answer().contains(secret));
}

#[test]
fn what_is_fixed_is_listed() {
    let place = Place::with(FILE);
    let all = [
        "key",
        "create",
        "--name",
        "all",
        "--agent",
        "a",
        "--team",
        "t",
        "--user",
        "u",
        "--session",
        "s",
        "--roles",
        "trial,eu",
        "--connection",
        "anthropic",
        "--test",
        "--observe",
        "--expires",
        "2999-12-31",
        "--json",
    ];
    let made = place.run(&all).json();
    assert!(made["value"].as_str().expect("the key").starts_with("rns_test_"), "{made}");
    let listed = place.run(&["key", "list"]).answer().to_owned();
    let row = listed.lines().nth(1).expect("a row");
    for part in [
        made["id"].as_str().expect("an id"),
        "rns_test_****",
        "works until 2999-12-31 00:00",
        "agent=a team=t user=u session=s roles=trial,eu connection=anthropic may-observe",
    ] {
        assert!(row.contains(part), "`{part}` is not in\n{listed}");
    }
}

#[test]
fn keys_end() {
    let place = Place::with(FILE);
    let id = |name: &str| {
        let made = place.run(&["key", "create", "--name", name, "--json"]).json();
        made["id"].as_str().expect("an id").to_owned()
    };
    let (gone, kept, swapped) = (id("gone"), id("kept"), id("swapped"));
    place.run(&["key", "revoke", &gone]).answer();
    let new = place.run(&["key", "rotate", &kept, "--json"]).json();
    place.run(&["key", "rotate", &swapped, "--now"]).answer();
    let listed = keys(&place);
    let of = |id: &str| listed.iter().find(|key| key["id"] == id).expect(id);
    assert!(of(&gone)["revoked"].is_string());
    assert_eq!(of(&kept)["rotated_to"], new["id"]);
    assert_eq!(of(new["id"].as_str().expect("an id"))["name"], "kept");
    let shown = place.run(&["key", "list"]).answer().to_owned();
    let row = |id: &str| shown.lines().find(|line| line.starts_with(id)).expect(id);
    assert!(row(&gone).contains("revoked "), "{shown}");
    assert!(row(&kept).contains("works until "), "{shown}");
    assert!(row(&swapped).contains("expired "), "{shown}");
    let again = place.run(&["key", "rotate", &gone]);
    assert_eq!(again.status, 1);
    assert!(again.stderr.contains("is revoked or expired: create a new one"), "{again}");
}

#[test]
fn ids_that_cannot_be_changed_are_explained() {
    let file = format!("{FILE}[[key]]\nname = \"ci\"\nvalue_env = \"REINS_KEY\"\n");
    let place = Place::with(&file).set("REINS_KEY", KEY);
    let said = [
        &["key", "revoke", "key_acme/ci"][..],
        &["key", "rotate", "key_acme/ci"],
        &["key", "revoke", "key_of_nobody"],
        &["key", "create", "--name", "lost", "--connection", "elsewhere"],
    ]
    .map(|arguments| place.run(arguments).to_string());
    insta::assert_snapshot!(said.concat());
}

#[test]
fn an_empty_list_says_how_to_fill_it() {
    insta::assert_snapshot!(Place::with(FILE).run(&["key", "list"]));
}

#[test]
fn declared_keys_are_listed() {
    let file = format!("{FILE}[[key]]\nname = \"ci\"\nvalue_env = \"REINS_KEY\"\nagent = \"a\"\n");
    let place = Place::with(&file).set("REINS_KEY", KEY);
    insta::assert_snapshot!(place.run(&["key", "list"]));
}

#[test]
fn names_and_days_are_checked() {
    let place = Place::with(FILE);
    let said = [
        &["key", "create", "--name", " "][..],
        &["key", "create", "--name", "ci", "--expires", "1999-12-31"],
        &["key", "create", "--name", "ci", "--expires", "someday"],
    ]
    .map(|arguments| place.run(arguments).to_string());
    insta::assert_snapshot!(said.concat());
}

#[test]
fn a_running_server_takes_keys_in() {
    let shop = Shop::open();
    let place = shop.place("");
    let server = Server::start(&place);
    let made = place.run(&["key", "create", "--name", "made", "--json"]).json();
    let key = made["value"].as_str().expect("the key");
    assert!(until(200, || server.call(key, "a").status), "the new key never works");
    place.run(&["key", "revoke", made["id"].as_str().expect("an id")]).answer();
    assert!(until(401, || server.call(key, "a").status), "the revoked key still works");
    drop(server);
    shop.close();
}

const MADE: &str = "[[budget]]\nname = \"made, a day\"\nscope = { key = \"made\" }\n\
                    limit_usd = \"0.00004\"\nwindow = \"daily\"\n";

/// One call costs $0.0000132, and may cost $0.00003795: the second one does not fit.
#[test]
fn a_budget_goes_by_the_name_of_a_key_through_rotation_and_restart() {
    let shop = Shop::open();
    let place = shop.place(MADE);
    let server = Server::start(&place);
    let key = |arguments: &[&str]| {
        let made = place.run(&[&["key"], arguments, &["--json"]].concat()).json();
        let text = |field: &str| made[field].as_str().expect(field).to_owned();
        (text("id"), text("value"))
    };
    let (id, old) = key(&["create", "--name", "made"]);
    let (_, other) = key(&["create", "--name", "other"]);
    assert!(until(200, || server.call(&old, "a").status), "the new key never works");
    let spent = || {
        let statement = place.run(&["spend", "--scope", "key=made", "--json"]).json();
        let budget = &statement["budgets"][0];
        assert_eq!(statement["spent_usd"], budget["spent_usd"], "{statement}");
        (statement["spent_usd"].clone(), budget["scope"].clone(), statement["calls"].clone())
    };
    let once = (Value::from("0.0000132"), Value::from("key=made"), Value::from(1));
    assert_eq!(spent(), once);
    let by_id = place.run(&["spend", "--scope", &format!("key={id}")]);
    assert!(by_id.stderr.contains("counted by its name"), "{by_id}");
    assert_eq!(server.call(&old, "a").status, 403, "the budget of the key does not bind");
    let (_, new) = key(&["rotate", &id]);
    assert!(until(403, || server.call(&new, "a").status), "a rotated key has a fresh budget");
    assert_eq!(server.call(&old, "a").status, 403);
    assert_eq!(server.call(&other, "a").status, 200, "another key is held to it");
    drop(server);
    assert_eq!(spent(), once, "after the server was killed");
    let server = Server::start(&place);
    assert_eq!([&old, &new].map(|key| server.call(key, "a").status), [403, 403]);
    assert_eq!(spent(), once, "after a restart");
    drop(server);
    shop.close();
}

#[test]
fn no_two_keys_that_work_share_a_name() {
    let file = format!("{FILE}[[key]]\nname = \"declared\"\nvalue_env = \"NOT_SET_HERE\"\n");
    let place = Place::with(&file);
    let create = |name: &str| place.run(&["key", "create", "--name", name, "--json"]);
    let id = create("ci").json()["id"].as_str().expect("an id").to_owned();
    let again = create("ci");
    assert_eq!(again.status, 1, "{again}");
    assert!(again.stderr.contains(&format!("the key `{id}` has the name `ci`")), "{again}");
    let rotated = place.run(&["key", "rotate", &id, "--json"]).json();
    let rotated = rotated["id"].as_str().expect("an id").to_owned();
    assert_eq!(create("ci").status, 1, "its rotated form works");
    for id in [&id, &rotated] {
        assert_eq!(create("ci").status, 1, "one of them works");
        place.run(&["key", "revoke", id]).answer();
    }
    create("ci").answer();
    insta::assert_snapshot!(create("declared"));
}

#[test]
fn a_vendors_key_is_kept_sealed() {
    let place = Place::with(FILE);
    let key = "sk-canary-0123456789";
    let kept = place.run_on(&format!("{key}\n"), &["connection", "key", "openai"]);
    assert_eq!((kept.answer(), kept.stderr.trim()), ("", "The key of `openai` is kept."));
    for file in ["reins.db", "reins.db-wal"] {
        let bytes = std::fs::read(place.file(file)).unwrap_or_default();
        assert!(!bytes.windows(key.len()).any(|part| part == key.as_bytes()), "it is in {file}");
    }
    let unused = place.run_on(key, &["connection", "key", "anthropic"]);
    assert!(unused.stderr.contains("write key = \"stored\""), "{unused}");
}

#[test]
fn vendors_keys_that_are_none_are_refused() {
    let place = Place::with(FILE);
    let said = [
        place.run_on("", &["connection", "key", "openai"]),
        place.run_on("sk 1\n", &["connection", "key", "openai"]),
        place.run_on("sk-1\n", &["connection", "key", "nobody"]),
    ];
    insta::assert_snapshot!(said.map(|ran| ran.to_string()).concat());
}

#[test]
fn a_stored_key_reaches_its_vendor() {
    let shop = Shop::open();
    let place = shop.place("");
    let file = std::fs::read_to_string(place.file("reins.toml")).expect("the file");
    place.write(&file.replace("key_env = \"OPENAI_API_KEY\"", "key = \"stored\""));
    place.run_on("sk-kept-0123456789", &["connection", "key", "openai"]).answer();
    let server = Server::start(&place);
    let answer = server.call(KEY, "a");
    assert_eq!(answer.status, 200, "{answer:?}");
    drop(server);
    shop.close();
}
