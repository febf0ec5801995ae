//! Records as rows: the same bytes come out again, revisions are added, and the views say in words
//! what the rows say in numbers.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;
use reins_governor::samples::records::transaction;
use reins_governor::{
    Charge, Matched, Opening, Outcome, Picos, Reason, Transaction, Usd, VoidReason,
};
use rusqlite::Connection;

use super::{Writer, fill_words, prepare, read};
use crate::trial::{caller, closed, draft, settled, usd};

fn database() -> Connection {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(include_str!("../schema/calls.sql")).unwrap();
    prepare(&conn).unwrap();
    conn
}

fn at() -> Timestamp {
    "2026-11-28T09:30:00.000125Z".parse().unwrap()
}

proptest! {
    #[test]
    fn a_record_comes_out_of_its_row_as_it_was(first in transaction(), second in transaction()) {
        let (conn, mut writer) = (database(), Writer::default());
        for record in [&first, &second] {
            writer.append(&conn, record).unwrap();
        }
        for record in [&first, &second] {
            let found = read(&conn, record.opening.id).unwrap().unwrap();
            prop_assert_eq!(&found, record);
            prop_assert_eq!(found.encode().unwrap(), record.encode().unwrap());
        }
    }
}

#[test]
fn words_that_a_database_lacks_are_filled_in() {
    let conn = database();
    let count = || conn.query_row("SELECT count(*) FROM words", [], |row| row.get::<_, i64>(0));
    let all = count().unwrap();
    conn.execute("DELETE FROM words WHERE kind = 'endpoint' AND number > 1", []).unwrap();
    conn.execute("UPDATE words SET word = 'old' WHERE kind = 'tier' AND number = 0", []).unwrap();
    fill_words(&conn).unwrap();
    assert_eq!(count().unwrap(), all);
    let old = "SELECT count(*) FROM words WHERE word = 'old'";
    assert_eq!(conn.query_row(old, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}

#[test]
fn a_record_is_never_changed_but_followed_by_another_revision() {
    let (conn, mut writer) = (database(), Writer::default());
    let began = draft(7, &caller("bot", "s-1"), usd(9_000), at());
    let ended = closed(began.clone(), &settled(1_500), at());
    for record in [&began, &ended] {
        writer.append(&conn, record).unwrap();
    }
    let rows = "SELECT count(*), sum(revision) FROM calls";
    let rows: (i64, i64) = conn.query_row(rows, [], |row| row.try_into()).unwrap();
    assert_eq!(rows, (2, 1));
    assert_eq!(read(&conn, began.opening.id).unwrap().unwrap(), ended);
    let shown = "SELECT count(*), sum(cost_nanos) FROM transactions";
    let shown: (i64, i64) = conn.query_row(shown, [], |row| row.try_into()).unwrap();
    assert_eq!(shown, (1, 1_500));
    assert_eq!(read(&conn, draft(8, &caller("bot", "s"), usd(1), at()).opening.id).unwrap(), None);
}

#[test]
fn texts_of_a_transaction_that_was_rolled_back_are_forgotten() {
    let (mut conn, mut writer) = (database(), Writer::default());
    let record = draft(7, &caller("bot", "s-1"), usd(9_000), at());
    let tx = conn.transaction().unwrap();
    writer.append(&tx, &record).unwrap();
    tx.rollback().unwrap();
    writer.forget();
    writer.append(&conn, &record).unwrap();
    assert_eq!(read(&conn, record.opening.id).unwrap(), Some(record));
}

/// A call of two rules that was voided.
fn shown() -> Transaction {
    let record = draft(u128::MAX, &caller("bot", "s-1"), usd(9_000), at());
    let matched = Matched {
        policy: "house".into(),
        rule: "ten cents".into(),
        reason: Reason::Amount { bound: None, limit: usd(5), reached: true },
    };
    let opening = Opening { matched: vec![matched], ..(*record.opening).clone() };
    let mut record = Transaction { opening: Arc::new(opening), ..record };
    record.attempts[0].outcome = Outcome::Voided(VoidReason::NotConnected);
    record.cost = Charge { total: Usd::MAX, input: Picos(u128::MAX), ..Charge::default() };
    record.ended_at = Some("2026-11-28T09:30:01Z".parse().unwrap());
    record
}

#[test]
fn the_views_say_in_words_what_the_rows_say_in_numbers() {
    let (conn, mut writer) = (database(), Writer::default());
    let record = shown();
    writer.append(&conn, &record).unwrap();
    let query = "SELECT id || ' ' || at || ' ' || ended_at || ' ' || organization || ' ' || agent \
                 || ' ' || key || ' ' || roles || ' ' || endpoint || ' ' || status || ' ' \
                 || cost_usd || ' ' || bound_usd FROM transactions";
    let line: String = conn.query_row(query, [], |row| row.get(0)).unwrap();
    assert_eq!(
        line,
        format!(
            "{} 2026-11-28T09:30:00.000125Z 2026-11-28T09:30:01.000000Z acme bot ci [] \
             chat_completions passed 9223372036.854775807 0.000009000",
            record.opening.id
        )
    );
    let query = "SELECT id || ' ' || number || ' ' || outcome || ' ' || why || ' ' || held_usd \
                 FROM attempts";
    let line: String = conn.query_row(query, [], |row| row.get(0)).unwrap();
    assert_eq!(line, format!("{} 1 voided not_connected 0.000009000", record.opening.id));
    let query =
        "SELECT policy || '/' || rule || ' ' || reason || ' ' || figures FROM matched_rules";
    let line: String = conn.query_row(query, [], |row| row.get(0)).unwrap();
    assert!(line.starts_with("house/ten cents amount ["), "{line}");
}

proptest! {
    #[test]
    fn every_reason_has_its_word(record in transaction()) {
        let (conn, mut writer) = (database(), Writer::default());
        writer.append(&conn, &record).unwrap();
        let query = "SELECT count(*), count(reason) FROM matched_rules";
        let count = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let (rules, words) = conn.query_row(query, [], count).unwrap();
        prop_assert_eq!(rules, words);
    }

    #[test]
    fn an_id_is_shown_as_the_program_shows_it(record in transaction()) {
        let (conn, mut writer) = (database(), Writer::default());
        writer.append(&conn, &record).unwrap();
        let query = "SELECT id FROM transactions";
        let id: String = conn.query_row(query, [], |row| row.get(0)).unwrap();
        prop_assert_eq!(id, record.opening.id.to_string());
    }
}

#[test]
fn a_word_that_is_newer_than_the_database_is_filled_in() {
    let conn = database();
    conn.execute("DELETE FROM words WHERE word = 'cel'", []).unwrap();
    fill_words(&conn).unwrap();
    let query = "SELECT word FROM words WHERE kind = 'reason' AND number = 10";
    let word: String = conn.query_row(query, [], |row| row.get(0)).unwrap();
    assert_eq!(word, "cel");
}

#[test]
fn a_usual_call_takes_few_bytes_on_disk() {
    let (conn, mut writer) = (database(), Writer::default());
    let calls = 2_000;
    for number in 0..calls {
        let mut record = shown();
        let mut opening = (*record.opening).clone();
        // A ULID's first 48 bits are milliseconds: one call in each.
        opening.id = format!("txn_{}", ulid::Ulid::from_parts(number, 7)).parse().unwrap();
        opening.who = Arc::new(caller("bot", "s-1"));
        record.cost = Charge { total: usd(152_500), input: Picos(22_500_000), ..Charge::default() };
        record.opening = Arc::new(opening);
        record.trace_digest = Some(reins_governor::TraceDigest([7; 16]));
        writer.append(&conn, &record).unwrap();
    }
    let pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
    let bytes: i64 = conn.query_row(pages, [], |row| row.get(0)).unwrap();
    let bytes = bytes.unsigned_abs();
    assert!(bytes / calls <= 400, "{} bytes a call", bytes / calls);
}
