//! `reins price` against figures worked out by hand.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::place::Place;

/// Own prices, so that no figure here moves with a vendor's.
const FILE: &str = r#"
[[connection]]
vendor = "box"
dialect = "openai"
base_url = "http://127.0.0.1:9/v1"

[[connection]]
vendor = "hut"
dialect = "anthropic"
base_url = "http://127.0.0.1:9"

[[price]]
vendor = "box"
model = "small"
input = "0.15"
cached = "0.075"
output = "0.60"
web_search = "10"

[[price]]
vendor = "hut"
model = "wise-*"
input = "3"
cached = "0.30"
cache_write = "3.75"
cache_write_1h = "6"
output = "15"
web_search = "10"

[[price]]
vendor = "box"
model = "gift"
free = true

[[price]]
vendor = "box"
model = "crumb"
input = "0.000001"
output = "0.000001"
"#;

/// A line in, and what must be in the line that comes out.
fn lines() -> Vec<(Value, Value)> {
    let of = |vendor, model, usage| json!({"vendor": vendor, "model": model, "usage": usage});
    vec![
        // 1,000 × 0.15 + 500 × 0.60 = 450 µ$.
        (
            of("box", "small", json!({"prompt_tokens": 1000, "completion_tokens": 500})),
            json!({
                "cost_usd": "0.00045", "input_usd": "0.00015", "output_usd": "0.0003",
                "fees_usd": "0.00", "charge_usd": "0.00045",
            }),
        ),
        // 4 fresh and 3 cached of 7: 4 × 0.15 + 3 × 0.075 = 0.825 µ$, 1 × 0.60.
        (
            of(
                "box",
                "small",
                json!({
                    "prompt_tokens": 7, "completion_tokens": 1,
                    "prompt_tokens_details": {"cached_tokens": 3},
                }),
            ),
            json!({
                "cost_usd": "0.000001425", "input_usd": "0.000000825",
                "output_usd": "0.0000006", "charge_usd": "0.000001425",
            }),
        ),
        // 10 × 3 + 1,000 × 0.30 + 100 × 3.75 + 200 × 6 = 1,905 µ$; 40 × 15 = 600 µ$; 2 searches.
        (
            of(
                "hut",
                "wise-1",
                json!({
                    "input_tokens": 10, "output_tokens": 40, "cache_read_input_tokens": 1000,
                    "cache_creation_input_tokens": 300,
                    "cache_creation": {
                        "ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200,
                    },
                    "server_tool_use": {"web_search_requests": 2},
                }),
            ),
            json!({
                "cost_usd": "0.022505", "input_usd": "0.001905", "output_usd": "0.0006",
                "fees_usd": "0.02", "charge_usd": "0.022505",
            }),
        ),
        // One pico-dollar each: the cost is told whole, the charge is rounded up once.
        (
            of("box", "crumb", json!({"prompt_tokens": 2, "completion_tokens": 1})),
            json!({"cost_usd": "0.000000000003", "charge_usd": "0.000000001"}),
        ),
        (
            of("box", "gift", json!({"prompt_tokens": 2, "completion_tokens": 1})),
            json!({"cost_usd": "0.00", "charge_usd": "0.00"}),
        ),
        // The prices that come with the program hold beside those of the file.
        (
            of("openai", "gpt-4o-mini", json!({"prompt_tokens": 1000, "completion_tokens": 500})),
            json!({"cost_usd": "0.00045"}),
        ),
    ]
}

/// What of `answer` is also asked for.
fn part(answer: &Value, asked: &Value) -> Value {
    let fields = asked.as_object().expect("an object").keys();
    fields.map(|field| (field.clone(), answer[field].clone())).collect()
}

#[test]
fn lines_are_answered_in_order() {
    let input: String = lines().iter().map(|(line, _)| format!("{line}\n")).collect();
    let ran = Place::with(FILE).run_on(&input, &["price", "--stdin"]);
    let answers: Vec<Value> =
        ran.answer().lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert_eq!(answers.len(), lines().len());
    for (answer, (line, expected)) in answers.iter().zip(lines()) {
        assert_eq!(part(answer, &expected), expected, "{line}");
        assert!(answer["price_version"].is_string(), "{answer}");
    }
}

#[test]
fn one_call_is_answered_as_its_line_is() {
    let place = Place::with(FILE);
    for (line, _) in lines() {
        let text = |field: &str| line[field].as_str().expect("text").to_owned();
        let (vendor, model, usage) = (text("vendor"), text("model"), line["usage"].to_string());
        let one = place
            .run(&["price", "--vendor", &vendor, "--model", &model, "--usage", &usage])
            .answer()
            .to_owned();
        let many = place.run_on(&format!("{line}\n"), &["price", "--stdin"]);
        assert_eq!(one, many.answer());
    }
}

