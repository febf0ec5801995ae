//! An example host: one call a line, as JSON, over a private Unix socket. It sends calls by itself.
//!
//! A line is `["POST", "/v1/chat/completions", [["authorization", "Bearer rns_…"]], "{…}"]`, and
//! its answer `[200, [["x-reins-cost", "0.0000132"]], "{…}"]`.

use std::{os::unix::fs::PermissionsExt, path::Path, pin::pin, sync::Arc};

use bytes::{Bytes, BytesMut};
use futures_util::future::select;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use reins_flight::{NoAnswer, WatchEnd};
use reins_runtime::{Opened, Origin, Runtime};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::{net::UnixListener, net::UnixStream, time::timeout};

type Vendors = Client<HttpConnector, Full<Bytes>>;
type Line = (String, String, Vec<(String, String)>, String);

/// Serves until `stop` is done. The socket's folder should be its owner's alone.
pub async fn serve(opened: Opened<()>, socket: &Path, stop: impl Future) -> anyhow::Result<()> {
    let (listener, runtime) = (UnixListener::bind(socket)?, Arc::clone(&opened.runtime));
    std::fs::set_permissions(socket, PermissionsExt::from_mode(0o600))?;
    let accept = async {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(talk(Arc::clone(&runtime), client));
        }
    };
    Ok(opened.run(async { drop(select(pin!(stop), pin!(accept)).await) }).await?)
}

async fn talk(runtime: Arc<Runtime<()>>, mut client: UnixStream) -> anyhow::Result<()> {
    let vendors = Client::builder(hyper_util::rt::TokioExecutor::new()).build_http();
    let (lines, mut answers) = client.split();
    let mut lines = BufReader::new(lines).lines();
    while let Some(line) = lines.next_line().await? {
        let (Ok(answer) | Err(answer)) = call(&runtime, &vendors, request(&line)?).await;
        answers.write_all(shown(&answer).as_bytes()).await?;
    }
    Ok(())
}

fn request(line: &str) -> anyhow::Result<Request<Bytes>> {
    let (method, path, headers, body): Line = serde_json::from_str(line)?;
    let request = Request::builder().method(&*method).uri(path);
    let request = headers.iter().fold(request, |request, (name, text)| request.header(name, text));
    Ok(request.body(body.into())?)
}

fn shown(answer: &Response<Bytes>) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let headers = answer.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), text(value.as_bytes())));
    let headers: Vec<_> = headers.collect();
    format!("{}\n", serde_json::json!([answer.status().as_u16(), headers, text(answer.body())]))
}

type Answered = Result<Response<Bytes>, Response<Bytes>>;

async fn call(runtime: &Runtime<()>, vendors: &Vendors, asked: Request<Bytes>) -> Answered {
    let mut call = runtime.govern(asked, Origin::SOCKET).await?;
    let request = std::mem::take(&mut call.request);
    let sent = timeout(call.terms.headers_timeout, vendors.request(request)).await;
    let (head, mut body) = match sent {
        Ok(Ok(answer)) => answer.into_parts(),
        Ok(Err(error)) if error.is_connect() => return call.without(NoAnswer::NotConnected).await,
        Ok(Err(_)) => return call.without(NoAnswer::Broken).await,
        Err(_) => return call.without(NoAnswer::TimedOut).await,
    };
    let (mut watched, mut text) = (call.watch.head(head.status, &head.headers), BytesMut::new());
    let end = loop {
        watched.waits();
        match timeout(call.terms.idle_timeout, body.frame()).await {
            Err(_) => break WatchEnd::Stalled,
            Ok(None) => break WatchEnd::Complete,
            Ok(Some(Err(_))) => break WatchEnd::Broken,
            Ok(Some(Ok(frame))) => text.extend(frame.into_data().map(|piece| watched.data(piece))),
        }
    };
    Ok(call.reply.with(head, text, watched.end(end)).await)
}
