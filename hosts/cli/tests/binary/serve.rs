//! `reins serve` as a process: it listens, tells, and stops as it is told.

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::thread;

use rustix::process::Signal;
use serde_json::Value;

use crate::place::Place;
use crate::server::{KEY, Server, Shop, call};
use crate::spend::{spend_once, usd};

#[test]
fn it_listens_until_it_is_told_to_stop() {
    let shop = Shop::open();
    for signal in [Signal::TERM, Signal::INT, Signal::QUIT, Signal::XCPU] {
        let place = shop.place("");
        let server = Server::start(&place);
        assert_eq!(server.get("/healthz").status, 200);
        server.signal(signal);
        let (status, rest) = server.ended();
        assert_eq!((status.code(), rest.as_str()), (Some(0), ""), "{signal:?}: {status}");
        let log = std::fs::read_to_string(place.file("log")).expect("a log");
        let lines: Vec<Value> =
            log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        assert!(lines.iter().any(|line| line["level"] == "INFO"), "{log}");
    }
    shop.close();
}

#[test]
fn signals_that_ask_for_no_end_do_not_end_it() {
    let shop = Shop::open();
    let place = shop.place("");
    let server = Server::start(&place);
    for number in [1, 10, 12, 14, 16, 25, 26, 27, 29, 30, 34, 40, 64] {
        server.signal_number(number);
        assert_eq!(server.get("/healthz").status, 200, "after signal {number}");
    }
    assert_eq!(server.call(KEY, "a").status, 200);
    server.signal(Signal::TERM);
    assert_eq!(server.ended().0.code(), Some(0));
    let spend = place.run(&["spend", "--json"]).json();
    assert_eq!(spend["spent_usd"], usd(shop.billed_nanos()));
    shop.close();
}

#[test]
fn a_hangup_brings_the_vendors_key_that_was_kept_meanwhile() {
    let shop = Shop::open();
    let place = shop.place("");
    let kept = std::fs::read_to_string(place.file("reins.toml")).expect("a file");
    place.write(&kept.replace("key_env = \"OPENAI_API_KEY\"", "key = \"stored\""));
    let server = Server::start(&place);
    assert_eq!(server.call(KEY, "a").status, 400, "there is no key for the vendor");
    place.run_on("sk-0123456789", &["connection", "key", "openai"]).answer();
    server.signal(Signal::HUP);
    while server.call(KEY, "a").status != 200 {
        thread::yield_now();
    }
    drop(server);
    shop.close();
}

#[test]
fn what_is_no_regular_file_is_an_error_at_once() {
    let place = Place::bare();
    let made = std::process::Command::new("mkfifo").arg(place.file("reins.toml")).status();
    assert!(made.expect("mkfifo").success());
    insta::assert_snapshot!("a_named_pipe", place.run(&["serve"]));
    let endless = place.run(&["serve", "--config", "/dev/zero"]);
    assert!(endless.stderr.contains("because: it is a device: name a regular file"), "{endless}");
    // A command that reads it once may read a pipe, and knows when that has no end.
    let piped = "[[connection]]\nvendor = \"openai\"\n";
    place.run_on(piped, &["check", "/dev/stdin"]).answer();
    let endless = place.run(&["check", "/dev/zero"]);
    assert!(endless.stderr.contains("because: it has more than 8388608 bytes"), "{endless}");
    let folder = place.run(&["check", "."]);
    assert!(folder.stderr.contains("because: Is a directory"), "{folder}");
}

#[test]
fn a_stderr_that_is_not_read_does_not_stop_a_failure() {
    let place = Place::with("[[connection]]\nvendor = \"openai\"\n").set("REINS_LOG", "trace");
    let (unread, stderr) = std::io::pipe().expect("a pipe");
    let filled = stderr.try_clone().expect("a pipe");
    thread::spawn(move || std::io::copy(&mut std::io::repeat(b'x'), &mut { filled }));
    let mut command = place.command(&["serve", "--config", "/dev/zero"]);
    let started = std::time::Instant::now();
    let mut child = command.stderr(stderr).spawn().expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(1));
    assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
    drop(unread);
}

#[test]
fn what_it_counts_is_on_a_page() {
    let shop = Shop::open();
    let server = Server::start(&shop.place(""));
    assert_eq!(server.call("rns_live_of_nobody", "a").status, 401);
    assert_eq!(server.call(KEY, "a").status, 200);
    let page = server.get("/metrics");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("reins_calls_in_flight"), "{}", page.body);
    shop.close();
}

#[test]
fn killed_is_not_stopped() {
    let shop = Shop::open();
    let place = shop.place("");
    let server = Server::start(&place);
    assert_eq!(server.call(KEY, "a").status, 200);
    server.signal(Signal::KILL);
    assert_eq!(server.ended().0.signal(), Some(9));
    // What it had charged is there all the same.
    let spend = place.run(&["spend", "--json"]).json();
    let spent = spend["spent_usd"].as_str().expect("text").to_owned();
    assert_eq!(spent, usd(shop.billed_nanos()));
    shop.close();
}

