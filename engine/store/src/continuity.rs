//! Continuity: whether a journal continues where its database ends, and what is missing otherwise.
//!
//! The last write of a journal may be torn: a process or machine stopped in the middle of it. No
//! call was sent on its entries, so their absence is no loss. Everything else that is missing is a
//! loss: an entry of a write that another write followed; a file that is gone, cut or of another
//! store.

use hashbrown::HashMap;
use reins_governor::Name;

use crate::StoreError;
use crate::frame::{Mark, Seq};
use crate::journal_state::JournalState;
use crate::loss::{Flaw, Missing};
use crate::scan::{Found, Scan};

/// What can be applied of a journal, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Continuity {
    /// The entries that the database lacks and the journal has.
    pub(crate) entries: Vec<Found>,
    pub(crate) flaws: Vec<Flaw>,
    /// The first entry of a last write that was torn.
    pub(crate) torn: Option<Seq>,
}

/// The comparison under way.
struct Walk<'a> {
    scan: &'a Scan,
    state: &'a JournalState,
    done: Continuity,
}

/// Compares a journal with what its database knows of it.
///
/// # Errors
/// When an entry beside a gap cannot be read.
pub(crate) fn judge(scan: &Scan, state: &JournalState) -> Result<Continuity, StoreError> {
    let done = Continuity { entries: Vec::new(), flaws: Vec::new(), torn: None };
    let mut walk = Walk { scan, state, done };
    walk.entries()?;
    walk.share_out()?;
    walk.files();
    walk.end();
    Ok(walk.done)
}

// === impl Walk ===

impl Walk<'_> {
    /// Walks the entries after the last one in the database.
    fn entries(&mut self) -> Result<(), StoreError> {
        let applied = self.state.applied;
        let same = |found: &&Found| found.mark.seq == applied.mark.seq;
        let known = self.scan.found.iter().find(same);
        if known
            .is_some_and(|found| found.mark != applied.mark && applied.journaled >= found.mark.seq)
        {
            self.done.flaws.push(Flaw::Diverged { from: applied.mark.seq });
            return Ok(());
        }
        let mut last = applied.mark;
        let new = self.scan.found.iter().filter(|found| found.mark.seq > applied.mark.seq);
        let new: Vec<&Found> = new.collect();
        for (index, found) in new.iter().enumerate() {
            let next = last.seq.saturating_add(1);
            if found.mark.seq > next {
                if self.is_torn(next, new.get(index..).unwrap_or_default()) {
                    self.done.torn = Some(next);
                    return Ok(());
                }
                let missing = self.missing(last, found)?;
                self.done.flaws.push(Flaw::Missing(missing));
            } else if found.before != last.sum {
                self.done.flaws.push(Flaw::Diverged { from: next });
                return Ok(());
            }
            self.done.entries.push(**found);
            last = found.mark;
        }
        Ok(())
    }

    /// Whether `missing` and all entries found after it belong to one write: the last one, of which
    /// nothing is in the database.
    fn is_torn(&self, missing: Seq, after: &[&Found]) -> bool {
        let one_write =
            |found: &&Found| found.write <= missing && self.state.applied.mark.seq < found.write;
        after.iter().all(one_write)
    }

    /// What is missing between the entry `last` and the one that was found next.
    fn missing(&self, last: Mark, next: &Found) -> Result<Missing, StoreError> {
        let before = self.scan.read(next)?;
        let after = match self.done.entries.last() {
            Some(found) => Some(self.scan.read(found)?.at()),
            None => self.state.applied.at,
        };
        let file = self.scan.files.get(next.file).map(|file| file.path.clone());
        Ok(Missing {
            from: last.seq.saturating_add(1),
            to: next.mark.seq.saturating_sub(1),
            after,
            before: before.at(),
            nanos: next.mark.nanos.saturating_sub(before.charged()).saturating_sub(last.nanos),
            organizations: Vec::new(),
            place: (file.unwrap_or_default(), next.at),
        })
    }

    /// Notes what each organization lost in a gap: between two of its entries, or the database's
    /// total and its next entry, there must be no other gap.
    fn share_out(&mut self) -> Result<(), StoreError> {
        let applied = self.state.applied.mark.seq;
        let mut gaps: Vec<&mut Missing> = self.done.flaws.iter_mut().filter_map(missing).collect();
        if gaps.is_empty() {
            return Ok(());
        }
        let known =
            self.state.charged.iter().map(|(name, nanos)| (name.clone(), (*nanos, applied)));
        let mut known: HashMap<Name, (i64, Seq)> = known.collect();
        for found in &self.done.entries {
            let entry = self.scan.read(found)?;
            let Some(name) = entry.organization() else { continue };
            let now = (found.mark.own, found.mark.seq);
            let (before, since) = known.insert(name.clone(), now).unwrap_or((0, applied));
            let lost = found.mark.own.saturating_sub(entry.charged()).saturating_sub(before);
            let between = |gap: &&mut &mut Missing| since < gap.from && gap.to < found.mark.seq;
            let mut between = gaps.iter_mut().filter(between);
            if let (Some(gap), None, true) = (between.next(), between.next(), lost != 0) {
                gap.organizations.push((name.clone(), lost));
            }
        }
        Ok(())
    }

    /// Checks headers, lengths and ordinals of the files.
    fn files(&mut self) {
        let needed = !self.state.closed || !self.done.entries.is_empty();
        let mut before = None;
        for file in &self.scan.files {
            let path = || file.path.clone();
            if file.is_foreign(self.state) {
                self.done.flaws.push(Flaw::Foreign { file: path() });
            } else if file.header.is_none() {
                self.done.flaws.push(Flaw::Header { file: path() });
            } else if needed && file.is_cut() {
                self.done.flaws.push(Flaw::Cut { file: path() });
            }
            let expected = before.map_or(file.ordinal, |ordinal: u64| ordinal.saturating_add(1));
            if needed && expected != file.ordinal {
                self.done.flaws.push(Flaw::NoFile { before: path() });
            }
            before = Some(file.ordinal);
        }
    }

    /// Checks that the journal reaches as far as the database knows it did. A journal that was
    /// closed with all its entries in the database is not needed.
    fn end(&mut self) {
        if self.state.closed || self.done.flaws.iter().any(Flaw::is_of_a_file) {
            return;
        }
        let headers = self.scan.files.iter().filter_map(|file| file.header);
        let ours = headers.filter(|header| header.life == self.state.life);
        let begins = ours.clone().map(|header| header.after).max();
        let read = self.scan.found.iter().map(|found| found.mark.seq).max();
        let first = ours.clone().any(|header| header.ordinal == header.first);
        let reaches = read.max(begins).unwrap_or(0);
        let is_there = begins.is_some() && (read > begins || first);
        if !is_there || reaches < self.state.applied.journaled {
            let last = reaches.max(self.state.applied.mark.seq);
            let from = last.saturating_add(1);
            self.done.flaws.push(Flaw::End { from, after: self.state.applied.at });
        }
    }
}

fn missing(flaw: &mut Flaw) -> Option<&mut Missing> {
    match flaw {
        Flaw::Missing(missing) => Some(missing),
        Flaw::End { .. }
        | Flaw::Diverged { .. }
        | Flaw::Foreign { .. }
        | Flaw::Header { .. }
        | Flaw::Cut { .. }
        | Flaw::Log { .. }
        | Flaw::NoFile { .. } => None,
    }
}

#[cfg(test)]
mod tests;
