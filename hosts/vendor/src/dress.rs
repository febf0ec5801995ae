//! What a script does to a body on its way to the wire: other line ends, no line ends, odd pieces,
//! compression. The content stays what it was.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::frames::Frame;
use crate::script::Script;

/// Sizes of the pieces `split=1` cuts a body into, in turn.
const SPLIT_BYTES: [usize; 5] = [1, 3, 2, 5, 7];
/// Into how many pieces a JSON answer is cut when it is written slowly.
pub(crate) const SLOW_PIECES: usize = 8;

/// The events of a stream with the line ends the script wants.
pub(crate) fn lines(frames: &mut Vec<Frame>, script: &Script) {
    if let Some(bytes) = script.no_newline_bytes {
        insert_long_line(frames, bytes);
    }
    if script.crlf {
        for frame in frames {
            frame.bytes = with_crlf(&frame.bytes);
        }
    }
}

/// Any body, compressed and split as the script wants it; `whole` says that no cut follows.
pub(crate) fn pack(mut frames: Vec<Frame>, script: &Script, whole: bool) -> Vec<Frame> {
    if script.gzip {
        frames = compress(frames, whole).unwrap_or_default();
    }
    if script.split {
        frames = frames.into_iter().flat_map(|frame| pieces(frame, odd_sizes())).collect();
    }
    frames
}

/// Cuts one frame into `count` equal pieces.
pub(crate) fn in_pieces(frame: Frame, count: usize) -> Vec<Frame> {
    let size = frame.bytes.len().div_ceil(count.max(1)).max(1);
    pieces(frame, std::iter::repeat(size)).collect()
}

/// Puts a comment of so many bytes behind the first event. Its line ends only with the event after
/// it, so that a stream cut there has no newline at all.
fn insert_long_line(frames: &mut Vec<Frame>, bytes: usize) {
    let Some(first) = frames.first() else { return };
    let generated = first.generated;
    let mut line = vec![b'x'; bytes];
    if let Some(start) = line.first_mut() {
        *start = b':';
    }
    if let Some(second) = frames.get_mut(1) {
        second.bytes = [b"\n\n", &*second.bytes].concat().into();
    }
    frames.insert(1, Frame { bytes: line.into(), generated });
}

fn with_crlf(bytes: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(bytes.len() + 4);
    for &byte in bytes {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out.into()
}

/// One gzip stream over all frames, flushed behind each so that every event can be read at once.
fn compress(frames: Vec<Frame>, whole: bool) -> std::io::Result<Vec<Frame>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let last = frames.len().saturating_sub(1);
    let mut done = Vec::with_capacity(frames.len());
    for (index, frame) in frames.into_iter().enumerate() {
        encoder.write_all(&frame.bytes)?;
        if whole && index == last {
            encoder.try_finish()?;
        } else {
            encoder.flush()?;
        }
        let bytes = std::mem::take(encoder.get_mut()).into();
        done.push(Frame { bytes, generated: frame.generated });
    }
    Ok(done)
}

fn odd_sizes() -> impl Iterator<Item = usize> {
    SPLIT_BYTES.into_iter().cycle()
}

fn pieces(frame: Frame, mut sizes: impl Iterator<Item = usize>) -> impl Iterator<Item = Frame> {
    let Frame { mut bytes, generated } = frame;
    std::iter::from_fn(move || {
        let size = sizes.next()?.min(bytes.len());
        (size > 0).then(|| Frame { bytes: bytes.split_to(size), generated })
    })
}