/// Waits for a line of the server's log.
fn until_logged(place: &Place, what: &str) {
    while !std::fs::read_to_string(place.file("log")).expect("a log").contains(what) {
        std::thread::yield_now();
    }
}

fn until_asked(shop: &Shop) {
    while shop.vendor.books().totals().open == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn calls_in_flight_may_end() {
    let shop = Shop::open();
    let place = shop.place("");
    let server = Server::start(&place);
    let address = server.address;
    let call = thread::spawn(move || call(address, KEY, "a", "latency_ms=300"));
    until_asked(&shop);
    server.signal(Signal::TERM);
    assert_eq!(server.ended().0.code(), Some(0));
    assert_eq!(call.join().expect("an answer").status, 200);
    let spend = place.run(&["spend", "--json"]).json();
    assert_eq!(spend["spent_usd"], usd(shop.billed_nanos()));
    shop.close();
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let shop = Shop::open();
    let place = shop.place("");
    let server = Server::start(&place);
    let address = server.address;
    let call = thread::spawn(move || call(address, KEY, "a", "hang"));
    until_asked(&shop);
    let held = spend_once(&place, |spend| spend["held_usd"] != "0.00")["held_usd"].clone();
    assert_ne!(held, "0.00");
    server.signal(Signal::TERM);
    until_logged(&place, "stopping");
    server.signal(Signal::TERM);
    assert_eq!(server.ended().0.code(), Some(130));
    assert_eq!(call.join().expect("it broke off").status, 0);
    // Nobody knows what the vendor charges: what was held is taken for it.
    let spend = place.run(&["spend", "--json"]).json();
    assert_eq!((&spend["spent_usd"], &spend["held_usd"]), (&held, &"0.00".into()));
    shop.close();
}

#[test]
fn a_store_serves_one_server() {
    let shop = Shop::open();
    let place = shop.place("");
    let server = Server::start(&place);
    let second = place.run(&["serve"]);
    assert_eq!((second.status, second.stdout.as_str()), (1, ""));
    let told = second.stderr.lines().find(|line| line.contains("is in use by another server"));
    assert!(told.is_some(), "{second}");
    drop(server);
    shop.close();
}

#[test]
fn a_store_that_lost_its_journal_is_refused_until_that_is_accepted() {
    let shop = Shop::open();
    let place = shop.place("");
    let server = Server::start(&place);
    assert_eq!(server.call(KEY, "a").status, 200);
    server.signal(Signal::KILL);
    server.ended();
    std::fs::remove_dir_all(place.file("reins.db.journal")).expect("a folder");
    for command in ["serve", "spend"] {
        let ran = place.run(&[command]);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{ran}");
        assert!(ran.stderr.contains("does not hold all that it did: all entries from"), "{ran}");
        assert!(ran.stderr.contains("`reins serve --accept-loss`, once"), "{ran}");
    }
    let server = Server::start_with(&place, &["serve", "--accept-loss"]);
    assert_eq!(server.call(KEY, "a").status, 200);
    server.signal(Signal::TERM);
    assert_eq!(server.ended().0.code(), Some(0));
    assert_eq!(place.run(&["spend"]).status, 0);
    shop.close();
}

#[test]
fn a_secret_that_is_gone_is_missed_by_every_command_that_needs_it() {
    let shop = Shop::open();
    let place = shop.place("");
    let made = place.run(&["key", "create", "--name", "made"]).answer().to_owned();
    std::fs::remove_file(place.file("reins.db.secret")).expect("a secret");
    for command in [&["serve"][..], &["key", "list"], &["key", "create", "--name", "other"]] {
        let ran = place.run(command);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{ran}");
        assert!(ran.stderr.contains("the store's created keys (1) depend on it"), "{ran}");
    }
    assert!(!place.file("reins.db.secret").exists(), "a new one was made");
    let server = Server::start_with(&place, &["serve", "--accept-lost-secret"]);
    assert_eq!(server.call(&made, "a").status, 401);
    let list = place.run(&["key", "list"]);
    assert!(list.answer().contains("revoked"), "{list}");
    drop(server);
    shop.close();
}

#[test]
fn an_address_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let file = format!("listen = \"{address}\"\n[[connection]]\nvendor = \"openai\"\n");
    let ran = Place::with(&file).run(&["serve"]);
    assert_eq!(ran.status, 1);
    let told = format!("error: `{address}` cannot be listened on: choose another `listen`");
    assert!(ran.stderr.lines().any(|line| line == told), "{ran}");
}

#[test]
fn a_filter_that_cannot_be_read_is_refused() {
    let place = Place::with("[[connection]]\nvendor = \"openai\"\n").set("REINS_LOG", "reins=loud");
    insta::assert_snapshot!(place.run(&["serve"]));
}

#[test]
fn a_variable_that_is_not_set_is_a_problem() {
    let place = Place::with("[[connection]]\nvendor = \"openai\"\nkey_env = \"NOT_SET\"\n");
    insta::assert_snapshot!(place.run(&["serve"]));
}
