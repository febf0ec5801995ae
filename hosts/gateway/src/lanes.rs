//! Lanes: one thread for each core, each with connections of its own.
//!
//! A call stays on the thread that its connection is on, from its first byte to its last, and so
//! does its connection to the vendor: nobody has to be woken on another core.

use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use tokio::runtime::Builder;
use tokio::sync::mpsc;

/// Threads that connections are given to.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Lane {
    /// Where what is given to it goes.
    given: mpsc::UnboundedSender<Work>,
    /// As many as it has to do.
    busy: Arc<()>,
    thread: JoinHandle<()>,
}

/// Begins something, on the lane's own thread.
type Work = Box<dyn FnOnce() + Send>;

/// A place on a lane: the more are held, the less it is given.
#[derive(Debug)]
pub(crate) struct Place {
    _busy: Arc<()>,
}

// === impl Lanes ===

impl Lanes {
    /// As many as the machine has cores.
    pub(crate) fn open() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let lanes = (0..cores).map(Lane::open).collect::<io::Result<_>>()?;
        Ok(Self { lanes })
    }

    /// Begins something on the lane that has the least to do, in its runtime.
    pub(crate) fn give(&self, begin: impl FnOnce(Place) + Send + 'static) {
        let least = self.lanes.iter().min_by_key(|lane| Arc::strong_count(&lane.busy));
        if let Some(lane) = least {
            let place = Place { _busy: Arc::clone(&lane.busy) };
            // WHY: a lane ends only once it is closed, and then nothing is given to it any more.
            lane.given.send(Box::new(move || begin(place))).unwrap_or_default();
        }
    }

    /// Ends them, and whatever still goes on there.
    pub(crate) fn close(self) {
        for Lane { given, thread, .. } in self.lanes {
            drop(given);
            // WHY: a thread that panicked has ended too, which is all that is waited for.
            thread.join().unwrap_or_default();
        }
    }
}

impl Lane {
    fn open(number: usize) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (given, mut taken) = mpsc::unbounded_channel::<Work>();
        let work = async move {
            while let Some(begin) = taken.recv().await {
                begin();
            }
        };
        let thread = thread::Builder::new().name(format!("reins-lane-{number}"));
        let thread = thread.spawn(move || runtime.block_on(work))?;
        Ok(Self { given, busy: Arc::default(), thread })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::{Lane, Lanes};

    fn lanes(number: usize) -> Lanes {
        Lanes { lanes: (0..number).map(Lane::open).collect::<Result<_, _>>().unwrap() }
    }

    #[test]
    fn work_goes_where_there_is_least() {
        let (lanes, (tell, told)) = (lanes(2), mpsc::channel());
        for _ in 0..3 {
            let tell = tell.clone();
            lanes.give(move |place| tell.send((thread::current().id(), place)).unwrap());
        }
        let [first, second, third] = [told.recv(), told.recv(), told.recv()].map(Result::unwrap);
        assert_ne!(first.0, second.0);
        let (freed, kept) = if third.0 == first.0 { (second, first) } else { (first, second) };
        let free = freed.0;
        drop((freed, kept));
        lanes.give(move |place| tell.send((thread::current().id(), place)).unwrap());
        assert_eq!(told.recv().unwrap().0, free);
        lanes.close();
    }

    #[test]
    fn what_goes_on_ends_with_its_lane() {
        let (lanes, (tell, told)) = (lanes(1), mpsc::channel::<()>());
        lanes.give(move |place| {
            tokio::spawn(async move {
                std::future::pending::<()>().await;
                drop((place, tell));
            });
        });
        lanes.close();
        assert!(told.recv().is_err());
    }
}
