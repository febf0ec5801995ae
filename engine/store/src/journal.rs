//! The journal: what happened, on disk before anybody acts on it.
//!
//! Entries are numbered by [`Journal::append`] and written in that order. Whoever needs an entry
//! on disk asks [`Journal::durable`]. INVARIANT: the first failed write or sync is the last one
//! tried, because after it nobody can say what the disk holds. A file that cannot be created has
//! lost nothing: entries go into the current file meanwhile, and creating it is retried.

use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};
use reins_governor::Name;
use tokio::sync::oneshot;

use crate::frame::{Chain, Charged, Mark, Seq};
use crate::header::Life;
use crate::preallocate::Preallocator;
use crate::segments::{Segment, Segments};

/// What an intent outlives before its call may leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The end of the process, however sudden.
    Process,
    /// The loss of power: every write is synced.
    #[default]
    Power,
}

/// How a journal is laid out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    pub(crate) durability: Durability,
    pub(crate) segment_bytes: u64,
}

/// A journal that is being written.
#[derive(Debug)]
pub(crate) struct Journal {
    shared: Arc<Shared>,
    durability: Durability,
    /// Creates the next file; used by the folder alone, so that no call waits for it.
    preallocator: Mutex<Preallocator>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    /// Tells the writer that there is something to write, or nothing ever again.
    wake: Condvar,
    tail: Mutex<Tail>,
}

/// What is still to be written.
#[derive(Debug)]
struct Queue {
    bytes: Vec<u8>,
    /// How many entries those are.
    entries: u32,
    /// The last entry that was numbered.
    chain: Chain,
    waiting: Vec<(Seq, oneshot::Sender<()>)>,
    stopped: Option<Arc<str>>,
    closing: bool,
    /// The files belong to whoever opens the store next.
    closed: bool,
}

/// Where it is written to.
#[derive(Debug)]
struct Tail {
    segment: Segment,
    offset: u64,
    limit: u64,
    sync: bool,
    /// The file that comes after this one.
    next: Option<Segment>,
    /// Files that are full, oldest first, each with its last entry.
    full: Vec<(Seq, PathBuf)>,
    /// The last entry that is on disk.
    written: Seq,
    /// What is being written: swapped with the queue's bytes, so that neither is allocated anew.
    bytes: Vec<u8>,
}

// === impl Journal ===

impl Journal {
    /// Begins a life of the journal in `folder`, whose entries so far `charged` so much, and are
    /// all in the database.
    pub(crate) fn begin(
        folder: &Path,
        layout: Layout,
        life: Life,
        charged: Charged,
    ) -> io::Result<Self> {
        let durability = layout.durability;
        let sync = durability == Durability::Power;
        let mut segments = Segments::begin(folder, layout.segment_bytes, sync, life)?;
        let tail = Tail::of(segments.lay_out()?, layout.segment_bytes, sync, life.after.seq);
        let queue = Queue::after(life, charged);
        let shared =
            Shared { queue: Mutex::new(queue), wake: Condvar::new(), tail: Mutex::new(tail) };
        let shared = Arc::new(shared);
        let writer = match durability {
            Durability::Process => None,
            Durability::Power => Some(start_writer(Arc::clone(&shared))?),
        };
        let preallocator = Mutex::new(Preallocator::new(segments));
        Ok(Self { shared, durability, preallocator, writer: Mutex::new(writer) })
    }

    /// Numbers an entry that charges an organization so many nano-USD, and queues what `write`
    /// writes of it. Once the journal has stopped, it is numbered only.
    pub(crate) fn append(
        &self,
        charge: (Option<&Name>, i64),
        write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    ) -> Mark {
        let mark = self.shared.queue.lock().append(charge, write);
        if self.durability == Durability::Power {
            self.shared.wake.notify_one();
        }
        mark
    }

    /// Brings what was appended on its way to the disk, as far as that needs no waiting for it.
    pub(crate) fn push(&self, seq: Seq) -> Result<(), Arc<str>> {
        match self.durability {
            Durability::Process => self.shared.write_to(seq),
            Durability::Power => Ok(()),
        }
    }

