//! The log: JSON lines on stderr, written by a thread of its own.
//!
//! Nothing waits for whoever reads the log: what does not fit into a queue of lines is lost, and
//! counted. A panic is a line of it too: the usual message would be written to stderr by the thread
//! that panicked.

use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Lines that wait to be written: minutes of what is usual, in a megabyte or two.
const LINES_MAX: usize = 4 * 1024;

/// How long the end of a process waits for its last lines. The queue itself waits for a second.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Lines that were not written because the queue was full.
static UNQUEUED: OnceLock<ErrorCounter> = OnceLock::new();
/// Lines that stderr did not take.
static UNWRITTEN: AtomicU64 = AtomicU64::new(0);

/// The log of this process. Dropping it writes what is left, as far as somebody reads it.
#[derive(Debug)]
pub struct Log {
    queue: NonBlocking,
    /// Empty once it has ended.
    guard: Option<WorkerGuard>,
}

/// Stderr, whose failures are counted.
struct Counted(io::Stderr);

// === impl Log ===

impl Log {
    /// Sends all that is logged from now on to stderr, as far as `levels` lets it through.
    ///
    /// # Errors
    /// When there is a log already.
    pub fn install(levels: EnvFilter) -> Result<Self, TryInitError> {
        let builder = NonBlockingBuilder::default().lossy(true).buffered_lines_limit(LINES_MAX);
        let (queue, guard) = builder.thread_name("reins-log").finish(Counted(io::stderr()));
        let log = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(levels);
        log.with_writer(queue.clone()).finish().try_init()?;
        UNQUEUED.get_or_init(|| queue.error_counter());
        std::panic::set_hook(Box::new(panicked));
        Ok(Self { queue, guard: Some(guard) })
    }

    /// Whether not even one more line fits.
    fn is_full(&mut self) -> bool {
        let before = lost();
        // WHY: an empty line is written as nothing.
        self.queue.write_all(b"").unwrap_or_default();
        lost() > before
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let full = self.is_full();
        let Some(guard) = self.guard.take() else { return };
        if full {
            // WHY: it would say so on stdout, and nobody reads what is left.
            std::mem::forget(guard);
            return;
        }
        let (tell, told) = mpsc::sync_channel(1);
        let flush = move || {
            drop(guard);
            tell.send(()).unwrap_or_default();
        };
        if thread::Builder::new().spawn(flush).is_ok() {
            // WHY: whether it ended or not, there is no more time.
            told.recv_timeout(LAST_LINES).unwrap_or_default();
        }
    }
}

/// Lines of the log that were lost so far.
pub(crate) fn lost() -> u64 {
    let unqueued = UNQUEUED.get().map_or(0, ErrorCounter::dropped_lines);
    let unqueued = u64::try_from(unqueued).unwrap_or(u64::MAX);
    unqueued.saturating_add(UNWRITTEN.load(Ordering::Relaxed))
}

fn panicked(info: &PanicHookInfo<'_>) {
    let what = info.payload_as_str().unwrap_or("it does not say why");
    let at = info.location().map(ToString::to_string);
    tracing::error!(what, at, "a panic: an error of our own");
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
