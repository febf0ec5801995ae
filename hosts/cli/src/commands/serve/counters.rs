//! Counters: what `/metrics` shows.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::failure::Failure;

/// How metrics that measure time are named.
const TIMES: &str = "_seconds";
/// From what Reins adds to a call, some microseconds, to the longest answer of a model.
const SECONDS: [f64; 19] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.1, 0.25, 1.0, 2.5, 10.0, 30.0, 60.0, 120.0,
];
/// How often samples are sorted into their buckets, so that they do not pile up where nobody asks
/// for the page.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// Counts all that is counted from now on.
pub(crate) fn install() -> Result<PrometheusHandle, Failure> {
    let times = Matcher::Suffix(TIMES.to_owned());
    let builder = PrometheusBuilder::new().set_buckets_for_metric(times, &SECONDS)?;
    let handle = builder.install_recorder()?;
    tokio::spawn(tidy(handle.clone()));
    Ok(handle)
}

async fn tidy(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(TIDY_EVERY);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}
