//! Whatever is done to the files of a journal, it is recovered whole, or refused with what is
//! missing; only the last write may be torn without a word.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use reins_governor::Name;

use super::judge;
use crate::entry::Entry;
use crate::frame::{Mark, Seq};
use crate::header::Header;
use crate::journal_state::JournalState;
use crate::loss::Flaw;
use crate::recover::tests::story;
use crate::scan::Scan;
use crate::trial::{Crash, crashed};

/// A journal with so many entries a write, some files of it, and a database somewhere behind.
struct Site {
    folder: tempfile::TempDir,
    state: JournalState,
    entries: Vec<Entry>,
    /// The entries' checksums, as they were written.
    marks: Vec<Mark>,
}

/// What a start makes of a journal: the entries it takes, or what is wrong.
type Outcome = Result<Vec<Seq>, Vec<Flaw>>;

async fn site(folded: usize, a_write: usize, segment_bytes: u64) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let entries: Vec<Entry> = story().await.into_iter().map(|(_, entry)| entry).collect();
    let state = crashed(folder.path(), &entries, Crash { folded, a_write, segment_bytes });
    let scan = Scan::of(&folder.path().join("reins.db.journal"), &state).unwrap();
    for (found, entry) in scan.found.iter().zip(&entries) {
        assert_eq!(&scan.read(found).unwrap(), entry);
    }
    let marks = scan.found.iter().map(|found| found.mark).collect();
    Site { folder, state, entries, marks }
}

// === impl Site ===

impl Site {
    fn journal(&self) -> PathBuf {
        self.folder.path().join("reins.db.journal")
    }

    fn files(&self) -> Vec<PathBuf> {
        let listed = fs::read_dir(self.journal()).unwrap().map(|file| file.unwrap().path());
        let mut files: Vec<_> = listed.collect();
        files.sort();
        files
    }

    fn outcome(&self) -> Outcome {
        let scan = Scan::of(&self.journal(), &self.state).unwrap();
        let found = judge(&scan, &self.state).unwrap();
        let entries: Vec<Seq> = found.entries.iter().map(|found| found.mark.seq).collect();
        for found in &found.entries {
            let index = usize::try_from(found.mark.seq).unwrap() - 1;
            assert_eq!(found.mark, self.marks[index], "another entry");
        }
        if found.flaws.is_empty() { Ok(entries) } else { Err(found.flaws) }
    }

    /// All that the database lacks.
    fn whole(&self) -> Vec<Seq> {
        (self.state.applied.mark.seq + 1..=Seq::try_from(self.entries.len()).unwrap()).collect()
    }
}

/// Whether a start may take these entries: all of them, or all before the last write at least.
fn is_right(site: &Site, taken: &[Seq], a_write: usize) -> bool {
    let whole = site.whole();
    let before_last = (site.entries.len() - 1) / a_write * a_write;
    let needed = whole.iter().filter(|seq| usize::try_from(**seq).unwrap() <= before_last);
    whole.starts_with(taken) && taken.len() >= needed.count()
}

/// Changes each byte of each file in turn, and looks what a start makes of it.
async fn flip_every_byte(folded: usize, a_write: usize) -> (usize, usize, usize) {
    let site = site(folded, a_write, 1 << 10).await;
    assert_eq!(site.outcome(), Ok(site.whole()));
    let (mut whole, mut torn, mut refused) = (0, 0, 0);
    for path in site.files() {
        let bytes = fs::read(&path).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        for (at, byte) in (0_u64..).zip(&bytes) {
            file.write_all_at(&[byte ^ 0x20], at).unwrap();
            match site.outcome() {
                Ok(taken) if taken == site.whole() => whole += 1,
                Ok(taken) => {
                    assert!(is_right(&site, &taken, a_write), "{at} of {path:?}: {taken:?}");
                    torn += 1;
                }
                Err(_) => refused += 1,
            }
            file.write_all_at(&[*byte], at).unwrap();
        }
    }
    (whole, torn, refused)
}

