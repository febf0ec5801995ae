//! The scenarios through the example host: one test each, but for those that hosts/README.md names
//! with the reason why it cannot live up to them.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops on the first surprise"
)]

use std::path::PathBuf;
use std::sync::Arc;

use libtest_mimic::Arguments;
use metrics_exporter_prometheus::PrometheusHandle;
use reins_runtime::{FileStates, Opened, Runtime, Start};
use reins_scenarios::{Door, Request, trials};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Where the scenarios stand that this host cannot live up to.
const PAGE: &str = include_str!("../../../../hosts/README.md");

/// The example host, over its socket.
struct Running {
    socket: PathBuf,
    runtime: Arc<Runtime<()>>,
    files: FileStates,
    stop: oneshot::Sender<()>,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Door for Running {
    async fn open(start: Start, _: PrometheusHandle) -> Result<Self, String> {
        let socket = start.config.with_file_name("reins.sock");
        let opened = Opened::start(start, ()).await.map_err(|error| error.to_string())?;
        let (runtime, files) = (Arc::clone(&opened.runtime), opened.files());
        let (stop, stopped) = oneshot::channel::<()>();
        let at = socket.clone();
        let task = tokio::spawn(async move { reins_example::serve(opened, &at, stopped).await });
        while !socket.exists() {
            tokio::task::yield_now().await;
        }
        Ok(Self { socket, runtime, files, stop, task })
    }

    async fn call(&self, request: &Request) -> Result<Map<String, Value>, String> {
        self.asked(request).await.map_err(|error| error.to_string())
    }

    async fn status(&self) -> Value {
        self.runtime.status(&self.files)
    }

    async fn close(self) {
        self.stop.send(()).expect("the host still runs");
        self.task.await.expect("the host's task").expect("the host ends in order");
    }
}

impl Running {
    async fn asked(&self, request: &Request) -> anyhow::Result<Map<String, Value>> {
        let Request { method, path, headers, body } = request;
        let mut headers = headers.clone();
        headers.push(("host".to_owned(), "localhost".to_owned()));
        let line = json!([method, path, headers, if method == "GET" { "" } else { body }]);
        let mut socket = UnixStream::connect(&self.socket).await?;
        socket.write_all(format!("{line}\n").as_bytes()).await?;
        let mut answer = String::new();
        BufReader::new(socket).read_line(&mut answer).await?;
        let (status, headers, text): (u16, Vec<(String, String)>, String) =
            serde_json::from_str(&answer)?;
        let json = serde_json::from_str::<Value>(&text).ok();
        let seen = json!({
            "status": status,
            "headers": by_name(headers),
            "stream": json.is_none().then_some(text),
            "body": json,
            "cut": false,
        });
        Ok(seen.as_object().expect("an object").clone())
    }
}

/// Headers by name; those of one name in one text.
fn by_name(pairs: Vec<(String, String)>) -> Map<String, Value> {
    let mut all = Map::<String, Value>::new();
    for (name, value) in pairs {
        let before = all.get(&name).and_then(Value::as_str).map(|before| format!("{before}; "));
        all.insert(name, format!("{}{value}", before.unwrap_or_default()).into());
    }
    all
}

/// The scenarios whose rows say why this host cannot live up to them.
fn left_out() -> Vec<String> {
    let table = PAGE.split("## What the example leaves out").nth(1).expect("the heading");
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ["));
    let rows = rows.filter_map(|row| row.split_once("](../tests/scenarios/"));
    rows.map(|(name, _)| name.to_owned()).collect()
}

fn main() {
    libtest_mimic::run(&Arguments::from_args(), trials::<Running>(&left_out())).exit();
}
