//! What a host must be able to do to perform scenarios.

use std::future::Future;
use std::time::Duration;

use serde_json::Value;

use crate::script::{Balance, File};

/// A call as a client makes it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: String,
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
    /// `status`, `headers`, `trailers`, `body` (JSON, or the text of a stream as `stream`), `cut`
    /// (whether it broke off), `record` (the transaction as it is kept) and `vendor` (the last
    /// request that the vendor heard of it).
    pub seen: Value,
}

/// A host under a file.
pub trait Host {
    /// Puts a file in force; the first main one starts the host, with those beside it that were
    /// written before.
    fn file(&mut self, file: &File, text: &str) -> impl Future<Output = Result<(), String>>;

    /// Offers a file that is not to be put in force: an error where it is.
    fn refuse(&mut self, file: &File, text: &str) -> impl Future<Output = Result<(), String>>;

    /// Removes a file beside the main one, and waits until its organization is not served.
    fn remove(&mut self, beside: &str) -> impl Future<Output = Result<(), String>>;

    /// Lets time pass on the host's clock.
    fn later(&mut self, by: Duration);

    /// Makes a call; where there is one `beside` it, while the vendor has that one. What is seen of
    /// it stands in the answer as `beside`.
    fn call(
        &mut self,
        request: &Request,
        beside: Option<&Request>,
    ) -> impl Future<Output = Result<Answer, String>>;

    /// How the books stand: the organization, then each scope that `like` names, then what the
    /// vendor has billed by its own books.
    fn balance(&mut self, like: &Balance) -> impl Future<Output = Result<Value, String>>;
}
