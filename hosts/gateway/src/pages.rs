//! The gateway's own pages: is it alive, is it ready, what has it counted.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use reins_config::FOLDER;
use reins_governor::Name;
use reins_runtime::{FileState, FileStates, Served, State as FileStateWord};
use serde_json::json;

use crate::desk::Desk;
use crate::log;
use crate::transport::Transport;

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

/// Calls can be admitted. A file that is not in force stops none: its last version is. What stands
/// beside the list of files is of the main one.
async fn readyz(State(shown): State<Shown>) -> Response {
    let health = shown.desk.runtime.store.health();
    let served = shown.desk.runtime.served.load();
    let (status, word) = match &health.stopped {
        None => (StatusCode::OK, "ready"),
        Some(_) => (StatusCode::SERVICE_UNAVAILABLE, "stopped"),
    };
    let (first, (file, file_reason)) = (served.first(), shown.files.main.state());
    let mut files: Vec<_> = shown.files.all().iter().map(|file| row(file, &served)).collect();
    files.extend(shown.files.unlisted().map(
        |why| json!({ "file": FOLDER, "state": FileStateWord::Unreadable.word(), "reason": why }),
    ));
    let body = json!({
        "status": word,
        "reason": health.stopped.as_deref(),
        "policy_version": &*first.snapshot.version,
        "price_version": &**first.snapshot.prices.version(),
        "file": file.word(),
        "file_reason": file_reason,
        "files": files,
        "keys_current": shown.desk.runtime.registry.sees_changes(),
        "calls_in_flight": health.in_flight,
        "entries_behind": health.behind,
    });
    (status, Json(body)).into_response()
}

/// A file, and the version of its organization that is in force.
fn row(file: &FileState, served: &Served<Arc<Transport>>) -> serde_json::Value {
    let (state, reason) = file.state();
    let organization = file.organization();
    let version = organization.as_ref().and_then(|id| served.of(id).ok());
    json!({
        "file": &*file.name,
        "state": state.word(),
        "reason": reason,
        "organization": organization.as_deref(),
        "policy_version": version.map(|version| &*version.snapshot.version),
        "price_version": version.map(|version| &**version.snapshot.prices.version()),
    })
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
