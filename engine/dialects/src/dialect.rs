//! What every dialect answers: one trait from request to refusal.
//!
//! A dialect sees bytes and gives facts. It never keeps content, never waits, and never decides.

use std::fmt;
use std::sync::Arc;

use reins_governor::{Call, Endpoint, Refusal, TransactionId};

use crate::{Filter, Found, Meter, Read};

/// Where a call goes: what the request itself does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whose prices hold, such as `openai`.
    pub vendor: Arc<str>,
    /// The connection that will carry the call.
    pub connection: Arc<str>,
}

/// What a vendor bills when a call does not end as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Billing {
    /// Whether closing the connection of a stream stops the vendor from making more output.
    pub closing_stops_streams: bool,
    /// Whether closing the connection stops a call that is answered in one piece.
    pub closing_stops_whole: bool,
}

/// The wire format of a vendor.
pub trait Dialect: Send + Sync + fmt::Debug + 'static {
    /// Its name, such as `openai`.
    fn name(&self) -> &'static str;

    /// What its calls ask for.
    fn endpoint(&self) -> Endpoint;

    /// The facts of a request body.
    ///
    /// # Errors
    /// Only [`Refusal::BadRequest`]: what is wrong, where, and how to mend it.
    fn read(&self, body: &[u8], to: &Target) -> Result<Read, Refusal>;

    /// At most how many tokens the text in `body` has for the vendor and model of `call`: counted,
    /// which takes its time, rather than measured by bytes. `None` where nobody knows their
    /// tokenizer.
    fn text_tokens(&self, body: &[u8], call: &Call) -> Option<u64> {
        let _ = (body, call);
        None
    }

    /// The body to send for `call`, where it differs from `body`: only the model's value, the cap
    /// and the asking for usage change. `None` stands for the original, byte for byte. The cap is
    /// said so that the vendor obeys it: `call` names the vendor.
    fn rewrite(&self, body: &[u8], read: &Read, call: &Call) -> Option<Vec<u8>>;

    /// What will read the usage out of the answer to `sent`, which an amendment may have made out
    /// of what was read.
    fn meter(&self, read: &Read, sent: &Call) -> Box<dyn Meter>;

    /// What hides from the client the part of the answer that only Reins asked for.
    fn filter(&self, read: &Read) -> Option<Box<dyn Filter>>;

    /// A refusal as the vendor's own error object, so that its SDK raises its usual exception.
    fn refuse(&self, refusal: &Refusal, id: Option<TransactionId>) -> Vec<u8>;

    /// A usage object as the vendor writes it.
    fn usage(&self, json: &[u8]) -> Found;

    /// What a vendor of this dialect bills when a call does not end as it should.
    fn billing(&self, vendor: &str) -> Billing;
}
