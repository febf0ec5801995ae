//! Room for request bodies: all that are read or kept at once share so many bytes of memory.

use std::sync::Arc;

use bytes::Bytes;
use reins_governor::Refusal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What room is counted in, in bytes, so that the largest body there can be is counted in 32 bits.
const UNIT: u64 = 1024;

/// Room for the bodies of all calls.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    free: Arc<Semaphore>,
    /// All that there is, in units.
    units: usize,
}

/// A body that is being read, with the room it has so far.
#[derive(Debug)]
pub(crate) struct Body {
    bytes: Vec<u8>,
    /// What there is room for, in bytes.
    fits: u64,
    taken: Option<OwnedSemaphorePermit>,
    room: Room,
}

/// What was read. Its room is free again when the last copy of it is gone.
struct Kept {
    bytes: Vec<u8>,
    _taken: Option<OwnedSemaphorePermit>,
}

// === impl Room ===

impl Room {
    /// Room for so many bytes.
    pub(crate) fn of(bytes: u64) -> Self {
        let units = usize::try_from(bytes.div_ceil(UNIT)).unwrap_or(usize::MAX);
        let units = units.min(Semaphore::MAX_PERMITS);
        Self { free: Arc::new(Semaphore::new(units)), units }
    }

    /// How many bytes are taken.
    pub(crate) fn taken(&self) -> u64 {
        let units = self.units.saturating_sub(self.free.available_permits());
        u64::try_from(units).unwrap_or(u64::MAX).saturating_mul(UNIT)
    }

    /// Room for a body of which so many bytes are about to come; for more, it grows.
    pub(crate) fn body(&self, coming: u64) -> Result<Body, Refusal> {
        let mut body = Body { bytes: Vec::new(), fits: 0, taken: None, room: self.clone() };
        body.grow_to(coming)?;
        Ok(body)
    }
}

// === impl Body ===

impl Body {
    /// Adds a piece of a body that may have `limit` bytes.
    pub(crate) fn add(&mut self, piece: &[u8], limit: u64) -> Result<(), Refusal> {
        let length = u64::try_from(self.bytes.len().saturating_add(piece.len()));
        let length = length.ok().filter(|length| *length <= limit);
        let length = length.ok_or(Refusal::TooLarge { limit })?;
        if length > self.fits {
            // Twice as much, as vectors grow; not beyond what there can be.
            self.grow_to(self.fits.saturating_mul(2).min(limit).max(length))?;
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    /// All of it.
    pub(crate) fn whole(self) -> Bytes {
        Bytes::from_owner(Kept { bytes: self.bytes, _taken: self.taken })
    }

    fn grow_to(&mut self, bytes: u64) -> Result<(), Refusal> {
        let units = bytes.div_ceil(UNIT).saturating_sub(self.fits.div_ceil(UNIT));
        let units = u32::try_from(units).map_err(|_| full())?;
        let more = Arc::clone(&self.room.free).try_acquire_many_owned(units).map_err(|_| full())?;
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            None => self.taken = Some(more),
        }
        self.fits = bytes;
        let fits = usize::try_from(bytes).unwrap_or(usize::MAX);
        self.bytes.reserve_exact(fits.saturating_sub(self.bytes.len()));
        Ok(())
    }
}

fn full() -> Refusal {
    let what = "the bodies of other calls take all the memory there is for them: try again in a \
                moment";
    Refusal::Unavailable { what: what.to_owned() }
}

// === impl Kept ===

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    //! Who gets room, and when it is free again.
    use reins_governor::Refusal;

    use super::{Room, UNIT};

    const KIB: usize = 1024;

    fn free(room: &Room) -> usize {
        room.free.available_permits()
    }

    #[test]
    fn a_body_takes_its_room_at_once_and_keeps_it_with_its_last_copy() {
        let room = Room::of(8 * UNIT);
        let mut body = room.body(5 * UNIT).expect("room");
        assert_eq!(free(&room), 3);
        (0..5).for_each(|_| body.add(&[b'x'; KIB], u64::MAX).expect("it was announced"));
        let whole = body.whole();
        let copy = whole.slice(10..20);
        drop(whole);
        assert_eq!((free(&room), &copy[..]), (3, &[b'x'; 10][..]));
        drop(copy);
        assert_eq!(free(&room), 8);
    }

    #[test]
    fn a_body_of_unknown_length_takes_room_as_it_grows() {
        let room = Room::of(8 * UNIT);
        let mut body = room.body(0).expect("nothing is needed");
        let mut seen = Vec::new();
        for _ in 0..5 {
            body.add(&[b'x'; KIB], 7 * UNIT).expect("room");
            assert_eq!(body.bytes.capacity(), usize::try_from(body.fits).expect("small"));
            seen.push(free(&room));
        }
        assert_eq!(seen, [7, 6, 4, 4, 1]);
        let too_much = body.add(&[b'x'; 3 * KIB], 7 * UNIT);
        assert_eq!(too_much, Err(Refusal::TooLarge { limit: 7 * UNIT }));
        drop(body);
        assert_eq!(free(&room), 8);
    }

    #[test]
    fn who_gets_no_room_may_come_again() {
        let room = Room::of(8 * UNIT);
        let first = room.body(8 * UNIT).expect("room");
        let second = room.body(1).expect_err("there is none");
        assert!(second.status() == 503 && second.retry_after().is_some(), "{second:?}");
        assert!(room.body(u64::MAX).is_err());
        let mut chunked = room.body(0).expect("nothing is needed yet");
        assert!(chunked.add(b"x", UNIT).is_err());
        drop(first);
        chunked.add(b"x", UNIT).expect("room");
    }
}
