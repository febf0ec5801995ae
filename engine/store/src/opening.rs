//! Opening a store: lock, recover, begin a journal. Whichever step the process dies after, the next
//! start can open the store.

use jiff::Timestamp;
use rusqlite::Connection;

use crate::StoreError;
use crate::database::Database;
use crate::embedded::OpenOptions;
use crate::header::Life;
use crate::journal::{Journal, Layout};
use crate::journal_state::JournalState;
use crate::lock::{self, Lock};
use crate::loss::{Flaw, Loss};
use crate::recover::{self, Losses, Recovered};
use crate::root::random;
use crate::{schema, segments, wal};

/// A store that is open.
pub(crate) struct Opened {
    pub(crate) database: Database,
    pub(crate) lock: Lock,
    pub(crate) conn: Connection,
    pub(crate) journal: Journal,
    pub(crate) recovered: Recovered,
}

/// Opens the store, creating it where it is missing.
pub(crate) fn open(options: &OpenOptions) -> Result<Opened, StoreError> {
    let database = Database::at(&options.path)?;
    let mut lock = lock::take(&database)?;
    database.check_one_name()?;
    let now = options.clock.now();
    check_log(&database, options.losses, now)?;
    let mut conn = schema::writer(&database, options.durability)?;
    schema::migrate(&mut conn, database.path())?;
    let recovered = recover::recover(&mut conn, &database, now, options.losses)?;
    let folder = database.journal();
    segments::make_folder(&folder).map_err(StoreError::file(&folder))?;
    match &recovered.lost {
        Some(lost) => {
            let aside = segments::set_aside(&folder, now).map_err(StoreError::file(&folder))?;
            tracing::error!(%lost, kept = ?aside, "the store goes on without what is missing");
            segments::make_folder(&folder).map_err(StoreError::file(&folder))?;
        }
        None if options.losses == Losses::Accept => {
            tracing::warn!("nothing is missing: start without `--accept-loss` from now on");
        }
        None => {}
    }
    lock.take_folder()?;
    let journal = begin_life(&conn, &database, options, &recovered)?;
    Ok(Opened { database, lock, conn, journal, recovered })
}

/// Refuses a database beside the write-ahead log of another copy, or sets that log aside.
pub(crate) fn check_log(
    database: &Database,
    losses: Losses,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !wal::is_of_another_copy(database)? {
        return Ok(());
    }
    let file = database.sqlite("-wal");
    let store = database.path().to_owned();
    let loss = Loss { store, flaws: vec![Flaw::Log { file: file.clone() }] };
    if losses == Losses::Refuse {
        return Err(StoreError::Lost(Box::new(loss)));
    }
    let kept = segments::set_aside(&file, now).map_err(StoreError::file(&file))?;
    tracing::error!(%loss, ?kept, "the store goes on without what is missing");
    Ok(())
}

/// Begins a life of the journal: its first file, then the database's record of it.
fn begin_life(
    conn: &Connection,
    database: &Database,
    options: &OpenOptions,
    recovered: &Recovered,
) -> Result<Journal, StoreError> {
    let folder = database.journal();
    let JournalState { store, charged, .. } = JournalState::read(conn)?;
    let life = i64::from_le_bytes(*random()?);
    let layout = Layout { durability: options.durability, segment_bytes: options.segment_bytes };
    let life = Life { store, life, after: recovered.last };
    let journal = Journal::begin(&folder, layout, life, charged);
    let journal = journal.map_err(StoreError::file(&folder))?;
    JournalState::begin(conn, life.life)?;
    journal.recycle(recovered.last.seq);
    Ok(journal)
}

#[cfg(test)]
mod tests;
