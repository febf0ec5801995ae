//! A transaction in its binary form, which is kept: `[version, opening, closing]` in deterministic
//! CBOR. `RECORD.md` lists what stands in it.

use std::convert::Infallible;
use std::sync::Arc;

use minicbor::decode::{self, Decoder};
use minicbor::encode::{self, Encoder};

use super::Transaction;
use super::closing::Closing;
use crate::Opening;

/// The version of the form that is written. A key or a number that is added raises it, so that an
/// earlier program refuses what it would read in part; every version up to this one is read.
pub const RECORD_VERSION: u32 = 1;

/// The version, the opening and the closing.
const PARTS: u64 = 3;
/// Room for most records in their binary form, so that one is not moved about while it is written.
const BYTES: usize = 512;

/// Why bytes are no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// They do not say what a record says, or are cut off.
    #[error("byte {at} of a record cannot be read: {why}")]
    Unreadable {
        /// Where.
        at: usize,
        /// Why, in the decoder's words.
        why: String,
    },
    /// A later version of Reins wrote it.
    #[error(
        "the record is of version {found}, and this program reads up to {RECORD_VERSION}: use the \
         version of Reins that wrote it, or a later one"
    )]
    Later {
        /// The version it says.
        found: u32,
    },
    /// It says the same as another form, which is the one that counts.
    #[error("byte {at} of a record is not as Reins writes it: its bytes were changed")]
    NotCanonical {
        /// The first byte that differs.
        at: usize,
    },
}

// === impl Transaction ===

impl Transaction {
    /// The record in its binary form.
    ///
    /// # Errors
    /// Whatever the encoder says; nothing of a record is known to have no form.
    pub fn encode(&self) -> Result<Vec<u8>, RecordError> {
        encoded(&self.opening, &Closing::of(self), RECORD_VERSION)
    }

    /// The closing alone, for a place that has the opening already.
    ///
    /// # Errors
    /// As [`Transaction::encode`].
    pub fn encode_closing(&self) -> Result<Vec<u8>, RecordError> {
        let mut bytes = Vec::with_capacity(BYTES);
        minicbor::encode(Closing::of(self), &mut bytes).map_err(|error| unwritable(&error))?;
        Ok(bytes)
    }

    /// Reads back what [`Transaction::encode`] wrote, in this or an earlier version.
    ///
    /// # Errors
    /// Where the bytes are not the one form of a record.
    pub fn decode(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut from = Decoder::new(bytes);
        let version = version(&mut from)?;
        let opening: Opening = from.decode()?;
        let closing: Closing<'_> = from.decode()?;
        check_same(bytes, &encoded(&opening, &closing, version)?)?;
        Ok(closing.with(Arc::new(opening)))
    }

    /// The record of a call with this opening, its closing as [`Transaction::encode_closing`] wrote
    /// it.
    ///
    /// # Errors
    /// As [`Transaction::decode`].
    pub fn with_closing(opening: Arc<Opening>, bytes: &[u8]) -> Result<Self, RecordError> {
        let closing: Closing<'_> = minicbor::decode(bytes)?;
        let record = closing.with(opening);
        check_same(bytes, &record.encode_closing()?)?;
        Ok(record)
    }
}

/// The version that a record says it has.
fn version(from: &mut Decoder<'_>) -> Result<u32, RecordError> {
    let parts = from.array()?;
    let found = from.u32()?;
    if found > RECORD_VERSION {
        return Err(RecordError::Later { found });
    }
    if parts != Some(PARTS) || found == 0 {
        let why = format!("it is no array of {PARTS} parts that begins with a version");
        return Err(RecordError::Unreadable { at: 0, why });
    }
    Ok(found)
}

fn encoded(opening: &Opening, closing: &Closing<'_>, version: u32) -> Result<Vec<u8>, RecordError> {
    let mut to = Encoder::new(Vec::with_capacity(BYTES));
    let written = to
        .array(PARTS)
        .and_then(|to| to.u32(version))
        .and_then(|to| to.encode(opening))
        .and_then(|to| to.encode(closing).map(drop));
    written.map_err(|error| unwritable(&error))?;
    Ok(to.into_writer())
}

/// Deterministic CBOR has one form for each value, so that what was read must come out again.
fn check_same(bytes: &[u8], again: &[u8]) -> Result<(), RecordError> {
    if bytes == again {
        return Ok(());
    }
    let same = bytes.iter().zip(again).take_while(|(byte, other)| byte == other).count();
    Err(RecordError::NotCanonical { at: same })
}

impl From<decode::Error> for RecordError {
    fn from(error: decode::Error) -> Self {
        let at = error.position().unwrap_or_default();
        Self::Unreadable { at, why: error.to_string() }
    }
}

fn unwritable(error: &encode::Error<Infallible>) -> RecordError {
    RecordError::Unreadable { at: 0, why: error.to_string() }
}

#[cfg(test)]
mod tests;
