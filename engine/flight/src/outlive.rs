//! A call that outlives its client: whoever waits for it carries it along, and dropped, it goes on
//! in a task of its own.
//!
//! Most clients stay. A task for each call, begun in advance, would be woken on another core and
//! moved about in memory for the sake of the few that leave.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::CatchUnwind;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::{Crew, Presence};

/// A call under way.
pub struct Outliving<F: Future + Send + 'static>
where
    F::Output: Send,
{
    /// Empty once it has ended.
    call: Option<Pin<Box<CatchUnwind<AssertUnwindSafe<F>>>>>,
    client: Presence,
    owners: TaskTracker,
    /// An orderly stop waits for it, wherever it is.
    _place: TaskTrackerToken,
}

/// A call that panicked. Its money is presumed: whoever held it let go of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the call broke off")]
pub struct BrokeOff;

// === impl Crew ===

impl Crew {
    /// Begins a call that goes on when this is dropped: then its client has left.
    pub fn outlive<F>(&self, client: &Presence, call: F) -> Outliving<F>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let call = Some(Box::pin(AssertUnwindSafe(call).catch_unwind()));
        let (client, owners) = (client.clone(), self.owners.clone());
        Outliving { call, client, owners, _place: self.owners.token() }
    }
}

impl<F: Future + Send + 'static> Future for Outliving<F>
where
    F::Output: Send,
{
    type Output = Result<F::Output, BrokeOff>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(call) = &mut self.call else { return Poll::Ready(Err(BrokeOff)) };
        let polled = call.as_mut().poll(cx).map_err(|_: Box<dyn Any + Send>| BrokeOff);
        if polled.is_ready() {
            self.call = None;
        }
        polled
    }
}

impl<F: Future + Send + 'static> Drop for Outliving<F>
where
    F::Output: Send,
{
    fn drop(&mut self) {
        // Where no runtime is left, the call is dropped: what it held is presumed.
        if let (Some(call), Ok(runtime)) = (self.call.take(), Handle::try_current()) {
            self.client.left();
            self.owners.spawn_on(call, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::{Semaphore, oneshot};
    use tokio_util::task::TaskTracker;

    use super::BrokeOff;
    use crate::{Crew, Presence};

    fn crew() -> Crew {
        Crew { owners: TaskTracker::new(), drains: Arc::new(Semaphore::new(1)) }
    }

    #[tokio::test]
    async fn a_call_that_is_waited_for_answers() {
        let client = Presence::new();
        assert_eq!(crew().outlive(&client, async { 7 }).await, Ok(7));
        assert!(client.is_here());
    }

    #[tokio::test]
    async fn a_call_that_nobody_waits_for_goes_on() {
        let (crew, (go, told), (done, ended)) = (crew(), oneshot::channel(), oneshot::channel());
        let client = Presence::new();
        let mut call = Box::pin(crew.outlive(&client, async move { done.send(told.await) }));
        assert!(futures_util::poll!(&mut call).is_pending() && client.is_here());
        drop(call);
        assert!(!client.is_here());
        crew.owners.close();
        go.send(()).unwrap();
        assert_eq!(ended.await, Ok(Ok(())));
        crew.owners.wait().await;
    }

    #[tokio::test]
    async fn a_call_that_panics_breaks_off_alone() {
        let broken = async { assert!(crew().owners.is_closed(), "as meant") };
        let call = crew().outlive(&Presence::new(), broken);
        assert_eq!(call.await, Err(BrokeOff));
    }
}
