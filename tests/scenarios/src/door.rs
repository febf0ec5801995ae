//! A door: what differs from host to host, behind which every scenario is the same.

use std::future::Future;

use metrics_exporter_prometheus::PrometheusHandle;
use reins_runtime::Start;
use serde_json::{Map, Value};

use crate::host::Request;

/// Names a call to the vendor, so that its request is found there.
pub(crate) const CALL: &str = "x-test-call";

/// A host of which calls are made.
pub trait Door: Sized {
    /// Starts it. `metrics` shows what is recorded on this thread.
    fn open(start: Start, metrics: PrometheusHandle) -> impl Future<Output = Result<Self, String>>;

    /// Makes a call, and answers what its client sees: `status`, `headers`, `trailers`, `body` or
    /// `stream`, and whether it was `cut`.
    fn call(&self, request: &Request) -> impl Future<Output = Result<Map<String, Value>, String>>;

    /// Its status, as `/readyz` of the gateway has it.
    fn status(&self) -> impl Future<Output = Value>;

    /// Stops it in order.
    fn close(self) -> impl Future<Output = ()>;
}
