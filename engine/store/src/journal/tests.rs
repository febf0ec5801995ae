//! What is durable is in the files; files come round again; the first failure is the last.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::{Durability, Journal, Layout};
use crate::frame::{Charged, Frames, Mark, Seq};
use crate::header::{HEADER_BYTES, Header, Life};
use crate::segments;

impl Journal {
    /// From now on every write finds the disk full.
    pub(crate) fn fill_disk(&self) {
        let full = File::options().write(true).open("/dev/full").unwrap();
        self.shared.tail.lock().segment.file = full;
    }
}

fn begin(folder: &Path, durability: Durability, segment_bytes: u64, last: Seq) -> Journal {
    let after = Mark { seq: last, ..Mark::default() };
    let life = Life { store: 1, life: last.cast_signed(), after };
    let layout = Layout { durability, segment_bytes };
    let journal = Journal::begin(folder, layout, life, Charged::default()).unwrap();
    journal.recycle(last);
    journal
}

fn append(journal: &Journal, text: &str) -> Seq {
    journal.append((None, 0), |out| out.write_all(text.as_bytes())).seq
}

/// Every entry that a process would find which started now.
pub(crate) fn found(folder: &Path) -> Vec<(Seq, Vec<u8>)> {
    let mut entries = Vec::new();
    for (_, path) in segments::found(folder).unwrap() {
        let bytes = fs::read(path).unwrap();
        let seed = Header::read(&bytes).unwrap().seed();
        let frames = Frames::new(&bytes, HEADER_BYTES, seed);
        entries.extend(frames.map(|frame| (frame.mark.seq, frame.body.to_vec())));
    }
    entries.sort();
    entries.dedup();
    entries
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn what_is_durable_is_in_the_files() {
    for durability in [Durability::Process, Durability::Power] {
        let folder = tempfile::tempdir().unwrap();
        let journal = begin(folder.path(), durability, 256, 7);
        let mut expected = Vec::new();
        for n in 8..60 {
            let text = format!("entry {n} of {durability:?}");
            let seq = append(&journal, &text);
            journal.durable(seq).await.unwrap();
            expected.push((n, text.into_bytes()));
            assert_eq!(found(folder.path()), expected);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_many_writers_are_all_there_in_order() {
    for durability in [Durability::Process, Durability::Power] {
        let folder = tempfile::tempdir().unwrap();
        let journal = std::sync::Arc::new(begin(folder.path(), durability, 4096, 0));
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let journal = std::sync::Arc::clone(&journal);
                tokio::spawn(async move {
                    for n in 0..50 {
                        let seq = append(&journal, &format!("{writer} {n}"));
                        journal.durable(seq).await.unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let found = found(folder.path());
        assert_eq!(found.len(), 400);
        assert!(found.iter().map(|(seq, _)| *seq).eq(1..=400));
    }
}

#[tokio::test]
async fn a_file_comes_round_again_once_its_entries_are_applied() {
    let folder = tempfile::tempdir().unwrap();
    let journal = begin(folder.path(), Durability::Process, 128, 0);
    for _ in 0..100 {
        let seq = append(&journal, "some thirty bytes of an entry…");
        journal.durable(seq).await.unwrap();
        journal.recycle(seq.saturating_sub(2));
    }
    assert!(files(folder.path()) <= 5, "{} files for 2 entries", files(folder.path()));
    let found = found(folder.path());
    assert_eq!(found.last().unwrap().0, 100);
    assert!(found.iter().any(|(seq, _)| *seq == 99));
}

#[tokio::test]
async fn the_next_file_is_there_before_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = begin(folder.path(), Durability::Power, 128, 0);
    assert_eq!(segments::found(folder.path()).unwrap().len(), 2);
    // Nothing can be opened or made from here on.
    let hidden = folder.path().with_extension("hidden");
    fs::rename(folder.path(), &hidden).unwrap();
    for _ in 0..2 {
        let seq = append(&journal, "some thirty bytes of an entry…");
        journal.durable(seq).await.unwrap();
    }
    assert_eq!(journal.shared.tail.lock().full.len(), 1, "the next file is in use");
    fs::rename(&hidden, folder.path()).unwrap();
}

#[tokio::test]
async fn a_file_that_cannot_be_laid_out_is_tried_again() {
    for durability in [Durability::Process, Durability::Power] {
        let folder = tempfile::tempdir().unwrap();
        let journal = begin(folder.path(), durability, 128, 0);
        let hidden = folder.path().with_extension("hidden");
        fs::rename(folder.path(), &hidden).unwrap();
        for _ in 0..20 {
            let seq = append(&journal, "some thirty bytes of an entry…");
            journal.durable(seq).await.unwrap();
            journal.recycle(0);
        }
        assert!(journal.stopped().is_none() && journal.shared.tail.lock().next.is_none());
        fs::rename(&hidden, folder.path()).unwrap();
        while journal.shared.tail.lock().next.is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            journal.recycle(0);
        }
        let seq = append(&journal, "in the next file");
        journal.durable(seq).await.unwrap();
        assert_eq!(journal.shared.tail.lock().full.len(), 2);
        assert!(found(folder.path()).iter().map(|(seq, _)| *seq).eq(1..=21));
    }
}

#[tokio::test]
async fn a_journal_begun_anew_goes_on_counting() {
    let folder = tempfile::tempdir().unwrap();
    let journal = begin(folder.path(), Durability::Power, 128, 0);
    let seq = append(&journal, "before");
    journal.durable(seq).await.unwrap();
    journal.close();
    let journal = begin(folder.path(), Durability::Power, 128, seq);
    assert_eq!(append(&journal, "after"), seq + 1);
    journal.close();
    let after = (seq + 1, b"after".to_vec());
    assert_eq!(found(folder.path()), [after], "the files before it were taken back");
}

#[tokio::test]
async fn a_full_disk_stops_it_for_good() {
    for durability in [Durability::Process, Durability::Power] {
        let folder = tempfile::tempdir().unwrap();
        let journal = begin(folder.path(), durability, 128, 0);
        journal.fill_disk();
        let seq = append(&journal, "first");
        let why = journal.durable(seq).await.unwrap_err();
        assert!(why.contains("could not be written"), "{why}");
        let seq = append(&journal, "second");
        assert_eq!(journal.durable(seq).await.unwrap_err(), why);
        assert_eq!(journal.stopped(), Some(why));
        journal.close();
    }
}
