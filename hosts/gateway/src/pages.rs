//! The gateway's own pages: is it alive, is it ready, what has it counted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::desk::Desk;
use crate::log;
use crate::versions::{State as FileState, Versions};

/// What the pages show.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) desk: Arc<Desk>,
    pub(crate) versions: Versions,
    pub(crate) metrics: Option<PrometheusHandle>,
}

/// The router of our own pages.
pub(crate) fn router(shown: Shown) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(shown)
}

/// The process answers.
async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// Calls can be admitted. A file that is not in force stops none: its last version is.
async fn readyz(State(shown): State<Shown>) -> Response {
    let health = shown.desk.store.health();
    let live = shown.desk.live.load();
    let (status, word) = match &health.stopped {
        None => (StatusCode::OK, "ready"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "stopped"),
    };
    let (file, file_reason) = shown.versions.state();
    let body = json!({
        "status": word,
        "reason": health.stopped.as_deref(),
        "policy_version": &*live.snapshot.version,
        "price_version": &**live.snapshot.prices.version(),
        "file": file.word(),
        "file_reason": file_reason,
        "keys_current": shown.desk.registry.sees_changes(),
        "calls_in_flight": health.in_flight,
        "entries_behind": health.behind,
    });
    (status, Json(body)).into_response()
}

/// What was counted, in Prometheus' text format.
async fn metrics(State(shown): State<Shown>) -> Response {
    let health = shown.desk.store.health();
    #[expect(
        clippy::cast_precision_loss,
        reason = "gauges are floats; below 2^53 a float counts exactly"
    )]
    {
        metrics::gauge!("reins_calls_in_flight").set(health.in_flight as f64);
        metrics::gauge!("reins_store_entries_behind").set(health.behind as f64);
        metrics::gauge!("reins_request_bodies_bytes").set(shown.desk.room.taken() as f64);
    }
    let current = if shown.desk.registry.sees_changes() { 1.0 } else { 0.0 };
    metrics::gauge!("reins_keys_current").set(current);
    let (now, _) = shown.versions.state();
    for state in FileState::ALL {
        let is = if state == now { 1.0 } else { 0.0 };
        metrics::gauge!("reins_file_state", "state" => state.word()).set(is);
    }
    metrics::counter!("reins_log_lines_lost_total").absolute(log::lost());
    match &shown.metrics {
        Some(handle) => {
            let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
            (kind, handle.render()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
