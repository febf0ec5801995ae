//! The response body: bytes at once, or frames at a pace. A paced one holds its job, so that the
//! bill follows what was really handed out.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::vec::IntoIter;

use bytes::Bytes;
use http_body::{Body, Frame as BodyFrame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::books::End;
use crate::frames::Frame;
use crate::hangup::HangUp;
use crate::job::Job;

/// A response body.
pub(crate) enum Answer {
    Whole(Option<Bytes>),
    Paced(Box<Paced>),
}

/// Frames, one after the other.
pub(crate) struct Paced {
    frames: IntoIter<Frame>,
    pace: Pace,
    /// What comes behind the last frame, if not the end of the body.
    hang_up: Option<HangUp>,
    /// The `content-length`, where one is sent.
    length: Option<u64>,
    job: Option<Job>,
    /// Whether the answer says at its end that it failed.
    fails: bool,
    pause: Option<Pause>,
}

/// The time between two frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// None; several may leave in one write.
    Unbroken,
    /// None, but each leaves in a write of its own.
    OneByOne,
    /// So long.
    Gap(Duration),
}

/// What the next frame waits for.
enum Pause {
    /// The connection to write what it has.
    Flush,
    Until(Pin<Box<Sleep>>),
}

impl Answer {
    pub(crate) fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Some(bytes.into()))
    }
}

impl Paced {
    pub(crate) fn new(frames: Vec<Frame>, pace: Pace) -> Self {
        let frames = frames.into_iter();
        Self { frames, pace, hang_up: None, length: None, job: None, fails: false, pause: None }
    }

    pub(crate) fn of_length(self, length: Option<u64>) -> Self {
        Self { length, ..self }
    }

    pub(crate) fn then_hang_up(self, hang_up: Option<HangUp>) -> Self {
        Self { hang_up, ..self }
    }

    pub(crate) fn billing(self, job: Job) -> Self {
        Self { job: Some(job), ..self }
    }

    pub(crate) fn failing(self, fails: bool) -> Self {
        Self { fails, ..self }
    }

    pub(crate) fn boxed(self) -> Answer {
        Answer::Paced(Box::new(self))
    }

    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, HangUp>>> {
        match &mut self.pause {
            None => {}
            Some(Pause::Flush) => {
                self.pause = None;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Pause::Until(sleep)) => {
                ready!(sleep.as_mut().poll(context));
                self.pause = None;
            }
        }
        let Some(frame) = self.frames.next() else {
            return Poll::Ready(self.hang_up.take().map(Err));
        };
        self.account(frame.generated);
        self.pause = self.next_pause();
        Poll::Ready(Some(Ok(frame.bytes)))
    }

    /// The bill is written before the last frame leaves, so that whoever has read it finds it.
    fn account(&mut self, generated: u64) {
        if let Some(job) = &mut self.job {
            job.generated(generated);
        }
        if self.frames.len() == 0 {
            match (self.job.take(), self.hang_up) {
                (Some(job), None) if !self.fails => job.finish(End::Complete),
                (Some(job), _) => job.break_off(),
                (None, _) => {}
            }
        }
    }

    fn next_pause(&self) -> Option<Pause> {
        if self.frames.len() == 0 && self.hang_up.is_none() {
            return None;
        }
        match self.pace {
            Pace::Gap(gap) => Some(Pause::Until(Box::pin(sleep_until(Instant::now() + gap)))),
            // WHY: hyper drops what it has not written when a body fails.
            _ if self.frames.len() == 0 => Some(Pause::Flush),
            Pace::OneByOne => Some(Pause::Flush),
            Pace::Unbroken => None,
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = HangUp;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, HangUp>>> {
        let next = match self.get_mut() {
            Self::Whole(bytes) => bytes.take().map(Ok),
            Self::Paced(paced) => ready!(paced.poll_frame(context)),
        };
        Poll::Ready(next.map(|bytes| bytes.map(BodyFrame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.is_none(),
            Self::Paced(paced) => paced.frames.len() == 0 && paced.hang_up.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let length = match self {
            Self::Whole(bytes) => Some(bytes.as_ref().map_or(0, length)),
            Self::Paced(paced) => paced.length,
        };
        length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// The length as HTTP counts it.
pub(crate) fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
