//! What is metered of the answers of declared endpoints.

use proptest::prelude::*;
use reins_governor::{Tokens, Usage};

use super::{dialect, events, rules};
use crate::tests::read;
use crate::{EndpointRules, Failure, Found, Metered, OUTPUT_UNSEEN};

const LINES: &str = "{\"model\":\"m2\",\"message\":{\"content\":\"Hel\"},\"done\":false}\n\
    {\"model\":\"m2\",\"message\":{\"content\":\"lo\"},\"done\":false}\n\
    {\"model\":\"m2\",\"message\":{\"content\":\"\"},\"done\":true,\"in\":26,\"out\":282}\n";

const EVENTS: &str = "event: message-start\n\
    data: {\"type\":\"message-start\",\"delta\":{\"usage\":{\"in\":1,\"out\":0}}}\n\n\
    data: {\"type\":\"content-delta\",\"delta\":{\"text\":\"Hello\"}}\n\n\
    data: {\"type\":\"message-end\",\"delta\":{\"usage\":{\"in\":21,\"out\":124}}}\n\n";

fn metered<'a>(
    rules: EndpointRules,
    stream: bool,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Metered {
    let dialect = dialect(rules);
    let read = read(&*dialect, &format!(r#"{{"model":"m","stream":{stream}}}"#));
    let mut meter = dialect.meter(&read, &read.call);
    pieces.into_iter().for_each(|piece| meter.feed(piece));
    meter.finish()
}

fn all(rules: EndpointRules, stream: bool, answer: &str) -> Metered {
    let whole = metered(rules.clone(), stream, [answer.as_bytes()]);
    let cut = metered(rules, stream, answer.as_bytes().chunks(1));
    assert_eq!(whole, cut, "{answer}");
    whole
}

fn used(input: u64, output: u64) -> Found {
    Found::Usage(Usage { input: Tokens(input), output: Tokens(output), ..Usage::default() })
}

#[test]
fn usage_is_read_where_it_stands() {
    let line = r#"{"model":"m2","message":{"content":"Hello"},"done":true,"in":26,"out":298}"#;
    let pretty = "{\n  \"model\" : \"m2\",\n  \"in\": 26.0 ,\n  \"out\": 298\n}\n";
    let event = r#"{"usage":{"billed":{"in":5,"out":418},"in":71,"out":418}}"#;
    for (rules, stream, answer, usage, model) in [
        (rules(), false, line, used(26, 298), Some("m2")),
        (rules(), false, pretty, used(26, 298), Some("m2")),
        (rules(), true, LINES, used(26, 282), Some("m2")),
        (rules(), true, line, used(26, 298), Some("m2")),
        (rules(), false, LINES, used(26, 282), Some("m2")),
        (events(), false, event, used(5, 418), None),
        (events(), true, event, used(5, 418), None),
        (events(), true, EVENTS, used(21, 124), None),
    ] {
        let metered = all(rules, stream, answer);
        assert_eq!((metered.usage, metered.model.as_deref()), (usage, model), "{answer}");
        assert_eq!((metered.complete, metered.failure), (true, None), "{answer}");
        assert_eq!(metered.output_bound, OUTPUT_UNSEEN);
    }
}

#[test]
fn a_stream_that_is_cut_anywhere_tells_no_usage() {
    // The brace that closes the last piece is there, or the line behind the last event.
    for (rules, answer, end) in
        [(rules(), LINES, LINES.len() - 1), (events(), EVENTS, EVENTS.len() - 2)]
    {
        for cut in 0..end {
            let (came, _) = answer.as_bytes().split_at(cut);
            let metered = metered(rules.clone(), true, [came]);
            assert_eq!((metered.usage, metered.complete), (Found::Missing, false), "{cut}");
        }
    }
}

#[test]
fn what_two_readers_may_read_in_two_ways_is_not_believed() {
    for answer in [
        r#"{"in":1,"in":2,"out":3}"#,
        r#"{"in":1,"out":3,"o\u0075t":0}"#,
        r#"{"in":-1,"out":3}"#,
        r#"{"in":1.5,"out":3}"#,
        r#"{"in":"1","out":3}"#,
        r#"{"in":1,"out":[3]}"#,
        r#"{"in":1,"out":99999999999999999999999}"#,
        r#"{"in":1,"out":9000000000}"#,
        r#"{"in":true,"out":3}"#,
    ] {
        let metered = all(rules(), false, answer);
        assert!(matches!(metered.usage, Found::Absurd(_)), "{answer}: {metered:?}");
    }
    let twice = r#"{"usage":{"billed":{"in":1,"out":2}},"usage":{"billed":{}}}"#;
    assert!(matches!(all(events(), false, twice).usage, Found::Absurd(_)));
}

#[test]
fn what_is_missing_is_not_made_up() {
    for answer in [
        "{}",
        r#"{"in":1}"#,
        r#"{"in":1,"out":null}"#,
        r#"{"usage":{"in":1,"out":2}}"#,
        r#"[{"in":1,"out":2}]"#,
        r#"{"list":[{"in":1,"out":2}]}"#,
        r#"{"in":1,"out":2"#,
        "no JSON",
        " ",
    ] {
        assert_eq!(all(rules(), false, answer).usage, Found::Missing, "{answer}");
    }
}

#[test]
fn counts_never_fall_and_output_behind_the_last_piece_spoils_them() {
    let zero = format!("{LINES}{{\"done\":true,\"in\":0,\"out\":0}}\n");
    assert_eq!(all(rules(), true, &zero).usage, used(26, 282));
    let more = format!("{LINES}{{\"message\":{{\"content\":\"more\"}},\"done\":false}}\n");
    assert_eq!(all(rules(), true, &more).usage, Found::Missing);
    let ping = format!("{EVENTS}data: {{}}\n\n: ping\n\ndata: [DONE]\n\n");
    assert_eq!(all(events(), true, &ping).usage, Found::Missing, "the rules do not name [DONE]");
    let ping = format!("{EVENTS}data: {{}}\n\n: ping\n\n");
    assert_eq!(all(events(), true, &ping).usage, used(21, 124));
    let broken = format!("data: {{\"a\"\n\n{EVENTS}");
    assert_eq!(all(events(), true, &broken).usage, Found::Missing);
}

#[test]
fn an_error_before_output_is_known_from_one_behind_it() {
    const ERROR: &str = r#"{"error":{"message":"overloaded"}}"#;
    let (before, after) = (Some(Failure::BeforeOutput), Some(Failure::AfterOutput));
    let failed = "data: {\"type\":\"message-end\",\"delta\":{\"error\":\"failed\"}}\n\n";
    for (rules, answer, failure) in [
        (rules(), ERROR.to_owned(), before),
        (events(), ERROR.to_owned(), before),
        (events(), failed.to_owned(), before),
        (events(), format!("event: error\ndata: {ERROR}\n\n"), before),
        (rules(), format!("{{\"message\":\"Hel\"}}\n{ERROR}\n"), after),
        (events(), format!("data: {{\"text\":\"Hel\"}}\n\n{failed}"), after),
        (rules(), r#"{"message":"Hello","error":{"message":"late"}}"#.to_owned(), after),
        (rules(), r#"{"error":{"message":""},"in":1,"out":2}"#.to_owned(), None),
        (rules(), r#"{"error":null,"in":1,"out":2}"#.to_owned(), None),
        (rules(), r#"{"error":{"message":{"content":"Hi"}},"in":1,"out":2}"#.to_owned(), None),
    ] {
        let metered = all(rules, true, &answer);
        assert_eq!(metered.failure, failure, "{answer}");
        assert!(failure.is_none() || !metered.complete, "{answer}");
    }
    assert_eq!(all(rules(), true, "").failure, Some(Failure::Empty));
}

proptest! {
    #[test]
    fn no_answer_stops_a_meter_and_cuts_change_nothing(
        pieces in prop::collection::vec(prop_oneof![
            Just("{"), Just("}"), Just("["), Just("]"), Just("\""), Just("\\"), Just(":"),
            Just(","), Just("\"in\":1"), Just("\"out\":2"), Just("\"done\":true"), Just("\n"),
            Just("data: "), Just("event: error"), Just("\n\n"), Just("[DONE]"), Just("\"usage\":{"),
            Just("\u{e9}"), Just("null"), Just("-1"),
        ], 0..40),
        stream in any::<bool>(),
        as_events in any::<bool>(),
    ) {
        let rules = if as_events { events() } else { rules() };
        let whole = metered(rules.clone(), stream, [pieces.concat().as_bytes()]);
        let cut = metered(rules, stream, pieces.iter().map(|piece| piece.as_bytes()));
        prop_assert_eq!(whole, cut);
    }
}
