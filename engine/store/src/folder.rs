//! The folder: the one thread that writes calls to the database, behind everybody's back.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use crate::StoreError;
use crate::batch::Batch;
use crate::calls::Writer;
use crate::embedded::{Core, Folded};
use crate::entry::Entry;
use crate::fold::{self, FOLD_MAX};
use crate::frame::Mark;
use crate::journal_state::{Applied, JournalState};
use crate::lock::Lock;

/// How long the folder rests after a batch that was not full. Nobody waits for it, and a commit
/// costs as much for one entry as for a hundred: this keeps an idle machine's core free.
pub(crate) const REST: Duration = Duration::from_millis(20);

/// How long the folder waits where the database cannot be written just now. A write of another
/// process takes milliseconds; the entries are in the journal meanwhile.
const REST_BUSY: Duration = Duration::from_millis(250);

/// How often it is logged that the database cannot be written.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// What the folder waits for.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    call: Mutex<Call>,
    rung: Condvar,
}

/// What the folder is asked for; the later the more pressing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Call {
    /// Nothing.
    #[default]
    Idle,
    /// There is something to fold.
    Fold,
    /// Somebody waits for it.
    Hurry,
    /// Fold all there is, then end.
    Close,
    /// End.
    Abandon,
}

// === impl Bell ===

impl Bell {
    /// Asks for `call`, unless more was asked for already.
    pub(crate) fn ring(&self, call: Call) {
        let mut asked = self.call.lock();
        if *asked < call {
            *asked = call;
            self.rung.notify_one();
        }
    }

    /// Waits for something to fold and then a little for company, or for a pressing call.
    fn wait(&self) -> Call {
        let mut asked = self.call.lock();
        self.rung.wait_while(&mut asked, |asked| *asked == Call::Idle);
        self.rung.wait_while_for(&mut asked, |asked| *asked < Call::Hurry, REST);
        let call = *asked;
        if call < Call::Close {
            *asked = Call::Idle;
        }
        call
    }

    /// Waits for a while, or until the folder is to end.
    fn rest(&self) {
        let mut asked = self.call.lock();
        self.rung.wait_while_for(&mut asked, |asked| *asked < Call::Close, REST_BUSY);
    }
}

/// Starts the folder. It has the store's lock until the store is closed, even where it cannot fold
/// any more: calls in flight still end, and who recovered the store meanwhile would end them too.
pub(crate) fn start(core: Arc<Core>, conn: Connection, lock: Lock) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("reins-folder".into()).spawn(move || {
        let mut conn = conn;
        let mut writer = Writer::default();
        let ended = run(&core, &mut conn, &mut writer).unwrap_or_else(|error| {
            fail(&core, &error);
            core.folded.send_replace(Folded::Ended);
            // What is in flight still ends, and the journal is all there is to keep it.
            while core.bell.wait() < Call::Close {
                write_all(&core);
            }
            Call::Abandon
        });
        core.journal.close();
        if ended == Call::Close && core.journal.stopped().is_none() {
            let closed = close(&core, &mut conn, &mut writer);
            closed.unwrap_or_else(|error| fail(&core, &error));
        }
        drop(conn);
        drop(lock);
        core.folded.send_replace(Folded::Ended);
    })
}

fn fail(core: &Core, error: &StoreError) {
    core.stop(format!("the database could not be written: {}", told(error)));
}

/// Folds until it is asked to end; answers how.
fn run(core: &Core, conn: &mut Connection, writer: &mut Writer) -> Result<Call, StoreError> {
    let mut call = core.bell.wait();
    while call != Call::Abandon {
        let folded = fold_some(core, conn, writer)?;
        if folded < FOLD_MAX {
            if call == Call::Close && folded == 0 {
                return Ok(call);
            }
            call = core.bell.wait();
        }
    }
    Ok(call)
}

/// Folds the oldest entries; answers how many.
fn fold_some(core: &Core, conn: &mut Connection, writer: &mut Writer) -> Result<usize, StoreError> {
    let entries = core.live.lock().unfolded(FOLD_MAX);
    if let Some((Mark { seq: last, .. }, _)) = entries.last() {
        write_all(core);
        fold_entries(core, conn, writer, &entries)?;
        core.live.lock().folded(*last);
        core.folded.send_replace(Folded::UpTo(*last));
        core.journal.recycle(*last);
    }
    Ok(entries.len())
}

/// Folds what came after the last fold, and leaves a database that is complete without its journal,
/// which the caller has closed.
fn close(core: &Core, conn: &mut Connection, writer: &mut Writer) -> Result<(), StoreError> {
    while fold_some(core, conn, writer)? > 0 {}
    JournalState::close(conn)?;
    core.journal.retire_all();
    Ok(())
}

/// Writes what was left to the folder to write.
fn write_all(core: &Core) {
    // WHY: the journal keeps the reason, and nothing is admitted after it.
    core.journal.push(core.journal.last()).unwrap_or_default();
}

fn fold_entries(
    core: &Core,
    conn: &mut Connection,
    writer: &mut Writer,
    entries: &[(Mark, Arc<Entry>)],
) -> Result<(), StoreError> {
    let written = core.journal.written();
    let applied = entries.last().map(|(mark, entry)| Applied {
        mark: *mark,
        at: Some(entry.at()),
        journaled: mark.seq.min(written),
    });
    let batch = Batch::of(entries.iter().map(|(mark, entry)| (*mark, &**entry)));
    let mut warned: Option<Instant> = None;
    loop {
        match fold::apply(conn, writer, &batch, applied) {
            Err(error) if error.is_passing() => {
                if warned.is_none_or(|warned| warned.elapsed() >= WARN_EVERY) {
                    tracing::warn!(why = told(&error), "the database cannot be written now");
                    warned = Some(Instant::now());
                }
                write_all(core);
                core.bell.rest();
            }
            outcome => return outcome,
        }
    }
}

/// An error with what caused it.
fn told(error: &StoreError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
