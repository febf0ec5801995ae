//! The folder: the one thread that writes calls to the database, behind everybody's back.

use std::error::Error;
use std::fs::File;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use crate::StoreError;
use crate::batch::Batch;
use crate::embedded::{Core, Folded};
use crate::entry::Entry;
use crate::fold::{self, FOLD_MAX};
use crate::frame::Seq;

/// How long the folder rests after a batch that was not full. Nobody waits for it, and a commit
/// costs as much for one entry as for a hundred: this keeps an idle machine's core free.
pub(crate) const REST: Duration = Duration::from_millis(20);

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
}

/// Starts the folder. It has the store's lock until the store is closed, even where it cannot fold
/// any more: calls in flight still end, and who recovered the store meanwhile would end them too.
pub(crate) fn start(core: Arc<Core>, conn: Connection, lock: File) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("reins-folder".into()).spawn(move || {
        let mut conn = conn;
        if let Err(error) = run(&core, &mut conn) {
            core.stop(format!("the database could not be written: {}", told(&error)));
            core.folded.send_replace(Folded::Ended);
            // What is in flight still ends, and the journal is all there is to keep it.
            while core.bell.wait() < Call::Close {
                write_all(&core);
            }
        }
        drop(conn);
        core.journal.close();
        drop(lock);
        core.folded.send_replace(Folded::Ended);
    })
}

fn run(core: &Core, conn: &mut Connection) -> Result<(), StoreError> {
    let mut call = core.bell.wait();
    while call != Call::Abandon {
        let entries = core.live.lock().unfolded(FOLD_MAX);
        if let Some((last, _)) = entries.last() {
            write_all(core);
            fold_entries(core, conn, &entries, *last)?;
            core.live.lock().folded(*last);
            core.folded.send_replace(Folded::UpTo(*last));
            core.journal.recycle(*last);
        }
        if entries.len() < FOLD_MAX {
            if call == Call::Close && entries.is_empty() {
                return Ok(());
            }
            call = core.bell.wait();
        }
    }
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
    entries: &[(Seq, Arc<Entry>)],
    last: Seq,
) -> Result<(), StoreError> {
    let batch = Batch::of(entries.iter().map(|(seq, entry)| (*seq, &**entry)));
    loop {
        match fold::apply(conn, &batch, Some(last)) {
            Err(error) if error.is_busy() => {
                tracing::warn!("another process holds the database");
                write_all(core);
            }
            outcome => return outcome,
        }
    }
}

/// An error with what caused it.
fn told(error: &StoreError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
