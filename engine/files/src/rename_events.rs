//! Events from inotify: whether an entry of a folder was moved to its name or created under it.

use std::path::Path;

/// How an entry came to its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    /// By a rename: the file existed before.
    Moved,
    /// It was created under this name.
    Created,
}

/// A watched folder, as inotify numbers it.
pub(crate) type Folder = i32;

#[cfg(target_os = "linux")]
pub(crate) use linux::RenameEvents;
#[cfg(not(target_os = "linux"))]
pub(crate) use none::RenameEvents;

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{HashMap, HashSet};
    use std::ffi::{OsStr, OsString};
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;

    use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};

    use super::{Arrived, Folder, Path};

    /// Bytes that are read at once: a hundred events with names of usual length.
    const BUFFER: usize = 8 * 1024;

    /// Entries whose events are kept.
    type Names = HashSet<(Folder, OsString)>;

    /// The events of the entries that are followed.
    #[derive(Debug)]
    pub(crate) struct RenameEvents {
        /// `None` where the system has no instance left: then there are no events.
        inotify: Option<OwnedFd>,
        names: Names,
        /// The last event of each entry, and the poll that read it.
        last: HashMap<(Folder, OsString), (Arrived, u64)>,
        polls: u64,
    }

    impl RenameEvents {
        pub(crate) fn new() -> Self {
            let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).ok();
            Self { inotify, names: Names::new(), last: HashMap::new(), polls: 0 }
        }

        /// Follows these entries and no others; answers the folder of each, `None` for one that
        /// cannot be watched.
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
                    // WHY: a deleted folder has lost its watch already.
                    inotify::remove_watch(inotify, *left).unwrap_or_default();
                }
            }
            self.last.retain(|name, _| now.contains(name));
            self.names = now;
            folders
        }

        /// Reads the events since the poll before.
        pub(crate) fn poll(&mut self) {
            self.polls = self.polls.saturating_add(1);
            let Some(inotify) = &self.inotify else { return };
            let mut buffer = [MaybeUninit::uninit(); BUFFER];
            let mut reader = Reader::new(inotify, &mut buffer);
            while let Ok(event) = reader.next() {
                if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                    self.last.clear();
                }
                let Some(name) = event.file_name() else { continue };
                let name = (event.wd(), OsStr::from_bytes(name.to_bytes()).to_owned());
                let moved = event.events().contains(ReadFlags::MOVED_TO);
                let how = if moved { Arrived::Moved } else { Arrived::Created };
                if self.names.contains(&name) {
                    self.last.insert(name, (how, self.polls));
                }
            }
        }

        /// How the entry came to its name, if an event of this poll says so.
        pub(crate) fn now(&self, folder: Folder, name: &OsStr) -> Option<Arrived> {
            let (how, poll) = self.last.get(&(folder, name.to_owned()))?;
            (*poll == self.polls).then_some(*how)
        }

        /// The same, by an event of this poll or the one before.
        pub(crate) fn lately(&self, folder: Folder, name: &OsStr) -> Option<Arrived> {
            let (how, poll) = self.last.get(&(folder, name.to_owned()))?;
            (self.polls.saturating_sub(*poll) <= 1).then_some(*how)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod none {
    use std::ffi::OsStr;

    use super::{Arrived, Folder, Path};

    /// No events on this system: every edit needs [`crate::REST`].
    #[derive(Debug)]
    pub(crate) struct RenameEvents;

    impl RenameEvents {
        pub(crate) const fn new() -> Self {
            Self
        }

        pub(crate) fn follow(&mut self, names: &[(&Path, &OsStr)]) -> Vec<Option<Folder>> {
            vec![None; names.len()]
        }

        pub(crate) const fn poll(&mut self) {}

        pub(crate) const fn now(&self, _: Folder, _: &OsStr) -> Option<Arrived> {
            None
        }

        pub(crate) const fn lately(&self, _: Folder, _: &OsStr) -> Option<Arrived> {
            None
        }
    }
}
