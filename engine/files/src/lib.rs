//! Files that other programs write while they are read here: watched, and read only when whole.
//!
//! No writer has to cooperate. Which contents are whole is decided like this:
//!
//! | what happened | accepted |
//! |---|---|
//! | the file was renamed to its path | after 100 ms without a change |
//! | a symbolic link to it, or a folder above it, was replaced | after 500 ms without a change |
//! | anything else: in place, deleted and created anew, unknown | after [`REST`] without a change |
//!
//! The file is read at the beginning and at the end of that time, and both readings must be equal;
//! a change in between counts as an edit in place, and the time begins again. inotify reports
//! renames on every folder that the path leads through: an entry that was moved to its name, or a
//! new link, leads to something that was written before, while an entry that was created there may
//! be half of what its writer intends. Timestamps cannot separate these cases: a complete save
//! takes less time than their resolution. File leases (`F_SETLEASE`) do not help either: they show
//! which process has the file open, not which one will open it again to append the rest, and
//! breaking a lease sends a signal that ends the process. Where the kernel reports nothing (network
//! file systems, folders without read permission, no inotify instance left), every edit needs
//! [`REST`]. A writer that pauses for longer than [`REST`] in the middle of a file cannot be
//! distinguished from one that has finished.
//!
//! A folder of files is listed by [`WatchedFolder`]; each file in it is watched as any other.
//!
//! Each file has a thread of its own, so that a mount that does not answer delays only the file on
//! it. Only regular files are read, up to a size.

mod chain;
mod path_watch;
mod rename_events;

mod debounce;
mod open_file;

mod list;
mod poll_time;
mod read;
mod watched;
mod watched_folder;

mod error;
mod replace;

pub use debounce::REST;
pub use error::FileError;
pub use list::list;
pub use read::read;
pub use replace::replace_atomically;
pub use watched::{Contents, FileState, WatchedFile};
pub use watched_folder::{FileNames, WatchedFolder};
