//! A line: one connection to a target, kept open, one call at a time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::bench::Fault;
use crate::bench::target::Target;

/// One connection.
#[derive(Debug)]
pub(crate) struct Line {
    sender: SendRequest<Full<Bytes>>,
    to: String,
}

/// How long a call took, from its sending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Took {
    /// To the first piece of the answer's body.
    pub(crate) first: Duration,
    /// To its end.
    pub(crate) whole: Duration,
}

// === impl Line ===

impl Line {
    /// Connects to `target`.
    pub(crate) async fn open(target: &Target) -> Result<Self, Fault> {
        let to = target.name.clone();
        let connected = TcpStream::connect(target.address).await;
        let connected = connected.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        let stream = connected.map_err(|source| Fault::Connect { to: to.clone(), source })?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // WHY: whatever ends the connection also fails the call that is under way on it.
        tokio::spawn(async { connection.await.unwrap_or_default() });
        Ok(Self { sender, to })
    }

    /// Makes one call, and reads its answer to the end.
    pub(crate) async fn ask(&mut self, request: Request<Full<Bytes>>) -> Result<Took, Fault> {
        self.sender.ready().await?;
        let sent = Instant::now();
        let mut response = self.sender.send_request(request).await?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            let said = response.into_body().collect().await?.to_bytes();
            let said = String::from_utf8_lossy(&said).into_owned();
            return Err(Fault::Refused { to: self.to.clone(), status, said });
        }
        let mut first = None;
        while let Some(frame) = response.body_mut().frame().await {
            frame?;
            first.get_or_insert_with(|| sent.elapsed());
        }
        let whole = sent.elapsed();
        Ok(Took { first: first.unwrap_or(whole), whole })
    }
}
