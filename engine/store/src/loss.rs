//! Losses: what is missing between a database and its journal, worded for the operator.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use reins_governor::Usd;

/// Everything that is wrong between a database and its journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The database.
    pub store: PathBuf,
    /// At least one.
    pub flaws: Vec<Flaw>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Entries are neither in the database nor in the journal.
    Missing(Missing),
    /// The journal ends before what the database knows of it: how much is missing is not known.
    End {
        /// The first entry that may be missing.
        from: u64,
        /// When the last one was made that is there.
        after: Option<Timestamp>,
    },
    /// The journal has other entries than the database, by the same numbers.
    Diverged {
        /// The first such number.
        from: u64,
    },
    /// A file is of another store.
    Foreign {
        /// Which.
        file: PathBuf,
    },
    /// A file's first bytes cannot be read.
    Header {
        /// Which.
        file: PathBuf,
    },
    /// A file is shorter than it was.
    Cut {
        /// Which.
        file: PathBuf,
    },
    /// The database's write-ahead log is of another copy of it.
    Log {
        /// The log.
        file: PathBuf,
    },
    /// A file is gone.
    NoFile {
        /// The file that comes after it.
        before: PathBuf,
    },
}

/// Entries that are neither in the database nor in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The first one's number.
    pub from: u64,
    /// The last one's.
    pub to: u64,
    /// When the entry before them was made; `None` where there is none.
    pub after: Option<Timestamp>,
    /// When the entry after them was made.
    pub before: Timestamp,
    /// What they charged, in nano-USD; less than zero where they took back more.
    pub nanos: i64,
    /// Where the entry after them is: its file, and how many bytes into it.
    pub place: (PathBuf, usize),
}

// === impl Flaw ===

impl Flaw {
    /// Whether a file is damaged or missing, so that the extent of the loss is unknown.
    pub(crate) const fn is_of_a_file(&self) -> bool {
        matches!(
            self,
            Self::Foreign { .. }
                | Self::Header { .. }
                | Self::Cut { .. }
                | Self::Log { .. }
                | Self::NoFile { .. }
        )
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store `{}` does not hold all that it did", self.store.display())?;
        for (index, flaw) in self.flaws.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            flaw.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(missing) => missing.fmt(f),
            Self::End { from, after } => {
                write!(f, "all entries from {from} on may be missing, written {}", since(*after))
            }
            Self::Diverged { from } => write!(
                f,
                "from entry {from} on the journal has other entries than the database: one of the \
                 two is of another copy of the store"
            ),
            Self::Foreign { file } => write!(f, "`{}` is of another store", file.display()),
            Self::Header { file } => write!(f, "the header of `{}` is damaged", file.display()),
            Self::Cut { file } => write!(f, "`{}` was cut short", file.display()),
            Self::Log { file } => write!(
                f,
                "`{}` is the write-ahead log of another copy of the database: where the database \
                 was restored, remove it and the file that ends with -shm",
                file.display()
            ),
            Self::NoFile { before } => write!(f, "the file before `{}` is gone", before.display()),
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, after, before, nanos, place: (file, at) } = self;
        match from == to {
            true => write!(f, "entry {from} is missing")?,
            false => write!(f, "entries {from} to {to} are missing")?,
        }
        write!(f, ", written {} and before {before}, ", since(*after))?;
        match u64::try_from(*nanos) {
            Ok(nanos) => write!(f, "which charged ${}", Usd::from_nanos(nanos))?,
            Err(_) => write!(f, "which took back ${}", Usd::from_nanos(nanos.unsigned_abs()))?,
        }
        write!(f, " (before byte {at} of `{}`)", file.display())
    }
}

fn since(after: Option<Timestamp>) -> String {
    after.map_or_else(|| "since the store began".to_owned(), |after| format!("after {after}"))
}
