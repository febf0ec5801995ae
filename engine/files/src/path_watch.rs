//! A path, poll after poll: whether it leads to another file than before, and what replaced it.

use std::path::{Path, PathBuf};

use crate::chain::{Entry, Id, chain};
use crate::rename_events::{Arrived, Folder, RenameEvents};

/// What happened at the path since the poll before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It leads to the same file.
    None,
    /// The file was renamed to it.
    Renamed,
    /// A symbolic link to it, or a folder above it, was replaced.
    Relinked,
    /// The file was created there, or there is no event.
    Created,
}

/// A path that is polled.
#[derive(Debug)]
pub(crate) struct PathWatch {
    path: PathBuf,
    entries: Vec<Entry>,
    /// The watched folder of each entry.
    folders: Vec<Option<Folder>>,
    events: RenameEvents,
}

// === impl PathWatch ===

impl PathWatch {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, entries: Vec::new(), folders: Vec::new(), events: RenameEvents::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file that it led to at the last poll.
    pub(crate) fn end(&self) -> Option<Id> {
        self.entries.last().filter(|entry| !entry.is_link)?.id
    }

    /// Resolves the path again.
    pub(crate) fn poll(&mut self) -> Change {
        let entries = chain(&self.path);
        // After the resolution: the events that led to what it found are there by now.
        self.events.poll();
        let Some(change) = self.change(&entries) else { return Change::None };
        if entries == self.entries {
            return change;
        }
        self.follow(entries);
        // A change before its folder was watched left no event.
        let again = chain(&self.path);
        if again == self.entries {
            return change;
        }
        self.follow(again);
        Change::Created
    }

    fn follow(&mut self, entries: Vec<Entry>) {
        let names: Vec<_> = entries.iter().map(|e| (&*e.folder, &*e.name)).collect();
        self.folders = self.events.follow(&names);
        self.entries = entries;
    }

    /// What happened at the first entry that differs or has an event: a new file can have the inode
    /// of the deleted one. All entries before it are the same, so that it was looked up in the same
    /// folder.
    fn change(&self, now: &[Entry]) -> Option<Change> {
        let entries = 0..now.len().max(self.entries.len());
        let differs = |index: &usize| now.get(*index) != self.entries.get(*index);
        let first =
            entries.clone().find(|index| differs(index) || self.event_now(*index).is_some())?;
        let Some(entry) = now.get(first) else { return Some(Change::Created) };
        let event = self.event_lately(first);
        let created = |index: &usize| self.event_now(*index) == Some(Arrived::Created);
        if entries.skip(first + 1).any(|index| created(&index)) {
            return Some(Change::Created);
        }
        Some(match event {
            Some(Arrived::Moved) if first + 1 == now.len() => Change::Renamed,
            Some(Arrived::Moved) => Change::Relinked,
            // A link has its target from its creation on.
            Some(Arrived::Created) if entry.is_link => Change::Relinked,
            Some(Arrived::Created) | None => Change::Created,
        })
    }

    /// The event of an entry in this poll.
    fn event_now(&self, index: usize) -> Option<Arrived> {
        let (entry, folder) = (self.entries.get(index)?, self.folders.get(index)?);
        self.events.now((*folder)?, &entry.name)
    }

    /// The same in this poll or the one before, which read an event too early that happened between
    /// its resolution and its reading.
    fn event_lately(&self, index: usize) -> Option<Arrived> {
        let (entry, folder) = (self.entries.get(index)?, self.folders.get(index)?);
        self.events.lately((*folder)?, &entry.name)
    }
}

#[cfg(test)]
mod tests {
    //! What is reported on a real file system.
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::{Change, PathWatch};

    struct Scene(TempDir);

