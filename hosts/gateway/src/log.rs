//! The log: JSON lines on stderr, written by a thread of its own.
//!
//! No call waits for stderr: lines that do not fit into the queue are dropped and counted. Panics
//! are logged in the same way, since the default hook writes to stderr from the thread that
//! panicked.

use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Lines in the queue: minutes of a usual log, in a megabyte or two.
const LINES_MAX: usize = 4 * 1024;

/// How long the end of a process waits for the last lines. The queue itself waits for one second.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Lines that were not written because the queue was full.
static UNQUEUED: OnceLock<ErrorCounter> = OnceLock::new();
/// Lines whose write to stderr failed.
static UNWRITTEN: AtomicU64 = AtomicU64::new(0);

/// The log of this process. Dropped, it waits for the queue to be written, for two seconds at most.
#[derive(Debug)]
pub struct Log {
    queue: NonBlocking,
    /// `None` once it is dropped.
    guard: Option<WorkerGuard>,
}

/// Stderr, with failed writes counted.
struct Counted(io::Stderr);

// === impl Log ===

impl Log {
    /// Logs to stderr from now on what `levels` admits.
    ///
    /// # Errors
    /// When the process has a log already.
    pub fn install(levels: EnvFilter) -> Result<Self, TryInitError> {
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(LINES_MAX);
        let (queue, guard) = builder.thread_name("reins-log").finish(Counted(io::stderr()));
        let log = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(levels);
        log.with_writer(queue.clone()).finish().try_init()?;
        UNQUEUED.get_or_init(|| queue.error_counter());
        std::panic::set_hook(Box::new(panicked));
        Ok(Self { queue, guard: Some(guard) })
    }

    /// Whether the queue is full.
    fn is_full(&mut self) -> bool {
        let before = lost();
        // WHY: an empty line writes nothing.
        self.queue.write_all(b"").unwrap_or_default();
        lost() > before
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let full = self.is_full();
        let Some(guard) = self.guard.take() else { return };
        if full {
            // WHY: stderr is not read; dropped, the guard would print that to stdout.
            std::mem::forget(guard);
            return;
        }
        let (done, flushed) = mpsc::sync_channel(1);
        let flush = move || {
            drop(guard);
            done.send(()).unwrap_or_default();
        };
        if thread::Builder::new().spawn(flush).is_ok() {
            // WHY: the process ends in either case.
            flushed.recv_timeout(LAST_LINES).unwrap_or_default();
        }
    }
}

/// Lines that were dropped so far.
pub(crate) fn lost() -> u64 {
    let unqueued = UNQUEUED.get().map_or(0, ErrorCounter::dropped_lines);
    let unqueued = u64::try_from(unqueued).unwrap_or(u64::MAX);
    unqueued.saturating_add(UNWRITTEN.load(Ordering::Relaxed))
}

fn panicked(info: &PanicHookInfo<'_>) {
    let what = info.payload_as_str().unwrap_or("without a message");
    let at = info.location().map(ToString::to_string);
    tracing::error!(what, at, "a panic");
}

// === impl Counted ===

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn write_all(&mut self, line: &[u8]) -> io::Result<()> {
        let written = self.0.write_all(line);
        if written.is_err() {
            UNWRITTEN.fetch_add(1, Ordering::Relaxed);
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
