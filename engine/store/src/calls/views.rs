//! The views: `calls` with words for numbers and text for ids, times and amounts, for people and
//! programs that read the database with plain SQL.
//!
//! Their text is made here, once, when a database is made: the words come from the program's own
//! types, and an id's text from its bytes, for which SQL has no function.

use reins_governor::{
    Accuracy, Action, Endpoint, Environment, PresumeReason, ScopeKind, ServiceTier, Status,
    VoidReason,
};
use rusqlite::{Connection, params};

/// The letters of a ULID, each five bits.
const LETTERS: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of a ULID: two bits of nothing, then its 128.
const ULID_LETTERS: i64 = 26;

/// The outcomes of an attempt, by their numbers in the binary form of a record.
const OUTCOMES: [&str; 4] = ["open", "settled", "voided", "presumed"];
/// The reasons of a rule, by their numbers in the binary form of a record.
const REASONS: [&str; 11] = [
    "all_conditions",
    "unconditional",
    "outside",
    "amount",
    "spend",
    "calls",
    "tokens",
    "no_limit",
    "disabled",
    "erred",
    "cel",
];

/// Columns that a view shows as they are.
const PLAIN: &str = "c.revision, c.at_us, c.metadata, c.observe, c.stream, c.attempt, \
    c.output_cap, c.choices, c.evaluated, c.reason, c.input, c.cached, c.cache_write, \
    c.cache_write_1h, c.output, c.reasoning, c.audio_input, c.audio_output, c.web_searches, \
    c.input_picos, c.output_picos, c.fees_picos, c.auth_us, c.limit_us, c.policy_us, c.hold_us, \
    c.commit_us, c.first_byte_us, c.vendor_us, c.ours_us, c.took_us, \
    c.input + c.cached + c.cache_write + c.cache_write_1h + c.audio_input AS tokens_in, \
    c.output + c.audio_output AS tokens_out, c.bound_nanos, c.held_nanos, c.cost_nanos, \
    lower(hex(c.trace_digest)) AS trace_digest";

/// The latest revision of each record.
const LATEST: &str = "FROM calls AS c JOIN callers AS w ON w.id = c.caller WHERE NOT EXISTS \
    (SELECT 1 FROM calls AS later WHERE later.id = c.id AND later.revision > c.revision)";

/// Fills in the words that this program knows, whichever there are: a newer program has more.
pub(crate) fn fill_words(conn: &Connection) -> rusqlite::Result<()> {
    for (kind, words) in words() {
        for (number, word) in words {
            let insert = "INSERT OR REPLACE INTO words VALUES (?, ?, ?)";
            conn.prepare_cached(insert)?.execute(params![kind, number, word])?;
        }
    }
    Ok(())
}

/// Makes the views of a database that has none, and the words that they show.
pub(crate) fn prepare(conn: &Connection) -> rusqlite::Result<()> {
    fill_words(conn)?;
    conn.execute_batch(&format!("{}; {}; {};", transactions(), attempts(), matched_rules()))
}

