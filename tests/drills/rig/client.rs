//! A client: one connection, and what came back on it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Ask;

/// Longer than any connection in a drill lives.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to the gateway that is kept for the next call.
pub(crate) struct Wire {
    sender: SendRequest<Full<Bytes>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the body came to its end.
    pub(crate) whole: bool,
}

/// Makes one call on a connection of its own; `None` where there was no answer.
pub(crate) async fn call(address: SocketAddr, ask: &Ask) -> Option<Answer> {
    Wire::open(address).await?.call(ask).await
}

/// Reads a page.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    let request = Request::get(path).header("host", "localhost").body(Full::default()).unwrap();
    let mut wire = Wire::open(address).await.expect("a connection");
    let response = wire.sender.send_request(request).await.unwrap();
    Answer::read(response).await
}

/// Sends exact bytes and reads all that comes back until the other side closes.
pub(crate) async fn speak(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // WHY: whoever refuses a request need not read all of it.
    drop(stream.write_all(bytes).await);
    let mut said = Vec::new();
    let reading = stream.read_to_end(&mut said);
    assert!(timeout(PATIENCE, reading).await.is_ok(), "nobody closed: {said:?}");
    String::from_utf8_lossy(&said).into_owned()
}

// === impl Wire ===

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.ok()?;
        tokio::spawn(connection);
        Some(Self { sender })
    }

    pub(crate) async fn call(&mut self, ask: &Ask) -> Option<Answer> {
        Some(Answer::read(self.send(ask).await?).await)
    }

    /// The answer's head, with its body still to be read.
    pub(crate) async fn send(&mut self, ask: &Ask) -> Option<http::Response<Incoming>> {
        let mut request = Request::post(&ask.path);
        if !ask.headers.iter().any(|(name, _)| name == "host") {
            request = request.header("host", "reins");
        }
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(ask.body.clone().into())).unwrap();
        self.sender.ready().await.ok()?;
        self.sender.send_request(request).await.ok()
    }
}

// === impl Answer ===

impl Answer {
    async fn read(response: http::Response<Incoming>) -> Self {
        let (head, mut body) = response.into_parts();
        let mut read = BytesMut::new();
        let mut whole = true;
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => read.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(_) => whole = false,
            }
        }
        let status = head.status.as_u16();
        Self { status, headers: head.headers, body: read.freeze(), whole }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The id of the call's record.
    pub(crate) fn id(&self) -> Option<&str> {
        self.header("x-reins-transaction-id")
    }

    /// The body of a refusal.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The code of a refusal, in either dialect.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}
