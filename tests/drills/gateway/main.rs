//! The gateway as the drills start and kill it: what `reins serve` does, as a program of this
//! package, so that a drill always runs the code beside it.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use reins_gateway::{Gateway, Log};
use reins_runtime::{Accepted, MachineClock, Start};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// The arguments are those of the shipped binary: `serve [--accept-…] --config FILE`.
#[tokio::main]
#[expect(clippy::disallowed_methods, reason = "this is where the environment is read")]
async fn main() -> anyhow::Result<()> {
    let config = std::env::args().next_back().unwrap_or_default();
    let has = |flag| std::env::args().any(|argument| argument == flag);
    let accepted =
        Accepted { loss: has("--accept-loss"), lost_secret: has("--accept-lost-secret") };
    let filter: EnvFilter = std::env::var("REINS_LOG").as_deref().unwrap_or("info").parse()?;
    let _log = Log::install(filter)?;
    let mut terminate = signal(SignalKind::terminate())?;
    let metrics = PrometheusBuilder::new().install_recorder()?;
    tokio::spawn(tidy(metrics.clone()));
    let start = Start {
        config: config.into(),
        variables: Arc::new(|name| std::env::var(name).ok()),
        clock: Arc::new(MachineClock::new()),
        accepted,
    };
    let gateway = Gateway::start(start, Some(metrics)).await?;
    let mut out = std::io::stdout();
    writeln!(out, "listening on {}", gateway.address())?;
    out.flush()?;
    let told = async {
        terminate.recv().await;
    };
    Ok(gateway.run(told).await?)
}

/// Sorts samples into their buckets now and then, so that they do not pile up.
async fn tidy(metrics: PrometheusHandle) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}
