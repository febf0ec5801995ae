//! The decoder between a compressed answer and its meter. The client gets the bytes as they came.

use std::io::Write;

use flate2::write::{MultiGzDecoder, ZlibDecoder};

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
    Gzip(Box<MultiGzDecoder<Sink>>),
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
        let word = encoding.unwrap_or_default().trim().to_ascii_lowercase();
        match word.as_str() {
            "" | "identity" => Ok(Self::Plain),
            "gzip" | "x-gzip" => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(Sink::default())))),
            "deflate" => Ok(Self::Deflate(Box::new(ZlibDecoder::new(Sink::default())))),
            _ => Err(Undecodable),
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

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text).expect("memory");
        gzip.finish().expect("memory")
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
        let mut decoder = Decoder::of(Some("gzip")).expect("known");
        let mut chunks = bomb.chunks(4096);
        assert!(chunks.any(|chunk| decoder.feed(chunk, &mut |_| {}) == Err(Undecodable)));
    }

    #[test]
    fn gives_up_on_what_it_cannot_read() {
        assert_eq!(decoded("br", b"x", 1), Err(Undecodable));
        assert_eq!(decoded("gzip", b"this is not gzip at all", 5), Err(Undecodable));
    }
}
