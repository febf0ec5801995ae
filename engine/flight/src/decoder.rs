//! The decoder between a compressed answer and its meter. The client gets the bytes as they came.

use std::io::Write;

use flate2::write::{GzDecoder, ZlibDecoder};

/// The most that one answer may grow to when decoded for its meter, in bytes.
///
/// The longest answers of today's models are a few megabytes; a bomb stops being metered here and
/// is presumed.
const DECODED_MAX: usize = 256 * 1024 * 1024;

/// Turns what came over the wire into what the meter reads.
pub(crate) enum Decoder {
    /// As it came.
    Plain,
    /// `content-encoding: gzip`.
    Gzip(Box<GzDecoder<Sink>>),
    /// `content-encoding: deflate`.
    Deflate(Box<ZlibDecoder<Sink>>),
}

/// Collects what was decoded since it was last asked, up to a limit overall.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    fresh: Vec<u8>,
    total: usize,
}

/// The answer cannot be read: an unknown encoding, a broken one, or a bomb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Undecodable;

// === impl Decoder ===

impl Decoder {
    /// The decoder for a `content-encoding`.
    pub(crate) fn of(encoding: Option<&str>) -> Result<Self, Undecodable> {
        match encoding.map(str::trim) {
            None | Some("" | "identity") => Ok(Self::Plain),
            Some("gzip" | "x-gzip") => Ok(Self::Gzip(Box::new(GzDecoder::new(Sink::default())))),
            Some("deflate") => Ok(Self::Deflate(Box::new(ZlibDecoder::new(Sink::default())))),
            Some(_) => Err(Undecodable),
        }
    }

    /// Hands the decoded form of `bytes` to `read`.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        read: &mut dyn FnMut(&[u8]),
    ) -> Result<(), Undecodable> {
        let sink = match self {
            Self::Plain => {
                read(bytes);
                return Ok(());
            }
            Self::Gzip(decoder) => {
                decoder.write_all(bytes).and_then(|()| decoder.flush()).map_err(|_| Undecodable)?;
                decoder.get_mut()
            }
            Self::Deflate(decoder) => {
                decoder.write_all(bytes).and_then(|()| decoder.flush()).map_err(|_| Undecodable)?;
                decoder.get_mut()
            }
        };
        read(&sink.fresh);
        sink.fresh.clear();
        Ok(())
    }
}

// === impl Sink ===

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.total = self.total.saturating_add(bytes.len());
        if self.total > DECODED_MAX {
            return Err(std::io::Error::other("the answer grows without measure"));
        }
        self.fresh.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    //! What is compressed is metered all the same.
    use std::io::Write;

    use super::{Decoder, Undecodable};

    fn decoded(encoding: &str, wire: &[u8], piece: usize) -> Result<Vec<u8>, Undecodable> {
        let mut decoder = Decoder::of(Some(encoding))?;
        let mut out = Vec::new();
        for chunk in wire.chunks(piece) {
            decoder.feed(chunk, &mut |bytes| out.extend_from_slice(bytes))?;
        }
        Ok(out)
    }

    #[test]
    fn reads_gzip_in_pieces_of_any_size() {
        let text = b"data: {\"usage\":{\"total_tokens\":3}}\n\n".repeat(100);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text).expect("memory");
        let wire = gzip.finish().expect("memory");
        for piece in [1, 7, 1000] {
            assert_eq!(decoded("gzip", &wire, piece), Ok(text.clone()));
        }
    }

    #[test]
    fn gives_up_on_what_it_cannot_read() {
        assert_eq!(decoded("br", b"x", 1), Err(Undecodable));
        assert_eq!(decoded("gzip", b"this is not gzip at all", 5), Err(Undecodable));
    }
}
