//! The scan: reads every file of the journal and finds the whole entries, without judging them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::StoreError;
use crate::entry::Entry;
use crate::frame::{FRAME_HEADER_BYTES, Frame, Frames, Mark, Seed, Seq};
use crate::header::{HEADER_BYTES, Header};
use crate::journal_state::JournalState;
use crate::segments;

/// The contents of a journal's folder.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Its files, in their order.
    pub(crate) files: Vec<Scanned>,
    /// Every whole entry of the database's store, each once, in order.
    pub(crate) found: Vec<Found>,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Scanned {
    pub(crate) path: PathBuf,
    /// Its position among the files: from its header, or its name where the header is damaged.
    pub(crate) ordinal: u64,
    /// `None` where it is damaged.
    pub(crate) header: Option<Header>,
    bytes: Vec<u8>,
}

/// A whole entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) mark: Mark,
    /// The checksum of the entry before.
    pub(crate) before: u32,
    /// The first entry of the write that it was part of.
    pub(crate) write: Seq,
    /// Which of the files it is in, and where.
    pub(crate) file: usize,
    pub(crate) at: usize,
    /// How long its body is, and where that begins.
    body: (usize, usize),
}

// === impl Scan ===

impl Scan {
    /// Reads the journal in `folder` that the database with this state expects there.
    pub(crate) fn of(folder: &Path, state: &JournalState) -> Result<Self, StoreError> {
        let there = fs::exists(folder).map_err(StoreError::file(folder))?;
        let listed = if there { segments::found(folder) } else { Ok(Vec::new()) };
        let mut files = Vec::new();
        for (named, path) in listed.map_err(StoreError::file(folder))? {
            let bytes = fs::read(&path).map_err(StoreError::file(&path))?;
            let header = Header::read(&bytes);
            let ordinal = header.map_or(named, |header| header.ordinal);
            files.push(Scanned { path, ordinal, header, bytes });
        }
        files.sort_by_key(|file| file.ordinal);
        let entries = files.iter().enumerate().flat_map(|(at, file)| file.entries(at, state));
        let mut found: Vec<Found> = entries.collect();
        found.sort_by_key(|entry| entry.mark.seq);
        found.dedup_by_key(|entry| entry.mark.seq);
        Ok(Self { files, found })
    }

    /// The entry itself.
    pub(crate) fn read(&self, found: &Found) -> Result<Entry, StoreError> {
        let (length, start) = found.body;
        let bytes =
            self.files.get(found.file).and_then(|file| file.bytes.get(start..)?.get(..length));
        let damaged = |error| StoreError::Damaged(format!("entry {}: {error}", found.mark.seq));
        Entry::read(bytes.unwrap_or_default()).map_err(damaged)
    }
}

// === impl Scanned ===

impl Scanned {
    /// Whether the file is shorter than it was allocated.
    pub(crate) fn is_cut(&self) -> bool {
        let length = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        self.header.is_some_and(|header| length < header.laid_out)
    }

    /// Whether it is of another store.
    pub(crate) fn is_foreign(&self, state: &JournalState) -> bool {
        self.header.is_some_and(|header| header.store != state.store)
    }

    /// Its whole entries. A file with a damaged header is read as one of the last life.
    fn entries(&self, file: usize, state: &JournalState) -> impl Iterator<Item = Found> {
        let last = Seed::of(state.store, state.life);
        let seed = self.header.map_or(last, |header| header.seed());
        let bytes: &[u8] = if self.is_foreign(state) { &[] } else { &self.bytes };
        Frames::new(bytes, HEADER_BYTES, seed).map(move |frame| Found::of(&frame, file))
    }
}

// === impl Found ===

impl Found {
    fn of(frame: &Frame<'_>, file: usize) -> Self {
        let Frame { mark, before, nth, at, body } = *frame;
        let write = mark.seq.saturating_sub(u64::from(nth));
        let start = at.saturating_add(FRAME_HEADER_BYTES);
        Self { mark, before, write, file, at, body: (body.len(), start) }
    }
}
