//! The caller: an agent's way to speak HTTP, as a vendor's SDK would.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::json;

use crate::demo::cast::{Agent, Ask, Key, Speech, Takes};
use crate::demo::keys::Keys;
use crate::demo::told::{Action, Told};

/// Where the vendor is told how much to say; Reins passes it on like any header it does not know.
const SCRIPT: &str = "x-test-script";

/// Why a call could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// It cannot be written down.
    #[error("the call of `{0}` cannot be written as a request")]
    Request(&'static str, #[source] http::Error),
    /// The gateway cannot be reached.
    #[error("`{0}` cannot reach the gateway")]
    Unreachable(&'static str, #[source] hyper_util::client::legacy::Error),
    /// The answer broke off.
    #[error("the answer to `{0}` broke off")]
    Broken(&'static str, #[source] hyper::Error),
    /// The answer is not one of the gateway.
    #[error("the answer to `{0}` has no `x-reins-action`: its status is {1}")]
    Foreign(&'static str, http::StatusCode),
    /// The agent's task broke off.
    #[error("an agent broke off")]
    Agent(#[from] tokio::task::JoinError),
}

/// A way to the gateway, and the keys to show there.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    client: Client<HttpConnector, Full<Bytes>>,
    gateway: SocketAddr,
    keys: Keys,
}

// === impl Caller ===

impl Caller {
    /// A way to the gateway at this address.
    pub(crate) fn new(gateway: SocketAddr, keys: Keys) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(tcp);
        Self { client, gateway, keys }
    }

    /// Makes one call, and takes its answer as the agent wants it.
    pub(crate) async fn call(&self, agent: &Agent, ask: &Ask) -> Result<Told, CallError> {
        let name = agent.name;
        let request = self.request(agent, ask).map_err(|error| CallError::Request(name, error))?;
        let sent = self.client.request(request).await;
        let response = sent.map_err(|error| CallError::Unreachable(name, error))?;
        let (status, headers) = (response.status(), response.headers());
        let mut told =
            Told::of(name, ask.model, headers).ok_or(CallError::Foreign(name, status))?;
        let taken = take(&mut told, ask.takes, response).await;
        taken.map_err(|error| CallError::Broken(name, error))?;
        Ok(told)
    }

    fn request(&self, agent: &Agent, ask: &Ask) -> Result<Request<Full<Bytes>>, http::Error> {
        let key = match agent.key {
            Key::Agents => self.keys.agents.expose(),
            Key::Trial => self.keys.trial.expose(),
        };
        let (path, credential, key) = match ask.speech {
            Speech::OpenAi => ("chat/completions", "authorization", format!("Bearer {key}")),
            Speech::Anthropic => ("messages", "x-api-key", key.to_owned()),
        };
        Request::post(format!("http://{}/v1/{path}", self.gateway))
            .header(credential, key)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::TE, "trailers")
            .header("anthropic-version", "2023-06-01")
            .header("x-reins-agent", agent.name)
            .header(SCRIPT, format!("output={}", ask.length))
            .body(Full::new(body(ask)))
    }
}

fn body(ask: &Ask) -> Bytes {
    let body = json!({
        "model": ask.model,
        "max_tokens": ask.cap,
        "stream": ask.takes != Takes::Whole,
        "messages": [{ "role": "user", "content": ask.prompt }],
    });
    Bytes::from(body.to_string())
}

/// Takes an answer, or as much of it as the agent cares for.
async fn take(
    told: &mut Told,
    takes: Takes,
    response: Response<Incoming>,
) -> Result<(), hyper::Error> {
    let refused = told.action == Action::Block;
    let mut body = response.into_body();
    if refused {
        told.hear_refusal(&body.collect().await?.to_bytes());
        return Ok(());
    }
    let mut pieces = 0;
    while let Some(frame) = body.frame().await.transpose()? {
        if let Some(trailers) = frame.trailers_ref() {
            told.hear(trailers);
            continue;
        }
        pieces += 1;
        if takes == Takes::Pieces(pieces) {
            told.action = Action::Left;
            told.note = Some(format!("hangs up after {pieces} pieces of its stream"));
            return Ok(());
        }
    }
    Ok(())
}
