//! The gateway's own pages: is it alive, is it ready, what has it counted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use reins_governor::Name;
use reins_runtime::FileStates;
use serde_json::json;

use crate::desk::Desk;
use crate::log;

/// What the pages show.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub(crate) desk: Arc<Desk>,
    pub(crate) files: FileStates,
    pub(crate) metrics: Option<PrometheusHandle>,
}

/// Whether a path is that of such a page.
pub(crate) fn is_page(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
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

/// Whether calls can be admitted, and what is in force.
async fn readyz(State(shown): State<Shown>) -> Response {
    let runtime = &shown.desk.runtime;
    let ready = runtime.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(runtime.status(&shown.files))).into_response()
}

/// What was counted, in Prometheus' text format.
async fn metrics(State(shown): State<Shown>) -> Response {
    let health = shown.desk.runtime.store.health();
    #[expect(
        clippy::cast_precision_loss,
        reason = "gauges are floats; below 2^53 a float counts exactly"
    )]
    {
        metrics::gauge!("reins_calls_in_flight").set(health.in_flight as f64);
        metrics::gauge!("reins_store_entries_behind").set(health.behind as f64);
        metrics::gauge!("reins_request_bodies_bytes").set(shown.desk.room.taken() as f64);
    }
    let current = if shown.desk.runtime.registry.sees_changes() { 1.0 } else { 0.0 };
    metrics::gauge!("reins_keys_current").set(current);
    show_files(&shown);
    metrics::counter!("reins_log_lines_lost_total").absolute(log::lost());
    match &shown.metrics {
        Some(handle) => {
            let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
            (kind, handle.render()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The state of each file, and whether each organization is served.
fn show_files(shown: &Shown) {
    shown.files.all().iter().for_each(|file| file.show(Some(file.state().0)));
    let served = shown.desk.runtime.served.load();
    let show = |organization: &Name, is: f64| {
        let organization = organization.to_string();
        metrics::gauge!("reins_organization_served", "organization" => organization).set(is);
    };
    served.versions().for_each(|version| show(version.id(), 1.0));
    served.not_served().for_each(|organization| show(organization, 0.0));
}