#[tokio::test]
async fn a_flipped_byte_anywhere_loses_nothing_without_a_word() {
    for (folded, a_write) in [(0, 1), (9, 3), (17, 3)] {
        let (whole, torn, refused) = flip_every_byte(folded, a_write).await;
        println!(
            "{folded} of 17 entries folded, {a_write} a write: {whole} bytes do not matter, {torn} \
             tear the last write, {refused} are refused"
        );
        assert!(whole > 0 && refused > 0);
        assert_eq!(torn > 0, folded < 17, "what the database has was not torn");
    }
}

#[tokio::test]
async fn a_file_cut_anywhere_is_refused() {
    for folded in [0, 9, 17] {
        let site = site(folded, 3, 1 << 10).await;
        for path in site.files() {
            let bytes = fs::read(&path).unwrap();
            for length in (0..1 << 10).step_by(7) {
                fs::write(&path, &bytes[..length]).unwrap();
                let outcome = site.outcome();
                assert!(outcome.is_err(), "{path:?} cut to {length}: {outcome:?}");
            }
            fs::write(&path, bytes).unwrap();
        }
    }
}

#[tokio::test]
async fn a_file_that_is_gone_is_missed_wherever_it_was_needed() {
    for folded in [0, 9, 17] {
        let site = site(folded, 3, 2 << 8).await;
        let files = site.files();
        assert!(files.len() > 4, "{files:?}");
        for path in &files {
            let hidden = path.with_extension("hidden");
            fs::rename(path, &hidden).unwrap();
            match site.outcome() {
                Ok(taken) => {
                    assert_eq!(taken, site.whole(), "{path:?}");
                    let unused = path == files.last().unwrap();
                    assert!(unused || folded > 0, "{path:?} had entries that the database lacks");
                }
                Err(flaws) => assert!(!flaws.is_empty()),
            }
            fs::rename(&hidden, path).unwrap();
        }
        for path in &files {
            fs::remove_file(path).unwrap();
        }
        assert!(matches!(site.outcome().unwrap_err()[..], [Flaw::End { .. }]), "nothing is left");
    }
}

#[tokio::test]
async fn what_is_missing_is_named_with_its_time_and_its_amount() {
    let site = site(2, 1, 61 << 10).await;
    let path = &site.files()[0];
    let mut bytes = fs::read(path).unwrap();
    let scan = Scan::of(&site.journal(), &site.state).unwrap();
    let place = |seq: usize| scan.found[seq - 1].at;
    // Entries 4 to 6: an end that charged 900, its correction to 77, and an intent.
    let charged: i64 = site.entries[3..6].iter().map(Entry::charged).sum();
    assert_ne!(charged, 0);
    bytes[place(4)..place(7)].fill(0);
    fs::write(path, bytes).unwrap();
    let [Flaw::Missing(missing)] = &site.outcome().unwrap_err()[..] else { panic!("not missing") };
    assert_eq!((missing.from, missing.to, missing.nanos), (4, 6, charged));
    assert_eq!(missing.after, Some(site.entries[2].at()));
    assert_eq!(missing.before, site.entries[6].at());
    assert_eq!(missing.place, (path.clone(), place(7)));
    assert_eq!(missing.organizations, [("umbrella".into(), charged)]);
}

/// A gap's first entry, what is missing in it, and what of that is each organization's.
type Gap = (Seq, i64, Vec<(Name, i64)>);

/// The gaps that are found where some entries are gone.
fn gaps(site: &Site, gone: &[Seq]) -> Vec<Gap> {
    let path = &site.files()[0];
    let bytes = fs::read(path).unwrap();
    let scan = Scan::of(&site.journal(), &site.state).unwrap();
    let at = |seq: Seq| scan.found[usize::try_from(seq).unwrap() - 1].at;
    let mut damaged = bytes.clone();
    gone.iter().for_each(|seq| damaged[at(*seq)..at(seq + 1)].fill(0));
    fs::write(path, damaged).unwrap();
    let flaws = site.outcome().unwrap_err();
    fs::write(path, bytes).unwrap();
    let gap = |flaw| match flaw {
        Flaw::Missing(missing) => (missing.from, missing.nanos, missing.organizations),
        other => panic!("{other}"),
    };
    flaws.into_iter().map(gap).collect()
}

