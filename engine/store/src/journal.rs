//! The journal: what happened, on disk before anybody acts on it.
//!
//! Entries are numbered by [`Journal::append`] and written in that order. Whoever needs an entry
//! on disk asks [`Journal::durable`]. INVARIANT: the first failed write or sync is the last one
//! tried, because after it nobody can say what the disk holds.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::frame::{self, Seq};
use crate::segments::Segments;

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
    /// The last entry that was numbered.
    last: Seq,
    waiting: Vec<(Seq, oneshot::Sender<()>)>,
    stopped: Option<Arc<str>>,
    closing: bool,
    /// The files belong to whoever opens the store next.
    closed: bool,
}

/// Where it is written to.
#[derive(Debug)]
struct Tail {
    segments: Segments,
    file: File,
    path: PathBuf,
    offset: u64,
    limit: u64,
    sync: bool,
    /// The last entry that is on disk.
    written: Seq,
    /// What is being written: swapped with the queue's bytes, so that neither is allocated anew.
    bytes: Vec<u8>,
}

// === impl Journal ===

impl Journal {
    /// Begins a journal in `folder`, whose earlier entries, all up to `last`, are applied.
    pub(crate) fn begin(folder: &Path, layout: Layout, last: Seq) -> io::Result<Self> {
        let durability = layout.durability;
        let tail = Tail::begin(folder, layout, last)?;
        let (bytes, waiting) = (Vec::new(), Vec::new());
        let queue = Queue { bytes, last, waiting, stopped: None, closing: false, closed: false };
        let shared =
            Shared { queue: Mutex::new(queue), wake: Condvar::new(), tail: Mutex::new(tail) };
        let shared = Arc::new(shared);
        let writer = match durability {
            Durability::Process => None,
            Durability::Power => Some(start_writer(Arc::clone(&shared))?),
        };
        Ok(Self { shared, durability, writer: Mutex::new(writer) })
    }

    /// Numbers an entry and queues what `write` writes of it. Once the journal has stopped, it is
    /// numbered only.
    pub(crate) fn append(&self, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> Seq {
        let mut queue = self.shared.queue.lock();
        queue.last = queue.last.saturating_add(1);
        let seq = queue.last;
        if queue.stopped.is_none() {
            let put = frame::put(&mut queue.bytes, seq, write);
            put.unwrap_or_else(|error| {
                queue.stop(&format!("an entry could not be written: {error}"));
            });
        }
        if self.durability == Durability::Power {
            self.shared.wake.notify_one();
        }
        seq
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
        self.shared.queue.lock().last
    }

    /// Uses files again whose entries are all applied; later, if the disk is busy now.
    pub(crate) fn recycle(&self, applied: Seq) {
        let recycled = self.shared.tail.try_lock().map(|mut tail| tail.segments.recycle(applied));
        if let Some(Err(error)) = recycled {
            self.stop(&format!("a journal file could not be set aside: {error}"));
        }
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
            queue.last
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
    fn begin(folder: &Path, layout: Layout, last: Seq) -> io::Result<Self> {
        let sync = layout.durability == Durability::Power;
        let limit = layout.segment_bytes;
        let mut segments = Segments::take_over(folder, limit, sync)?;
        let (file, path) = segments.begin(last.saturating_add(1))?;
        let (offset, bytes) = (0, Vec::new());
        Ok(Self { segments, file, path, offset, limit, sync, written: last, bytes })
    }

    /// Writes the bytes at hand, whose last entry is `last`, as one piece of one file.
    fn write(&mut self, last: Seq) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        if self.offset >= self.limit {
            self.next_file()?;
        }
        self.file.write_all_at(&self.bytes, self.offset)?;
        if self.sync {
            self.file.sync_data()?;
        }
        self.offset = self.offset.saturating_add(u64::try_from(self.bytes.len()).unwrap_or(0));
        self.bytes.clear();
        self.written = last;
        Ok(())
    }

    fn next_file(&mut self) -> io::Result<()> {
        let (file, path) = self.segments.begin(self.written.saturating_add(1))?;
        let full = std::mem::replace(&mut self.path, path);
        self.segments.filled(self.written, full);
        (self.file, self.offset) = (file, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
