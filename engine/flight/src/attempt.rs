//! One attempt: the request sent once, and what came of it.

use std::time::Duration;

use bytes::Bytes;
use http::response::Parts;
use http::{Response, StatusCode};
use reins_governor::{Answered, Ending, Ledger, PresumeReason, Refusal, VoidReason};

use crate::carry::{Freight, micros_since};
use crate::collect::collect;
use crate::outcome;
use crate::pulse::Pulse;
use crate::{BoxedBody, Transport, TransportError};

/// The largest error answer that is passed on, in bytes: vendors' errors are a few hundred.
const ERROR_MAX: usize = 1024 * 1024;

/// What came of one attempt.
pub(crate) enum Tried {
    /// The head of an answer.
    Answer(Response<BoxedBody>),
    /// The vendor said no, in its own words.
    Declined { head: Box<Parts>, body: Bytes },
    /// Nothing that could be passed on.
    Nothing { status: Option<u16>, ending: Ending, refusal: Refusal },
}

// === impl Tried ===

impl Tried {
    /// A vendor that failed or was not reached may be asked again; one that may have begun may not.
    pub(crate) fn may_be_repeated(&self) -> bool {
        match self {
            Self::Declined { head, .. } => head.status >= StatusCode::INTERNAL_SERVER_ERROR,
            Self::Nothing { ending, .. } => {
                matches!(ending, Ending::Free(VoidReason::NotConnected))
            }
            Self::Answer(_) => false,
        }
    }

    fn status(&self) -> Option<u16> {
        match self {
            Self::Answer(response) => Some(response.status().as_u16()),
            Self::Declined { head, .. } => Some(head.status.as_u16()),
            Self::Nothing { status, .. } => *status,
        }
    }
}

// === impl Freight ===

impl<L: Ledger, T: Transport> Freight<L, T> {
    /// Sends the call once.
    pub(crate) async fn attempt(&self) -> Tried {
        let Some(call) = self.admitted.call() else { return not_admitted() };
        let sending = self.transport.send((self.pack)(call));
        let mut pulse = Pulse::new(&self.admitted, &*self.clock);
        match pulse.within(self.terms.headers_timeout, sending).await {
            None => timed_out(self.terms.headers_timeout),
            Some(Err(error)) => no_answer(&error),
            Some(Ok(response)) if response.status().is_success() => Tried::Answer(response),
            Some(Ok(response)) => self.declined(response, pulse).await,
        }
    }

    async fn declined(&self, response: Response<BoxedBody>, pulse: Pulse<'_, L>) -> Tried {
        let (head, body) = response.into_parts();
        let head = Box::new(head);
        if head.status.is_redirection() || head.status.is_informational() {
            let what = format!("it answered {} instead of an answer", head.status.as_u16());
            let ending = Ending::Free(VoidReason::VendorRefused);
            let status = Some(head.status.as_u16());
            return Tried::Nothing { status, ending, refusal: Refusal::VendorError { what } };
        }
        let body = collect(body, self.terms.idle_timeout, ERROR_MAX, pulse).await;
        Tried::Declined { head, body: body.read() }
    }

    pub(crate) fn answered(&self, tried: &Tried, sent: Duration) -> Answered {
        let first_byte_us = micros_since(&*self.clock, sent);
        Answered { status: tried.status(), first_byte_us, total_us: 0 }
    }

    /// How the attempt ends, where no answer of it is passed on.
    pub(crate) fn ending(&self, tried: &Tried) -> Ending {
        match tried {
            Tried::Nothing { ending, .. } => ending.clone(),
            Tried::Declined { head, .. } => outcome::refused(head.status.as_u16(), self.billing()),
            Tried::Answer(_) => outcome::unknown(PresumeReason::OwnerLost, None, false),
        }
    }
}

fn no_answer(error: &TransportError) -> Tried {
    let ending = match error {
        TransportError::NotConnected(_) | TransportError::Exhausted(_) => {
            Ending::Free(VoidReason::NotConnected)
        }
        TransportError::Broken(_) => outcome::unknown(PresumeReason::Reset, None, false),
    };
    Tried::Nothing { status: None, ending, refusal: error.refusal() }
}

const fn timed_out(waited: Duration) -> Tried {
    let ending = outcome::unknown(PresumeReason::Timeout, None, false);
    Tried::Nothing { status: None, ending, refusal: Refusal::VendorTimeout { waited } }
}

fn not_admitted() -> Tried {
    let refusal = Refusal::Internal { what: "a call was carried after it had ended".into() };
    Tried::Nothing { status: None, ending: Ending::Free(VoidReason::Abandoned), refusal }
}
