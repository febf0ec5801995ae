//! What a host must be able to do to perform scenarios.

use std::future::Future;

use serde_json::Value;

use crate::script::Balance;

/// A call as a client makes it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The path.
    pub path: String,
    /// Every header.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What a client sees of a call, and what is kept of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// `status`, `headers`, `trailers`, `body` (JSON, or the text of a stream as `stream`), and
    /// `record`: the transaction as it is kept.
    pub seen: Value,
}

/// A host under a file.
pub trait Host {
    /// Puts a file in force; the first one starts the host. What a refused file is told is the
    /// answer.
    fn file(&mut self, text: &str) -> impl Future<Output = Result<(), String>>;

    /// Makes a call.
    fn call(&mut self, request: &Request) -> impl Future<Output = Result<Answer, String>>;

    /// How the books stand: the organization, then each scope that `like` names.
    fn balance(&mut self, like: &Balance) -> impl Future<Output = Result<Value, String>>;
}
