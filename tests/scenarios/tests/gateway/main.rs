//! Every scenario, through the gateway: one test each.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops on the first surprise"
)]

mod client;

use libtest_mimic::Arguments;
use metrics_exporter_prometheus::PrometheusHandle;
use reins_gateway::{Gateway, ServeError};
use reins_runtime::Start;
use reins_scenarios::{Door, Request, page, trials};
use serde_json::{Map, Value};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use client::Client;

/// A gateway that serves, over TCP.
struct Running {
    client: Client,
    address: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServeError>>,
}

impl Door for Running {
    async fn open(start: Start, metrics: PrometheusHandle) -> Result<Self, String> {
        let gateway = Gateway::start(start, Some(metrics)).await;
        let gateway = gateway.map_err(|error| error.to_string())?;
        let address = gateway.address().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(gateway.run(async { drop(stopped.await) }));
        Ok(Self { client: Client::new(), address, stop, task })
    }

    async fn call(&self, request: &Request) -> Result<Map<String, Value>, String> {
        self.client.call(&self.address, request).await
    }

    async fn status(&self) -> Value {
        page(&self.address, "/readyz").await
    }

    async fn close(self) {
        self.stop.send(()).expect("the gateway still runs");
        self.task.await.expect("the gateway's task").expect("the gateway ends in order");
    }
}

fn main() {
    libtest_mimic::run(&Arguments::from_args(), trials::<Running>(&[])).exit();
}
