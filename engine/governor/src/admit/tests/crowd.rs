//! Many calls at once against one limit that only a rule knows.
//!
//! There is no budget here: the rule reads spend and compares. That it cannot be overrun rests on
//! the order of the flow alone: hold first, then judge on the hold's own readings.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;

use super::scene::{Scene, run};
use super::script::{Script, spend_at_most};
use crate::{Answered, Ending, Tokens, Usage, Usd, VoidReason};

/// What one call of [`Scene`] may cost.
const BOUND: u64 = 11_000;

#[test]
fn calls_that_all_hold_before_any_is_judged_do_not_pass_the_limit() {
    const CALLERS: usize = 8;
    let limit = Usd::from_nanos(3 * BOUND);
    let all_hold = Barrier::new(CALLERS);
    let scene = Scene::new(Script::new(move |mut asked| {
        if asked.readings.is_some() {
            all_hold.wait();
        }
        spend_at_most(limit, &mut asked)
    }));
    let calls: Vec<_> = (0..CALLERS).map(|_| scene.asks()).collect();
    let admitted: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = calls.into_iter().map(|call| scope.spawn(|| run(call))).collect();
        threads.into_iter().filter_map(|thread| thread.join().expect("no panic").ok()).collect()
    });
    // Each saw itself and those before it: the first three fit, whoever they are.
    assert_eq!(admitted.len(), 3);
    assert_eq!(scene.spent_and_held(), (0, 3 * BOUND));
}

#[test]
fn threads_that_come_and_go_do_not_pass_the_limit() {
    const THREADS: usize = 8;
    const CALLS: usize = 100;
    let limit = Usd::from_nanos(20 * BOUND);
    let scene = Scene::new(Script::new(move |mut asked| {
        std::thread::yield_now();
        spend_at_most(limit, &mut asked)
    }));
    let calls: Vec<Vec<_>> =
        (0..THREADS).map(|_| (0..CALLS).map(|_| scene.asks()).collect()).collect();
    std::thread::scope(|scope| {
        for calls in calls {
            scope.spawn(|| calls.into_iter().for_each(|call| settle(run(call).ok())));
        }
    });
    let (spent, held) = scene.spent_and_held();
    assert!(spent <= limit.nanos(), "{spent} nano-USD are spent of {limit}");
    assert_eq!(held, 0);
    // Some were refused only for what others held. One after another, the limit is used up.
    while let Ok(admitted) = run(scene.asks()) {
        settle(Some(admitted));
    }
    let (spent, _) = scene.spent_and_held();
    assert!(spent <= limit.nanos() && spent + BOUND > limit.nanos(), "{spent} of {limit}");
}

fn settle(admitted: Option<crate::Admitted>) {
    let usage = Usage { output: Tokens(30), ..Usage::default() };
    let ending = Ending::Used { usage, answered_by: None, complete: true };
    admitted.map(|admitted| admitted.finish(ending, Answered::default()));
}

/// What happens to one call of a crowd, should it be admitted.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It costs this many output tokens.
    Costs(u64),
    /// It costs nothing.
    Free,
    /// Its owner is lost.
    Lost,
}

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Calls that wait for their next poll, and in which order they get it.
#[derive(Default)]
struct Crowd {
    waiting: Mutex<VecDeque<Waiting>>,
    order: Mutex<Vec<u8>>,
}

impl Crowd {
    /// Lets the calls that are drawn go one step further. Called between a hold and its judgement
    /// too, so that the others get in between.
    fn mingle(&self, steps: usize) {
        for _ in 0..steps {
            let Some(drawn) = self.order.lock().expect("no panic").pop() else { return };
            let Some(mut call) = self.draw(drawn) else { return };
            let mut context = Context::from_waker(Waker::noop());
            if call.as_mut().poll(&mut context).is_pending() {
                self.waiting.lock().expect("no panic").push_back(call);
            }
        }
    }

    fn draw(&self, drawn: u8) -> Option<Waiting> {
        let mut waiting = self.waiting.lock().expect("no panic");
        let index = usize::from(drawn).checked_rem(waiting.len())?;
        waiting.remove(index)
    }
}

fn fates() -> impl Strategy<Value = Vec<(u64, Fate)>> {
    let fate = prop_oneof![(0_u64..40).prop_map(Fate::Costs), Just(Fate::Free), Just(Fate::Lost)];
    proptest::collection::vec((1_u64..40, fate), 1..12)
}

proptest! {
    #[test]
    fn no_interleaving_passes_the_limit(
        calls in fates(),
        order in proptest::collection::vec(any::<u8>(), 0..120),
        limit in 1_000_u64..30_000,
    ) {
        let limit = Usd::from_nanos(limit);
        let crowd = Arc::new(Crowd { order: Mutex::new(order), ..Crowd::default() });
        let others = Arc::clone(&crowd);
        let mut scene = Scene::new(Script::new(move |mut asked| {
            others.mingle(2);
            let step = spend_at_most(limit, &mut asked);
            others.mingle(1);
            step
        }));
        scene.purse.waits.store(1, std::sync::atomic::Ordering::Relaxed);
        for (cap, fate) in calls {
            scene.call.output_cap = Some(Tokens(cap));
            let call = carry(scene.asks(), fate, cap, Arc::clone(&scene.purse), limit);
            crowd.waiting.lock().expect("no panic").push_back(Box::pin(call));
        }
        crowd.mingle(usize::MAX);
        // Half of those that are still under way leave, the rest go on to their ends.
        let rest = std::mem::take(&mut *crowd.waiting.lock().expect("no panic"));
        rest.into_iter().step_by(2).for_each(run);
        let total = scene.purse.total();
        prop_assert!(total.spent <= limit);
        prop_assert_eq!(total.held, Usd::ZERO);
    }
}

/// One call from its asking to its end.
async fn carry(
    asks: impl Future<Output = Result<crate::Admitted, Box<crate::Turned>>>,
    fate: Fate,
    cap: u64,
    purse: Arc<super::purse::Purse>,
    limit: Usd,
) {
    let Ok(admitted) = asks.await else { return };
    assert!(purse.total().spent <= limit);
    let mut under_way = true;
    std::future::poll_fn(|_| {
        if std::mem::take(&mut under_way) { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    let ending = match fate {
        Fate::Costs(output) => {
            let usage = Usage { output: Tokens(output.min(cap)), ..Usage::default() };
            Ending::Used { usage, answered_by: None, complete: true }
        }
        Fate::Free => Ending::Free(VoidReason::VendorFailed),
        Fate::Lost => return,
    };
    admitted.finish(ending, Answered::default());
}
