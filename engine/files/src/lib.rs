//! Files that others write while they are read here: watched, and taken only when they are whole.
//!
//! No writer has to cooperate. What tells a whole text from a half-written one:
//!
//! | what happened | taken |
//! |---|---|
//! | the file was renamed to its place | after 100 ms without a change |
//! | a link to it, or a folder above it, was exchanged | after 500 ms without a change |
//! | anything else: written in place, deleted and written anew, reported late or not at all | after [`REST`] without a change |
//!
//! In each case the text is read at the beginning and at the end of that time, and both readings
//! must be alike; a change in between makes it an edit in place, and the time begins anew. What has
//! been renamed is told by the kernel (inotify), on every folder that the path leads through: an
//! entry that was moved to its name, or a new link, leads to what was written before; an entry that
//! was created there may be half of what its writer has in mind. Timestamps cannot tell the two
//! apart, since a whole save takes less than their resolution. Leases (`F_SETLEASE`) were
//! considered and left out: they say who has the file open, not who will open it again to add the
//! rest, and a writer that meets one sends a signal that ends this process. Where the kernel tells
//! nothing (network file systems, folders that may not be read, too many inotify instances), every
//! edit has to rest. A writer that pauses for longer than `REST` in the middle of a file cannot be
//! told from one that is done.
//!
//! Each file has a thread of its own: one that hangs on a dead mount holds up nothing but the news
//! of that file. Only regular files are read, and only up to a size.

mod chain;
mod moves;
mod road;

mod opened;
mod settling;

mod read;
mod watched;

mod error;
mod place;

pub use error::FileError;
pub use place::place;
pub use read::read;
pub use settling::REST;
pub use watched::{Standing, Text, WatchedFile};