    /// Comes back when entry `seq` is on disk.
    ///
    /// # Errors
    /// Why the journal stopped before that.
    pub(crate) async fn durable(&self, seq: Seq) -> Result<(), Arc<str>> {
        if self.durability == Durability::Process {
            return self.shared.write_to(seq);
        }
        let told = self.shared.wait_for(seq)?;
        told.await.map_err(|_| self.stopped().unwrap_or_else(|| "the journal is closed".into()))
    }

    /// Why nothing is written any more.
    pub(crate) fn stopped(&self) -> Option<Arc<str>> {
        self.shared.queue.lock().stopped.clone()
    }

    /// Writes nothing any more.
    pub(crate) fn stop(&self, why: &str) {
        self.shared.queue.lock().stop(why);
    }

    /// The last entry that was numbered.
    pub(crate) fn last(&self) -> Seq {
        self.shared.queue.lock().chain.last.seq
    }

    /// Recycles files whose entries are all in the database, and creates the next file where there
    /// is none. No call waits for this. A step that fails is retried by a later call of this.
    pub(crate) fn recycle(&self, applied: Seq) {
        let Some((done, wanted)) = self.shared.tail.try_lock().map(|mut tail| tail.done(applied))
        else {
            return;
        };
        let mut preallocator = self.preallocator.lock();
        preallocator.retire(done);
        if wanted && let Some(next) = preallocator.lay_out() {
            self.shared.tail.lock().next = Some(next);
        }
    }

    /// Recycles every file. The caller has closed the journal, and all of it is in the database.
    pub(crate) fn retire_all(&self) {
        let files = self.shared.tail.lock().files();
        self.preallocator.lock().retire(files);
    }

    /// Whether the current file still has a name: `false` once it was deleted.
    pub(crate) fn is_in_place(&self) -> bool {
        // WHY: if its links cannot be counted, the next write finds out.
        let here = |tail: parking_lot::MutexGuard<'_, Tail>| tail.segment.is_in_place();
        self.shared.tail.try_lock().is_none_or(|tail| here(tail).unwrap_or(true))
    }

    /// The last entry that is on disk.
    pub(crate) fn written(&self) -> Seq {
        self.shared.tail.lock().written
    }

    /// Writes what is queued, then ends. What comes later is not written.
    pub(crate) fn close(&self) {
        self.shared.queue.lock().closing = true;
        self.shared.wake.notify_one();
        if let Some(writer) = self.writer.lock().take() {
            // WHY: a writer that panicked has nothing left to write.
            writer.join().unwrap_or_default();
        }
        self.shared.close();
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.queue.lock().closing = true;
        self.shared.wake.notify_one();
    }
}

fn start_writer(shared: Arc<Shared>) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("reins-journal".into()).spawn(move || {
        while shared.wait_for_work() {
            // WHY: the reason is kept with the queue, and everybody who waits is told.
            shared.write_queued().unwrap_or_default();
        }
    })
}

// === impl Shared ===

impl Shared {
    /// Asks to be told once entry `seq` is on disk.
    fn wait_for(&self, seq: Seq) -> Result<oneshot::Receiver<()>, Arc<str>> {
        let mut queue = self.queue.lock();
        if let Some(why) = queue.over() {
            return Err(why);
        }
        let (tell, told) = oneshot::channel();
        queue.waiting.push((seq, tell));
        self.wake.notify_one();
        Ok(told)
    }

    /// Waits until there is something to write; `false` when there never will be.
    fn wait_for_work(&self) -> bool {
        let mut queue = self.queue.lock();
        loop {
            if queue.stopped.is_some() {
                return false;
            }
            if !queue.bytes.is_empty() || !queue.waiting.is_empty() {
                return true;
            }
            if queue.closing {
                return false;
            }
            self.wake.wait(&mut queue);
        }
    }

    /// Writes up to `seq` at least, unless somebody else just did.
    fn write_to(&self, seq: Seq) -> Result<(), Arc<str>> {
        let mut tail = self.tail.lock();
        if tail.written >= seq { Ok(()) } else { self.write(&mut tail) }
    }

    fn write_queued(&self) -> Result<(), Arc<str>> {
        self.write(&mut self.tail.lock())
    }