#[test]
fn usage_is_told_as_it_was_counted() {
    let usage = r#"{"prompt_tokens":7,"completion_tokens":5,
        "prompt_tokens_details":{"cached_tokens":3},
        "completion_tokens_details":{"reasoning_tokens":2},"service_tier":"flex"}"#;
    let answer = Place::with(FILE)
        .run(&["price", "--vendor", "box", "--model", "small", "--usage", usage])
        .json();
    assert_eq!(
        answer["usage"],
        json!({
            "input": 4, "cached": 3, "cache_write": 0, "cache_write_1h": 0, "output": 5,
            "reasoning": 2, "audio_input": 0, "audio_output": 0, "web_searches": 0, "tier": "flex",
        })
    );
}

#[test]
fn what_has_no_price_is_said() {
    let input = [
        r#"{"vendor":"openai","model":"gpt-9","usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
        r#"{"vendor":"nobody","model":"small","usage":{"prompt_tokens":1,"completion_tokens":1}}"#,
        r#"{"vendor":"box","model":"small","usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"audio_tokens":4}}}"#,
        r#"{"vendor":"box","model":"small","usage":{"prompt_tokens":1}}"#,
        r#"{"vendor":"box","model":"small","usage":null}"#,
        r#"{"vendor":"box","model":"small","usage":{"prompt_tokens":-1,"completion_tokens":1}}"#,
        r#"{"vendor":"box","model":"small","usage":{"prompt_tokens":1,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":2}}}"#,
        r#"{"vendor":"box","usage":{}}"#,
        r#"["box","small",{}]"#,
        "",
        "prices, please",
    ];
    let ran = Place::with(FILE).run_on(&input.join("\n"), &["price", "--stdin"]);
    insta::assert_snapshot!(ran);
}

#[test]
fn bytes_that_are_no_text_get_an_error_of_their_own() {
    let place = Place::with(FILE);
    let mut child = place
        .command(&["price", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let line = lines().remove(0).0;
    let input = [b"\xff\xfe\n", format!("{line}").as_bytes()].concat();
    child.stdin.take().expect("a pipe").write_all(&input).expect("it is read");
    let said = child.wait_with_output().expect("the binary ends").stdout;
    let said = String::from_utf8(said).expect("text");
    let answers: Vec<&str> = said.lines().collect();
    assert_eq!(answers.len(), 2, "{said}");
    assert!(answers[0].starts_with("{\"error\":"), "{said}");
    assert!(answers[1].starts_with("{\"cost_usd\":\"0.00045\""), "{said}");
}

#[test]
fn each_answer_comes_before_the_next_question() {
    let place = Place::with(FILE);
    let mut child = place
        .command(&["price", "--stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut answers = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let (first, second) = (lines().remove(0).0, lines().remove(1).0);
    // The second question is begun with the first, and ended only after the first was answered.
    let second = second.to_string();
    let (begun, rest) = second.split_at(9);
    write!(stdin, "{first}\n{begun}").expect("it is read");
    let answer = answers.next().expect("an answer").expect("text");
    assert!(answer.starts_with("{\"cost_usd\":\"0.00045\""), "{answer}");
    writeln!(stdin, "{rest}").expect("it is read");
    let answer = answers.next().expect("an answer").expect("text");
    assert!(answer.starts_with("{\"cost_usd\":\"0.000001425\""), "{answer}");
    drop(stdin);
    assert!(child.wait().expect("the binary ends").success());
}

#[test]
fn one_call_without_a_price_ends_with_1() {
    let usage = r#"{"prompt_tokens":1,"completion_tokens":1}"#;
    let ran =
        Place::bare().run(&["price", "--vendor", "openai", "--model", "gpt-9", "--usage", usage]);
    insta::assert_snapshot!(ran);
}

#[test]
fn without_a_file_the_program_has_prices_of_its_own() {
    let usage = r#"{"prompt_tokens":1000,"completion_tokens":500}"#;
    let asked = ["price", "--vendor", "openai", "--model", "gpt-4o-mini", "--usage", usage];
    assert_eq!(Place::bare().run(&asked).json()["cost_usd"], "0.00045");
    let named = [&asked[..], &["--config", "elsewhere.toml"]].concat();
    assert_eq!(Place::bare().run(&named).status, 1, "a file that is named has to be there");
}

#[test]
fn arguments_that_do_not_go_together_are_refused() {
    for arguments in [
        &["price"][..],
        &["price", "--vendor", "openai", "--model", "gpt-4o"],
        &["price", "--stdin", "--vendor", "openai"],
    ] {
        assert_eq!(Place::bare().run(arguments).status, 2, "{arguments:?}");
    }
}
