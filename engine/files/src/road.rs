//! The road to a file, look after look: whether it leads elsewhere than before, and by what.

use std::path::{Path, PathBuf};

use crate::chain::{Entry, Id, chain};
use crate::moves::{Arrived, Folder, Moves};

/// How what is at the end of the road came there since the look before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It was there.
    Stayed,
    /// It was renamed to its place.
    Renamed,
    /// A link to it, or a folder above it, was exchanged.
    Exchanged,
    /// It was created there, or nobody knows.
    Anew,
}

/// The road that a path describes.
#[derive(Debug)]
pub(crate) struct Road {
    path: PathBuf,
    entries: Vec<Entry>,
    /// The folder of each entry, as it is watched.
    folders: Vec<Option<Folder>>,
    moves: Moves,
}

// === impl Road ===

impl Road {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, entries: Vec::new(), folders: Vec::new(), moves: Moves::new() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What the road led to at the last look.
    pub(crate) fn end(&self) -> Option<Id> {
        self.entries.last().filter(|entry| !entry.is_link)?.id
    }

    /// Looks where the road leads now.
    pub(crate) fn look(&mut self) -> Came {
        let entries = chain(&self.path);
        // After the road: whatever led to what was seen has been told by now.
        self.moves.listen();
        let Some(came) = self.change(&entries) else { return Came::Stayed };
        if entries == self.entries {
            return came;
        }
        self.follow(entries);
        // What changed before its folder was watched was not told.
        let again = chain(&self.path);
        if again == self.entries {
            return came;
        }
        self.follow(again);
        Came::Anew
    }

    fn follow(&mut self, entries: Vec<Entry>) {
        let names: Vec<_> = entries.iter().map(|e| (&*e.folder, &*e.name)).collect();
        self.folders = self.moves.follow(&names);
        self.entries = entries;
    }

    /// What happened at the first entry that is another, or that something was told of: a new file
    /// may have the number of the one before. All entries before it are the same, so that it was
    /// looked up in the same folder.
    fn change(&self, now: &[Entry]) -> Option<Came> {
        let entries = 0..now.len().max(self.entries.len());
        let differs = |index: &usize| now.get(*index) != self.entries.get(*index);
        let first = entries.clone().find(|index| differs(index) || self.news(*index).is_some())?;
        let Some(entry) = now.get(first) else { return Some(Came::Anew) };
        let told = self.told(first);
        let created = |index: &usize| self.news(*index) == Some(Arrived::Created);
        if entries.skip(first + 1).any(|index| created(&index)) {
            return Some(Came::Anew);
        }
        Some(match told {
            Some(Arrived::Moved) if first + 1 == now.len() => Came::Renamed,
            Some(Arrived::Moved) => Came::Exchanged,
            // A link is created whole.
            Some(Arrived::Created) if entry.is_link => Came::Exchanged,
            Some(Arrived::Created) | None => Came::Anew,
        })
    }

    /// How what an entry leads to came there, as told at this look.
    fn news(&self, index: usize) -> Option<Arrived> {
        let (entry, folder) = (self.entries.get(index)?, self.folders.get(index)?);
        self.moves.news((*folder)?, &entry.name)
    }

    /// The same, as told at this look or the one before: what happened after the road was looked
    /// at, and before the news were, was told too early.
    fn told(&self, index: usize) -> Option<Arrived> {
        let (entry, folder) = (self.entries.get(index)?, self.folders.get(index)?);
        self.moves.told((*folder)?, &entry.name)
    }
}

#[cfg(test)]
mod tests {
    //! What the kernel tells, on a real file system.
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::{Came, Road};

    struct Scene(TempDir);

    impl Scene {
        /// `file` leads through the link `link` to `folder/real`.
        fn new() -> (Self, Road) {
            let scene = Self(tempfile::tempdir().expect("a folder"));
            fs::create_dir(scene.at("folder")).unwrap();
            fs::write(scene.at("folder/real"), "one").unwrap();
            symlink("folder/real", scene.at("link")).unwrap();
            let mut road = Road::new(scene.at("link"));
            assert_eq!((road.look(), road.look()), (Came::Anew, Came::Stayed));
            (scene, road)
        }

        fn at(&self, name: &str) -> std::path::PathBuf {
            self.0.path().join(name)
        }

        fn rename(&self, from: &str, to: &str) {
            fs::rename(self.at(from), self.at(to)).unwrap();
        }
    }

    #[test]
    fn a_rename_is_told_from_a_creation_however_fast() {
        let (scene, mut road) = Scene::new();
        for _ in 0..100 {
            fs::write(scene.at("folder/next"), "two").unwrap();
            scene.rename("folder/next", "folder/real");
            assert_eq!((road.look(), road.look()), (Came::Renamed, Came::Stayed));
            fs::remove_file(scene.at("folder/real")).unwrap();
            fs::write(scene.at("folder/real"), "three").unwrap();
            assert_eq!((road.look(), road.look()), (Came::Anew, Came::Stayed));
        }
    }

    #[test]
    fn the_last_that_happened_counts() {
        let (scene, mut road) = Scene::new();
        fs::write(scene.at("folder/next"), "two").unwrap();
        scene.rename("folder/next", "folder/real");
        fs::remove_file(scene.at("folder/real")).unwrap();
        fs::write(scene.at("folder/real"), "thr").unwrap();
        assert_eq!(road.look(), Came::Anew);
        fs::remove_file(scene.at("folder/real")).unwrap();
        assert_eq!((road.look(), road.end()), (Came::Anew, None));
        fs::write(scene.at("next"), "four").unwrap();
        scene.rename("next", "folder/real");
        assert_eq!(road.look(), Came::Renamed);
        // In place: the road is the same.
        assert_eq!(road.look(), Came::Stayed);
        fs::write(scene.at("folder/real"), "five").unwrap();
        assert_eq!(road.look(), Came::Stayed);
    }

    #[test]
    fn a_file_with_the_number_of_the_one_before_is_another() {
        let (scene, mut road) = Scene::new();
        for _ in 0..100 {
            fs::remove_file(scene.at("folder/real")).unwrap();
            fs::write(scene.at("next"), "two").unwrap();
            scene.rename("next", "folder/real");
            assert_eq!((road.look(), road.look()), (Came::Renamed, Came::Stayed));
        }
    }

    #[test]
    fn links_and_folders_are_exchanged() {
        let (scene, mut road) = Scene::new();
        fs::create_dir(scene.at("two")).unwrap();
        fs::write(scene.at("two/real"), "two").unwrap();
        symlink("two/real", scene.at("next")).unwrap();
        scene.rename("next", "link");
        assert_eq!((road.look(), road.look()), (Came::Exchanged, Came::Stayed));
        fs::remove_file(scene.at("link")).unwrap();
        symlink("folder/real", scene.at("link")).unwrap();
        assert_eq!((road.look(), road.look()), (Came::Exchanged, Came::Stayed));
        scene.rename("folder", "old");
        scene.rename("two", "folder");
        assert_eq!((road.look(), road.look()), (Came::Exchanged, Came::Stayed));
        // Its own folder is watched from the exchange on.
        fs::write(scene.at("next"), "three").unwrap();
        scene.rename("next", "folder/real");
        assert_eq!(road.look(), Came::Renamed);
    }

    #[test]
    fn a_new_folder_may_be_half_filled() {
        let (scene, mut road) = Scene::new();
        scene.rename("folder", "old");
        fs::create_dir(scene.at("folder")).unwrap();
        fs::write(scene.at("folder/real"), "half").unwrap();
        assert_eq!((road.look(), road.look()), (Came::Anew, Came::Stayed));
    }
}
