//! A client of the gateway: it tells all that it sees, also of an answer that breaks off.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use reins_scenarios::Request;
use serde_json::{Map, Value, json};

/// A client.
pub(crate) struct Client(legacy::Client<HttpConnector, Full<Bytes>>);

impl Client {
    pub(crate) fn new() -> Self {
        Self(legacy::Client::builder(TokioExecutor::new()).build_http())
    }

    /// Makes a call, and answers what is seen of it.
    pub(crate) async fn call(
        &self,
        address: &str,
        request: &Request,
    ) -> Result<Map<String, Value>, String> {
        let uri = format!("http://{address}{}", request.path);
        let mut made = http::Request::builder().method(&*request.method).uri(uri);
        for (name, value) in &request.headers {
            made = made.header(name, value);
        }
        let bare = request.method == "GET";
        let body = if bare { String::new() } else { request.body.clone() };
        let made = made.body(Full::from(body)).map_err(|e| e.to_string())?;
        let answer = self.0.request(made).await.map_err(|error| error.to_string())?;
        let (head, body) = answer.into_parts();
        let mut seen = read(body).await;
        seen.insert("status".to_owned(), head.status.as_u16().into());
        seen.insert("headers".to_owned(), shown(&head.headers).into());
        Ok(seen)
    }
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
