//! One attempt: the request sent once, and what came of it.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::response::Parts;
use reins_governor::{Answered, Refusal};

use crate::carry::{Freight, micros_since};
use crate::collect::collect;
use crate::outcome::Seen;
use crate::pulse::{Late, Pulse};
use crate::{BoxedBody, Transport, TransportError};

/// The largest error answer that is passed on, in bytes: vendors' errors are a few hundred.
const ERROR_MAX: usize = 1024 * 1024;

/// What came of one attempt.
pub(crate) enum Tried {
    /// The head of an answer.
    Answer(Response<BoxedBody>),
    /// Something else.
    Unanswered(Unanswered),
}

/// An attempt that brought no answer.
pub(crate) struct Unanswered {
    /// The end, as the table of outcomes has it.
    pub(crate) seen: Seen,
    /// The vendor's status, where it gave one.
    pub(crate) status: Option<u16>,
    /// What goes back to the client, if this is the last attempt.
    pub(crate) instead: Instead,
}

/// What goes back in place of an answer.
pub(crate) enum Instead {
    /// The vendor's own error.
    Error { head: Box<Parts>, body: Bytes },
    /// A refusal of ours.
    Refusal(Refusal),
}

// === impl Tried ===

impl Tried {
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Answer(response) => Some(response.status().as_u16()),
            Self::Unanswered(unanswered) => unanswered.status,
        }
    }

    fn nothing(seen: Seen, status: Option<u16>, refusal: Refusal) -> Self {
        Self::Unanswered(Unanswered { seen, status, instead: Instead::Refusal(refusal) })
    }
}

// === impl Freight ===

impl<T: Transport> Freight<T> {
    /// Sends the call once.
    pub(crate) async fn attempt(&self) -> Tried {
        let sending = self.transport.send((self.pack)(self.admitted.call()));
        let mut pulse = self.pulse();
        match pulse.within(self.terms.headers_timeout, sending).await {
            Err(Late::TimedOut) => late(Seen::NoHead, self.terms.headers_timeout),
            Err(Late::GivenUp) => late(Seen::GivenUp, self.terms.drain_timeout),
            Ok(Err(error)) => no_answer(&error),
            Ok(Ok(response)) if response.status().is_success() => Tried::Answer(response),
            Ok(Ok(response)) => self.declined(response, pulse).await,
        }
    }

    /// The pulse of the call, which goes on for a while after its client left.
    pub(crate) fn pulse(&self) -> Pulse<'_> {
        let pulse = Pulse::new(&self.admitted, &*self.clock);
        pulse.of_client(&self.client, self.terms.drain_timeout)
    }

    async fn declined(&self, response: Response<BoxedBody>, pulse: Pulse<'_>) -> Tried {
        let (head, body) = response.into_parts();
        let (status, head) = (head.status.as_u16(), Box::new(head));
        let seen = Seen::Status(status);
        if status < 400 {
            let what = format!("it answered {status} instead of an answer");
            return Tried::nothing(seen, Some(status), Refusal::VendorError { what });
        }
        let body = collect(body, &self.terms, ERROR_MAX, pulse).await;
        let instead = Instead::Error { head, body: body.read() };
        Tried::Unanswered(Unanswered { seen, status: Some(status), instead })
    }

    /// Sent at that time; an error of the vendor's has come to its end.
    pub(crate) fn answered(&self, tried: &Tried, sent: Duration) -> Answered {
        let first_byte_us = micros_since(&*self.clock, sent);
        let error =
            matches!(tried, Tried::Unanswered(Unanswered { instead: Instead::Error { .. }, .. }));
        let total_us = if error { first_byte_us } else { 0 };
        Answered { status: tried.status(), first_byte_us, total_us }
    }
}

fn no_answer(error: &TransportError) -> Tried {
    let seen = match error {
        TransportError::NotConnected(_) | TransportError::Exhausted(_) => Seen::NotConnected,
        TransportError::Broken(_) => Seen::ResetBeforeHead,
    };
    Tried::nothing(seen, None, error.refusal())
}

fn late(seen: Seen, waited: Duration) -> Tried {
    Tried::nothing(seen, None, Refusal::VendorTimeout { waited })
}
