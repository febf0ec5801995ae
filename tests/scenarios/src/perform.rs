//! Performing a scenario on a host, step by step.

use serde_json::{Map, Value, json};

use crate::host::{Answer, Host, Request};
use crate::resembles::differences;
use crate::script::{Balance, Call, Script, Step};

/// The key that every call of a scenario shows, unless it brings its own.
const KEY: &str = "rns_live_scenario";

/// Performs a scenario.
///
/// # Errors
/// Where what was seen differs from what is written, all differences of that step.
pub async fn perform(script: &Script, host: &mut impl Host) -> Result<(), String> {
    for (index, step) in script.steps.iter().enumerate() {
        let outcome = match step {
            Step::File(text) => host.file(text).await,
            Step::Call(call, seen) => make(call, seen, host).await,
            Step::Balance(balance) => compare_books(balance, host).await,
        };
        outcome.map_err(|why| format!("step {} of `{}`:\n{why}", index + 1, script.title))?;
    }
    Ok(())
}

async fn make(call: &Call, expected: &Value, host: &mut impl Host) -> Result<(), String> {
    let request = request(call);
    let mut answer = Answer { seen: Value::Null };
    for _ in 0..call.times {
        answer = host.call(&request).await?;
    }
    told(&differences(expected, &answer.seen), &answer.seen)
}

async fn compare_books(expected: &Balance, host: &mut impl Host) -> Result<(), String> {
    let seen = host.balance(expected).await?;
    let expected = json!({
        "spent_usd": expected.spent_usd,
        "held_usd": expected.held_usd,
        "calls": expected.calls,
        "scopes": expected.scopes,
    });
    told(&differences(&expected, &seen), &seen)
}

fn told(differences: &[String], seen: &Value) -> Result<(), String> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("{}\nall that was seen:\n{seen:#}", differences.join("\n")))
}

/// The request of a call, with what a short scenario leaves out.
fn request(call: &Call) -> Request {
    let body = call.raw.clone().unwrap_or_else(|| Value::Object(filled(&call.body)).to_string());
    let model = call.body.get("model").and_then(Value::as_str).unwrap_or_default();
    let anthropic = model.starts_with("claude");
    let usual = if anthropic { "/v1/messages" } else { "/v1/chat/completions" };
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    if !call.headers.contains_key("authorization") {
        add("authorization", &format!("Bearer {KEY}"));
    }
    if let Some(agent) = &call.agent {
        add("x-reins-agent", agent);
    }
    if let Some(script) = &call.vendor {
        add("x-test-script", script);
    }
    for (name, value) in &call.headers {
        add(name, value.as_str().unwrap_or_default());
    }
    Request { path: call.path.clone().unwrap_or_else(|| usual.to_owned()), headers, body }
}

fn filled(body: &Map<String, Value>) -> Map<String, Value> {
    let mut body = body.clone();
    body.entry("messages").or_insert_with(|| json!([{"role": "user", "content": "Hello"}]));
    body
}