    /// Writes once more, and never again. Only the first time counts.
    fn close(&self) {
        let mut tail = self.tail.lock();
        // WHY: as in `start_writer`.
        self.write(&mut tail).unwrap_or_default();
        self.queue.lock().closed = true;
    }

    /// Takes all that is queued, writes it, then tells those who wait.
    fn write(&self, tail: &mut Tail) -> Result<(), Arc<str>> {
        let last = {
            let mut queue = self.queue.lock();
            if let Some(why) = queue.over() {
                return Err(why);
            }
            std::mem::swap(&mut queue.bytes, &mut tail.bytes);
            queue.entries = 0;
            queue.chain.last.seq
        };
        let outcome = tail.write(last);
        let mut queue = self.queue.lock();
        if let Err(error) = outcome {
            return Err(queue.stop(&format!("the journal could not be written: {error}")));
        }
        queue.waiting.extract_if(.., |(seq, _)| *seq <= last).for_each(|(_, tell)| {
            // WHY: a caller that left no longer needs to be told.
            tell.send(()).unwrap_or_default();
        });
        Ok(())
    }
}

// === impl Queue ===

impl Queue {
    fn after(life: Life, charged: Charged) -> Self {
        Self {
            bytes: Vec::new(),
            entries: 0,
            chain: Chain { seed: life.seed(), last: life.after, charged },
            waiting: Vec::new(),
            stopped: None,
            closing: false,
            closed: false,
        }
    }

    fn append(
        &mut self,
        charge: (Option<&Name>, i64),
        write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>,
    ) -> Mark {
        if self.stopped.is_none() {
            let put = self.chain.put(&mut self.bytes, self.entries, charge, write);
            match put {
                Ok(()) => self.entries = self.entries.saturating_add(1),
                Err(error) => {
                    self.stop(&format!("an entry could not be written: {error}"));
                }
            }
        }
        if self.stopped.is_some() {
            self.chain.skip(charge.0);
        }
        self.chain.last
    }

    /// Why nothing is written any more.
    fn over(&self) -> Option<Arc<str>> {
        let closed = || self.closed.then(|| "the store is closed".into());
        self.stopped.clone().or_else(closed)
    }

    /// Stops for good. The first reason holds; those who wait learn of it.
    fn stop(&mut self, why: &str) -> Arc<str> {
        tracing::error!(why, "the journal has stopped");
        self.bytes = Vec::new();
        self.waiting.clear();
        Arc::clone(self.stopped.get_or_insert_with(|| why.into()))
    }
}

// === impl Tail ===

impl Tail {
    fn of(segment: Segment, limit: u64, sync: bool, written: Seq) -> Self {
        let (next, full, bytes) = (None, Vec::new(), Vec::new());
        Self { segment, offset: Segment::START, limit, sync, next, full, written, bytes }
    }

    /// Writes the bytes at hand, whose last entry is `last`, as one piece of one file.
    fn write(&mut self, last: Seq) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        if self.offset >= self.limit {
            self.turn_to_next();
        }
        self.segment.file.write_all_at(&self.bytes, self.offset)?;
        if self.sync {
            self.segment.file.sync_data()?;
        }
        self.offset = self.offset.saturating_add(u64::try_from(self.bytes.len()).unwrap_or(0));
        self.bytes.clear();
        self.written = last;
        Ok(())
    }

    /// Switches to the file that was laid out ahead. Without one, the current file grows.
    fn turn_to_next(&mut self) {
        let Some(next) = self.next.take() else { return };
        let full = std::mem::replace(&mut self.segment, next);
        self.full.push((self.written, full.path));
        self.offset = Segment::START;
    }

    /// The full files whose entries all come before `applied` or are it, and whether the next file
    /// is still to be laid out.
    fn done(&mut self, applied: Seq) -> (Vec<PathBuf>, bool) {
        let done = self.full.extract_if(.., |(last, _)| *last <= applied);
        (done.map(|(_, path)| path).collect(), self.next.is_none())
    }

    /// The path of every file, oldest first.
    fn files(&mut self) -> Vec<PathBuf> {
        let full = std::mem::take(&mut self.full).into_iter().map(|(_, path)| path);
        let current = [self.segment.path.clone()];
        full.chain(current).chain(self.next.take().map(|next| next.path)).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests;
