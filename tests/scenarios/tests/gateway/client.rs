//! A client of the gateway: it tells all that it sees, also of an answer that breaks off.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use reins_scenarios::Request;
use serde_json::{Map, Value, json};

/// Names a call to the vendor, so that its request is found there.
const CALL: &str = "x-test-call";

/// A client.
pub(crate) struct Client(legacy::Client<HttpConnector, Full<Bytes>>);

impl Client {
    pub(crate) fn new() -> Self {
        Self(legacy::Client::builder(TokioExecutor::new()).build_http())
    }

    /// A page of somebody's own, as JSON.
    pub(crate) async fn page(&self, address: &str, page: &str) -> Value {
        let uri = format!("http://{address}{page}").parse().expect("an address");
        let answer = self.0.get(uri).await.expect("an answer");
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        serde_json::from_slice(&body).expect("JSON")
    }

    /// Makes a call under a name, and tells what is seen of it.
    pub(crate) async fn call(
        &self,
        address: &str,
        request: &Request,
        name: &str,
    ) -> Result<Map<String, Value>, String> {
        let uri = format!("http://{address}{}", request.path);
        let mut made = http::Request::builder().method(&*request.method).uri(uri);
        for (name, value) in &request.headers {
            made = made.header(name, value);
        }
        let bare = request.method == "GET";
        let body = if bare { String::new() } else { request.body.clone() };
        let made = made.header(CALL, name).body(Full::from(body)).map_err(|e| e.to_string())?;
        let answer = self.0.request(made).await.map_err(|error| error.to_string())?;
        let (head, body) = answer.into_parts();
        let mut seen = read(body).await;
        seen.insert("status".to_owned(), head.status.as_u16().into());
        seen.insert("headers".to_owned(), shown(&head.headers).into());
        Ok(seen)
    }

    /// The last request that a vendor heard of a call; nothing where it heard none.
    pub(crate) async fn heard(&self, vendor: &str, name: &str) -> Value {
        let all = self.page(vendor, "/seen?body=1").await;
        let ours = json!([CALL, name]);
        let mut requests = all["seen"].as_array().into_iter().flatten();
        let is_ours = |request: &&Value| {
            request["headers"].as_array().is_some_and(|headers| headers.contains(&ours))
        };
        requests.find(is_ours).map_or(Value::Null, as_heard)
    }
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

/// A body as far as it came.
async fn read(mut body: Incoming) -> Map<String, Value> {
    let (mut bytes, mut trailers, mut cut) = (Vec::new(), Value::Null, false);
    while let Some(frame) = body.frame().await {
        match frame.map(hyper::body::Frame::into_data) {
            Ok(Ok(data)) => bytes.extend_from_slice(&data),
            Ok(Err(frame)) => {
                trailers = frame.trailers_ref().map_or(Value::Null, |t| shown(t).into());
            }
            Err(_) => {
                cut = true;
                break;
            }
        }
    }
    let json = serde_json::from_slice::<Value>(&bytes).ok();
    let text = String::from_utf8_lossy(&bytes);
    let mut seen = Map::new();
    seen.insert("stream".to_owned(), json!(json.is_none().then_some(text)));
    seen.insert("body".to_owned(), json!(json));
    seen.insert("trailers".to_owned(), trailers);
    seen.insert("cut".to_owned(), cut.into());
    seen
}

/// Headers by name; those of one name in one text.
fn shown(headers: &http::HeaderMap) -> Map<String, Value> {
    let mut all = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let texts: Vec<_> = values.map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
        all.insert(name.to_string(), texts.join("; ").into());
    }
    all
}