#[tokio::test]
async fn what_is_missing_is_told_by_organization_where_a_later_entry_tells() {
    let site = site(3, 1, 61 << 10).await;
    let sums = |seqs: &[usize]| seqs.iter().map(|seq| site.entries[seq - 1].charged()).sum::<i64>();
    let of = |seq: usize| site.entries[seq - 1].organization().unwrap().clone();
    let (umbrella, acme) = (of(4), of(7));
    // Entries 4 and 5 are the end and the correction of a call of the one, 7 and 9 ends of calls of
    // the other, with 2 and 3 nano-USD; 10 is of the one again.
    assert_eq!([5, 6, 9, 10].map(of), [&umbrella, &acme, &acme, &umbrella].map(Clone::clone));
    assert_eq!((sums(&[4, 5]), sums(&[7]), sums(&[9])), (77, 2, 3));
    let (one, other) = ((umbrella, 77), (acme, 2));
    assert_eq!(gaps(&site, &[4, 5]), [(4, 77, vec![one.clone()])]);
    assert_eq!(gaps(&site, &[7]), [(7, 2, vec![other.clone()])]);
    assert_eq!(gaps(&site, &[4, 5, 6, 7]), [(4, 79, vec![other.clone(), one])]);
    // The first gap's part of the one is not known: its next entry comes after both.
    assert_eq!(gaps(&site, &[4, 5, 7]), [(4, 77, vec![]), (7, 2, vec![other])]);
}

/// The journal of a copy of the store that went on by itself, from the same entries on.
fn other_history(site: &Site) -> PathBuf {
    let mut other: Vec<Entry> = site.entries.clone();
    other.swap(9, 10);
    let folder = site.folder.path().join("other");
    fs::create_dir(&folder).unwrap();
    crashed(&folder, &other, Crash { folded: 0, a_write: 1, segment_bytes: 1 << 10 });
    folder.join("reins.db.journal")
}

#[tokio::test]
async fn the_journal_of_another_store_is_refused() {
    for folded in [0, 9, 17] {
        let site = site(folded, 1, 1 << 10).await;
        let other = other_history(&site);
        fs::remove_dir_all(site.journal()).unwrap();
        fs::rename(&other, site.journal()).unwrap();
        let flaws = site.outcome().unwrap_err();
        assert!(flaws.iter().all(|flaw| matches!(flaw, Flaw::Foreign { .. })), "{flaws:?}");
    }
}

#[tokio::test]
async fn the_journal_of_a_copy_that_went_its_own_way_is_refused() {
    let site = site(12, 1, 1 << 10).await;
    let other = other_history(&site);
    // As if both were copies of one store: only what was written differs.
    let theirs = JournalState { store: store_of(&other), ..site.state };
    let scan = Scan::of(&other, &theirs).unwrap();
    let found = judge(&scan, &theirs).unwrap();
    assert_eq!(found.flaws, [Flaw::Diverged { from: 12 }]);
    assert_eq!(found.entries, []);
}

fn store_of(journal: &Path) -> i64 {
    let file = fs::read_dir(journal).unwrap().next().unwrap().unwrap().path();
    Header::read(&fs::read(file).unwrap()).unwrap().store
}

#[tokio::test]
async fn a_database_that_is_older_than_its_journal_is_refused_where_entries_are_gone() {
    let site = site(0, 1, 1 << 10).await;
    // The files that a later database had no use for are used again or removed.
    let files = site.files();
    fs::remove_file(&files[0]).unwrap();
    let [Flaw::Missing(missing)] = &site.outcome().unwrap_err()[..] else { panic!("not missing") };
    assert_eq!((missing.from, missing.after), (1, None));
    for closed in [false, true] {
        let scan = Scan::of(&site.journal(), &site.state).unwrap();
        let found = judge(&scan, &JournalState { closed, ..site.state.clone() }).unwrap();
        assert!(matches!(found.flaws[..], [Flaw::Missing(_)]), "{closed}: {:?}", found.flaws);
    }
}

#[tokio::test]
async fn a_database_that_was_closed_needs_no_journal() {
    let site = site(17, 1, 1 << 10).await;
    let state = JournalState { closed: true, ..site.state.clone() };
    fs::remove_dir_all(site.journal()).unwrap();
    let found = judge(&Scan::of(&site.journal(), &state).unwrap(), &state).unwrap();
    assert_eq!((found.entries, found.flaws), (vec![], vec![]));
}
