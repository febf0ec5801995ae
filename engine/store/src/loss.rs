//! Losses: what is missing between a database and its journal, worded for the operator.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use reins_governor::{Name, Usd};

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
    /// What each organization had of that, as far as a later entry of it tells.
    pub organizations: Vec<(Name, i64)>,
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
        let Self { from, to, after, before, nanos, place: (file, at), .. } = self;
        match from == to {
            true => write!(f, "entry {from} is missing")?,
            false => write!(f, "entries {from} to {to} are missing")?,
        }
        write!(f, ", written {} and before {before}, ", since(*after))?;
        write!(f, "which {}", charged(*nanos))?;
        self.share_out(f)?;
        write!(f, " (before byte {at} of `{}`)", file.display())
    }
}

// === impl Missing ===

impl Missing {
    /// Writes which organization had how much of it.
    fn share_out(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.organizations.iter().map(|(_, nanos)| *nanos).fold(0, i64::saturating_add);
        for (index, (name, nanos)) in self.organizations.iter().enumerate() {
            let lead = if index == 0 { ": " } else { ", " };
            write!(f, "{lead}`{name}` {}", charged(*nanos))?;
        }
        if !self.organizations.is_empty() && known != self.nanos {
            write!(f, ", others {}", charged(self.nanos.saturating_sub(known)))?;
        }
        Ok(())
    }
}

/// `charged $0.25`, or `took back $0.25`.
fn charged(nanos: i64) -> String {
    let amount = Usd::from_nanos(nanos.unsigned_abs());
    if nanos < 0 { format!("took back ${amount}") } else { format!("charged ${amount}") }
}

fn since(after: Option<Timestamp>) -> String {
    after.map_or_else(|| "since the store began".to_owned(), |after| format!("after {after}"))
}

#[cfg(test)]
mod tests {
    //! What is missing, in words.
    use jiff::Timestamp;

    use super::Missing;

    #[test]
    fn what_is_missing_is_said_by_organization_as_far_as_it_is_known() {
        let (acme, umbrella) = ("acme".into(), "umbrella".into());
        let mut missing = Missing {
            from: 4,
            to: 6,
            after: None,
            before: Timestamp::UNIX_EPOCH,
            nanos: 250_000_000,
            organizations: vec![],
            place: ("j".into(), 64),
        };
        let check = |missing: &Missing, charged: &str| {
            let expected = format!(
                "entries 4 to 6 are missing, written since the store began and before \
                 1970-01-01T00:00:00Z, which charged $0.25{charged} (before byte 64 of `j`)"
            );
            assert_eq!(missing.to_string(), expected);
        };
        check(&missing, "");
        missing.organizations.push((acme, 350_000_000));
        check(&missing, ": `acme` charged $0.35, others took back $0.10");
        missing.organizations.push((umbrella, -100_000_000));
        check(&missing, ": `acme` charged $0.35, `umbrella` took back $0.10");
    }
}
