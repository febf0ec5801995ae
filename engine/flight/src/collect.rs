//! Collecting a body: read to its end, as far as that can be borne.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use tokio::time::Instant;

use crate::outcome::BodyEnd;
use crate::pulse::{Late, Pulse};
use crate::{BoxedBody, Terms};

/// A body that was read, as far as it went.
pub(crate) enum Collected {
    /// All of it.
    Whole(Bytes),
    /// What came before it ended early.
    Short(Bytes, BodyEnd),
    /// What came before it was too large to be kept, and the rest.
    TooLarge(VecDeque<Bytes>, BoxedBody),
}

// === impl Collected ===

impl Collected {
    pub(crate) const fn end(&self) -> BodyEnd {
        match self {
            Self::Short(_, end) => *end,
            Self::Whole(_) | Self::TooLarge(..) => BodyEnd::Whole,
        }
    }

    /// What was read.
    pub(crate) fn read(self) -> Bytes {
        match self {
            Self::Whole(bytes) | Self::Short(bytes, _) => bytes,
            Self::TooLarge(pieces, _) => joined(pieces),
        }
    }
}

/// Reads a body of at most so many bytes, whose pieces come within the idle timeout of each other,
/// and all of them within the timeout of a whole answer.
pub(crate) async fn collect(
    mut body: BoxedBody,
    terms: &Terms,
    max: usize,
    mut pulse: Pulse<'_>,
) -> Collected {
    let (mut pieces, end) = (VecDeque::new(), Instant::now() + terms.whole_timeout);
    let mut size = 0_usize;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match pulse.within(terms.idle_timeout.min(left), body.frame()).await {
            Err(Late::TimedOut) => return Collected::Short(joined(pieces), BodyEnd::Idle),
            Err(Late::GivenUp) => {
                return Collected::Short(joined(pieces), BodyEnd::Cut { behind: false });
            }
            Ok(None) => return Collected::Whole(joined(pieces)),
            Ok(Some(Err(_))) => {
                return Collected::Short(joined(pieces), BodyEnd::Broken { behind: false });
            }
            Ok(Some(Ok(frame))) => {
                let Ok(bytes) = frame.into_data() else { continue };
                size = size.saturating_add(bytes.len());
                pieces.push_back(bytes);
                if size > max {
                    return Collected::TooLarge(pieces, body);
                }
            }
        }
    }
}

/// One piece stays as it is; several are copied together.
fn joined(mut pieces: VecDeque<Bytes>) -> Bytes {
    match (pieces.pop_front(), pieces.is_empty()) {
        (None, _) => Bytes::new(),
        (Some(only), true) => only,
        (Some(first), false) => {
            let mut all = BytesMut::from(first);
            pieces.iter().for_each(|piece| all.extend_from_slice(piece));
            all.freeze()
        }
    }
}
