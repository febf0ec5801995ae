//! What a host must be able to do for a flight: send one request to a vendor.

use std::fmt;
use std::future::Future;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
use reins_governor::Refusal;

/// The body of a vendor's answer, whatever the transport makes of it.
pub type BoxedBody = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Why a request has no answer. Texts name no address and no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Nothing was sent: the vendor cannot have charged for it.
    #[error("not connected: {0}")]
    NotConnected(String),
    /// Nothing was sent: this machine has no descriptor, memory or port left for a connection.
    #[error("this machine has nothing left to connect with: {0}")]
    Exhausted(String),
    /// Something was sent, and the connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
}

// === impl TransportError ===

impl TransportError {
    /// The refusal that a caller gets: the vendor is not blamed for what this machine lacks.
    #[must_use]
    pub fn refusal(&self) -> Refusal {
        let what = self.to_string();
        match self {
            Self::Exhausted(_) => Refusal::Unavailable { what },
            Self::NotConnected(_) | Self::Broken(_) => Refusal::VendorError { what },
        }
    }
}

/// A way to a vendor.
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends the request once, and waits for the head of the answer, without any time limit.
    fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<BoxedBody>, TransportError>> + Send;
}
