//! Requests of both dialects, counted by hand.

use super::{Ask, IMAGE_TOKENS};

fn check(body: &str, expected: u64) {
    let ask = Ask::read(body.as_bytes()).unwrap();
    assert_eq!(ask.prompt_tokens(body.len()), expected, "{body}");
}

#[test]
fn text_is_counted_wherever_it_stands() {
    check(r#"{"model":"m","messages":[{"role":"user","content":"eight by"}]}"#, 2 + 6);
    check(
        r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"eight by"}]}]}"#,
        2 + 6,
    );
    check(r#"{"model":"m","system":"four","messages":[{"role":"user","content":"é\n"}]}"#, 2 + 6);
    check(
        r#"{"model":"m","messages":[{"role":"user","content":[
            {"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"four"}]},
            {"type":"tool_use","id":"t","name":"n","input":{"a":1}}]}]}"#,
        3 + 6,
    );
    check(r#"{"model":"m","messages":[{"role":"assistant","content":null}]}"#, 6);
}

#[test]
fn images_are_a_fixed_number() {
    let body = r#"{"messages":[{"role":"user","content":[
        {"type":"image_url","image_url":{"url":"data:"}},
        {"type":"image","source":{"type":"base64","data":"aaaa"}}]}]}"#;
    check(body, 6 + 2 * IMAGE_TOKENS);
}

#[test]
fn the_first_user_text_and_tool_are_found() {
    let body = r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a\u0062"}],
        "tools":[{"type":"function","function":{"name":"look"}}]}"#;
    let ask = Ask::read(body.as_bytes()).unwrap();
    assert_eq!(ask.first_user_text(), Some("ab"));
    assert_eq!(ask.first_tool().as_deref(), Some("look"));
    let ask = Ask::read(br#"{"tools":[{"name":"see","input_schema":{}}]}"#).unwrap();
    assert_eq!(ask.first_tool().as_deref(), Some("see"));
}
