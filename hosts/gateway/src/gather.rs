//! Gathering: pieces of a body that are there already go on as one.
//!
//! A vendor's stream often arrives as dozens of small chunks in one packet. Each would be copied,
//! filtered, metered and framed for itself; together they cost hardly more than one of them. No
//! byte ever waits for another: what is not there yet is not waited for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};

/// A piece of this size or more goes on alone, in bytes: copying it would cost more than it saves.
const LARGE: usize = 16 * 1024;

/// A body whose small pieces are gathered.
#[derive(Debug)]
pub(crate) struct Gathered<B: Body> {
    body: B,
    /// What came after the pieces that were gathered last: an error, trailers, or the end.
    next: Option<Option<Result<Frame<Bytes>, B::Error>>>,
}

// === impl Gathered ===

impl<B: Body<Data = Bytes> + Unpin> Gathered<B> {
    pub(crate) const fn new(body: B) -> Self {
        Self { body, next: None }
    }

    /// Everything that is there, after `first`.
    fn gather(&mut self, first: Bytes, cx: &mut Context<'_>) -> Bytes {
        if first.len() >= LARGE {
            return first;
        }
        let Some(second) = self.another(cx) else { return first };
        let mut all = BytesMut::with_capacity((first.len() + second.len()).saturating_mul(4));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second);
        while all.len() < LARGE {
            let Some(piece) = self.another(cx) else { break };
            all.extend_from_slice(&piece);
        }
        all.freeze()
    }

    /// One more piece, if it is there. What is no piece is kept for later.
    fn another(&mut self, cx: &mut Context<'_>) -> Option<Bytes> {
        if self.next.is_some() || self.body.is_end_stream() {
            return None;
        }
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Pending => None,
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(piece) => Some(piece),
                Err(other) => {
                    self.next = Some(Some(Ok(other)));
                    None
                }
            },
            Poll::Ready(end) => {
                self.next = Some(end);
                None
            }
        }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Gathered<B>
where
    B::Error: Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        if let Some(next) = this.next.take() {
            return Poll::Ready(next);
        }
        let polled = ready!(Pin::new(&mut this.body).poll_frame(cx));
        Poll::Ready(match polled {
            Some(Ok(frame)) => Some(Ok(match frame.into_data() {
                Ok(first) => Frame::data(this.gather(first, cx)),
                Err(other) => other,
            })),
            end => end,
        })
    }

    fn is_end_stream(&self) -> bool {
        match &self.next {
            Some(next) => next.is_none(),
            None => self.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    //! What is there goes on together; nothing is lost, changed, or waited for.
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use bytes::Bytes;
    use http_body::{Body, Frame};

    use super::{Gathered, LARGE};

    type Said = Poll<Option<Result<&'static [u8], &'static str>>>;

    /// A body that does what it was told, in order; it never wakes anybody.
    struct Told(std::vec::IntoIter<Said>);

    impl Body for Told {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            let next = self.0.next().unwrap_or(Poll::Ready(None));
            next.map(|end| end.map(|piece| piece.map(|b| Frame::data(Bytes::from_static(b)))))
        }
    }

    const fn piece(bytes: &'static str) -> Said {
        Poll::Ready(Some(Ok(bytes.as_bytes())))
    }

    /// What each poll answers: a piece, `…` for nothing yet, `!` and an error, `.` for the end.
    fn seen(told: Vec<Said>) -> Vec<String> {
        let mut body = Gathered::new(Told(told.into_iter()));
        let mut seen = Vec::new();
        loop {
            let mut cx = Context::from_waker(Waker::noop());
            let said = match Pin::new(&mut body).poll_frame(&mut cx) {
                Poll::Pending => "…".to_owned(),
                Poll::Ready(None) => ".".to_owned(),
                Poll::Ready(Some(Err(error))) => format!("!{error}"),
                Poll::Ready(Some(Ok(frame))) => {
                    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
                }
            };
            let over = said == "." || said.starts_with('!');
            seen.push(said);
            if over {
                return seen;
            }
        }
    }

    #[test]
    fn what_is_there_goes_on_as_one_piece() {
        let told = vec![piece("a"), piece("b"), Poll::Pending, piece("c"), piece("d"), piece("e")];
        assert_eq!(seen(told), ["ab", "cde", "."]);
    }

    #[test]
    fn an_error_comes_after_what_came_before_it() {
        let told = vec![piece("a"), piece("b"), Poll::Ready(Some(Err("cut")))];
        assert_eq!(seen(told), ["ab", "!cut"]);
    }

    #[test]
    fn a_large_piece_goes_on_alone_and_gathering_is_bounded() {
        let large: &'static str = "x".repeat(LARGE).leak();
        let half: &'static str = "y".repeat(LARGE / 2).leak();
        let told = vec![piece(large), piece("a"), piece(half), piece(half), piece("b")];
        let sizes: Vec<usize> = seen(told).iter().map(String::len).collect();
        assert_eq!(sizes, [LARGE, 1 + LARGE / 2 * 2, 1, 1]);
    }
}
