//! What the kernel tells of names in folders: whether what they lead to was moved or created there.

use std::path::Path;

/// How an entry came to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// It was renamed to it: it was there before, elsewhere.
    Moved,
    /// It was created under it.
    Created,
}

/// A folder that is watched.
pub(crate) type Folder = i32;

#[cfg(target_os = "linux")]
pub(crate) use linux::Moves;
#[cfg(not(target_os = "linux"))]
pub(crate) use untold::Moves;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{HashMap, HashSet};
    use std::ffi::{OsStr, OsString};
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

    use super::{Arrived, Folder, Path};

    /// Bytes of news that are read at once: a hundred events with names of usual length.
    const BUFFER: usize = 8 * 1024;

    /// Names whose news are kept.
    type Names = HashSet<(Folder, OsString)>;

    /// What was told of the names that are followed.
    #[derive(Debug)]
    pub(crate) struct Moves {
        /// Nothing where the system has no more of them: then nothing is told.
        inotify: Option<OwnedFd>,
        names: Names,
        /// The last that was told of each name, and at which look.
        told: HashMap<(Folder, OsString), (Arrived, u64)>,
        looks: u64,
    }

    impl Moves {
        pub(crate) fn new() -> Self {
            let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
            Self { inotify, names: Names::new(), told: HashMap::new(), looks: 0 }
        }

        /// Follows these names, each in its folder, and no others. Answers the folders; one that
        /// cannot be watched is left out.
        pub(crate) fn follow(&mut self, names: &[(&Path, &OsStr)]) -> Vec<Option<Folder>> {
            let Some(inotify) = &self.inotify else { return vec![None; names.len()] };
            let what = WatchFlags::MOVED_TO | WatchFlags::CREATE | WatchFlags::ONLYDIR;
            let folders = names.iter().map(|(at, _)| inotify::add_watch(inotify, *at, what).ok());
            let folders: Vec<_> = folders.collect();
            let watched = |(folder, (_, name)): (&Option<Folder>, &(&Path, &OsStr))| {
                folder.map(|folder| (folder, (*name).to_owned()))
            };
            let now: Names = folders.iter().zip(names).filter_map(watched).collect();
            for (left, _) in &self.names {
                if !now.iter().any(|(folder, _)| folder == left) {
                    // WHY: one that was deleted is not watched any more as it is.
                    inotify::remove_watch(inotify, *left).unwrap_or_default();
                }
            }
            self.told.retain(|name, _| now.contains(name));
            self.names = now;
            folders
        }

        /// Takes in what was told since the look before.
        pub(crate) fn listen(&mut self) {
            self.looks = self.looks.saturating_add(1);
            let Some(inotify) = &self.inotify else { return };
            let mut buffer = [MaybeUninit::uninit(); BUFFER];
            let mut reader = Reader::new(inotify, &mut buffer);
            while let Ok(event) = reader.next() {
                if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                    self.told.clear();
                }
                let Some(name) = event.file_name() else { continue };
                let name = (event.wd(), OsStr::from_bytes(name.to_bytes()).to_owned());
                let moved = event.events().contains(ReadFlags::MOVED_TO);
                let how = if moved { Arrived::Moved } else { Arrived::Created };
                if self.names.contains(&name) {
                    self.told.insert(name, (how, self.looks));
                }
            }
        }

        /// How what is under a name now came there, if that was told at this look.
        pub(crate) fn news(&self, folder: Folder, name: &OsStr) -> Option<Arrived> {
            let (how, look) = self.told.get(&(folder, name.to_owned()))?;
            (*look == self.looks).then_some(*how)
        }

        /// The same, if it was told at this look or the one before.
        pub(crate) fn told(&self, folder: Folder, name: &OsStr) -> Option<Arrived> {
            let (how, look) = self.told.get(&(folder, name.to_owned()))?;
            (self.looks.saturating_sub(*look) <= 1).then_some(*how)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod untold {
    use std::ffi::OsStr;

    use super::{Arrived, Folder, Path};

    /// Nothing is told here: every edit has to rest.
    #[derive(Debug)]
    pub(crate) struct Moves;

    impl Moves {
        pub(crate) const fn new() -> Self {
            Self
        }

        pub(crate) fn follow(&mut self, names: &[(&Path, &OsStr)]) -> Vec<Option<Folder>> {
            vec![None; names.len()]
        }

        pub(crate) const fn listen(&mut self) {}

        pub(crate) const fn news(&self, _: Folder, _: &OsStr) -> Option<Arrived> {
            None
        }

        pub(crate) const fn told(&self, _: Folder, _: &OsStr) -> Option<Arrived> {
            None
        }
    }
}