    impl Scene {
        /// `file` leads through the link `link` to `folder/real`.
        fn new() -> (Self, PathWatch) {
            let scene = Self(tempfile::tempdir().expect("a folder"));
            fs::create_dir(scene.at("folder")).unwrap();
            fs::write(scene.at("folder/real"), "one").unwrap();
            symlink("folder/real", scene.at("link")).unwrap();
            let mut watch = PathWatch::new(scene.at("link"));
            assert_eq!((watch.poll(), watch.poll()), (Change::Created, Change::None));
            (scene, watch)
        }

        fn at(&self, name: &str) -> std::path::PathBuf {
            self.0.path().join(name)
        }

        fn rename(&self, from: &str, to: &str) {
            fs::rename(self.at(from), self.at(to)).unwrap();
        }
    }

    #[test]
    fn a_rename_is_distinguished_from_a_creation_however_fast() {
        let (scene, mut watch) = Scene::new();
        for _ in 0..100 {
            fs::write(scene.at("folder/next"), "two").unwrap();
            scene.rename("folder/next", "folder/real");
            assert_eq!((watch.poll(), watch.poll()), (Change::Renamed, Change::None));
            fs::remove_file(scene.at("folder/real")).unwrap();
            fs::write(scene.at("folder/real"), "three").unwrap();
            assert_eq!((watch.poll(), watch.poll()), (Change::Created, Change::None));
        }
    }

    #[test]
    fn the_last_that_happened_counts() {
        let (scene, mut watch) = Scene::new();
        fs::write(scene.at("folder/next"), "two").unwrap();
        scene.rename("folder/next", "folder/real");
        fs::remove_file(scene.at("folder/real")).unwrap();
        fs::write(scene.at("folder/real"), "thr").unwrap();
        assert_eq!(watch.poll(), Change::Created);
        fs::remove_file(scene.at("folder/real")).unwrap();
        assert_eq!((watch.poll(), watch.end()), (Change::Created, None));
        fs::write(scene.at("next"), "four").unwrap();
        scene.rename("next", "folder/real");
        assert_eq!(watch.poll(), Change::Renamed);
        // In place: the path leads to the same file.
        assert_eq!(watch.poll(), Change::None);
        fs::write(scene.at("folder/real"), "five").unwrap();
        assert_eq!(watch.poll(), Change::None);
    }

    #[test]
    fn a_file_with_the_inode_of_the_deleted_one_is_another() {
        let (scene, mut watch) = Scene::new();
        for _ in 0..100 {
            fs::remove_file(scene.at("folder/real")).unwrap();
            fs::write(scene.at("next"), "two").unwrap();
            scene.rename("next", "folder/real");
            assert_eq!((watch.poll(), watch.poll()), (Change::Renamed, Change::None));
        }
    }

    #[test]
    fn links_and_folders_are_replaced() {
        let (scene, mut watch) = Scene::new();
        fs::create_dir(scene.at("two")).unwrap();
        fs::write(scene.at("two/real"), "two").unwrap();
        symlink("two/real", scene.at("next")).unwrap();
        scene.rename("next", "link");
        assert_eq!((watch.poll(), watch.poll()), (Change::Relinked, Change::None));
        fs::remove_file(scene.at("link")).unwrap();
        symlink("folder/real", scene.at("link")).unwrap();
        assert_eq!((watch.poll(), watch.poll()), (Change::Relinked, Change::None));
        scene.rename("folder", "old");
        scene.rename("two", "folder");
        assert_eq!((watch.poll(), watch.poll()), (Change::Relinked, Change::None));
        // The new folder is watched from then on.
        fs::write(scene.at("next"), "three").unwrap();
        scene.rename("next", "folder/real");
        assert_eq!(watch.poll(), Change::Renamed);
    }

    #[test]
    fn a_new_folder_may_be_half_filled() {
        let (scene, mut watch) = Scene::new();
        scene.rename("folder", "old");
        fs::create_dir(scene.at("folder")).unwrap();
        fs::write(scene.at("folder/real"), "half").unwrap();
        assert_eq!((watch.poll(), watch.poll()), (Change::Created, Change::None));
    }
}
