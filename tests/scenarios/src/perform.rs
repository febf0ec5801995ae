//! Performing a scenario on a host, step by step.

use serde_json::{Map, Value, json};

use crate::host::{Answer, Host, Request};
use crate::resembles::differences;
use crate::script::{Balance, Call, File, Script, Step};

/// The organization of a file that names none.
const ORGANIZATION: &str = r#"
[organization]
id = "acme"
unknown_agents = "register"
"#;

/// The connections of a file that has none.
const CONNECTIONS: &str = r#"
[[connection]]
vendor = "openai"
base_url = "http://$VENDOR/v1"
key_env = "VENDOR_KEY"

[[connection]]
vendor = "anthropic"
base_url = "http://$VENDOR"
key_env = "VENDOR_KEY"
"#;

/// The key that every call of a scenario shows, unless it brings its own.
const KEY: &str = "rns_live_scenario";

/// Performs a scenario.
///
/// # Errors
/// Where what was seen differs from what is written, all differences of that step.
pub async fn perform(script: &Script, host: &mut impl Host) -> Result<(), String> {
    for (index, step) in script.steps.iter().enumerate() {
        let outcome = match step {
            Step::File(file, text) => host.file(file, &completed(file, text)).await,
            Step::Refused(file, text) => host.refuse(file, &completed(file, text)).await,
            Step::Removed(removed) => host.remove(&removed.beside).await,
            Step::Later(later) => {
                host.later(later.time());
                Ok(())
            }
            Step::Call(call, seen) => make(call, seen, host).await,
            Step::Balance(balance) => compare_books(balance, host).await,
        };
        outcome.map_err(|why| format!("step {} of `{}`:\n{why}", index + 1, script.title))?;
    }
    Ok(())
}

async fn make(call: &Call, expected: &Value, host: &mut impl Host) -> Result<(), String> {
    let beside = call.beside.as_deref().map(request);
    let request = request(call);
    let mut answer = Answer { seen: Value::Null };
    for _ in 0..call.times {
        answer = host.call(&request, beside.as_ref()).await?;
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
        "vendor_usd": expected.vendor_usd,
    });
    told(&differences(&expected, &seen), &seen)
}

fn told(differences: &[String], seen: &Value) -> Result<(), String> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(format!("{}\nall that was seen:\n{seen:#}", differences.join("\n")))
}

/// A file, with what a short scenario leaves out.
fn completed(file: &File, text: &str) -> String {
    let named = text.contains("[organization]") || *file != File::Main;
    let organization = if named { "" } else { ORGANIZATION };
    let connections = if text.contains("[[connection]]") { "" } else { CONNECTIONS };
    format!("{text}{organization}{connections}")
}

/// The request of a call, with what a short scenario leaves out.
fn request(call: &Call) -> Request {
    let body = call.raw.clone().unwrap_or_else(|| Value::Object(filled(&call.body)).to_string());
    let model = call.body.get("model").and_then(Value::as_str).unwrap_or_default();
    let anthropic = model.starts_with("claude");
    let usual = if anthropic { "/v1/messages" } else { "/v1/chat/completions" };
    let mut headers = Vec::new();
    let mut add = |name: &str, value: &str| headers.push((name.to_owned(), value.to_owned()));
    if !call.headers.contains_key("content-type") {
        add("content-type", "application/json");
    }
    if !call.headers.contains_key("authorization") {
        let key = call.organization.as_ref().map(|name| format!("rns_live_{name}"));
        add("authorization", &format!("Bearer {}", key.as_deref().unwrap_or(KEY)));
    }
    if let Some(agent) = &call.agent {
        add("x-reins-agent", agent);
    }
    if let Some(script) = &call.vendor {
        add("x-test-script", script);
    }
    for (name, value) in &call.headers {
        // `null` leaves out what would be there, and a list is a header for each of its values.
        let listed = value.as_array().into_iter().flatten();
        listed.chain([value]).filter_map(Value::as_str).for_each(|value| add(name, value));
    }
    let path = call.path.clone().unwrap_or_else(|| usual.to_owned());
    Request { method: call.method.clone(), path, headers, body }
}

fn filled(body: &Map<String, Value>) -> Map<String, Value> {
    let mut body = body.clone();
    if !["input", "prompt"].iter().any(|name| body.contains_key(*name)) {
        body.entry("messages").or_insert_with(|| json!([{"role": "user", "content": "Hello"}]));
    }
    body
}
