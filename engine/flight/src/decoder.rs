//! The decoder in front of a meter, for compressed answers. The client gets the bytes as they came.

use std::io::{self, Write};

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use reins_dialects::{Meter, Metered};

/// The most that one answer may grow to when decoded for its meter, in bytes.
///
/// The longest answers of today's models are a few megabytes; a bomb stops being metered here and
/// is presumed.
const DECODED_MAX: usize = 256 * 1024 * 1024;

/// The most that a meter is given at once, in bytes, so that neither it nor its decoder keeps more.
const PIECE_BYTES: usize = 64 * 1024;

/// Turns what came over the wire into what its meter reads.
pub(crate) enum Decoder {
    /// As it came.
    Plain(Box<dyn Meter>),
    /// `content-encoding: gzip`.
    Gzip(Box<MultiGzDecoder<Sink>>),
    /// `content-encoding: deflate`.
    Deflate(Box<ZlibDecoder<Sink>>),
}

/// Hands on what is decoded to the meter, up to a limit overall.
pub(crate) struct Sink {
    /// Empty while it reads, so that one that panics is not asked again when the decoder is let go.
    meter: Option<Box<dyn Meter>>,
    total: usize,
}

/// The answer cannot be read: an unknown encoding, a broken one, or a bomb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Undecodable;

// === impl Decoder ===

impl Decoder {
    /// The decoder for a `content-encoding`.
    pub(crate) fn of(encoding: Option<&str>, meter: Box<dyn Meter>) -> Result<Self, Undecodable> {
        let word = encoding.unwrap_or_default().trim().to_ascii_lowercase();
        let sink = |meter| Sink { meter: Some(meter), total: 0 };
        match word.as_str() {
            "" | "identity" => Ok(Self::Plain(meter)),
            "gzip" | "x-gzip" => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(sink(meter))))),
            "deflate" => Ok(Self::Deflate(Box::new(ZlibDecoder::new(sink(meter))))),
            _ => Err(Undecodable),
        }
    }

    /// Has the meter read the decoded form of `bytes`.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), Undecodable> {
        let decoder: &mut dyn Write = match self {
            Self::Plain(meter) => {
                bytes.chunks(PIECE_BYTES).for_each(|piece| meter.feed(piece));
                return Ok(());
            }
            Self::Gzip(decoder) => decoder,
            Self::Deflate(decoder) => decoder,
        };
        decoder.write_all(bytes).and_then(|()| decoder.flush()).map_err(|_| Undecodable)
    }

    /// What the meter found; nothing, where it failed.
    pub(crate) fn finish(mut self) -> Option<Metered> {
        let meter = match &mut self {
            Self::Plain(meter) => meter,
            Self::Gzip(decoder) => decoder.get_mut().meter.as_mut()?,
            Self::Deflate(decoder) => decoder.get_mut().meter.as_mut()?,
        };
        Some(meter.finish())
    }
}

// === impl Sink ===

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gone = || io::Error::other("nobody reads the answer any more");
        let mut meter = self.meter.take().ok_or_else(gone)?;
        self.total = self.total.saturating_add(bytes.len());
        if self.total > DECODED_MAX {
            return Err(io::Error::other("the answer grows without measure"));
        }
        bytes.chunks(PIECE_BYTES).for_each(|piece| meter.feed(piece));
        self.meter = Some(meter);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! What is compressed is metered all the same.
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use reins_dialects::{Meter, Metered};

    use super::{Decoder, PIECE_BYTES, Undecodable};
    use crate::metering::unmetered;

    /// What a meter was given: all of it, and the largest piece.
    #[derive(Clone, Default)]
    struct Given(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Meter for Given {
        fn feed(&mut self, bytes: &[u8]) {
            let (all, largest) = &mut *self.0.lock().expect("no panic");
            all.extend_from_slice(bytes);
            *largest = bytes.len().max(*largest);
        }

        fn finish(&mut self) -> Metered {
            unmetered()
        }
    }

    fn given(encoding: &str, wire: &[u8], piece: usize) -> Result<(Vec<u8>, usize), Undecodable> {
        let given = Given::default();
        let mut decoder = Decoder::of(Some(encoding), Box::new(given.clone()))?;
        wire.chunks(piece).try_for_each(|chunk| decoder.feed(chunk))?;
        let given = given.0.lock().expect("no panic");
        Ok(given.clone())
    }

    fn decoded(encoding: &str, wire: &[u8], piece: usize) -> Result<Vec<u8>, Undecodable> {
        given(encoding, wire, piece).map(|(all, _)| all)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).expect("memory");
        gzip.finish().expect("memory")
    }

    #[test]
    fn a_meter_is_given_small_pieces_however_much_comes_at_once() {
        let text = b"data: {}\n\n".repeat(1024 * 1024);
        for (encoding, wire) in [("identity", text.clone()), ("gzip", gzip(&text))] {
            let (all, largest) = given(encoding, &wire, wire.len()).expect("readable");
            assert!(all == text, "{encoding}: something was lost");
            assert!(largest <= PIECE_BYTES, "{encoding}: {largest} bytes at once");
        }
    }

    #[test]
    fn reads_gzip_in_pieces_of_any_size() {
        let text = b"data: {\"usage\":{\"total_tokens\":3}}\n\n".repeat(100);
        let wire = gzip(&text);
        for piece in [1, 7, 1000] {
            assert_eq!(decoded("gzip", &wire, piece), Ok(text.clone()));
            assert_eq!(decoded("GZIP", &wire, piece), Ok(text.clone()));
        }
    }

    #[test]
    fn reads_gzip_in_several_members() {
        let wire = [gzip(b"one, "), gzip(b"two")].concat();
        for piece in [1, 7, 1000] {
            assert_eq!(decoded("gzip", &wire, piece), Ok(b"one, two".to_vec()));
        }
    }

    #[test]
    fn reads_deflate() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(b"some text").expect("memory");
        let wire = zlib.finish().expect("memory");
        assert_eq!(decoded("deflate", &wire, 3), Ok(b"some text".to_vec()));
    }

    #[test]
    fn a_bomb_is_given_up() {
        let bomb = gzip(&vec![0; 1024 * 1024]).repeat(257);
        assert_eq!(decoded("gzip", &bomb, 4096), Err(Undecodable));
    }

    #[test]
    fn gives_up_on_what_it_cannot_read() {
        assert_eq!(decoded("br", b"x", 1), Err(Undecodable));
        assert_eq!(decoded("gzip", b"this is not gzip at all", 5), Err(Undecodable));
    }
}
