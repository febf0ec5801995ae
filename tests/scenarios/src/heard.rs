//! What the pretend vendor heard of a call, by its page.

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Map, Value, json};

use crate::door::CALL;

/// The last request that a vendor heard of a call; nothing where it heard none.
pub(crate) async fn heard(vendor: &str, name: &str) -> Value {
    let all = page(vendor, "/seen?body=1").await;
    let ours = json!([CALL, name]);
    let mut requests = all["seen"].as_array().into_iter().flatten();
    let is_ours = |request: &&Value| {
        request["headers"].as_array().is_some_and(|headers| headers.contains(&ours))
    };
    requests.find(is_ours).map_or(Value::Null, as_heard)
}

/// A page, as JSON.
///
/// # Panics
/// Where there is none.
pub async fn page(address: &str, page: &str) -> Value {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let uri = format!("http://{address}{page}").parse().expect("an address");
    let answer = client.get(uri).await.expect("an answer");
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    serde_json::from_slice(&body).expect("JSON")
}

/// A request as scenarios show it: headers by name, the body as text and as JSON.
fn as_heard(request: &Value) -> Value {
    let pairs = request["headers"].as_array().into_iter().flatten();
    let headers: Map<String, Value> =
        pairs.filter_map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].clone()))).collect();
    let text = request["body"].as_str().unwrap_or_default();
    json!({
        "method": request["method"],
        "path": request["path"],
        "headers": headers,
        "text": text,
        "body": serde_json::from_str::<Value>(text).ok(),
    })
}
