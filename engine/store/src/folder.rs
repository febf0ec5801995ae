//! The folder: the one task that writes calls to the database, behind everybody's back.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::Connection;
use sqlx::sqlite::SqliteConnection;

use crate::StoreError;
use crate::batch::Batch;
use crate::embedded::{Core, Folded};
use crate::entry::Entry;
use crate::fold::{self, FOLD_MAX};
use crate::frame::Seq;

/// How long the folder rests after a batch that was not full. Nobody waits for it, and a commit
/// costs as much for one entry as for two hundred: this keeps an idle machine's core free.
const REST: Duration = Duration::from_millis(20);

/// Folds until the store is closed, or the database fails.
pub(crate) async fn run(core: Arc<Core>, mut conn: SqliteConnection) {
    if let Err(error) = fold_all(&core, &mut conn).await {
        core.stop(format!("the database could not be written: {}", told(&error)));
    }
    core.folded.send_replace(Folded::Ended);
    if let Err(error) = conn.close().await {
        tracing::warn!(%error, "the database was not closed in order");
    }
}

async fn fold_all(core: &Core, conn: &mut SqliteConnection) -> Result<(), StoreError> {
    loop {
        let entries = core.live.lock().unfolded(FOLD_MAX);
        if let Some(last) = entries.last().map(|(seq, _)| *seq) {
            fold_entries(conn, &entries, last).await?;
            core.live.lock().folded(last);
            core.folded.send_replace(Folded::UpTo(last));
            core.journal.recycle(last);
        } else if core.closing.load(Ordering::Acquire) {
            return Ok(());
        } else {
            core.queued.notified().await;
        }
        if entries.len() < FOLD_MAX {
            rest(core).await;
        }
    }
}

async fn fold_entries(
    conn: &mut SqliteConnection,
    entries: &[(Seq, Arc<Entry>)],
    last: Seq,
) -> Result<(), StoreError> {
    let batch = Batch::of(entries.iter().map(|(seq, entry)| (*seq, &**entry)));
    loop {
        match fold::apply(conn, &batch, Some(last)).await {
            Err(error) if error.is_busy() => tracing::warn!("another process holds the database"),
            outcome => return outcome,
        }
    }
}

/// Rests, unless somebody is in a hurry.
async fn rest(core: &Core) {
    tokio::select! {
        () = tokio::time::sleep(REST) => {}
        () = core.hurry.notified() => {}
    }
}

/// An error with what caused it.
fn told(error: &StoreError) -> String {
    let source = error.source();
    source.map_or_else(|| error.to_string(), ToString::to_string)
}
