//! What is durable is in the files; files come round again; the first failure is the last.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::{Durability, Journal, Layout};
use crate::frame::{Frames, Seq};
use crate::segments;

fn begin(folder: &Path, durability: Durability, segment_bytes: u64, last: Seq) -> Journal {
    Journal::begin(folder, Layout { durability, segment_bytes }, last).unwrap()
}

fn append(journal: &Journal, text: &str) -> Seq {
    journal.append(|out| out.write_all(text.as_bytes()))
}

/// Every entry that a process would find which started now.
fn found(folder: &Path) -> Vec<(Seq, String)> {
    let mut entries = Vec::new();
    for (first, path) in segments::found(folder).unwrap() {
        let bytes = fs::read(path).unwrap();
        entries.extend(Frames::new(&bytes, first).map(|(seq, text)| (seq, text.to_owned())));
    }
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
            expected.push((n, text));
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
    let journal = begin(folder.path(), Durability::Process, 64, 0);
    for _ in 0..100 {
        let seq = append(&journal, "some thirty bytes of an entry…");
        journal.durable(seq).await.unwrap();
        journal.recycle(seq.saturating_sub(2));
    }
    assert!(files(folder.path()) <= 5, "{} files for 2 entries", files(folder.path()));
    let found = found(folder.path());
    assert_eq!(found.last().unwrap().0, 100);
    assert!(found.first().unwrap().0 <= 99);
}

#[tokio::test]
async fn a_journal_begun_anew_goes_on_counting() {
    let folder = tempfile::tempdir().unwrap();
    let journal = begin(folder.path(), Durability::Power, 64, 0);
    let seq = append(&journal, "before");
    journal.durable(seq).await.unwrap();
    journal.close();
    let journal = begin(folder.path(), Durability::Power, 64, seq);
    assert_eq!(append(&journal, "after"), seq + 1);
    journal.close();
    assert_eq!(found(folder.path()), [(seq + 1, "after".to_owned())]);
}

#[tokio::test]
async fn a_full_disk_stops_it_for_good() {
    for durability in [Durability::Process, Durability::Power] {
        let folder = tempfile::tempdir().unwrap();
        // The next file it uses is a device that has no room.
        std::os::unix::fs::symlink("/dev/full", folder.path().join("1.spare")).unwrap();
        let journal = begin(folder.path(), durability, 64, 0);
        let seq = append(&journal, "first");
        let why = journal.durable(seq).await.unwrap_err();
        assert!(why.contains("could not be written"), "{why}");
        let seq = append(&journal, "second");
        assert_eq!(journal.durable(seq).await.unwrap_err(), why);
        assert_eq!(journal.stopped(), Some(why));
        journal.close();
    }
}