/// Every closed list: what it is called here, and its words by their numbers.
fn words() -> Vec<(&'static str, Vec<(u8, &'static str)>)> {
    macro_rules! list {
        ($type:ident) => {
            $type::ALL.map(|one| (one.number(), one.word())).to_vec()
        };
    }
    let counted = |words: &[&'static str]| (0_u8..).zip(words.iter().copied()).collect();
    vec![
        ("accuracy", list!(Accuracy)),
        ("action", list!(Action)),
        ("endpoint", list!(Endpoint)),
        ("environment", list!(Environment)),
        ("outcome", counted(&OUTCOMES)),
        ("presumed", list!(PresumeReason)),
        ("reason", counted(&REASONS)),
        ("scope", list!(ScopeKind)),
        ("status", list!(Status)),
        ("tier", list!(ServiceTier)),
        ("voided", list!(VoidReason)),
    ]
}

fn transactions() -> String {
    let mut columns = vec![
        format!("{} AS id", transaction_id("c.id")),
        format!("{} AS at", time("c.at_us")),
        format!("{} AS ended_at", time("c.at_us + c.took_us")),
        named("w.key_name", "key"),
        list("w.roles", "roles"),
        list("c.models_tried", "models_tried"),
    ];
    let callers = ["organization", "team", "agent", "user", "session", "parent", "key_id"];
    columns.extend(callers.map(|name| named(&format!("w.{name}"), name)));
    let texts = [
        "vendor",
        "connection",
        "model_asked",
        "model_sent",
        "model_used",
        "price_version",
        "policy_version",
        "policy",
        "rule",
    ];
    columns.extend(texts.map(|name| named(&format!("c.{name}"), name)));
    columns.push(word("environment", "w.environment", "environment"));
    let words = ["endpoint", "tier", "action", "accuracy", "status"];
    columns.extend(words.map(|name| word(name, &format!("c.{name}"), name)));
    columns.push(word("tier", "c.served_tier", "served_tier"));
    let amounts = ["bound", "held", "cost"];
    columns.extend(amounts.map(|name| usd(&format!("c.{name}_nanos"), &format!("{name}_usd"))));
    format!("CREATE VIEW transactions AS SELECT {}, {PLAIN} {LATEST}", columns.join(", "))
}

fn attempts() -> String {
    let why = "CASE json_extract(a.value, '$[2]') WHEN 2 THEN 'voided' WHEN 3 THEN 'presumed' END";
    let columns = [
        format!("{} AS id", transaction_id("c.id")),
        named("w.organization", "organization"),
        "json_extract(a.value, '$[0]') AS number".to_owned(),
        "json_extract(a.value, '$[1]') AS vendor_status".to_owned(),
        word("outcome", "json_extract(a.value, '$[2]')", "outcome"),
        format!(
            "(SELECT word FROM words WHERE kind = {why} \
             AND number = json_extract(a.value, '$[3]')) AS why"
        ),
        usd("json_extract(a.value, '$[4]')", "held_usd"),
        "json_extract(a.value, '$[4]') AS held_nanos".to_owned(),
        usd("json_extract(a.value, '$[5]')", "charged_usd"),
        "json_extract(a.value, '$[5]') AS charged_nanos".to_owned(),
    ];
    let latest = each("attempts");
    format!("CREATE VIEW attempts AS SELECT {} {latest}", columns.join(", "))
}

fn matched_rules() -> String {
    let columns = [
        format!("{} AS id", transaction_id("c.id")),
        named("w.organization", "organization"),
        named("json_extract(a.value, '$[0]')", "policy"),
        named("json_extract(a.value, '$[1]')", "rule"),
        word("reason", "json_extract(a.value, '$[2]')", "reason"),
        "a.value AS figures".to_owned(),
    ];
    let latest = each("matched");
    format!("CREATE VIEW matched_rules AS SELECT {} {latest}", columns.join(", "))
}

/// The latest revision of each record, once for each item of a list.
fn each(list: &str) -> String {
    LATEST.replacen(" WHERE", &format!(", json_each(c.{list}) AS a WHERE"), 1)
}

fn named(number: &str, name: &str) -> String {
    format!("(SELECT text FROM names WHERE id = {number}) AS {name}")
}

/// A list of numbers of texts as a JSON array of those texts.
fn list(numbers: &str, name: &str) -> String {
    format!(
        "(SELECT json_group_array(text) FROM json_each({numbers}) AS one \
         JOIN names ON names.id = one.value) AS {name}"
    )
}

fn word(kind: &str, number: &str, name: &str) -> String {
    format!("(SELECT word FROM words WHERE kind = '{kind}' AND number = {number}) AS {name}")
}

/// Microseconds since 1970 as RFC 3339.
fn time(micros: &str) -> String {
    format!(
        "strftime('%Y-%m-%dT%H:%M:%S', ({micros}) / 1000000, 'unixepoch') \
         || printf('.%06dZ', ({micros}) % 1000000)"
    )
}

/// Nano-USD as an exact decimal.
fn usd(nanos: &str, name: &str) -> String {
    format!(
        "CASE WHEN {nanos} IS NOT NULL THEN \
         printf('%d.%09d', {nanos} / 1000000000, {nanos} % 1000000000) END AS {name}"
    )
}

/// The text of a ULID of 16 bytes: five bits a letter, taken out of its hexadecimal digits.
fn transaction_id(bytes: &str) -> String {
    let digit = |at: i64| {
        let known = (0..32).contains(&at);
        let digit = format!("(instr('0123456789ABCDEF', substr(hex({bytes}), {}, 1)) - 1)", at + 1);
        if known { digit } else { "0".to_owned() }
    };
    let letter = |nth: i64| {
        // The bits of the id that a letter has, the first of which may stand before it.
        let (from, to) = (nth * 5 - 2, nth * 5 + 2);
        let (first, last) = (from.div_euclid(4), to.div_euclid(4));
        let shift = last * 4 + 3 - to;
        let high = if first == last { "0".to_owned() } else { digit(first) };
        let bits = format!("(((({high} * 16) + {}) >> {shift}) & 31)", digit(last));
        format!("substr('{LETTERS}', {bits} + 1, 1)")
    };
    let letters: Vec<String> = (0..ULID_LETTERS).map(letter).collect();
    format!("'txn_' || {}", letters.join(" || "))
}
